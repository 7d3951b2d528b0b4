"""`logstack adopt`: it reports every value once, reveals no secret, and writes a stack file that loads."""

import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import Phase, example, given
from hypothesis import settings as hypothesis_settings
from rich.console import Console

from logstack.adopt.adoption import Adoption, Request, adopted
from logstack.adopt.documents import Release, read_release
from logstack.adopt.paths import spelled_path
from logstack.adopt.reading import Entry, Verdict
from logstack.adopt.report import report_document, report_text
from logstack.manifests.manifest import mask_secrets
from logstack.settings.load.stack_file import PROJECT
from logstack.settings.model.roles import Role
from logstack.settings.model.stack_file import StackFile
from logstack.settings.passthrough.documents import leaves
from logstack.settings.tree import Settings
from tests.support.documents import differences, read_yaml
from tests.support.generated import stacks
from tests.support.golden import check
from tests.support.stacks import EXAMPLES, NAMES, chart_values, data, declarations, settings_of
from tests.unit.adopt.cases import CASES, FOLDER, NOWHERE, TODAY, Case, adopt_values

each_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
S3: dict[str, Any] = {
    "schemaConfig": {
        "configs": [
            {
                "from": "2024-04-01",
                "store": "tsdb",
                "object_store": "s3",
                "schema": "v13",
                "index": {"prefix": "loki_index_", "period": "24h"},
            }
        ]
    },
    "storage": {
        "bucketNames": {"chunks": "logs", "ruler": "logs"},
        "s3": {"endpoint": "http://store.example:9000", "region": "us-east-1", "s3ForcePathStyle": True},
    },
    "limits_config": {"retention_period": "30d"},
    "compactor": {"retention_enabled": True, "delete_request_store": "s3"},
    "auth_enabled": False,
}


def stack_of(adoption: Adoption) -> dict[str, Any]:
    """Return the keys and values of the stack file, without the prefix `logstack:`."""
    config = read_yaml(adoption.text)["config"]
    return {key.removeprefix(f"{PROJECT}:"): value for key, value in config.items()}


def find_entry(adoption: Adoption, path: str) -> Entry:
    """Return the entry of the report for one value."""
    (entry,) = [each for each in adoption.entries if path in each.values or each.path == path]
    return entry


def loki_values(**loki: object) -> dict[str, object]:
    """Return values of a whole release, with these keys below `loki`."""
    return {"loki": {**S3, **loki}}


@each_case
def test_report_equals_its_golden_file(case: Case, request: pytest.FixtureRequest) -> None:
    text = report_text(case.adopt(), Console(width=120), with_file=True)
    check(FOLDER.parent / "golden" / f"{case.name}.txt", text, request)


@each_case
def test_adopt_reports_every_value_once(case: Case) -> None:
    reported = Counter(value for each in case.adopt().entries for value in each.values)
    expected = [spelled_path(path) for path, _ in leaves(read_release([case.path]).values)]
    assert reported == Counter(expected)


@each_case
def test_adopt_reveals_no_secret(case: Case) -> None:
    adoption = case.adopt()
    for text in (report_text(adoption, Console(width=120), with_file=True), report_document(adoption), adoption.text):
        assert "SECRET-" not in text


@each_case
def test_json_report_has_each_value_and_the_stack_file(case: Case) -> None:
    adoption = case.adopt()
    document = json.loads(report_document(adoption))
    assert {value for each in document["values"] for value in each["values"]} == {
        value for each in adoption.entries for value in each.values
    }
    assert document["stackFile"] == adoption.text
    assert len(document["problems"]) == len(adoption.problems)


def test_cases_have_secrets_that_adopt_could_reveal() -> None:
    assert sum("SECRET-" in case.path.read_text() for case in CASES) > 3


def chart_values_of(settings: Settings) -> dict[str, object]:
    """Return the chart values of a stack, with the overrides where the chart has them."""
    values: Any = mask_secrets(chart_values(settings, "loki"))
    overrides = read_yaml(data(declarations(settings), "loki/loki-overrides"))
    return {**values, "loki": {**values["loki"], "runtimeConfig": overrides}}


def loki_yaml(settings: Settings) -> dict[str, object]:
    document: dict[str, object] = read_yaml(data(declarations(settings), "loki/loki-config"))
    return document


