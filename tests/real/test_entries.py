"""Entries of several lines: each format of the corpus through the real Alloy into the real Loki, entry by entry."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from logstack.localrun.collector import Collector
from logstack.localrun.platform import Platform
from logstack.settings.load.stack_file import Value
from tests.real.test_collector_throughput import LINES, Minimal, cpu_seconds, repeated_log_lines
from tests.support.collector import assert_as_expected, carry_out, loki, stack
from tests.support.collector_cases import Case, Group, case_of
from tests.support.entries import Format, formats
from tests.support.real import binary

pytestmark = pytest.mark.prove

# The corpus is about joining only.
_SETTINGS: dict[str, Value] = {"collector": {"redact": {"rules": []}}}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Run one Loki for all formats; each test's lines have its cluster's name."""
    binary("alloy")
    with loki(tmp_path_factory.mktemp("loki"), stack("entries", _SETTINGS)) as running:
        yield running


def case(each: Format, annotation: str) -> Case:
    """Return the case of a pod with one annotation that writes all entries of a format."""
    return case_of(
        f"{each.group}-{each.number}-{annotation}",
        {
            "title": f"{each.name}, with logstack/multiline: {annotation}",
            "pod": {"annotations": {"logstack/multiline": annotation}},
            "written": [{"text": line} for line in each.lines],
            "expected": [{"joins": length} for length in each.lengths(annotation)],
        },
    )


def test_collector_joins_each_entry_of_the_corpus_with_auto_and_with_its_language(
    platform: Platform, tmp_path: Path
) -> None:
    cases = tuple(case(each, annotation) for each in formats() for annotation in each.annotations)
    group = Group("entries", "Entries of several lines", _SETTINGS, events=False, cases=cases)
    assert_as_expected(group, carry_out(group, stack(group.name, _SETTINGS), platform, tmp_path))


def test_joining_costs_a_measured_share_of_the_throughput(tmp_path: Path, measured: Callable[[str], None]) -> None:
    lines = repeated_log_lines(LINES)
    first_line = r"^(\d{2,4}[-/]\d{2}[-/]\d{2} |[A-Z][a-z]{2} [ \d]\d \d{2}:)"
    pipelines: dict[str, tuple[type[Collector], dict[str, object] | None]] = {
        "minimal": (Minimal, None),
        "no joining": (Collector, None),
        "firstLine": (Collector, {"firstLine": first_line}),
        "auto": (Collector, {"language": "auto"}),
        "java": (Collector, {"language": "java"}),
    }
    rates: dict[str, float] = {}
    for name, (kind, multiline) in pipelines.items():
        root = tmp_path / str(len(rates))
        root.mkdir()
        settings: dict[str, object] = {}
        if multiline:
            settings["parsers"] = [{"match": {"app": "service"}, "multiline": multiline}]
        rates[name] = len(lines) / cpu_seconds(kind, settings, lines, root)
    minimal, plain = rates["minimal"], rates["no joining"]
    for name, rate in rates.items():
        measured(f"{name}: {rate / minimal:.2f} of the minimal pipeline, {rate / plain:.2f} of no joining")
    assert all(rates.values())
