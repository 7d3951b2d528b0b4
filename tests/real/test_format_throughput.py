"""The cost of a format: lines a second of one core beside those without one, in one run; measured, without a limit."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from logstack.localrun.collector import Collector
from tests.real.test_collector_throughput import cpu_seconds
from tests.support.collector_cases import Case, group

pytestmark = pytest.mark.prove

LINES = 60_000
# Each mix, the formats of its cases, and the one format that could read it instead of `auto`.
_MIXES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "JSON": (("json",), "json"),
    "text": (("text",), "text"),
    "klog": (("klog",), "klog"),
    "logfmt": (("logfmt",), "logfmt"),
    "access logs": (("access",), "access"),
}


def lines_of(formats: tuple[str, ...]) -> list[str]:
    """Return the lines of the formats' cases, repeated up to LINES."""
    some = [line.shown for case in group("formats").cases if _format(case) in formats for line in case.written]
    return [some[number % len(some)] for number in range(LINES)]


def _format(case: Case) -> str:
    name: str = case.declared["pod"]["annotations"]["logstack/format"]
    return name


def settings_by_name(format_name: str) -> Iterator[tuple[str, dict[str, object]]]:
    yield "no format", {}
    for name in (format_name, "auto"):
        yield f"format {name}", {"parsers": [{"format": name}]}


@pytest.mark.parametrize("mix", _MIXES)
def test_format_costs_a_measured_share_of_the_throughput(
    mix: str, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    formats, format_name = _MIXES[mix]
    lines = lines_of(formats)
    rates: dict[str, float] = {}
    for name, collector_settings in settings_by_name(format_name):
        root = tmp_path / name.replace(" ", "-")
        root.mkdir()
        rates[name] = len(lines) / cpu_seconds(Collector, collector_settings, lines, root)
    for name, rate in rates.items():
        measured(f"{mix}, {name}: {rate:,.0f} lines a second of one core, {rate / rates['no format']:.2f} of no format")
    assert all(rates.values())
