"""Building from the published Go modules, for networks where releases cannot be reached."""

import os
import queue
import re
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TypeAlias

from logstack.binaries.catalog import Binary, GoModule
from logstack.binaries.errors import ToolError, cannot_run
from logstack.binaries.report import Report, duration

_OLDEST_GO = (1, 21)
"""The first that fetches by itself the newer Go that a go.mod asks for."""

_SHOWN_LINES = 20

# Messages of Go whose cause is not the code, and what helps. Measured: 3.2 GB of build cache and 3.3 GB
# of modules after all builds but Alloy's, which alone has 6.3 GB and 4.2 GB, some of them shared.
_INCOMPLETE = "logstack/binaries/go is incomplete: restore it with `git checkout logstack/binaries/go`."
_KNOWN_FAILURES = {
    "no space left on device": "Free some space: Go's build cache (`go env GOCACHE`) and its modules "
    "(`go env GOMODCACHE`) take up to 7 GB, and with Alloy 17 GB; or set LOGSTACK_CACHE, GOCACHE and GOMODCACHE to a "
    "larger disk.",
    "signal: killed": "The compiler was killed, probably because memory ran out: close other programs or add "
    "memory, then run this again; Go reuses the compiled packages.",
    "SECURITY ERROR": "A module does not match go.sum. Do not go on before you know why: check GOPROXY and "
    "GOMODCACHE (`go env`), and try `go clean -modcache`.",
    "missing go.sum entry": _INCOMPLETE,
    "updates to go.mod needed": _INCOMPLETE,
}
_UNKNOWN_FAILURE = (
    "Read Go's output above. If a download failed, check that Go can reach its modules (`go env GOPROXY`), then run "
    "this again; Go reuses the compiled packages."
)


def go_or_why_not() -> tuple[str, str]:
    """The path of a usable `go`, and else an empty path and the reason in words."""
    go = shutil.which("go")
    if go is None:
        return "", "Go is not on PATH"
    try:
        # GOTOOLCHAIN=local: the question must not start a download.
        output = subprocess.run(
            [go, "version"], env=os.environ | {"GOTOOLCHAIN": "local"}, capture_output=True, text=True, check=False
        ).stdout
    except OSError as error:
        return "", f"{go} does not run ({error})"
    version = re.search(r"\bgo(\d+)\.(\d+)", output)
    if version and (int(version[1]), int(version[2])) < _OLDEST_GO:
        return "", f"{go} is only Go {version[1]}.{version[2]}"
    return go, ""


def build(go: str, binaries: Sequence[Binary], folder: Path, report: Report) -> float:
    """Build binaries of one module into a folder, each under its name; the seconds that it took.

    Raises ToolError with the command and the last lines of its output.
    """
    run = _Build(go, binaries, folder, report)
    started = time.monotonic()
    run.compile(*run.count())
    return time.monotonic() - started


class _Build:
    """One build of some binaries of one module."""

    def __init__(self, go: str, binaries: Sequence[Binary], folder: Path, report: Report) -> None:
        self._go = go
        self._module: GoModule = binaries[0].module
        self._packages = [binary.package for binary in binaries]
        self._names = ", ".join(binary.name for binary in binaries)
        self._folder = folder
        self._report = report

    def count(self) -> tuple[int, int]:
        """How many packages there are, and how many of them are not in Go's build cache; downloads missing modules."""
        cold = duration(self._module.cold_seconds)
        self._report.note(f"building {self._names} from source: about {cold} with empty caches, measured on 2 cores")
        packages: dict[str, bool] = {}
        downloads = 0
        with self._report.task(f"reading the modules of {self._names}") as progress:

            def line(text: str) -> None:
                nonlocal downloads
                name, _, stale = text.partition("=")
                if stale in ("true", "false"):
                    packages[name] = stale == "true"
                downloads += text.startswith("go: downloading")

            command = ["list", "-deps", "-f", "{{.ImportPath}}={{.Stale}}", *self._flags(), *self._packages]
            self._go_run(command, line, lambda: progress(0.0, f"{downloads} modules downloaded"))
        return len(packages), sum(packages.values())

    def compile(self, total: int, stale: int) -> None:
        """Compile and link."""
        a_package = self._module.cold_seconds / max(total, 1)
        expected = a_package * stale + self._module.link_seconds * len(self._packages)
        self._report.note(f"{stale} of {total} packages to compile: about {duration(expected)}")
        started = time.monotonic()
        compiled = 0
        with self._report.task(f"building {self._names}") as progress:

            def line(text: str) -> None:
                nonlocal compiled
                compiled += _is_package(text)

            def tick() -> None:
                done = min(compiled * a_package / expected, 1.0)
                remaining = _remaining_seconds(expected, time.monotonic() - started, done)
                # Go names a package when it starts on it; the programs' own are the last.
                words = f"{compiled} of {stale} packages" if compiled < stale else "linking"
                progress(done, f"{words}, about {duration(remaining)} left")

            self._go_run(["build", "-v", "-o", f"{self._folder}/", *self._flags(), *self._packages], line, tick)

    def _flags(self) -> list[str]:
        # The binaries do not need this repository's revision, and git may fail to return it.
        flags = ["-buildvcs=false", f"-ldflags=-s -w {self._module.ldflags}".rstrip()]
        return [*flags, f"-tags={self._module.tags}"] if self._module.tags else flags

    def _environment(self) -> dict[str, str]:
        return {
            # Whatever Go is here, the build has at least the one that go.mod names.
            "GOTOOLCHAIN": "auto",
            # go.sum is complete and is what makes the build verified. An empty GOFLAGS would let the user's
            # own (`go env -w`) through.
            "GOFLAGS": "-mod=readonly",
            "GOWORK": "off",
            "GO111MODULE": "on",
            "CGO_ENABLED": "0",
            # On the cache's own disk, and removed with the workspace even if Go is killed.
            "GOTMPDIR": str(self._folder),
        }

    def _go_run(self, arguments: Sequence[str], line: Callable[[str], None], tick: Callable[[], None]) -> None:
        """Run go; pass each line of its output on at once, and call `tick` at least once a second."""
        environment = self._environment()
        output: list[str] = []

        def each(text: str) -> None:
            line(text)
            output.append(text)

        status = _run([self._go, *arguments], self._module.folder, environment, each, tick)
        if status:
            command_line = shlex.join([*(f"{name}={value}" for name, value in environment.items()), "go", *arguments])
            raise _failure(f"cd {self._module.folder} && {command_line}", self._names, status, output)


