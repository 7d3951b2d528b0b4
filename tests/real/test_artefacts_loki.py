"""The pinned Loki accepts loki.yaml and the overrides, and reads the limits that the settings have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as profile

from logstack.settings.tree import Settings
from tests.support.documents import loki_bytes
from tests.support.generated import stacks
from tests.support.real import CLAIMED, binary, effective_config, run
from tests.support.stacks import NAMES, data, declarations, settings_of

pytestmark = pytest.mark.real


def loki_yaml(settings: Settings) -> dict[str, Any]:
    """Return loki.yaml with the overrides among its limits: Loki's own check does not open their file."""
    declared = declarations(settings)
    document: dict[str, Any] = yaml.safe_load(data(declared, "loki/loki-config"))
    # Every tenant has the same.
    limits = next(iter(yaml.safe_load(data(declared, "loki/loki-overrides"))["overrides"].values()))
    assert not limits.keys() & document["limits_config"].keys()
    return {**document, "limits_config": {**document["limits_config"], **limits}}


def _verified(file: Path) -> list[str | Path]:
    return [binary("loki"), f"-config.file={file}", "-config.expand-env=true", "-verify-config"]


@pytest.mark.parametrize("stack", NAMES)
def test_loki_accepts_a_stacks_file_as_it_is_deployed(stack: str, tmp_path: Path) -> None:
    file = tmp_path / "loki.yaml"
    file.write_text(data(declarations(settings_of(stack)), "loki/loki-config"))
    answer = run(_verified(file), environment=CLAIMED)
    assert answer.returncode == 0, answer.stderr
    assert "config is valid" in answer.stderr


def test_loki_reads_the_address_of_a_claimed_bucket_from_its_environment(tmp_path: Path) -> None:
    file = tmp_path / "loki.yaml"
    file.write_text(data(declarations(settings_of("ceph")), "loki/loki-config"))
    answer = run([*_verified(file), "-print-config-stderr"], environment=CLAIMED)
    assert "endpoint: http://rook-ceph-rgw-storage.storage.svc:80" in answer.stderr
    assert "BUCKET_" not in answer.stderr


@pytest.mark.parametrize("stack", NAMES)
def test_loki_reads_the_limits_of_the_settings(stack: str, tmp_path: Path) -> None:
    settings = settings_of(stack)
    limits = effective_config(loki_yaml(settings), tmp_path)["limits_config"]
    expected = settings.limits
    assert limits["ingestion_rate_mb"] * 1024**2 == pytest.approx(expected.ingestion_rate, rel=0.001)
    assert limits["ingestion_burst_size_mb"] * 1024**2 == pytest.approx(expected.ingestion_burst, rel=0.001)
    assert limits["max_global_streams_per_user"] == expected.max_streams
    assert limits["max_entries_limit_per_query"] == expected.max_entries_per_query
    assert loki_bytes(limits["per_stream_rate_limit"]) == expected.per_stream_rate
    assert loki_bytes(limits["per_stream_rate_limit_burst"]) == expected.per_stream_burst
    assert loki_bytes(limits["max_line_size"]) == expected.max_line_size


def _unknown_key(document: dict[str, Any]) -> None:
    document["limits_config"]["retention"] = "30d"


def _no_delete_store(document: dict[str, Any]) -> None:
    del document["compactor"]["delete_request_store"]


def _old_schema(document: dict[str, Any]) -> None:
    document["schema_config"]["configs"][-1]["schema"] = "v12"


def _no_such_unit(document: dict[str, Any]) -> None:
    document["limits_config"]["per_stream_rate_limit"] = "3Mi"


BROKEN: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (_unknown_key, "field retention not found"),
    (_no_delete_store, "delete-request-store should be configured"),
    (_old_schema, "schema v13 is required"),
    (_no_such_unit, "invalid syntax"),
]


@pytest.mark.parametrize(("break_document", "message"), BROKEN)
def test_loki_refuses_a_broken_configuration(
    break_document: Callable[[dict[str, Any]], None], message: str, tmp_path: Path
) -> None:
    document = loki_yaml(settings_of("production"))
    break_document(document)
    file = tmp_path / "loki.yaml"
    file.write_text(yaml.safe_dump(document))
    answer = run([binary("loki"), f"-config.file={file}", "-verify-config"])
    assert answer.returncode != 0
    assert message in answer.stderr + answer.stdout


@profile(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(stacks())
def test_loki_accepts_the_configuration_of_any_settings(tmp_path: Path, stack: Settings) -> None:
    effective = effective_config(loki_yaml(stack), tmp_path)
    assert effective["common"]["replication_factor"] == stack.replication_factor
