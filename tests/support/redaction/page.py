"""docs/reference/redaction-recall.md: what a measurement says, for people who decide what else they need."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from textwrap import fill

from logstack.settings.pins import ALLOY_VERSION, GITLEAKS_VERSION
from tests.support.redaction.measure import Line, Measurement, Result, Share, by_share, share
from tests.support.redaction.values import RUN

_HEAD = f"""# Redaction recall

Which secrets the default rules of [redaction](collector.md#redaction-rules) find, and which innocent lines they change.
Measured with Alloy {ALLOY_VERSION} by `pytest -m prove tests/real/test_redaction_recall.py`. With `--update-golden` it
writes this page; `python -m tests.support.redaction.measure` prints what was missed.

- A secret counts as found if no {RUN} neighbouring characters of its random part remain in the line.
- Our corpus is generated: `tests/support/redaction/kinds.yaml` has the kinds with the source of each, `forms.yaml` the
  lines around them, `structures.yaml` secrets that only their surroundings show, `innocents.yaml` lines without one.
- A third of all samples is set aside by a hash. Rules are written with the open two thirds and judged by that third.
- A second corpus is made from {{rules}} rules of gitleaks {GITLEAKS_VERSION} while the test runs: lines in which
  gitleaks itself reports a secret. Their letters are at random wherever a rule lets them be.
- A value without a published form and without a name beside it is in neither corpus: no program can find it.
"""


def recall_page(measurement: Measurement, compared: Mapping[str, Measurement]) -> str:
    """Return the page; `compared` are measurements of the same corpora by others."""
    head = _HEAD.format(rules=len({result.line.kind for result in measurement.gitleaks}))
    tables = (
        _summary(measurement),
        _beside({"redaction": measurement, **compared}),
        _forms(measurement),
        _kinds(measurement),
        _innocent(measurement),
    )
    return "\n".join((head, *chain(*tables)))


def _summary(measurement: Measurement) -> Iterator[str]:
    yield "## Summary\n"
    rows = {
        "secrets found": measurement.own,
        "secrets of gitleaks' rules found": measurement.gitleaks,
    }
    table = [(name, *map(str, by_share(results)), str(share(results))) for name, results in rows.items()]
    lost = measurement.losing_more()
    losing = [sum(result.line.set_aside == aside for result in lost) for aside in (False, True)]
    table.append(("secrets with which more of the line was lost", *map(str, (*losing, len(lost)))))
    innocent = (*by_share(measurement.innocents), share(measurement.innocents))
    table.append(("innocent lines changed", *map(_of_ten_thousand, innocent)))
    yield from _table(("", "open two thirds", "set-aside third", "all"), table)


def _beside(measurements: Mapping[str, Measurement]) -> Iterator[str]:
    yield "## Beside loki.secretfilter\n"
    yield "Alloy's own component with its default rules, those of gitleaks. It is a public preview. How many it finds"
    yield "differs a little from run to run, so these are tens of percent, rounded down.\n"
    table = [
        (
            name,
            _tens(share(measurement.own)),
            _tens(share(measurement.gitleaks)),
            _of_ten_thousand(share(measurement.innocents)),
            str(len(measurement.broken_json())),
        )
        for name, measurement in measurements.items()
    ]
    head = ("", "secrets found", "of gitleaks' rules", "innocent lines changed", "lines that are no JSON any more")
    yield from _table(head, table)


def _forms(measurement: Measurement) -> Iterator[str]:
    for heading, corpus in (("By form", measurement.own), ("By form, gitleaks' rules", measurement.gitleaks)):
        yield f"## {heading}\n"
        groups = _grouped(corpus, [result.line.form for result in corpus])
        table = [(form, *map(str, by_share(results)), str(share(results))) for form, results in groups]
        yield from _table(("form", "open two thirds", "set-aside third", "all"), table)


def _kinds(measurement: Measurement) -> Iterator[str]:
    groups = [
        (kind, share(results))
        for kind, results in _grouped(measurement.own, [result.line.kind for result in measurement.own])
    ]
    yield "## By kind\n"
    yield "Found in every form:\n"
    complete = ", ".join(kind for kind, found in groups if found.count == found.total)
    yield f"{fill(complete, 120, break_on_hyphens=False, break_long_words=False)}.\n"
    yield "Missed in some form, the worst first:\n"
    missed = sorted((group for group in groups if group[1].count < group[1].total), key=lambda group: group[1].part)
    yield from _table(("kind", "found"), [(kind, str(found)) for kind, found in missed])


def _innocent(measurement: Measurement) -> Iterator[str]:
    yield "## Innocent lines\n"
    groups = _grouped(measurement.innocents, [result.line.kind for result in measurement.innocents])
    table = [(kind, str(changed.total), str(changed.count)) for kind, results in groups for changed in [share(results)]]
    yield from _table(("kind", "lines", "changed"), table)


def _grouped(results: Sequence[Result[Line]], keys: Sequence[str]) -> Iterator[tuple[str, list[Result[Line]]]]:
    for key in dict.fromkeys(keys):
        yield key, [result for result, each in zip(results, keys, strict=True) if each == key]


def _of_ten_thousand(changed: Share) -> str:
    return f"{changed.count:,} of {changed.total:,} ({10_000 * changed.part:.1f} of 10,000)"


def _tens(found: Share) -> str:
    return f"at least {10 * (10 * found.count // found.total)} %"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(row)} |"
    yield ""
