"""`logstack adopt`: every value is spoken of once, no secret comes out, and what comes out loads."""

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
from logstack.adopt.paths import leaves, spelled_path
from logstack.adopt.reading import Entry, Verdict
from logstack.adopt.report import report_document, report_text
from logstack.manifests.manifest import mask_secrets
from logstack.settings.load.stack_file import PROJECT
from logstack.settings.model.roles import Role
from logstack.settings.model.stack_file import StackFile
from logstack.settings.tree import Settings
from tests.support.documents import differences, read_yaml
from tests.support.generated import stacks
from tests.support.golden import check
from tests.support.stacks import EXAMPLES, NAMES, chart_values, data, declarations, settings_of
from tests.unit.adopt.cases import CASES, FOLDER, NOWHERE, TODAY, Case, of

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
    """What the stack file says, without `logstack:`."""
    config = read_yaml(adoption.text)["config"]
    return {key.removeprefix(f"{PROJECT}:"): value for key, value in config.items()}


def entry(adoption: Adoption, path: str) -> Entry:
    """What is said of one value."""
    (found,) = [each for each in adoption.entries if path in each.values or each.path == path]
    return found


def with_loki(**loki: object) -> dict[str, object]:
    """Values of a whole release, with other keys below `loki`."""
    return {"loki": {**S3, **loki}}


@each_case
def test_the_report_is_as_it_was_read(case: Case, request: pytest.FixtureRequest) -> None:
    text = report_text(case.adopted(), Console(width=120), with_file=True)
    check(FOLDER.parent / "golden" / f"{case.name}.txt", text, request)


@each_case
def test_every_value_is_spoken_of_once(case: Case) -> None:
    said = Counter(value for each in case.adopted().entries for value in each.values)
    read = [spelled_path(path) for path, _ in leaves(read_release([case.path]).values)]
    assert said == Counter(read)


@each_case
def test_no_secret_comes_out(case: Case) -> None:
    adoption = case.adopted()
    for text in (report_text(adoption, Console(width=120), with_file=True), report_document(adoption), adoption.text):
        assert "SECRET-" not in text


@each_case
def test_the_json_has_each_value_and_the_stack_file(case: Case) -> None:
    adoption = case.adopted()
    document = json.loads(report_document(adoption))
    assert {value for each in document["values"] for value in each["values"]} == {
        value for each in adoption.entries for value in each.values
    }
    assert document["stackFile"] == adoption.text
    assert len(document["problems"]) == len(adoption.problems)


def test_some_case_has_secrets_to_let_out() -> None:
    assert sum("SECRET-" in case.path.read_text() for case in CASES) > 3


def own_values(own: Settings) -> dict[str, object]:
    """What logstack gives the chart, with the overrides where the chart would have them."""
    values: Any = mask_secrets(chart_values(own, "loki"))
    overrides = read_yaml(data(declarations(own), "loki/loki-overrides"))
    return {**values, "loki": {**values["loki"], "runtimeConfig": overrides}}


def loki_yaml(own: Settings) -> dict[str, object]:
    document: dict[str, object] = read_yaml(data(declarations(own), "loki/loki-config"))
    return document


def adopted_again(own: Settings) -> tuple[Adoption, Settings]:
    """The settings that come of a stack's own values and loki.yaml.

    In neither of the two is which account of AWS a bucket is in, and which StorageClass a bucket claim is of. The size
    of an S3 server's volume and the way in from outside are not in them either, nor compared: they are other objects.
    """
    release = Release(own_values(own), name="loki", namespace=own.cluster.namespace)
    wanted = Request("lab", "18.11.0", own.cluster.name, own.cluster.context, loki_yaml(own))
    adoption = adopted(release, wanted, NOWHERE, today=TODAY)
    stack = stack_of(adoption)
    if own.object_store.kind == "ceph-bucket-claim":
        stack["objectStore"]["storageClass"] = own.object_store.storage_class
    if own.object_store.kind == "aws-s3":
        stack["objectStore"] = own.object_store.model_dump(by_alias=True, mode="json")
    return adoption, Settings.of(StackFile.model_validate(stack, by_alias=True, by_name=False))


@pytest.mark.parametrize("stack", NAMES)
def test_our_own_values_come_back_as_they_were(stack: str) -> None:
    own = settings_of(stack)
    adoption, again = adopted_again(own)
    assert differences(own_values(own), own_values(again)) == {}
    assert differences(loki_yaml(own), loki_yaml(again)) == {}
    assert not adoption.side_by_side


