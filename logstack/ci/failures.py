"""What stops a run in CI, each with an exit code and one line that says how to go on."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """One kind of failure; `{stack}` in its texts is the stack's name."""

    code: int
    """The exit code of the script."""
    what: str
    fix: str
    signs: tuple[str, ...] = ()
    """Regular expressions; one that is found in what Pulumi said tells this failure."""

    def line(self, stack: str) -> str:
        """What it is and how to go on, in one line."""
        return f"{stack}: {self.what.replace('{stack}', stack)}; {self.fix.replace('{stack}', stack)}"


MISUSED = 2
"""The exit code of a command that was not understood, as everywhere."""

DRIFT = 3
"""The exit code of `ci/drift` when the cluster is not what the program and the state say."""

FAILED = Failure(1, "pulumi ended with an error", "read its output above")
NO_PULUMI = Failure(
    20,
    "there is no pulumi on PATH, or no language host for Python beside it",
    "`ci/pulumi` obtains the pinned one and says where it is",
    (r"no language plugin 'pulumi-language-python' found",),
)
NO_BACKEND = Failure(
    21, "PULUMI_BACKEND_URL is not set", "set it to where the states are, such as s3://bucket or file:///folder"
)
NO_STATE = Failure(
    22,
    "the state backend cannot be read",
    "check PULUMI_BACKEND_URL, and that this run's credentials may read it; Pulumi's reason stands above",
)
NO_PASSPHRASE = Failure(
    23,
    "the passphrase of the stack's secrets is missing",
    "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
    (r"passphrase must be set with PULUMI_CONFIG_PASSPHRASE",),
)
WRONG_PASSPHRASE = Failure(
    24,
    "the passphrase is not the one that the stack's secrets were encrypted with",
    "correct PULUMI_CONFIG_PASSPHRASE; a secret that is not set counts as an empty passphrase",
    (r"incorrect passphrase",),
)
UNKNOWN_STACK = Failure(
    25,
    "there is no such stack",
    "it needs Pulumi.{stack}.yaml here and, once, `pulumi stack init {stack}` with this state backend",
    (r"no stack named '.*' found",),
)
LOCKED = Failure(
    26,
    "the state is locked by another run",
    "wait for that run; if it is dead, unlock with `pulumi cancel --stack {stack}`",
    (r"the stack is currently locked by", r"Another update is currently in progress"),
)
NO_KUBECONFIG = Failure(
    27,
    "there is no kubeconfig with the stack's context",
    "set KUBECONFIG to a file that has it; without a cluster, `ci/diff` and `make plan STACK={stack}` still work",
    (r"\[unknown-context\]",),
)
REFUSED = Failure(
    28,
    "a credential was refused or has expired",
    "renew the kubeconfig's or the cloud's credentials of this run",
    (
        r"\bUnauthorized\b",
        r"the server has asked for the client to provide credentials",
        r"\bExpiredToken(?:Exception)?\b",
        r"\bInvalidClientTokenId\b",
    ),
)
UNREACHABLE = Failure(
    29,
    "the cluster cannot be reached",
    "run where its API server answers; without a cluster, `ci/diff` and `make plan STACK={stack}` still work",
    (
        r"cluster is unreachable",
        r"\[unreachable-cluster\]",
        r"unable to load schema information from the API server",
        r"dial tcp.*(?:connection refused|no such host|i/o timeout|no route to host)",
    ),
)

ALL = (
    FAILED,
    NO_PULUMI,
    NO_BACKEND,
    NO_STATE,
    NO_PASSPHRASE,
    WRONG_PASSPHRASE,
    UNKNOWN_STACK,
    LOCKED,
    NO_KUBECONFIG,
    REFUSED,
    UNREACHABLE,
)
"""Every failure by its exit code; the first whose sign is found is told."""


def told(output: Iterable[str], otherwise: Failure = FAILED) -> Failure:
    """The failure that Pulumi's output tells, else the other one."""
    text = "\n".join(output)
    return next((failure for failure in ALL if any(re.search(sign, text) for sign in failure.signs)), otherwise)
