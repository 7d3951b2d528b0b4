"""`ci/preview`, `ci/deploy` and `ci/drift`: Pulumi on one stack, with one line for any failure.

The exit codes are in `logstack.ci.failures`. They do not change a machine's configuration: the state backend is
PULUMI_BACKEND_URL's, and a developer's selected stack stays selected.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import FrameType

from logstack.ci import failures, summary
from logstack.ci.failures import Failure
from logstack.ci.secrecy import Secrets
from logstack.preflight.kubeconfig import kubeconfig_files
from logstack.settings.load.stack_file import stack_path
from logstack.settings.pins import PULUMI_VERSION

ROOT = Path(__file__).parents[2]

_QUIETLY = ("--non-interactive", "--color", "never")

_COMMANDS: Mapping[str, tuple[str, ...]] = {
    "preview": ("preview", "--diff"),
    "deploy": ("up", "--yes"),
    # Without --refresh a preview compares the program with the state alone, and never looks at the cluster.
    "drift": ("preview", "--refresh", "--expect-no-changes", "--diff"),
}

# Pulumi's own exit codes, which its source calls a stable contract (pkg/cmd/pulumi/cmd/exit_codes.go).
_PULUMI_KNOWS_NO_STACK = 6
_PULUMI_EXPECTED_NO_CHANGES = 7


class StoppedError(Exception):
    """A run cannot go on; the failure says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


@dataclass(frozen=True)
class Run:
    """One verb on one stack."""

    verb: str
    """preview, deploy or drift."""
    stack: str
    environment: Mapping[str, str]

    @cached_property
    def secrets(self) -> Secrets:
        """Return the secret values, which must not be printed."""
        return Secrets(self.environment)

    def check(self) -> None:
        """Check what Pulumi needs. Raises StoppedError."""
        if not stack_path(self.stack, ROOT).is_file():
            raise StoppedError(failures.UNKNOWN_STACK)
        if not shutil.which("pulumi", path=self.environment.get("PATH")):
            raise StoppedError(failures.NO_PULUMI)
        if not self.environment.get("PULUMI_BACKEND_URL"):
            raise StoppedError(failures.NO_BACKEND)
        if not any(file.is_file() for file in kubeconfig_files(self.environment)):
            raise StoppedError(failures.NO_KUBECONFIG)
        self._say_if_version_differs()
        self._find_stack()

    def go(self) -> tuple[int, list[str]]:
        """Run Pulumi, print its output as it comes, and return its exit code and output."""
        output: list[str] = []
        with _forwarding_signals(self._started(_COMMANDS[self.verb])) as process:
            for line in process.stdout or ():
                output.append(self.secrets.without(line.rstrip("\n")))
                sys.stdout.write(f"{output[-1]}\n")
                sys.stdout.flush()
            return process.wait(), output

    def _say_if_version_differs(self) -> None:
        with self._started(("version",), project=False) as process:
            version = (process.stdout.read() if process.stdout else "").strip().removeprefix("v")
        if version != PULUMI_VERSION:
            sys.stderr.write(f"pulumi {self.secrets.without(version)} is on PATH, but {PULUMI_VERSION} is pinned\n")

    def _find_stack(self) -> None:
        """Open the state backend and look for the stack, without selecting it."""
        with self._started(("stack", "--show-name")) as process:
            output = [self.secrets.without(line.rstrip()) for line in process.stdout or ()]
        if process.returncode == _PULUMI_KNOWS_NO_STACK:
            raise StoppedError(failures.UNKNOWN_STACK)
        if process.returncode:
            sys.stderr.write("".join(f"{line}\n" for line in output))
            raise StoppedError(failures.classify(output, failures.NO_STATE))

    def _started(self, command: Sequence[str], *, project: bool = True) -> subprocess.Popen[str]:
        arguments = (*command, "--stack", self.stack, *_QUIETLY) if project else command
        return subprocess.Popen(
            ["pulumi", *arguments],
            cwd=ROOT,
            env={**self.environment, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Pulumi stops at once at the second Ctrl-C. In our process group, a terminal would send it another one.
            process_group=0,
        )


@contextmanager
def _forwarding_signals(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """Send Pulumi Ctrl-C when the job is cancelled, so that it writes the state and does not leave it locked.

    GitHub sends SIGTERM some seconds after SIGINT, which would end Pulumi too early, so it is not forwarded.
    """
    has_signal = False

    def ask(number: int, _frame: FrameType | None) -> None:
        nonlocal has_signal
        if process.poll() is None and not (has_signal and number == signal.SIGTERM):
            process.send_signal(signal.SIGINT)
        has_signal = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with process:
            yield process
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def resources(output: Sequence[str]) -> list[str]:
    """Return Pulumi's own counts of changes, such as `~ 3 to update`; empty if it stopped before."""
    counts: list[str] = []
    started = False
    for line in output:
        if line == "Resources:":
            started, counts = True, []
        elif started and line.startswith(" "):
            counts.append(line.strip())
        else:
            started = False
    return counts


def run(verb: str, stack: str, environment: Mapping[str, str], report: Path | None = None) -> int:
    """Run the script, print Pulumi's output, add it to the job's summary, and return the exit code.

    `report` gets the drift as Markdown, or is empty without drift. If the run stops before, there is no report.
    """
    this = Run(verb, stack, environment)
    try:
        this.check()
        code, output = this.go()
        if code and not _is_drift(verb, code):
            summary.add(summary.folded(f"{stack}: output of {verb}", output), environment)
            raise StoppedError(failures.classify(output))
    except StoppedError as stopped:
        line = stopped.failure.line(stack)
        sys.stderr.write(f"{summary.error(f'ci/{verb}: {line}', environment)}\n")
        summary.add(f"### {stack}: {verb} stopped\n\n{line}\n", environment)
        return stopped.failure.code
    counts = ", ".join(resources(output)) or "no counts"
    title = f"### {stack}: {'drift' if code else verb}\n\n{counts}\n"
    summary.add(f"{title}\n{summary.folded('The whole output', output)}", environment)
    if report:
        report.write_text(f"{title}\n{_where(environment)}\n" if code else "")
    if code:
        sys.stderr.write(f"{summary.error(f'ci/{verb}: {stack}: drift, {counts}', environment)}\n")
        return failures.DRIFT
    return 0


def _is_drift(verb: str, code: int) -> bool:
    return verb == "drift" and code == _PULUMI_EXPECTED_NO_CHANGES


def _where(environment: Mapping[str, str]) -> str:
    """Return where the whole output is. The issue only has the counts: more people may read it than a job's log."""
    if "GITHUB_RUN_ID" in environment:
        server, repository = environment["GITHUB_SERVER_URL"], environment["GITHUB_REPOSITORY"]
        return f"The differences are in [the run]({server}/{repository}/actions/runs/{environment['GITHUB_RUN_ID']})."
    if url := environment.get("CI_JOB_URL"):
        return f"The differences are in [the job]({url})."
    return "The differences are in the output of `ci/drift`."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `ci/preview`, `ci/deploy` or `ci/drift`."""
    verb, *options_given = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog=f"ci/{verb}")
    parser.add_argument("stack", help="the stack's name, as in Pulumi.<stack>.yaml")
    if verb == "drift":
        parser.add_argument("report", nargs="?", type=Path, help="write the drift as Markdown to this file")
    options = parser.parse_args(options_given)
    return run(verb, options.stack, os.environ, getattr(options, "report", None))


if __name__ == "__main__":
    sys.exit(main())
