"""What a stack passes on before the real Loki and the charts: both refuse what the checks refuse, and nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from logstack.preflight.real_parsers import refusals
from logstack.settings.passthrough.misfits import misfits
from logstack.settings.passthrough.tables import FOLDER, Kind, Table, loki_config
from tests.support.chart_keys import table_of
from tests.support.real import binary, chart_or_standin, effective_config, render_chart, run, shared
from tests.support.stacks import NAMES, changed, chart_values, data, declarations, settings_of

pytestmark = pytest.mark.real

# What owners of public repositories set beyond logstack's keys (schedulers, gRPC, chunks, patterns, parallelism).
TUNING: dict[str, Any] = {
    "query_scheduler": {"max_outstanding_requests_per_tenant": 4096},
    "frontend": {"max_outstanding_per_tenant": 4096, "compress_responses": True},
    "querier": {"max_concurrent": 16, "query_ingesters_within": "2h"},
    "server": {"grpc_server_max_recv_msg_size": 15728640},
    "ingester": {"chunk_idle_period": "1h", "chunk_target_size": 1572864, "max_chunk_age": "1h"},
    "pattern_ingester": {"enabled": True},
    "ruler": {"alertmanager_url": "http://alertmanager.monitoring.svc:9093", "enable_alertmanager_v2": True},
    "limits_config": {
        "max_query_parallelism": 64,
        "split_queries_by_interval": "1h",
        "max_label_names_per_series": 20,
        "discover_service_name": [],
        "shard_streams": {"enabled": True, "desired_rate": "3MB"},
        "deletion_mode": "filter-and-delete",
        "blocked_queries": [{"pattern": ".*everything.*", "regex": True, "types": "metric"}],
    },
}


def test_loki_runs_with_what_owners_set(tmp_path: Path) -> None:
    settings = changed(settings_of("production"), loki={"config": TUNING})
    effective = effective_config(yaml.safe_load(data(declarations(settings), "loki/loki-config")), tmp_path)
    assert effective["ingester"]["chunk_idle_period"] == "1h0m0s"
    assert effective["limits_config"]["max_query_parallelism"] == 64
    assert effective["limits_config"]["retention_period"] == "30d"
    assert effective["pattern_ingester"]["enabled"] is True


def test_checks_take_what_owners_set() -> None:
    assert list(misfits(loki_config(), TUNING)) == []


# A group that contains itself ends here.
_DEEPEST = 7


def groups(table: Table, kind: Kind, depth: int = 0) -> dict[str, Any]:
    """A document with every group of the table that is no entry of a list or of a map."""
    inner = {key: each for key, each in table.keys(kind).items() if each.word == "group" and depth < _DEEPEST}
    return {key: groups(table, each, depth + 1) for key, each in inner.items()}


def scalars(table: Table, kind: Kind, words: tuple[str, ...], value: object, depth: int = 0) -> dict[str, Any]:
    """A document with one value in place of each of the types."""
    found: dict[str, Any] = {}
    for key, each in table.keys(kind).items():
        if each.word in words:
            found[key] = value
        elif each.word == "group" and depth < _DEEPEST and (inner := scalars(table, each, words, value, depth + 1)):
            found[key] = inner
    return found


def count(document: object, value: object) -> int:
    if isinstance(document, dict):
        return sum(count(inner, value) for inner in document.values())
    return int(document == value)


def complaints(document: dict[str, Any], directory: Path) -> list[str]:
    """Each line of Loki's refusal."""
    file = directory / "loki.yaml"
    file.write_text(yaml.safe_dump(document))
    answer = run([binary("loki"), f"-config.file={file}", "-config.expand-env=true", "-verify-config"])
    assert answer.returncode != 0
    return [line for line in answer.stderr.splitlines() if re.match(r"\s+line \d+: ", line)]