def adopt_own_values(original: Settings) -> tuple[Adoption, Settings]:
    """Adopt a stack's own values and loki.yaml, and return the adoption and its settings.

    Neither has the account or project of a bucket in a cloud nor the StorageClass of a bucket claim, so both are
    copied. Neither has the size of an S3 server's volume nor the ingress: these belong to other objects, and are not
    compared.
    """
    release = Release(chart_values_of(original), name="loki", namespace=original.cluster.namespace)
    request = Request("lab", "18.11.0", original.cluster.name, original.cluster.context, loki_yaml(original))
    adoption = adopted(release, request, NOWHERE, today=TODAY)
    stack = stack_of(adoption)
    if original.object_store.kind == "ceph-bucket-claim":
        stack["objectStore"]["storageClass"] = original.object_store.storage_class
    if original.object_store.kind in ("aws-s3", "gcs", "azure"):
        stack["objectStore"] = original.object_store.model_dump(by_alias=True, mode="json")
    return adoption, Settings.of(StackFile.model_validate(stack, by_alias=True, by_name=False))


@pytest.mark.parametrize("stack", NAMES)
def test_adopt_reproduces_the_values_of_our_own_stacks(stack: str) -> None:
    original = settings_of(stack)
    adoption, restored = adopt_own_values(original)
    assert differences(chart_values_of(original), chart_values_of(restored)) == {}
    assert differences(loki_yaml(original), loki_yaml(restored)) == {}
    assert not adoption.side_by_side


def test_adopt_reproduces_the_former_object_store_except_its_volume() -> None:
    original = settings_of("moving")
    adoption, _ = adopt_own_values(original)
    store: Any = read_yaml(yaml.safe_dump(EXAMPLES["moving"]["formerObjectStore"]))
    del store["store"]["size"]
    assert stack_of(adoption)["formerObjectStore"] == {**store, "store": {**store["store"], "region": "us-east-1"}}
    assert find_entry(adoption, "running-config.schema_config.configs").verdict is Verdict.UNDERSTOOD


def test_adopt_writes_the_former_object_store_when_older_lines_are_in_a_directory() -> None:
    oldest_period = {**S3["schemaConfig"]["configs"][0], "object_store": "filesystem"}
    schema = {"configs": [oldest_period, {**oldest_period, "from": "2026-01-01", "object_store": "s3"}]}
    storage = {"filesystem": {"directory": "/var/loki/chunks"}}
    stack = stack_of(adopt_values(loki_values(schemaConfig=schema, storage_config=storage)))
    assert stack["formerObjectStore"] == {"before": "2026-01-01", "store": {"kind": "filesystem"}}
    elsewhere = adopt_values(loki_values(schemaConfig=schema, storage_config={"filesystem": {"directory": "/data"}}))
    assert "formerObjectStore" not in stack_of(elsewhere)
    assert find_entry(elsewhere, "loki.schemaConfig.configs").decide


def test_adopt_reproduces_our_own_bucket_claim_except_its_storage_class() -> None:
    original = settings_of("ceph")
    adoption, restored = adopt_own_values(original)
    assert restored.object_store == original.object_store
    assert [each.path for each in adoption.decisions] == ["(the bucket claim)"]


def test_adopt_asks_for_the_address_when_a_bucket_claim_is_not_ours() -> None:
    s3 = {"endpoint": "http://${BUCKET_HOST}:${BUCKET_PORT}"}
    environment = [{"secretRef": {"name": "logs"}}, {"configMapRef": {"name": "logs"}}]
    values = loki_values(storage={"bucketNames": {"chunks": "acme"}, "s3": s3})
    adoption = adopt_values({**values, "defaults": {"extraEnvFrom": environment}}, "18.11.0")
    store = stack_of(adoption)["objectStore"]
    assert (store["kind"], store["credentialsSecret"], "endpoint" in store) == ("s3-compatible", "logs", False)
    assert find_entry(adoption, "loki.storage.s3.endpoint").decide
    assert find_entry(adoption, "defaults.extraEnvFrom").decide


def test_adopt_names_a_foreign_secret_even_when_its_name_is_ours() -> None:
    environment = [{"secretRef": {"name": "loki-s3-credentials"}}]
    adoption = adopt_values({**loki_values(), "write": {"extraEnvFrom": environment}})
    assert stack_of(adoption)["objectStore"]["credentialsSecret"] == "loki-s3-credentials"


