"""Stacks whose active schema is older than v13, which Loki takes without structured metadata alone."""

import re
import time
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
import yaml

from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.plan.collection import collection_section
from logstack.settings.load.loader import Stack
from logstack.settings.tree import Settings
from tests.cases.pods import STACKS
from tests.cases.test_adopt import PERIOD, errors, in_s3, on_a_volume, settings_of
from tests.support.real import PATIENCE, binary, run
from tests.support.stacks import data, declarations
from tests.unit.adopt.cases import adopt_values
from tests.unit.adopt.test_adopt import find_entry, stack_of
from tests.unit.settings.stacks import messages_for

OLDER = [{"from": "2022-01-01", "store": "boltdb-shipper", "schema": "v12"}]
WITHOUT: dict[str, Any] = {"structuredMetadata": False, "schemaPeriods": OLDER}
SOURCES: dict[str, Any] = {"journal": {"enabled": True}, "otlp": {"http": True}, "push": True}
MANY_SOURCES: dict[str, Any] = {
    "sources": SOURCES,
    "labels": {"team": "example.com/team"},
    "parsers": [
        {
            "match": {"app": "a"},
            "format": "json",
            "fields": {"user": "u"},
            "timestamp": {"field": "t", "format": "Unix"},
        },
        {"match": {"app": "b"}, "format": "airflow"},
    ],
}
SECOND = 10**9


def with_schema(store: str, schema: str, mode: str = "monolithic") -> Settings:
    periods = [{"from": "2022-01-01", "store": store, "schema": schema}]
    single = {"monolithic": ["monolithic"], "simple-scalable": ["write", "read", "backend"]}[mode]
    return Settings.model_validate(
        STACKS[mode]
        | {
            "objectStore": {"kind": "embedded"},
            "replicationFactor": 1,
            "replicas": dict.fromkeys(single, 1),
            "caches": {},
        }
        | {"schemaPeriods": periods, "structuredMetadata": False}
    )


def test_older_schema_is_refused_with_structured_metadata_and_accepted_without() -> None:
    periods = 'schemaPeriods: [{from: "2022-01-01", store: boltdb-shipper, schema: v11}]'
    refused = messages_for(periods)
    assert refused.count("error[schema-outdated]") == 2
    assert "logstack:structuredMetadata: false" in refused
    assert messages_for(f"{periods}\nstructuredMetadata: false") == ""


def test_later_period_may_be_v13_while_the_older_one_is_active() -> None:
    periods = 'schemaPeriods: [{from: "2022-01-01", schema: v12}, {from: "2027-01-01"}]'
    assert messages_for(f"{periods}\nstructuredMetadata: false") == ""
    assert "schemaPeriods[0].schema" in messages_for(periods)


@pytest.mark.parametrize("period", ["{store: bigtable}", "{schema: v8}"])
def test_schema_that_loki_has_no_reader_for_is_refused_without_structured_metadata_too(period: str) -> None:
    assert "error[schema-outdated]" in messages_for(f"schemaPeriods: [{period}]\nstructuredMetadata: false")


def alloy_configs(**changes: object) -> list[str]:
    stack = STACKS["monolithic"] | {"collector": MANY_SOURCES | {"sources": SOURCES | {"events": True}}}
    declared = declarations(Settings.model_validate(stack | changes))
    return [data(declared, f"alloy/{name}") for name in ("alloy-config", "alloy-events-config")]


def test_collector_sends_no_structured_metadata() -> None:
    node, events = alloy_configs(**WITHOUT)
    # The time at which a line was read is structured metadata between the collector's own parts.
    read = r'stage\.structured_metadata \{\n\t*values = \{"logstack_read" = "\w+"\}'
    assert len(re.findall(read, node)) == node.count("stage.structured_metadata {")
    assert 'stage.structured_metadata_drop {\n\t\tvalues = ["logstack_read"]' in node
    assert "stage.structured_metadata {" not in events
    assert "stage.timestamp" in node, "a parser's time is no structured metadata"
    assert all("stage.structured_metadata" in text for text in alloy_configs())


def test_plan_says_what_is_lost() -> None:
    settings = Settings.model_validate(STACKS["monolithic"] | WITHOUT)
    row = dict(collection_section(Stack("older", settings, (), (), "config")).facts)["structured metadata"]
    assert row.startswith("none (structuredMetadata is false)")
    assert "Loki refuses lines that other senders give structured metadata" in row