@pytest.mark.parametrize(
    ("words", "value", "reason"),
    [
        (("bool", "int", "float", "duration"), "nonsense", "cannot unmarshal"),
        (("bool", "int", "float", "list", "map"), "5 monkeys", "cannot unmarshal"),
        (("duration",), "1d", "cannot unmarshal"),
    ],
)
def test_loki_refuses_each_value_of_a_wrong_type(
    words: tuple[str, ...], value: str, reason: str, tmp_path: Path
) -> None:
    table = loki_config()
    document = scalars(table, Kind("group", table.root), words, value)
    wrong = count(document, value)
    assert wrong > 100
    refused = complaints(document, tmp_path)
    assert len([line for line in refused if reason in line]) == wrong
    assert len(list(misfits(table, document))) == wrong


def test_loki_refuses_an_unknown_key_in_each_group(tmp_path: Path) -> None:
    table = loki_config()
    document = groups(table, Kind("group", table.root))

    def add(group: dict[str, Any]) -> int:
        inner = sum(add(each) for each in group.values())
        group["nonsense"] = 1
        return inner + 1

    added = add(document)
    assert added > 100
    assert len(complaints(document, tmp_path)) == added
    assert len(list(misfits(table, document))) == added


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"limits_config": {"creation_grace_period": "soon"}}, "not a valid duration"),
        ({"limits_config": {"per_stream_rate_limit": "much"}}, "unrecognized size suffix|strconv|invalid"),
        ({"limits_config": {"blocked_queries": [{"patern": "x"}]}}, "field patern not found"),
    ],
)
def test_loki_refuses_values_that_it_reads_itself(document: dict[str, Any], reason: str, tmp_path: Path) -> None:
    file = tmp_path / "loki.yaml"
    file.write_text(yaml.safe_dump(document))
    answer = run([binary("loki"), f"-config.file={file}", "-verify-config"])
    assert answer.returncode != 0
    assert re.search(reason, answer.stderr), answer.stderr
    assert len(list(misfits(loki_config(), document))) == 1


@pytest.mark.parametrize("chart", ["loki", "alloy"])
def test_tables_of_values_are_those_of_the_pinned_charts(chart: str) -> None:
    assert (FOLDER / f"{chart}-chart.txt").read_text() == table_of(chart, shared("charts"))


def test_helm_joins_the_lists_of_the_pods_and_the_stacks(tmp_path: Path) -> None:
    passed = {"defaults": {"extraEnvFrom": [{"secretRef": {"name": "mail"}}]}}
    values = chart_values(changed(settings_of("production"), loki={"values": passed}), "loki")
    objects = render_chart(chart_or_standin("loki"), "monitoring", values, tmp_path, "loki")
    (writer,) = (each for each in objects if (each["kind"], each["metadata"]["name"]) == ("StatefulSet", "loki-write"))
    (container,) = writer["spec"]["template"]["spec"]["containers"]
    assert [each["secretRef"]["name"] for each in container["envFrom"]] == ["loki-s3-secret", "mail"]


def test_check_says_why_the_real_programs_refuse_a_value() -> None:
    passed: dict[str, Any] = {
        "loki": {"config": {"ingester": {"chunk_encoding": "zip"}}},
        "tenants": [{"name": "shop", "namespaces": ["shop"], "config": {"deletion_mode": "nonsense"}}],
        "alloy": {"config": 'loki.echo "a" {\n  x = = 1\n}'},
    }
    parsers = {name: binary(name) for name in ("loki", "alloysyntax")}
    problems = {problem.path: problem.what for problem in refusals(changed(settings_of("staging"), **passed), parsers)}
    assert "invalid encoding: zip" in problems.pop("logstack:loki.config")
    assert "unknown deletion mode" in problems.pop("logstack:tenants[0].config")
    assert problems == {"logstack:alloy.config": "line 2: expected expression, got ="}


@pytest.mark.parametrize("name", NAMES)
def test_real_programs_refuse_no_stack(name: str) -> None:
    parsers = {name: binary(name) for name in ("loki", "alloysyntax")}
    assert list(refusals(settings_of(name), parsers)) == []