def test_adopt_migrates_side_by_side_when_ingesters_are_in_zones() -> None:
    roles = {"deploymentMode": "Distributed", **loki_values()}
    adoption = adopt_values(roles, "18.11.0")
    assert stack_of(adoption)["deploymentMode"] == "distributed"
    assert any("zones" in reason for reason in adoption.side_by_side)
    without_zones = adopt_values({**roles, "ingester": {"zoneAwareReplication": {"enabled": False}}}, "18.11.0")
    assert not without_zones.side_by_side


@pytest.mark.parametrize("stack", ["dev", "staging", "production", "distributed"])
def test_our_own_values_leave_nothing_to_decide(stack: str) -> None:
    adoption, _ = adopt_own_values(settings_of(stack))
    assert adoption.decisions == ()
    assert adoption.is_whole


def value_differences(original: Settings, restored: Settings) -> dict[str, tuple[object, object]]:
    """Return the differences of the values, except volumes that only one side states.

    Where a stack states no volume, the chart has its own of 10Gi, or adoption asks for the missing one. A disk of a
    role without a volume is in the values, but the chart's Deployments do not use it.
    """
    expected: Any = chart_values_of(original)
    actual: Any = chart_values_of(restored)
    for key in (role.row.chart_key for role in Role):
        if "persistence" not in expected[key] or key == "queryScheduler":
            expected[key].pop("persistence", None)
            actual[key].pop("persistence", None)
    return differences(expected, actual)


def settings_with_burst(size: str) -> Settings:
    """Return the simplest stack with another ingestion burst."""
    return Settings.model_validate({**EXAMPLES["monolithic"], "limits": {"ingestionBurst": size}})