def test_the_store_of_earlier_days_comes_back_but_for_its_volume() -> None:
    own = settings_of("moving")
    adoption, _ = adopted_again(own)
    said: Any = read_yaml(yaml.safe_dump(EXAMPLES["moving"]["formerObjectStore"]))
    del said["store"]["size"]
    assert stack_of(adoption)["formerObjectStore"] == {**said, "store": {**said["store"], "region": "us-east-1"}}
    assert entry(adoption, "running-config.schema_config.configs").verdict is Verdict.UNDERSTOOD


def test_a_directory_that_lines_of_earlier_days_are_in_is_the_former_store() -> None:
    first = {**S3["schemaConfig"]["configs"][0], "object_store": "filesystem"}
    schema = {"configs": [first, {**first, "from": "2026-01-01", "object_store": "s3"}]}
    storage = {"filesystem": {"directory": "/var/loki/chunks"}}
    stack = stack_of(of(with_loki(schemaConfig=schema, storage_config=storage)))
    assert stack["formerObjectStore"] == {"before": "2026-01-01", "store": {"kind": "filesystem"}}
    elsewhere = of(with_loki(schemaConfig=schema, storage_config={"filesystem": {"directory": "/data"}}))
    assert "formerObjectStore" not in stack_of(elsewhere)
    assert entry(elsewhere, "loki.schemaConfig.configs").decide


def test_a_bucket_claim_of_ours_comes_back_but_for_its_storage_class() -> None:
    own = settings_of("ceph")
    adoption, again = adopted_again(own)
    assert again.object_store == own.object_store
    assert [each.path for each in adoption.decisions] == ["(the bucket claim)"]


def test_a_claim_of_another_name_is_a_store_whose_address_has_to_be_written() -> None:
    s3 = {"endpoint": "http://${BUCKET_HOST}:${BUCKET_PORT}"}
    environment = [{"secretRef": {"name": "logs"}}, {"configMapRef": {"name": "logs"}}]
    values = with_loki(storage={"bucketNames": {"chunks": "acme"}, "s3": s3})
    adoption = of({**values, "defaults": {"extraEnvFrom": environment}}, "18.11.0")
    store = stack_of(adoption)["objectStore"]
    assert (store["kind"], store["credentialsSecret"], "endpoint" in store) == ("s3-compatible", "logs", False)
    assert entry(adoption, "loki.storage.s3.endpoint").decide
    assert entry(adoption, "defaults.extraEnvFrom").decide


def test_a_secret_that_no_stack_has_made_is_named_whatever_it_is_called() -> None:
    environment = [{"secretRef": {"name": "loki-s3-credentials"}}]
    adoption = of({**with_loki(), "write": {"extraEnvFrom": environment}})
    assert stack_of(adoption)["objectStore"]["credentialsSecret"] == "loki-s3-credentials"


def test_ingesters_of_three_zones_go_side_by_side() -> None:
    roles = {"deploymentMode": "Distributed", **with_loki()}
    adoption = of(roles, "18.11.0")
    assert stack_of(adoption)["deploymentMode"] == "distributed"
    assert any("zones" in reason for reason in adoption.side_by_side)
    without = of({**roles, "ingester": {"zoneAwareReplication": {"enabled": False}}}, "18.11.0")
    assert not without.side_by_side


@pytest.mark.parametrize("stack", ["dev", "staging", "production", "distributed"])
def test_our_own_values_leave_nothing_to_decide(stack: str) -> None:
    adoption, _ = adopted_again(settings_of(stack))
    assert adoption.decisions == ()
    assert adoption.is_whole


def _differing(own: Settings, again: Settings) -> dict[str, tuple[object, object]]:
    """What differs in the values but for volumes that only one side says.

    Where a stack says nothing of a volume, the chart has its own of 10Gi, or adoption asks for the one that is missing.
    A disk of a role that has none is in the values, and the chart's Deployments have no place for it.
    """
    said: Any = own_values(own)
    left: Any = own_values(again)
    for key in (role.row.chart_key for role in Role):
        if "persistence" not in said[key] or key == "queryScheduler":
            said[key].pop("persistence", None)
            left[key].pop("persistence", None)
    return differences(said, left)


def with_burst(size: str) -> Settings:
    """Return the simplest stack with another ingestion burst."""
    return Settings.model_validate({**EXAMPLES["monolithic"], "limits": {"ingestionBurst": size}})


