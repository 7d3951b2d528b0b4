"""Child processes that never outlive the run: stopped on success, failure, Ctrl-C and even when we are killed."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from logstack.localrun import cri

_PR_SET_PDEATHSIG = 1
_TAIL = 15
# The exit code of a process that wrote to a reader that has ended, and how long the reader's own end may take to show:
# a process closes its files before it ends, and on a busy machine that may take a while.
_NOBODY_READS = -signal.SIGPIPE
_SEEN_SECONDS = 5.0
_POLL_SECONDS = 0.05
# The suffix of a child that writes another one's log file.
RUNTIME = "-runtime"


class ProcessDiedError(Exception):
    """A child ended although nobody stopped it; the message has its last lines."""


@dataclass
class Child:
    """A running process and where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def tail(self) -> str:
        """Return the last errors that it wrote, or else its last lines."""
        lines = self.log.read_text(errors="replace").splitlines()
        errors = [line for line in lines if "level=error" in line or "level=warn" in line]
        return "\n".join(f"    {line[:300]}" for line in (errors or lines)[-_TAIL:])


@dataclass(frozen=True)
class Output:
    """File descriptors of a child: where its output goes, and what it gets besides."""

    stdout: int
    stderr: int
    keep: tuple[int, ...] = ()


class Pipe:
    """A pipe whose two ends are closed here when its children have them."""

    def __enter__(self) -> Self:
        self.reading, self.writing = os.pipe()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self.reading)
        os.close(self.writing)


def _die_with_parent() -> None:
    """In the child, before it starts: the kernel kills it when we die (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Fleet:
    """The children of one run, as a context: leaving it stops them all."""

    def __init__(self, logs: Path) -> None:
        """`logs` is the directory of their output."""
        self._logs = logs
        self._children: dict[str, Child] = {}

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # Their last output goes to a directory that is deleted.
        for child in self._children.values():
            child.process.kill()
        for child in self._children.values():
            child.process.wait()

    def start(self, name: str, command: list[str], environment: Mapping[str, str]) -> Child:
        """Start one; its output goes to a file, and so do the words of an earlier life of the same name."""
        log = self._logs / f"{name}.log"
        with log.open("ab") as output:
            return self._start(name, command, environment, log, Output(output.fileno(), output.fileno()))

    def start_container(self, name: str, command: list[str], environment: Mapping[str, str], log: Path) -> Child:
        """Start one as the container runtime does: its output goes to a container's log file.

        A second child, `<name>-runtime`, writes the file, and ends when the first one does: stop both together.
        """
        with Pipe() as stdout, Pipe() as stderr:
            # -I: the names of the files beside it are not those of Python's modules.
            writer = [sys.executable, "-I", cri.__file__, str(log), str(stdout.reading), str(stderr.reading)]
            words = self._logs / f"{name}{RUNTIME}.log"
            child = self._start(name, command, environment, log, Output(stdout.writing, stderr.writing))
            with words.open("ab") as file:
                output = Output(file.fileno(), file.fileno(), keep=(stdout.reading, stderr.reading))
                self._start(f"{name}{RUNTIME}", writer, {}, words, output)
            return child

    def _start(self, name: str, command: list[str], environment: Mapping[str, str], log: Path, output: Output) -> Child:
        process = subprocess.Popen(
            command,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(self._logs.parent), **environment},
            stdin=subprocess.DEVNULL,
            stdout=output.stdout,
            stderr=output.stderr,
            pass_fds=output.keep,
            start_new_session=True,  # Ctrl-C is ours to pass on
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - the run has no threads
        )
        child = self._children[name] = Child(name, process, log)
        return child

    def check(self) -> None:
        """Raises ProcessDiedError when a child has ended by itself; of several with the one that began it."""
        if ended := self._ended():
            deadline = time.monotonic() + _SEEN_SECONDS
            while set(ended.values()) == {_NOBODY_READS} and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
                ended = self._ended()
            name, code = min(ended.items(), key=lambda each: each[1] == _NOBODY_READS)
            raise ProcessDiedError(f"{name} ended with code {code}; its last lines:\n{self.tail(name)}")

    def _ended(self) -> dict[str, int]:
        """The codes of those that have ended, by their names."""
        codes = {name: child.process.poll() for name, child in self._children.items()}
        return {name: code for name, code in codes.items() if code is not None}

    def tail(self, name: str) -> str:
        """The last words of one of them."""
        return self._children[name].tail()

    def kill(self, name: str) -> None:
        """Kill one with SIGKILL, as a lost node would, and forget it."""
        child = self._children.pop(name)
        child.process.kill()
        child.process.wait()

    def wait(self, name: str, seconds: float = 10) -> None:
        """Wait for one that ends by itself, kill it if it has not after `seconds`, and forget it."""
        _end(self._children.pop(name), time.monotonic() + seconds)

    def stop(self, *names: str, seconds: float = 30) -> None:
        """Ask those that run to stop, all at once, and kill what has not stopped after `seconds`."""
        stopping = [self._children.pop(name) for name in names if name in self._children]
        for child in stopping:
            child.process.terminate()
        deadline = time.monotonic() + seconds
        for child in stopping:
            _end(child, deadline)


def _end(child: Child, deadline: float) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.process.wait(max(0.0, deadline - time.monotonic()))
    if child.process.poll() is None:
        child.process.kill()
        child.process.wait()