@pytest.mark.real
@pytest.mark.parametrize(
    ("store", "schema"), [*product(("tsdb", "boltdb-shipper"), ("v9", "v10", "v11", "v12", "v13"))]
)
def test_loki_starts_with_an_older_schema_without_structured_metadata_alone(
    store: str, schema: str, tmp_path: Path
) -> None:
    document = yaml.safe_load(data(declarations(with_schema(store, schema)), "loki/loki-config"))
    for allowed in (False, True):
        document["limits_config"]["allow_structured_metadata"] = allowed
        file = tmp_path / "loki.yaml"
        file.write_text(yaml.safe_dump(document))
        answer = run([binary("loki"), f"-config.file={file}", "-config.expand-env=true", "-verify-config"])
        is_accepted = not allowed or (store, schema) == ("tsdb", "v13")
        assert (answer.returncode == 0) is is_accepted, answer.stderr


def push(url: str, start: int) -> list[int]:
    """Push lines without and with structured metadata and by OTLP; return the statuses."""
    lines = {"stream": {"app": "plain"}, "values": [[str(start + number), f"line {number}"] for number in range(10)]}
    mixed = {"stream": {"app": "mixed"}, "values": [[str(start), "with", {"a": "b"}], [str(start + 1), "without"]]}
    answers = [
        httpx.post(f"{url}/loki/api/v1/push", json={"streams": [each]}, timeout=PATIENCE) for each in (lines, mixed)
    ]
    record = {"timeUnixNano": str(start), "body": {"stringValue": "record"}}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "otlp"}}]}
    for attributes in ({}, {"attributes": [{"key": "a", "value": {"stringValue": "b"}}]}):
        logs = [{"resource": resource, "scopeLogs": [{"logRecords": [record | attributes]}]}]
        answers.append(httpx.post(f"{url}/otlp/v1/logs", json={"resourceLogs": logs}, timeout=PATIENCE))
    return [answer.status_code for answer in answers]


def lines_of(url: str, selector: str, start: int) -> int:
    times = {"start": str(start - 60 * SECOND), "end": str(start + 60 * SECOND)}
    answer = httpx.get(f"{url}/loki/api/v1/query_range", params={"query": selector, **times}, timeout=60)
    return sum(len(stream["values"]) for stream in answer.raise_for_status().json()["data"]["result"])


@pytest.mark.real
@pytest.mark.parametrize(
    ("store", "schema", "mode"), [("boltdb-shipper", "v11", "monolithic"), ("boltdb-shipper", "v12", "simple-scalable")]
)
def test_loki_stores_plain_lines_and_refuses_those_with_structured_metadata(store: str, schema: str, mode: str) -> None:
    binaries = {name: binary(name) for name in ("loki", "versitygw")}
    with TemporaryDirectory(prefix="older-") as directory, Fleet(Path(directory) / "logs") as fleet:
        platform = Platform(with_schema(store, schema, mode), binaries, Path(directory), fleet)
        platform.start()
        start, reader = time.time_ns(), platform.layout.fronts[0].url
        assert push(platform.distributors[0].url, start) == [204, 400, 204, 400]
        for _ in range(2):
            # A push that is refused for one line has stored the others.
            counts = [lines_of(reader, selector, start) for selector in ('{app="plain"}', '{app="mixed"}')]
            assert counts == [10, 1]
            platform.restart(*platform.layout.nodes)  # from the store, by its index


@pytest.mark.parametrize("values", [on_a_volume, in_s3])
def test_adopt_writes_the_older_schema_without_structured_metadata(values: Any) -> None:
    store = values()["loki"]["storage"]["type"]
    period = PERIOD | {"schema": "v12", "object_store": store}
    limits = {"allow_structured_metadata": False, "retention_period": "14d"}
    adoption = adopt_values(values(loki={"schemaConfig": {"configs": [period]}, "limits_config": limits}))
    assert stack_of(adoption)["structuredMetadata"] is False
    assert find_entry(adoption, "loki.limits_config.allow_structured_metadata").key == "structuredMetadata"
    assert errors(adoption) == set()
    assert settings_of(adoption).schema_periods[0].schema_version == "v12"


def test_adopt_switches_structured_metadata_off_for_a_schema_that_has_none() -> None:
    period = PERIOD | {"schema": "v11", "store": "boltdb-shipper", "object_store": "filesystem"}
    adoption = adopt_values(on_a_volume(loki={"schemaConfig": {"configs": [period]}}))
    assert stack_of(adoption)["structuredMetadata"] is False
    assert errors(adoption) == set()


def test_adopt_leaves_structured_metadata_on_by_default() -> None:
    assert "structuredMetadata" not in stack_of(adopt_values(on_a_volume()))
