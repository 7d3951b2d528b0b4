"""The cost of a format: lines a second of one core beside those without one, in one run; measured, without a limit."""

from collections.abc import Callable
from pathlib import Path

import pytest

from logstack.localrun.collector import Collector
from tests.real.test_collector_throughput import cpu_seconds
from tests.support.collector_cases import group

pytestmark = pytest.mark.prove

LINES = 60_000


def lines_of(format_name: str) -> list[str]:
    """Return the lines of the format's cases, repeated up to LINES."""
    cases = [case for case in group("formats").cases if case.pod.annotations["logstack/format"] == format_name]
    some = [line.shown for case in cases for line in case.written]
    return [some[number % len(some)] for number in range(LINES)]


@pytest.mark.parametrize("format_name", ["json", "text", "klog", "logfmt", "access"])
def test_format_costs_a_measured_share_of_the_throughput(
    format_name: str, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    lines = lines_of(format_name)
    rates: dict[str, float] = {}
    for name in ("none", format_name, "auto"):
        collector_settings: dict[str, object] = {} if name == "none" else {"parsers": [{"format": name}]}
        root = tmp_path / name
        root.mkdir()
        rates[name] = LINES / cpu_seconds(Collector, collector_settings, lines, root)
    for name, rate in rates.items():
        measured(
            f"{format_name} lines, format {name}: {rate:,.0f} lines a second of one core,"
            f" {rate / rates['none']:.2f} of none"
        )
    assert all(rates.values())