@given(stacks())
# One byte above a whole MiB: the gateway's limit rounds up, so Loki's own limit must not lose the byte.
@example(settings_with_burst("134217729B"))
@example(settings_with_burst("16777217B"))
# Hypothesis reports a failure unshrunk: shrinking a whole stack takes minutes.
@hypothesis_settings(max_examples=25, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_adopt_reproduces_the_values_of_any_stack(original: Settings) -> None:
    _, restored = adopt_own_values(original)
    assert value_differences(original, restored) == {}
    assert differences(loki_yaml(original), loki_yaml(restored)) == {}


def test_adopt_writes_a_short_stack_file_that_names_the_secret_and_has_no_error() -> None:
    adoption = CASES[0].adopt()
    assert adoption.text.count("\n") < 40
    assert read_yaml(adoption.text)["config"]["logstack:objectStore"]["credentialsSecret"] == "loki-s3-secret"
    assert [problem for problem in adoption.problems if problem.severity == "error"] == []


@pytest.mark.parametrize(
    ("loki", "retention", "is_announced"),
    [
        ({}, "30d", False),
        ({"limits_config": {"retention_period": "1y"}}, "365d", False),
        ({"compactor": {}}, "3650d", True),
        ({"compactor": {"retention_enabled": False}}, "3650d", True),
        ({"limits_config": {"retention_period": "0s"}}, "3650d", True),
        ({"limits_config": {}}, "3650d", True),
        ({"structuredConfig": {"compactor": {"retention_enabled": False}}}, "3650d", True),
        ({"structuredConfig": {"limits_config": {"retention_period": "14d"}}}, "14d", False),
    ],
)
def test_adopt_deletes_no_line_that_loki_stores_for_ever_today(
    loki: dict[str, object],
    retention: str,
    is_announced: bool,  # noqa: FBT001
) -> None:
    adoption = adopt_values(loki_values(**loki))
    assert stack_of(adoption)["retention"] == retention
    assert any("FOR EVER" in each.text for each in adoption.decisions) is is_announced
    assert ("FOR EVER" in adoption.text) is is_announced


@pytest.mark.parametrize(
    ("version", "mode"), [("6.30.1", "simple-scalable"), ("11.9.9", "simple-scalable"), ("12.0.0", "monolithic")]
)
def test_adopt_takes_the_mode_of_the_chart_version_when_values_set_none(version: str, mode: str) -> None:
    assert stack_of(adopt_values(loki_values(), version))["deploymentMode"] == mode


@pytest.mark.parametrize(
    ("values", "unknown", "suggestion"),
    [
        (
            {"loki": {"resources": {"limits": {"memory": "1Gi"}}}},
            "loki.resources.limits.memory",
            "singleBinary.resources.limits.memory",
        ),
        ({"compactor": {"retention_enabled": True}}, "compactor.retention_enabled", "loki.compactor.retention_enabled"),
        (
            {"limits_config": {"retention_period": "7d"}},
            "limits_config.retention_period",
            "loki.limits_config.retention_period",
        ),
        ({"fullNameOverride": "loki"}, "fullNameOverride", "fullnameOverride"),
        ({"persistence": {"size": "9Gi"}}, "persistence.size", "singleBinary.persistence.size"),
        (
            {"singleBinary": {"persistence": {"storageClassName": "x"}}},
            "singleBinary.persistence.storageClassName",
            "singleBinary.persistence.storageClass",
        ),
        ({"singelBinary": {"replicas": 1}}, "singelBinary.replicas", "singleBinary"),
        ({"gateway": {"replica": 2}}, "gateway.replica", "gateway.replicas"),
        ({"storage": {"type": "filesystem"}}, "storage.type", "loki.storage.type"),
        (
            {"loki": {"common": {"replication_factor": 1}}},
            "loki.common.replication_factor",
            "loki.commonConfig.replication_factor",
        ),
        ({"qwertz": 1}, "qwertz", None),
    ],
)
def test_adopt_suggests_the_right_key_when_no_chart_reads_one(
    values: dict[str, Any], unknown: str, suggestion: str | None
) -> None:
    adoption = adopt_values({"deploymentMode": "SingleBinary", **values, "loki": {**S3, **values.get("loki", {})}})
    entry = find_entry(adoption, unknown)
    assert (entry.verdict, entry.decide) == (Verdict.UNKNOWN, True)
    assert entry.text.endswith(f"did you mean {suggestion}?") if suggestion else "did you mean" not in entry.text


@pytest.mark.parametrize(
    ("storage", "expected"),
    [
        ({"s3": {"s3": "s3://SECRET-a:SECRET-b@store:9000/logs"}}, {"endpoint": "http://store:9000", "bucket": "logs"}),
        (
            {"s3": {"endpoint": "store.example"}, "bucketNames": {"chunks": "a"}},
            {"endpoint": "https://store.example", "bucket": "a"},
        ),
        ({"s3": {"endpoint": "store", "insecure": True}, "bucketNames": {"chunks": "a"}}, {"endpoint": "http://store"}),
        ({"s3": {"endpoint": "http://SECRET-a:SECRET-b@store:1/"}}, {"endpoint": "http://store:1"}),
        (
            {
                "use_thanos_objstore": True,
                "bucketNames": {"chunks": "a"},
                "object_store": {"s3": {"endpoint": "store", "region": "r1"}},
            },
            {"endpoint": "https://store", "region": "r1", "bucket": "a"},
        ),
        ({"s3": {"s3": "s3://eu-central-1/logs"}}, {"kind": "aws-s3", "region": "eu-central-1", "bucket": "logs"}),
        ({"s3": {"region": "eu-west-1"}, "bucketNames": {"chunks": "a"}}, {"kind": "aws-s3", "region": "eu-west-1"}),
        ({"type": "filesystem"}, {"kind": "filesystem"}),
    ],
)
def test_adopt_reads_each_form_of_an_object_store(storage: dict[str, object], expected: Mapping[str, object]) -> None:
    loki: dict[str, object] = {**S3, "storage": storage}
    if storage.get("type") == "filesystem":
        loki["schemaConfig"] = {}
    adoption = adopt_values({"loki": loki})
    store = stack_of(adoption)["objectStore"]
    assert {key: store.get(key) for key in expected} == expected
    assert "SECRET-" not in report_document(adoption)


def test_adopt_prefers_lokis_storage_config_to_the_charts_storage() -> None:
    adoption = adopt_values(loki_values(storage_config={"aws": {"bucketnames": "other"}}))
    assert stack_of(adoption)["objectStore"]["bucket"] == "other"


GCS_PERIOD = {"from": "2024-04-01", "store": "tsdb", "object_store": "gcs", "schema": "v13", "index": {"period": "24h"}}
GCS_ACCOUNT = {"iam.gke.io/gcp-service-account": "loki@acme-production.iam.gserviceaccount.com"}


def values_of_gcs(loki: Mapping[str, object], **values: object) -> dict[str, object]:
    """Return values of a release whose lines are in Cloud Storage."""
    return {**loki_values(schemaConfig={"configs": [GCS_PERIOD]}, **loki), **values}


@pytest.mark.parametrize(
    "loki",
    [
        {"storage": {"type": "gcs", "bucketNames": {"chunks": "acme", "ruler": "acme"}}},
        {"storage": {"type": "gcs"}, "storage_config": {"gcs": {"bucket_name": "acme"}}},
        {"storage": {"type": "gcs"}, "structuredConfig": {"common": {"storage": {"gcs": {"bucket_name": "acme"}}}}},
        {"storage": {"use_thanos_objstore": True, "object_store": {"type": "gcs", "gcs": {"bucket_name": "acme"}}}},
        {
            "storage": {"type": "gcs"},
            "structuredConfig": {
                "storage_config": {"use_thanos_objstore": True, "object_store": {"gcs": {"bucket_name": "acme"}}},
                "ruler_storage": {"backend": "gcs", "gcs": {"bucket_name": "acme"}},
            },
        },
    ],
)
def test_adopt_takes_a_bucket_of_google_over_in_each_form(loki: dict[str, object]) -> None:
    adoption = adopt_values(values_of_gcs(loki, serviceAccount={"annotations": GCS_ACCOUNT}))
    assert stack_of(adoption)["objectStore"] == {
        "kind": "gcs",
        "bucket": "acme",
        "create": False,
        "project": "acme-production",
        "identity": {"serviceAccount": "loki@acme-production.iam.gserviceaccount.com"},
    }
    assert not adoption.side_by_side
    assert not [each for each in adoption.entries if each.decide]


def test_adopt_asks_for_the_project_and_the_identity_of_a_bucket_of_google() -> None:
    adoption = adopt_values(values_of_gcs({"storage": {"type": "gcs", "bucketNames": {"chunks": "a"}}}))
    assert {"objectStore.project", "objectStore.identity"} <= {each.key for each in adoption.entries if each.decide}


@pytest.mark.parametrize(
    ("values", "path"),
    [
        (
            values_of_gcs({"storage": {"type": "gcs", "gcs": {"bucket_name": "a", "service_account": "SECRET-key"}}}),
            "loki.storage.gcs.service_account",
        ),
        (
            values_of_gcs(
                {"storage": {"type": "gcs", "bucketNames": {"chunks": "a"}}},
                defaults={"extraEnv": [{"name": "GOOGLE_APPLICATION_CREDENTIALS", "value": "/etc/key.json"}]},
            ),
            "defaults.extraEnv",
        ),
    ],
)
def test_adopt_asks_what_becomes_of_a_static_key_of_google(values: dict[str, object], path: str) -> None:
    adoption = adopt_values(values)
    entry = find_entry(adoption, path)
    assert entry.decide
    assert "no static key of Google Cloud" in entry.text
    assert "SECRET-" not in report_document(adoption)


AZURE_PERIOD = {**GCS_PERIOD, "object_store": "azure"}
AZURE_CLIENT = "aaaaaaaa-1111-1111-1111-111111111111"
AZURE_PODS: Mapping[str, object] = {
    "serviceAccount": {"annotations": {"azure.workload.identity/client-id": AZURE_CLIENT}},
}
AZURE_LABELS = {"azure.workload.identity/use": "true"}


def values_of_azure(loki: Mapping[str, object], **values: object) -> dict[str, object]:
    """Return values of a release whose lines are in Azure."""
    return {**loki_values(schemaConfig={"configs": [AZURE_PERIOD]}, podLabels=AZURE_LABELS, **loki), **values}


@pytest.mark.parametrize(
    "loki",
    [
        {
            "storage": {
                "type": "azure",
                "bucketNames": {"chunks": "acme", "ruler": "acme-rules"},
                "azure": {"accountName": "acmelogs", "useFederatedToken": True},
            }
        },
        {
            "storage": {"type": "azure", "bucketNames": {"ruler": "acme-rules"}},
            "structuredConfig": {
                "common": {
                    "storage": {
                        "azure": {
                            "account_name": "acmelogs",
                            "container_name": "acme",
                            "use_federated_token": True,
                        }
                    }
                }
            },
        },
        {
            "storage": {
                "use_thanos_objstore": True,
                "object_store": {"type": "azure", "azure": {"account_name": "acmelogs"}},
                "bucketNames": {"chunks": "acme", "ruler": "acme-rules"},
            }
        },
    ],
)
def test_adopt_takes_a_container_of_azure_over_in_each_form(loki: dict[str, object]) -> None:
    adoption = adopt_values(values_of_azure(loki, **AZURE_PODS))
    assert stack_of(adoption)["objectStore"] == {
        "kind": "azure",
        "account": "acmelogs",
        "container": "acme",
        "rulesContainer": "acme-rules",
        "create": False,
        "identity": {"clientId": AZURE_CLIENT},
    }
    assert not adoption.side_by_side
    assert not [each for each in adoption.entries if each.decide]


def test_adopt_reads_the_cloud_of_azure_from_the_suffix_of_its_endpoint() -> None:
    storage = {"type": "azure", "bucketNames": {"chunks": "acme"}}
    azure = {"accountName": "acmelogs", "endpointSuffix": "blob.core.usgovcloudapi.net"}
    adoption = adopt_values(values_of_azure({"storage": {**storage, "azure": azure}}, **AZURE_PODS))
    assert stack_of(adoption)["objectStore"]["environment"] == "usgovernment"


def test_adopt_asks_for_the_account_and_the_identity_of_a_container_of_azure() -> None:
    adoption = adopt_values(values_of_azure({"storage": {"type": "azure", "bucketNames": {"chunks": "acme"}}}))
    assert {"objectStore.account", "objectStore.identity"} <= {each.key for each in adoption.entries if each.decide}


@pytest.mark.parametrize("key", ["accountKey", "connectionString", "useManagedIdentity"])
def test_adopt_asks_what_becomes_of_another_way_into_azure(key: str) -> None:
    azure = {"accountName": "acmelogs", key: "SECRET-key" if key != "useManagedIdentity" else True}
    storage = {"type": "azure", "bucketNames": {"chunks": "acme"}, "azure": azure}
    adoption = adopt_values(values_of_azure({"storage": storage}, **AZURE_PODS))
    entry = find_entry(adoption, f"loki.storage.azure.{key}")
    assert entry.decide
    assert "Workload ID, and in no other way" in entry.text
    assert "SECRET-" not in report_document(adoption)


@pytest.mark.parametrize(
    ("loki", "reason"),
    [
        ({"storage": {"type": "swift", "bucketNames": {"chunks": "a"}}, "schemaConfig": {}}, "store is swift"),
        ({"storage": {"bucketNames": {"chunks": "a,b"}, "s3": {"endpoint": "http://s"}}}, "several buckets"),
    ],
)
def test_adopt_gives_the_reason_when_a_store_rules_out_adoption_in_place(loki: dict[str, object], reason: str) -> None:
    assert any(reason in each for each in adopt_values(loki_values(**loki)).side_by_side)


@pytest.mark.parametrize(
    ("name", "values", "in_place"),
    [
        ("loki", {}, True),
        ("logging", {}, False),
        ("logging", {"fullnameOverride": "loki"}, False),
        ("loki", {"nameOverride": "logs"}, False),
        ("loki", {"fullnameOverride": "loki"}, True),
    ],
)
def test_adopt_works_in_place_only_when_object_names_match(
    name: str,
    values: dict[str, object],
    in_place: bool,  # noqa: FBT001
) -> None:
    release = Release({**loki_values(), **values}, name=name, namespace="monitoring")
    adoption = adopted(release, Request("lab", "6.49.0"), NOWHERE, today=TODAY)
    assert (not adoption.side_by_side) is in_place


def test_adopt_keeps_all_schema_periods_in_their_order() -> None:
    periods = stack_of(CASES[1].adopt())["schemaPeriods"]
    assert periods == [
        {"from": "2023-01-01", "store": "boltdb-shipper", "schema": "v12", "indexPrefix": "index_"},
        {"from": "2024-04-01", "store": "tsdb", "schema": "v13"},
    ]


def test_adopt_reads_lokis_megabytes_as_mebibytes() -> None:
    limits = {"ingestion_rate_mb": 16, "per_stream_rate_limit": "5MB", "retention_period": "30d", "max_line_size": 1024}
    adopted_limits = stack_of(adopt_values(loki_values(limits_config=limits)))["limits"]
    assert adopted_limits == {"ingestionRate": "16Mi", "perStreamRate": "5Mi", "maxLineSize": "1Ki"}


def test_adopt_reports_logstacks_value_when_a_limit_cannot_be_set() -> None:
    limits = {"retention_period": "30d", "reject_old_samples_max_age": "24h", "reject_old_samples": True}
    adoption = adopt_values(loki_values(limits_config=limits))
    entry = find_entry(adoption, "loki.limits_config.reject_old_samples_max_age")
    assert (entry.verdict, entry.decide) == (Verdict.NOT_TAKEN, True)
    assert entry.text.endswith("logstack sets 168h")
    assert find_entry(adoption, "loki.limits_config.reject_old_samples").verdict is Verdict.UNDERSTOOD


def test_adopt_prefers_the_running_configuration_to_values() -> None:
    running = {"limits_config": {"retention_period": "10d"}, "compactor": {"retention_enabled": True}}
    adoption = adopt_values(loki_values(config="{{ .Values.loki.x }}"), running=running)
    assert stack_of(adoption)["retention"] == "10d"
    assert find_entry(adoption, "loki.config").decide is False
    assert "wins today" in find_entry(adoption, "loki.limits_config.retention_period").text


def test_adopt_does_not_take_a_configuration_that_is_a_template() -> None:
    entry = find_entry(adopt_values(loki_values(config="auth_enabled: {{ .Values.x }}")), "loki.config")
    assert (entry.verdict, entry.decide) == (Verdict.NOT_TAKEN, True)
    assert "--loki-config" in entry.text


def test_adopt_reads_a_configuration_in_values_instead_of_the_charts_sections() -> None:
    config = yaml.safe_dump({"limits_config": {"retention_period": "9d"}, "compactor": {"retention_enabled": True}})
    adoption = adopt_values(loki_values(config=config))
    assert stack_of(adoption)["retention"] == "9d"
    assert "without effect" in find_entry(adoption, "loki.limits_config.retention_period").text


def test_adopt_reads_values_below_a_parent_chart() -> None:
    parent_values = {"loki": {"deploymentMode": "SingleBinary", "loki": S3}, "promtail": {"enabled": True}}
    release = release_of(parent_values)
    adoption = adopted(release, Request("lab", "6.49.0"), NOWHERE, today=TODAY)
    assert stack_of(adoption)["deploymentMode"] == "monolithic"
    assert find_entry(adoption, "promtail").decide


def release_of(values: Mapping[str, object]) -> Release:
    from tempfile import TemporaryDirectory  # noqa: PLC0415

    with TemporaryDirectory() as folder:
        path = Path(folder) / "values.yaml"
        path.write_text(yaml.safe_dump(values))
        return read_release([path])


def test_read_release_ignores_the_heading_that_helm_prints(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text("USER-SUPPLIED VALUES:\nloki:\n  auth_enabled: false\n")
    assert read_release([tmp_path / "values.yaml"]).values == {"loki": {"auth_enabled": False}}


def test_adopt_does_not_take_a_value_that_sops_has_encrypted() -> None:
    encrypted = "ENC[AES256_GCM,data:x,type:str]"
    adoption = adopt_values(loki_values(storage={"s3": {"endpoint": "http://s"}, "bucketNames": {"chunks": encrypted}}))
    assert "ENC[" not in adoption.text
    assert find_entry(adoption, "loki.storage.bucketNames.chunks").decide


@pytest.mark.parametrize("version", ["6.30.1", "6.49.0", "6.55.0", "18.11.0"])
def test_adopt_knows_every_key_of_the_charts_own_values(version: str) -> None:
    values = chart_file(version)
    adoption = adopt_values(values, version, chart_defaults=values)
    assert [each.path for each in adoption.entries if each.verdict is Verdict.UNKNOWN] == []
    reported = Counter(value for each in adoption.entries for value in each.values)
    assert set(reported.values()) == {1}
    assert len(reported) > 800


@pytest.mark.parametrize("version", ["6.30.1", "6.49.0", "6.55.0", "18.11.0"])
def test_adopt_knows_the_charts_keys_without_the_charts_defaults(version: str) -> None:
    adoption = adopt_values(chart_file(version), version)
    assert [each.path for each in adoption.entries if each.verdict is Verdict.UNKNOWN] == []


def chart_file(version: str) -> dict[str, object]:
    """Return the chart's own values from $LOGSTACK_CHARTS; without them, skip the test."""
    folder = Path(os.environ.get("LOGSTACK_CHARTS", "/nonexistent"))
    for path in (folder / "loki" / "values.yaml", folder / f"loki-{version}" / "values.yaml"):
        chart = path.parent / "Chart.yaml"
        if path.is_file() and (path.parent.name != "loki" or read_yaml(chart.read_text())["version"] == version):
            from logstack.adopt.yaml_files import read_documents  # noqa: PLC0415

            return read_documents(path)[0]
    pytest.skip(f"$LOGSTACK_CHARTS has no values of {version}")
