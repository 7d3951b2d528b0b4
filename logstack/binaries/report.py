"""Notes and progress of downloads and builds."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

Progress = Callable[[float, str], None]
"""Takes the progress (0 to 1) and a text about the remaining work; call it at least once a second."""

_PLAIN_INTERVAL = 30.0
"""Seconds between two lines about the same task where no terminal is: a CI log stays short, and never looks dead."""


class Report(Protocol):
    """Where notes and progress go."""

    def note(self, text: str) -> None:
        """One line that stays."""

    def task(self, title: str) -> AbstractContextManager[Progress]:
        """Something that takes a while; its progress is shown until the block ends."""


class Silent:
    """Prints nothing."""

    def note(self, text: str) -> None:
        """Is dropped."""

    @contextmanager
    def task(self, title: str) -> Iterator[Progress]:  # noqa: ARG002 - a Report's signature
        """Is not shown."""
        yield lambda _done, _text: None


class Lines:
    """Plain lines, for a log."""

    def __init__(self, stream: TextIO, interval: float = _PLAIN_INTERVAL) -> None:
        self._stream = stream
        self._interval = interval

    def note(self, text: str) -> None:
        """Write one line at once."""
        self._stream.write(f"{text}\n")
        self._stream.flush()

    @contextmanager
    def task(self, title: str) -> Iterator[Progress]:
        """A line every `interval` seconds, the first after the first interval."""
        last = time.monotonic()

        def progress(done: float, text: str) -> None:
            nonlocal last
            if time.monotonic() - last >= self._interval:
                last = time.monotonic()
                self.note(f"{title}: {done:.0%}, {text}")

        yield progress


class Bars:
    """Progress bars on a terminal, gone when the task is over; notes stay."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - not needed where no terminal is

        self._console = Console(stderr=True)

    def note(self, text: str) -> None:
        """One line, with nothing in it read as markup."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def task(self, title: str) -> Iterator[Progress]:
        """A bar with the time that it runs."""
        from rich import progress as bars  # noqa: PLC0415 - not needed where no terminal is

        columns = (
            bars.SpinnerColumn(),
            bars.TextColumn("{task.description}", markup=False),
            bars.BarColumn(),
            bars.TextColumn("{task.fields[words]}", markup=False),
            bars.TimeElapsedColumn(),
        )
        with bars.Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(title, total=1.0, words="")
            yield lambda done, text: progress.update(task, completed=done, words=text)


def terminal_report() -> Report:
    """Bars where standard error is a terminal, else plain lines there."""
    return Bars() if sys.stderr.isatty() else Lines(sys.stderr)


def duration(seconds: float) -> str:
    """Seconds for people: `0.4 s`, `25 s`, `3 min 10 s`."""
    if seconds < 10:  # noqa: PLR2004 - from here on a tenth says nothing
        return f"{seconds:.1f} s"
    minutes, remainder = divmod(round(seconds), 60)
    return f"{minutes} min {remainder} s" if minutes else f"{remainder} s"