def _run(
    command: Sequence[str],
    folder: Path,
    environment: dict[str, str],
    line: Callable[[str], None],
    tick: Callable[[], None],
) -> int:
    """Run a process, with `line` called for each line of its output and `tick` at least once a second; its status.

    If that is left early (Ctrl-C), the process is ended with all its children, for which it has a group of its own.
    """
    # Set for another machine they would give binaries that do not run here.
    inherited = {name: value for name, value in os.environ.items() if name not in ("GOOS", "GOARCH")}
    events: _Events = queue.SimpleQueue()
    with (
        _signals_to(events),
        subprocess.Popen(
            command,
            cwd=folder,
            env=inherited | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
        ) as process,
    ):
        reader = threading.Thread(target=_read, args=(process.stdout, events))
        reader.start()
        try:
            while (event := _next(events)) is not None:
                if isinstance(event, int):
                    raise _left_by(event)
                if event:
                    line(event)
                tick()
            return process.wait()
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            reader.join()


_Events: TypeAlias = "queue.SimpleQueue[str | int | None]"
"""A line of output, a signal's number, or None at the end of the output."""


def _read(output: IO[str], events: _Events) -> None:
    for text in output:
        events.put(text.rstrip())
    events.put(None)


def _next(events: _Events) -> str | int | None:
    """Return the next event; an empty line after a second without one."""
    try:
        return events.get(timeout=1.0)
    except queue.Empty:
        return ""


@contextmanager
def _signals_to(events: _Events) -> Iterator[None]:
    """Make events of the signals that end a program; those that the caller ignores (nohup) stay ignored.

    As exceptions they could come while a process is being started, which would then run on alone; and SIGTERM would
    end this program with the compilers still running.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        before = {number: handler for number, handler in handlers.items() if handler != signal.SIG_IGN}
    for number in before:
        signal.signal(number, lambda number, _frame: events.put(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _left_by(number: int) -> BaseException:
    return KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)


def _is_package(line: str) -> bool:
    """Whether a line of `go build -v` is a package that is being compiled, and no message."""
    return " " not in line and not line.startswith("#")


def _remaining_seconds(expected: float, elapsed: float, done: float) -> float:
    """The measured duration counts at the start; the more is done, the more this build's own pace does."""
    by_measurement = max(expected - elapsed, 0.0)
    by_pace = elapsed / done - elapsed if done else by_measurement
    return by_measurement * (1.0 - done) + by_pace * done


def _failure(command: str, names: str, status: int, output: Sequence[str]) -> ToolError:
    messages = [line for line in output if not _is_package(line) and not line.startswith("go: downloading")]
    tail = "\n".join(messages[-_SHOWN_LINES:])
    fix = next((help_ for sign, help_ in _KNOWN_FAILURES.items() if sign in tail), _UNKNOWN_FAILURE)
    return ToolError(f"Go ended with status {status}:\n{command}\n{tail}", cannot_run(names), fix)
