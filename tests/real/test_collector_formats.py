"""The table of formats: each line under its own format's name, under `auto`, and under Loki's own detection alone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from logstack.localrun.client import Row
from logstack.localrun.platform import Platform
from tests.support.collector import assert_as_expected, carry_out, loki, stack
from tests.support.collector_cases import Group, group
from tests.support.real import binary

pytestmark = pytest.mark.prove


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    binary("alloy")
    with loki(tmp_path_factory.mktemp("loki"), stack("formats", {})) as running:
        yield running


def moment(row: Row) -> int:
    return row.entry.time


def annotated(name: str, annotations: dict[str, str]) -> Group:
    """Return the cases of the formats, whose pods have other annotations; `name` is that of the group."""
    formats = group("formats")
    cases = tuple(
        replace(
            case,
            name=f"{name}-{number}",
            declared={**case.declared, "pod": {**case.declared["pod"], "annotations": annotations}},
        )
        for number, case in enumerate(formats.cases, start=1)
    )
    return replace(formats, name=name, cases=cases)


def test_auto_reads_each_line_as_its_own_format_does(platform: Platform, tmp_path: Path) -> None:
    case_group = annotated("by-auto", {"logstack/format": "auto"})
    assert_as_expected(case_group, carry_out(case_group, stack(case_group.name, {}), platform, tmp_path))


def test_one_parser_without_a_match_reads_every_line_by_its_look(platform: Platform, tmp_path: Path) -> None:
    case_group = annotated("by-parser", {})
    settings = stack(case_group.name, {"collector": {"parsers": [{"format": "auto"}]}})
    assert_as_expected(case_group, carry_out(case_group, settings, platform, tmp_path))


def test_loki_alone_detects_the_levels_of_the_table(platform: Platform, tmp_path: Path) -> None:
    case_group = annotated("alone", {})
    outcome = carry_out(case_group, stack(case_group.name, {}), platform, tmp_path)
    detected = {
        case.title: [dict(row.metadata)["detected_level"] for row in sorted(outcome.rows[case.name], key=moment)]
        for case in case_group.cases
    }
    assert detected == {case.title: case.declared["alone"] for case in case_group.cases}


def test_alloy_logs_nothing_about_a_line_that_its_format_cannot_read(platform: Platform, tmp_path: Path) -> None:
    """With Alloy's level debug instead of info, the stages log 198 lines about the same cases."""
    case_group = group("formats-others")
    outcome = carry_out(case_group, stack(case_group.name, {}), platform, tmp_path)
    assert all(outcome.rows.values())
    log = (tmp_path / "out" / "alloy.log").read_text()
    assert "node_id=loki.process.lines" in log
    assert "component_id=loki.process" not in log
