"""How many secrets redaction finds and how many innocent lines it changes, by the real Alloy.

`python -m tests.support.redaction.measure` prints the tables, the missed samples and the changed innocent lines. Of the
third that is set aside it prints counts only.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Generic, TypeVar

from logstack.settings.model.redaction import RedactionSettings
from tests.support.real import shared
from tests.support.redaction.runner import redacted_lines
from tests.support.redaction.samples import Innocent, Sample, innocents, samples

Line = TypeVar("Line")
REAL = ("Hadoop", "Spark", "OpenSSH", "Zookeeper")
TO_SHOW = 200
"""Missed samples and changed lines that the command prints, at most."""


@dataclass(frozen=True)
class Share:
    """How many of some lines: found secrets, or changed innocent lines."""

    count: int
    total: int

    @property
    def part(self) -> float:
        return self.count / self.total if self.total else 0.0

    def __str__(self) -> str:
        return f"{self.count} of {self.total} ({self.part:.2%})"


@dataclass(frozen=True)
class Result(Generic[Line]):
    """A line of a corpus after the stages."""

    line: Line
    redacted: tuple[str, ...]
    counts: bool
    """The secret was found, or the innocent line was changed."""


@dataclass(frozen=True)
class Measurement:
    """What redaction did to all lines."""

    secrets: Sequence[Result[Sample]]
    innocents: Sequence[Result[Innocent]]
    real: Mapping[str, str] = field(default_factory=dict)
    """The changed lines of real logs, before and after."""
    real_lines: int = 0

    def recall(self, chosen: Callable[[Sample], bool]) -> Share:
        """Return how many secrets of the chosen samples were found."""
        return _share(self.secrets, chosen)

    def changed(self, chosen: Callable[[Innocent], bool]) -> Share:
        """Return how many of the chosen innocent lines were changed."""
        return _share(self.innocents, chosen)

    def broken_json(self) -> list[Result[Sample]]:
        """Return the samples whose line was JSON and is none any more."""
        return [result for result in self.secrets if "JSON" in result.line.form and not _is_json(result.redacted[0])]


def measure(directory: Path, settings: RedactionSettings, real: Sequence[str] = ()) -> Measurement:
    """Send every sample, every innocent line and the real lines through the stages once."""
    own = [line for sample in samples() for line in sample.lines]
    lines = [*own, *(innocent.line for innocent in innocents()), *real]
    redacted = iter(redacted_lines(settings, lines, directory, ["once"])["once"])
    secrets = [_found(sample, tuple(next(redacted) for _ in sample.lines)) for sample in samples()]
    looked_alike = [_changed(innocent, next(redacted)) for innocent in innocents()]
    changed = {line: after for line, after in zip(real, redacted, strict=True) if line != after}
    return Measurement(secrets, looked_alike, changed, len(real))


def forms() -> Sequence[str]:
    """Return the forms of all samples, in their order."""
    return list(dict.fromkeys(sample.form for sample in samples()))


def real_lines() -> list[str]:
    """Return the lines of real log files; skips the test on a machine without them."""
    return [line for name in REAL for line in shared(f"logs/{name}_2k.log").read_text().splitlines() if line]


def _found(sample: Sample, redacted: tuple[str, ...]) -> Result[Sample]:
    return Result(sample, redacted, not sample.leaks_in(redacted))


def _changed(innocent: Innocent, redacted: str) -> Result[Innocent]:
    return Result(innocent, (redacted,), redacted != innocent.line)


def _share(results: Iterable[Result[Line]], chosen: Callable[[Line], bool]) -> Share:
    counts = [result.counts for result in results if chosen(result.line)]
    return Share(sum(counts), len(counts))


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


# --- the command


def report(measurement: Measurement) -> Iterator[str]:
    """Yield recall by form, then what was missed and what was changed without a reason."""
    for form in forms():
        shares = [
            measurement.recall(lambda line, form=form, aside=aside: line.form == form and line.set_aside == aside)
            for aside in (False, True)
        ]
        yield f"{form:16} open {shares[0]}   set aside {shares[1]}"
    for aside, name in ((False, "open"), (True, "set aside")):
        found = measurement.recall(lambda line, aside=aside: line.set_aside == aside)
        changed = measurement.changed(lambda line, aside=aside: line.set_aside == aside)
        yield f"{name}: {found} secrets found, {changed} innocent lines changed"
    yield f"real lines changed: {len(measurement.real)} of {measurement.real_lines}"
    broken = measurement.broken_json()
    yield f"lines that are no JSON any more: {len(broken)}"

    missed = [each for each in measurement.secrets if not each.counts and not each.line.set_aside]
    yield "\nMissed in the open two thirds, by kind:"
    for kind, count in Counter(each.line.kind for each in missed).most_common():
        yield f"{count:4}  {kind}: {', '.join(sorted({each.line.form for each in missed if each.line.kind == kind}))}"
    yield f"\nThe first {TO_SHOW} of them:"
    yield from (line for each in missed[:TO_SHOW] for line in _difference(each.line.name, each.line.lines, each.redacted))
    yield "\nNo JSON any more, in the open two thirds:"
    open_broken = [each for each in broken if not each.line.set_aside]
    yield from (line for each in open_broken for line in _difference(each.line.name, each.line.lines, each.redacted))
    yield f"\nThe first {TO_SHOW} innocent lines that were changed, in the open two thirds:"
    changed_lines = [each for each in measurement.innocents if each.counts and not each.line.set_aside]
    for each in changed_lines[:TO_SHOW]:
        yield from _difference(each.line.kind, (each.line.line,), each.redacted)
    yield "\nReal lines that were changed:"
    for line, after in measurement.real.items():
        yield from _difference("real", (line,), (after,))


def _difference(name: str, lines: Sequence[str], redacted: Sequence[str]) -> Iterator[str]:
    for line, after in zip(lines, redacted, strict=True):
        yield f"{name}\n    {line!r}" + (f"\n -> {after!r}" if line != after else "")


def main() -> None:
    """Measure the default rules and print the report."""
    with TemporaryDirectory() as directory:
        sys.stdout.writelines(f"{line}\n" for line in report(measure(Path(directory), RedactionSettings(), real_lines())))


if __name__ == "__main__":
    main()
