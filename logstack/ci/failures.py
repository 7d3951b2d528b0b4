"""The failures that stop a run in CI, each with an exit code and one line with a fix."""

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
    """Regular expressions; if one matches Pulumi's output, it is this failure."""

    def line(self, stack: str) -> str:
        """Return the failure and its fix in one line."""
        return f"{stack}: {self.what.replace('{stack}', stack)}; {self.fix.replace('{stack}', stack)}"


MISUSED = 2
"""The exit code of a wrong command line, as everywhere."""

DRIFT = 3
"""The exit code of `ci/drift` when the cluster differs from the program and the state."""

FAILED = Failure(1, "pulumi ended with an error", "read its output above")
NO_PULUMI = Failure(
    20,
    "pulumi or its language host for Python is not on PATH",
    "run `ci/pulumi`, which obtains the pinned release and prints its folder",
    (r"no language plugin 'pulumi-language-python' found",),
)
NO_BACKEND = Failure(
    21, "PULUMI_BACKEND_URL is not set", "set it to the state backend's URL, such as s3://bucket or file:///folder"
)
NO_STATE = Failure(
    22,
    "Pulumi cannot read the state backend",
    "check PULUMI_BACKEND_URL and this run's credentials for it; Pulumi's output above has the reason",
)
NO_PASSPHRASE = Failure(
    23,
    "the passphrase of the stack's secrets is missing",
    "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
    (r"passphrase must be set with PULUMI_CONFIG_PASSPHRASE",),
)
WRONG_PASSPHRASE = Failure(
    24,
    "the passphrase does not decrypt the stack's secrets",
    "correct PULUMI_CONFIG_PASSPHRASE; an unset CI secret is an empty passphrase",
    (r"incorrect passphrase",),
)
UNKNOWN_STACK = Failure(
    25,
    "the stack does not exist",
    "it needs Pulumi.{stack}.yaml here and, once, `pulumi stack init {stack}` with this state backend",
    (r"no stack named '.*' found",),
)
LOCKED = Failure(
    26,
    "another run locks the state",
    "wait for that run; if it has crashed, unlock with `pulumi cancel --stack {stack}`",
    (r"the stack is currently locked by", r"Another update is currently in progress"),
)
NO_KUBECONFIG = Failure(
    27,
    "no kubeconfig has the stack's context",
    "set KUBECONFIG to a file with this context; without a cluster, `ci/diff` and `make plan STACK={stack}` still work",
    (r"\[unknown-context\]",),
)
REFUSED = Failure(
    28,
    "the cluster or the cloud refused a credential, or it has expired",
    "renew this run's credentials for the cluster or the cloud",
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
    "run it where the API server is reachable; without a cluster, `ci/diff` and `make plan STACK={stack}` still work",
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
"""Every failure by its exit code; the first with a matching sign is reported."""


def classify(output: Iterable[str], default: Failure = FAILED) -> Failure:
    """Return the failure whose sign is in Pulumi's output, or else the default."""
    text = "\n".join(output)
    return next((failure for failure in ALL if any(re.search(sign, text) for sign in failure.signs)), default)
