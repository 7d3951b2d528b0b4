"""`logstack migrate`: the stages, each a stack file that loads, and the refusals."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from logstack.cli import app
from logstack.migrate.command import migration
from logstack.migrate.edit import load_version
from logstack.migrate.model import Migration, Stage
from logstack.migrate.stores import store_stages
from logstack.settings.problems import StackProblems
from tests.support.stacks import ROOT

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
NEW_STORE = """\
config:
  logstack:objectStore: {kind: s3-compatible, endpoint: "http://10.0.30.9", bucket: new, credentialsSecret: new}
"""
SINGLE = """\
config:
  logstack:cluster: {name: edge, context: edge, apiServer: https://10.0.0.2:6443}
  logstack:deploymentMode: monolithic
  logstack:replicas: {monolithic: 1}
  logstack:replicationFactor: 1 # one pod
  logstack:retention: 14d
  logstack:objectStore: {kind: filesystem}
  logstack:acknowledge: [replication-single-copy]
"""


@pytest.fixture
def edge(tmp_path: Path) -> Path:
    """A folder with a stack that stores lines on a volume, and a file with a new store."""
    (tmp_path / "Pulumi.edge.yaml").write_text(SINGLE)
    (tmp_path / "new.yaml").write_text(NEW_STORE)
    return tmp_path


def plan_migration(stack: str, to: str | Path, directory: Path = ROOT) -> Migration:
    return migration(stack, str(to), directory, NOW)


def refusals(stack: str, to: str | Path, directory: Path = ROOT) -> list[str]:
    with pytest.raises(StackProblems) as error:
        plan_migration(stack, to, directory)
    return [problem.name for problem in error.value.problems]


def titles(planned_migration: Migration) -> list[str]:
    return [stage.title for stage in planned_migration.stages]


def added_lines(stage: Stage) -> list[str]:
    return [line[1:].strip() for line in stage.change if line.startswith("+")]


def test_production_migrates_to_monolithic_and_its_writers_leave_last() -> None:
    planned_migration = plan_migration("production", "monolithic")
    join, leave, clean_up = planned_migration.stages
    assert planned_migration.moves == ("simple-scalable to monolithic",)
    assert added_lines(join) == ["logstack:deploymentMode: monolithic", "logstack:replicas: {monolithic: 3}"]
    assert (
        "-    - simple-scalable-ends-with-loki-4 # moves to monolithic with three replicas before Loki 4" in join.change
    )
    assert [command.split()[-2] for command in leave.do] == [
        *("loki-backend-2", "loki-backend-1", "loki-backend-0"),
        *("loki-write-2", "loki-write-1", "loki-write-0"),
        "loki-0",  # which runs the compactor only now
    ]
    assert "data-loki-write-0" in clean_up.do[0]
    assert any(each.startswith("write-outage: Loki runs as Monolithic") for each in join.follows)


def test_single_binary_on_a_volume_migrates_its_store_before_its_mode(edge: Path) -> None:
    (edge / "new.yaml").write_text(NEW_STORE + "  logstack:deploymentMode: simple-scalable\n  logstack:replicas: {}\n")
    planned_migration = plan_migration("edge", edge / "new.yaml", edge)
    assert planned_migration.moves == ("filesystem to s3-compatible", "monolithic to simple-scalable")
    assert titles(planned_migration)[1:5] == [
        "From 2026-06-03 (UTC) on, Loki writes to the new store",
        "Loki reads both stores from 2026-06-03 until 2026-06-17",
        "After 2026-06-17: remove the old store",
        "The pods of simple-scalable join the ring",
    ]
    new_period = '- {from: "2026-06-03", store: tsdb, schema: v13}'
    assert new_period in added_lines(planned_migration.stages[1])
    assert 'before: "2026-06-03"' in added_lines(planned_migration.stages[1])


def test_store_stage_is_a_stack_file_that_loads_and_keeps_comments(edge: Path) -> None:
    version = load_version("edge", edge, NOW.date())
    _, last = store_stages(
        version,
        {"kind": "s3-compatible", "endpoint": "http://10.0.0.9", "bucket": "new", "credentialsSecret": "k"},
        NOW,
    )
    assert "replicationFactor: 1 # one pod" in last.text
    (edge / "Pulumi.edge.yaml").write_text(last.text)
    settings = load_version("edge", edge, date(2026, 7, 1)).stack.settings
    assert settings.object_store.kind == "s3-compatible"
    assert [period.start for period in settings.schema_periods] == ["2024-04-01", "2026-06-03"]
    assert settings.former_object_store is None


def test_migration_copies_a_pulumi_config_key_to_a_secret_before_the_store_moves(tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text(NEW_STORE)
    planned_migration = plan_migration("staging", tmp_path / "new.yaml")
    first, *_, last = planned_migration.stages
    assert "credentialsSecret: loki-s3-former" in "".join(added_lines(first))
    assert all("literal" not in command for command in first.do), "a key is in an argument"
    assert any("delete pvc data-loki-s3-0" in command for command in last.do)
    assert not any("data-loss: A schema period" in each for each in last.follows), "its lines have expired by then"


def test_migration_copies_an_external_secret_before_it_is_removed(edge: Path) -> None:
    first, *_ = plan_migration("ceph-ssd", edge / "new.yaml").stages
    assert any(line.startswith("-") and "externalSecret" in line for line in first.change)
    assert "credentialsSecret: loki-s3-former" in "".join(added_lines(first))
    assert "get secret loki-s3-credentials" in first.do[0]


# --- refusals


def test_migration_refuses_a_new_mode_alone_when_lines_are_on_a_volume(edge: Path) -> None:
    assert refusals("edge", "simple-scalable", edge) == ["migration-from-a-volume"]


def test_migration_refuses_a_move_to_a_volume(edge: Path) -> None:
    (edge / "volume.yaml").write_text("config:\n  logstack:objectStore: {kind: filesystem}\n")
    assert refusals("production", edge / "volume.yaml") == ["migration-to-a-volume"]


def test_migration_refuses_no_change_foreign_keys_and_unknown_targets(edge: Path) -> None:
    (edge / "other.yaml").write_text("config:\n  logstack:retention: 3d\n  logstack:deploymentMode: monolithic\n")
    assert refusals("production", "simple-scalable") == ["migration-to-the-same"]
    assert refusals("production", edge / "other.yaml") == ["migration-of-another-key"]
    assert refusals("production", "monolitic") == ["migration-to-nowhere"]


def test_migration_refuses_an_unknown_stack_and_a_second_concurrent_move(edge: Path) -> None:
    assert refusals("productoin", "monolithic") == ["unknown-stack"]
    version = load_version("edge", edge, NOW.date())
    moving = store_stages(
        version, {"kind": "s3-compatible", "endpoint": "http://a", "bucket": "one", "credentialsSecret": "k"}, NOW
    )
    text = moving[1].text
    (edge / "Pulumi.edge.yaml").write_text(
        text + '  logstack:formerObjectStore: {before: "2026-06-03", store: {kind: filesystem}}\n'
    )
    assert refusals("edge", edge / "new.yaml", edge) == ["migration-while-migrating"]


def test_migration_refuses_a_former_store_in_aws(edge: Path) -> None:
    assert refusals("aws", edge / "new.yaml", ROOT / "examples" / "aws") == ["migration-from-aws-s3"]


def test_migration_refuses_a_former_store_in_google_cloud(edge: Path) -> None:
    assert refusals("gcp", edge / "new.yaml", ROOT / "examples" / "gcp") == ["migration-from-a-cloud"]


def test_migration_refuses_a_former_store_that_a_claim_owns(edge: Path) -> None:
    assert refusals("ceph", edge / "new.yaml") == ["migration-from-a-claim"]


def test_migration_reports_problems_of_the_target_stack_file(edge: Path) -> None:
    (edge / "few.yaml").write_text(
        "config:\n  logstack:deploymentMode: monolithic\n  logstack:replicas: {monolithic: 1}\n"
    )
    assert refusals("production", edge / "few.yaml") == ["replication-above-writers"]


# --- the command


def logstack(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["migrate", *arguments])


def test_migrate_prints_every_stage_or_one_document() -> None:
    result = logstack("production", "--to", "monolithic", "-C", str(ROOT))
    assert (result.exit_code, "3. Delete their volumes" in result.stdout) == (0, True)
    document: dict[str, Any] = json.loads(
        logstack("production", "--to", "monolithic", "--json", "-C", str(ROOT)).stdout
    )
    assert [stage["title"] for stage in document["stages"]] == titles(plan_migration("production", "monolithic"))


def test_migrate_prints_refusals_to_standard_error_and_exits_with_1() -> None:
    result = logstack("production", "--to", "simple-scalable", "-C", str(ROOT))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "[migration-to-the-same]" in result.stderr
