"""How many secrets redaction finds and how many innocent lines it changes, by the real Alloy.

`python -m tests.support.redaction.measure` prints both for the default rules, with the missed samples and the changed
lines. Of the third that is set aside it prints counts only.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Generic, TypeVar

from logstack.settings.checks.redaction import is_json
from logstack.settings.model.redaction import RedactionSettings
from tests.support.redaction.gitleaks import generated
from tests.support.redaction.runner import redacted_lines
from tests.support.redaction.samples import Innocent, Sample, innocents, samples

Line = TypeVar("Line", Sample, Innocent)
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
        return f"{self.count:,} of {self.total:,} ({100 * self.part:.1f} %)"


@dataclass(frozen=True)
class Result(Generic[Line]):
    """A line of a corpus after the stages."""

    line: Line
    redacted: tuple[str, ...]
    counts: bool
    """The secret was found, or the innocent line was changed."""


@dataclass(frozen=True)
class Measurement:
    """What redaction did to the lines of each corpus."""

    own: Sequence[Result[Sample]]
    gitleaks: Sequence[Result[Sample]]
    innocents: Sequence[Result[Innocent]]

    def broken_json(self) -> list[Result[Sample]]:
        """Return the samples whose line was JSON and is none any more."""
        return [result for result in self.own if "JSON" in result.line.form and not is_json(result.redacted[0])]

    def losing_more(self) -> list[Result[Sample]]:
        """Return the samples of which redaction removed more than the secret."""
        return [result for result in self.own if result.counts and result.line.loses_more_in(result.redacted)]


def measure(directory: Path, settings: RedactionSettings, passes: Sequence[str] = ("once",)) -> Measurement:
    """Send the lines of every corpus through the stages once, or through other passes of the runner."""
    secrets = (*samples(), *generated())
    lines = [*(line for sample in secrets for line in sample.lines), *(each.line for each in innocents())]
    ends = accumulate(len(sample.lines) for sample in secrets)
    by_line = [
        range(end - len(each.lines), end) for each, end in zip(secrets, ends, strict=True) if len(each.lines) > 1
    ]
    redacted = iter(redacted_lines(settings, lines, directory, passes, by_line)[passes[-1]])
    results = [_found(sample, tuple(next(redacted) for _ in sample.lines)) for sample in secrets]
    changed = [_changed(innocent, next(redacted)) for innocent in innocents()]
    return Measurement(results[: len(samples())], results[len(samples()) :], changed)


def share(results: Iterable[Result[Line]], chosen: Callable[[Line], bool] = lambda _: True) -> Share:
    """Return how many of the chosen lines count."""
    counts = [result.counts for result in results if chosen(result.line)]
    return Share(sum(counts), len(counts))


def by_share(results: Sequence[Result[Line]]) -> tuple[Share, Share]:
    """Return how many count of the open two thirds, and of the third that is set aside."""
    return share(results, lambda line: not line.set_aside), share(results, lambda line: line.set_aside)


def _found(sample: Sample, redacted: tuple[str, ...]) -> Result[Sample]:
    return Result(sample, redacted, not sample.leaks_in(redacted))


def _changed(innocent: Innocent, redacted: str) -> Result[Innocent]:
    return Result(innocent, (redacted,), redacted != innocent.line)


# --- the command


def report(measurement: Measurement) -> Iterator[str]:
    """Yield recall by form, then what was missed and what was changed without a reason."""
    for form in dict.fromkeys(result.line.form for result in measurement.own):
        open_share, set_aside = by_share([result for result in measurement.own if result.line.form == form])
        yield f"{form:16} open {open_share}, set aside {set_aside}"
    for name, (open_share, set_aside) in {
        "secrets found": by_share(measurement.own),
        "secrets of gitleaks' rules found": by_share(measurement.gitleaks),
        "innocent lines changed": by_share(measurement.innocents),
    }.items():
        yield f"{name}: open {open_share}, set aside {set_aside}"

    yield from _misses("our corpus", measurement.own)
    yield from _misses("gitleaks' rules", measurement.gitleaks)
    broken = measurement.broken_json()
    yield f"\nNo JSON any more: {len(broken)}, of them in the open two thirds:"
    yield from _differences([result for result in broken if not result.line.set_aside])
    losing = measurement.losing_more()
    yield f"\nLost more than the secret: {len(losing)}, of them in the open two thirds, the first {TO_SHOW}:"
    yield from _differences([result for result in losing if not result.line.set_aside][:TO_SHOW])
    yield f"\nThe first {TO_SHOW} innocent lines that were changed, in the open two thirds:"
    for result in [each for each in measurement.innocents if each.counts and not each.line.set_aside][:TO_SHOW]:
        yield f"{result.line.kind}\n    {result.line.line!r}\n -> {result.redacted[0]!r}"


def _misses(corpus: str, results: Sequence[Result[Sample]]) -> Iterator[str]:
    missed = [result for result in results if not result.counts and not result.line.set_aside]
    yield f"\nMissed of {corpus}, in the open two thirds, by kind:"
    for kind, count in Counter(result.line.kind for result in missed).most_common():
        yield f"{count:4}  {kind}: {', '.join(sorted({each.line.form for each in missed if each.line.kind == kind}))}"
    yield f"\nThe first {TO_SHOW} of them:"
    yield from _differences(missed[:TO_SHOW])


def _differences(results: Iterable[Result[Sample]]) -> Iterator[str]:
    for result in results:
        yield result.line.name
        for line, after in zip(result.line.lines, result.redacted, strict=True):
            yield f"    {line!r}" + (f"\n -> {after!r}" if line != after else "")


def main() -> None:
    """Measure the default rules and print the report."""
    with TemporaryDirectory() as directory:
        sys.stdout.writelines(f"{line}\n" for line in report(measure(Path(directory), RedactionSettings())))


if __name__ == "__main__":
    main()