@given(stacks())
# One byte above a whole MiB: the gateway's limit rounds up, so Loki's own limit must not lose the byte.
@example(with_burst("134217729B"))
@example(with_burst("16777217B"))
# A failure is reported as it is found: shrinking a whole stack takes minutes.
@hypothesis_settings(max_examples=25, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_any_stacks_values_come_back_as_they_were(own: Settings) -> None:
    _, again = adopted_again(own)
    assert _differing(own, again) == {}
    assert differences(loki_yaml(own), loki_yaml(again)) == {}


def test_a_plain_stack_file_is_short_names_the_secret_and_has_no_error() -> None:
    adoption = CASES[0].adopted()
    assert adoption.text.count("\n") < 40
    assert read_yaml(adoption.text)["config"]["logstack:objectStore"]["credentialsSecret"] == "loki-s3-secret"
    assert [problem for problem in adoption.problems if problem.severity == "error"] == []


@pytest.mark.parametrize(
    ("loki", "retention", "loud"),
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
def test_lines_that_are_kept_for_ever_today_are_not_deleted_unasked(
    loki: dict[str, object],
    retention: str,
    loud: bool,  # noqa: FBT001
) -> None:
    adoption = of(with_loki(**loki))
    assert stack_of(adoption)["retention"] == retention
    assert any("FOR EVER" in each.text for each in adoption.decisions) is loud
    assert ("FOR EVER" in adoption.text) is loud


@pytest.mark.parametrize(
    ("version", "mode"), [("6.30.1", "simple-scalable"), ("11.9.9", "simple-scalable"), ("12.0.0", "monolithic")]
)
def test_the_mode_that_nobody_sets_is_the_charts_of_that_version(version: str, mode: str) -> None:
    assert stack_of(of(with_loki(), version))["deploymentMode"] == mode


@pytest.mark.parametrize(
    ("values", "unknown", "near"),
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
def test_a_key_that_no_chart_reads_is_named_with_the_one_that_is_meant(
    values: dict[str, Any], unknown: str, near: str | None
) -> None:
    adoption = of({"deploymentMode": "SingleBinary", **values, "loki": {**S3, **values.get("loki", {})}})
    found = entry(adoption, unknown)
    assert (found.verdict, found.decide) == (Verdict.UNKNOWN, True)
    assert found.text.endswith(f"did you mean {near}?") if near else "did you mean" not in found.text


@pytest.mark.parametrize(
    ("storage", "written"),
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
def test_each_form_of_a_store_is_read(storage: dict[str, object], written: Mapping[str, object]) -> None:
    loki: dict[str, object] = {**S3, "storage": storage}
    if storage.get("type") == "filesystem":
        loki["schemaConfig"] = {}
    adoption = of({"loki": loki})
    store = stack_of(adoption)["objectStore"]
    assert {key: store.get(key) for key in written} == written
    assert "SECRET-" not in report_document(adoption)


def test_lokis_own_word_on_the_store_wins_over_the_charts() -> None:
    adoption = of(with_loki(storage_config={"aws": {"bucketnames": "other"}}))
    assert stack_of(adoption)["objectStore"]["bucket"] == "other"


@pytest.mark.parametrize(
    ("loki", "reason"),
    [
        ({"storage": {"type": "gcs", "bucketNames": {"chunks": "a"}}, "schemaConfig": {}}, "store is gcs"),
        ({"storage": {"bucketNames": {"chunks": "a,b"}, "s3": {"endpoint": "http://s"}}}, "several buckets"),
    ],
)
def test_what_cannot_be_taken_over_in_place_is_said(loki: dict[str, object], reason: str) -> None:
    assert any(reason in each for each in of(with_loki(**loki)).side_by_side)


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
def test_objects_are_found_again_by_their_names_alone(name: str, values: dict[str, object], in_place: bool) -> None:  # noqa: FBT001
    release = Release({**with_loki(), **values}, name=name, namespace="monitoring")
    adoption = adopted(release, Request("lab", "6.49.0"), NOWHERE, today=TODAY)
    assert (not adoption.side_by_side) is in_place


def test_all_periods_of_the_schema_stay_as_they_are_and_in_their_order() -> None:
    periods = stack_of(CASES[1].adopted())["schemaPeriods"]
    assert periods == [
        {"from": "2023-01-01", "store": "boltdb-shipper", "schema": "v12", "indexPrefix": "index_"},
        {"from": "2024-04-01", "store": "tsdb", "schema": "v13"},
    ]


def test_a_limit_of_lokis_megabytes_is_one_of_mebibytes() -> None:
    limits = {"ingestion_rate_mb": 16, "per_stream_rate_limit": "5MB", "retention_period": "30d", "max_line_size": 1024}
    written = stack_of(of(with_loki(limits_config=limits)))["limits"]
    assert written == {"ingestionRate": "16Mi", "perStreamRate": "5Mi", "maxLineSize": "1Ki"}


def test_a_limit_that_is_always_another_is_said_with_logstacks() -> None:
    limits = {"retention_period": "30d", "split_queries_by_interval": "24h", "reject_old_samples": True}
    adoption = of(with_loki(limits_config=limits))
    found = entry(adoption, "loki.limits_config.split_queries_by_interval")
    assert (found.verdict, found.decide) == (Verdict.NOT_TAKEN, True)
    assert found.text.endswith("logstack sets 15m")
    assert entry(adoption, "loki.limits_config.reject_old_samples").verdict is Verdict.UNDERSTOOD


def test_the_running_lokis_configuration_wins_over_values() -> None:
    running = {"limits_config": {"retention_period": "10d"}, "compactor": {"retention_enabled": True}}
    adoption = of(with_loki(config="{{ .Values.loki.x }}"), running=running)
    assert stack_of(adoption)["retention"] == "10d"
    assert entry(adoption, "loki.config").decide is False
    assert "wins today" in entry(adoption, "loki.limits_config.retention_period").text


def test_a_configuration_that_is_a_template_is_named_as_not_readable() -> None:
    found = entry(of(with_loki(config="auth_enabled: {{ .Values.x }}")), "loki.config")
    assert (found.verdict, found.decide) == (Verdict.NOT_TAKEN, True)
    assert "--loki-config" in found.text


def test_a_configuration_in_values_is_read_and_replaces_the_charts_sections() -> None:
    config = yaml.safe_dump({"limits_config": {"retention_period": "9d"}, "compactor": {"retention_enabled": True}})
    adoption = of(with_loki(config=config))
    assert stack_of(adoption)["retention"] == "9d"
    assert "without effect" in entry(adoption, "loki.limits_config.retention_period").text


def test_values_of_a_chart_around_it_are_looked_into() -> None:
    around = {"loki": {"deploymentMode": "SingleBinary", "loki": S3}, "promtail": {"enabled": True}}
    path_values = read_values(around)
    adoption = adopted(path_values, Request("lab", "6.49.0"), NOWHERE, today=TODAY)
    assert stack_of(adoption)["deploymentMode"] == "monolithic"
    assert entry(adoption, "promtail").decide


def read_values(values: Mapping[str, object]) -> Release:
    from tempfile import TemporaryDirectory  # noqa: PLC0415

    with TemporaryDirectory() as folder:
        path = Path(folder) / "values.yaml"
        path.write_text(yaml.safe_dump(values))
        return read_release([path])


def test_what_helm_prints_before_values_is_no_value(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text("USER-SUPPLIED VALUES:\nloki:\n  auth_enabled: false\n")
    assert read_release([tmp_path / "values.yaml"]).values == {"loki": {"auth_enabled": False}}


def test_what_sops_has_encrypted_is_not_taken_for_a_value() -> None:
    encrypted = "ENC[AES256_GCM,data:x,type:str]"
    adoption = of(with_loki(storage={"s3": {"endpoint": "http://s"}, "bucketNames": {"chunks": encrypted}}))
    assert "ENC[" not in adoption.text
    assert entry(adoption, "loki.storage.bucketNames.chunks").decide


@pytest.mark.parametrize("version", ["6.30.1", "6.49.0", "6.55.0", "18.11.0"])
def test_every_key_of_the_charts_own_values_is_known(version: str) -> None:
    values = chart_file(version)
    adoption = of(values, version, chart_defaults=values)
    assert [each.path for each in adoption.entries if each.verdict is Verdict.UNKNOWN] == []
    said = Counter(value for each in adoption.entries for value in each.values)
    assert set(said.values()) == {1}
    assert len(said) > 800


@pytest.mark.parametrize("version", ["6.30.1", "6.49.0", "6.55.0", "18.11.0"])
def test_a_key_of_the_charts_own_values_is_known_without_them(version: str) -> None:
    adoption = of(chart_file(version), version)
    assert [each.path for each in adoption.entries if each.verdict is Verdict.UNKNOWN] == []


def chart_file(version: str) -> dict[str, object]:
    """The chart's own values; the repository does not hold them, so the test is skipped without $LOGSTACK_CHARTS."""
    folder = Path(os.environ.get("LOGSTACK_CHARTS", "/nonexistent"))
    for path in (folder / "loki" / "values.yaml", folder / f"loki-{version}" / "values.yaml"):
        chart = path.parent / "Chart.yaml"
        if path.is_file() and (path.parent.name != "loki" or read_yaml(chart.read_text())["version"] == version):
            from logstack.adopt.yaml_files import read_documents  # noqa: PLC0415

            return read_documents(path)[0]
    pytest.skip(f"$LOGSTACK_CHARTS has no values of {version}")
