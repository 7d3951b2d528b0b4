"""`logstack schema add`: the day of the new schema period, and the changed stack file."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from logstack.migrate.schema_period import next_period
from logstack.settings.load.loader import load_stack_file
from logstack.settings.problems import StackProblems
from tests.support.stacks import ROOT, SHIPPED
from tests.unit.test_cli import logstack

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HEAD = "config:\n  logstack:retention: 30d  # as agreed\n"


def propose(folder: Path, periods: str, now: datetime = NOW) -> tuple[str, str]:
    """Return the proposed period, and the text of the stack file with it."""
    (folder / "Pulumi.here.yaml").write_text(HEAD + periods)
    period = next_period("here", folder, now, store="tsdb", schema="v13")
    return str(period), period.text


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (NOW, "2026-06-03"),
        (NOW.replace(hour=23, minute=59), "2026-06-03"),
        (datetime(2026, 6, 1, 22, tzinfo=timezone(timedelta(hours=-5))), "2026-06-04"),
    ],
)
def test_schema_period_starts_on_the_day_after_tomorrow_in_utc(tmp_path: Path, now: datetime, day: str) -> None:
    assert propose(tmp_path, "", now)[0] == f'- {{from: "{day}", store: tsdb, schema: v13}}'


@pytest.mark.parametrize("last", ["2026-07-01", '"2026-07-01"'])
def test_schema_period_starts_after_a_future_period(tmp_path: Path, last: str) -> None:
    proposal, _ = propose(tmp_path, f"  logstack:schemaPeriods: [{{from: 2024-04-01}}, {{from: {last}}}]\n")
    assert 'from: "2026-07-02"' in proposal


def test_schema_period_is_added_after_the_default_one_when_there_is_none(tmp_path: Path) -> None:
    assert propose(tmp_path, "")[1] == (
        HEAD + "  logstack:schemaPeriods:\n"
        '    - {from: "2024-04-01", store: tsdb, schema: v13}\n'
        '    - {from: "2026-06-03", store: tsdb, schema: v13}\n'
    )


def test_schema_period_keeps_comments_and_keys(tmp_path: Path) -> None:
    periods = (
        "  logstack:schemaPeriods:\n"
        "    # of the first cluster\n"
        '    - {from: "2022-01-01", store: boltdb-shipper, schema: v11}  # until the move\n'
    )
    after = "  logstack:replicationFactor: 3\n"
    assert propose(tmp_path, periods + after)[1] == (
        HEAD + periods + '    - {from: "2026-06-03", store: tsdb, schema: v13}\n' + after
    )


@pytest.mark.parametrize("stack", SHIPPED)
def test_schema_period_adds_one_line_to_a_shipped_stack_that_still_loads(tmp_path: Path, stack: str) -> None:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
    proposal = next_period(stack, ROOT, NOW, store="tsdb", schema="v13")
    assert [line for line in proposal.text.splitlines() if line not in text.splitlines()] == [f"    {proposal}"]
    (tmp_path / f"Pulumi.{stack}.yaml").write_text(proposal.text)
    assert load_stack_file(stack, tmp_path, today=NOW.date()).settings.schema_periods[-1].start == "2026-06-03"


def test_schema_add_writes_only_with_the_write_option(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.here.yaml"
    file.write_text(HEAD)
    proposal = logstack("schema", "add", "here", "-C", str(tmp_path))
    assert proposal.exit_code == 0
    assert "store: tsdb, schema: v13}" in proposal.stdout
    assert file.read_text() == HEAD
    result = logstack("schema", "add", "here", "--write", "-C", str(tmp_path))
    assert "written to Pulumi.here.yaml" in result.stdout
    assert file.read_text().startswith(HEAD)
    assert file.read_text() != HEAD


def test_schema_add_refuses_a_missing_stack(tmp_path: Path) -> None:
    with pytest.raises(StackProblems, match="does not exist"):
        next_period("nowhere", tmp_path, NOW, store="tsdb", schema="v13")
    assert logstack("schema", "add", "nowhere", "-C", str(tmp_path)).exit_code == 1
