"""Releases of the field: what `logstack adopt` calls understood is the same, and what it does not know it asks for."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from logstack.adopt.adoption import Adoption, Request, adopted
from logstack.adopt.documents import read_release
from logstack.adopt.errors import UnreadableError
from logstack.adopt.reading import Verdict
from logstack.manifests.merge import merged
from logstack.settings.model.stack_file import StackFile
from logstack.settings.tree import Settings
from tests.support.stacks import chart_values
from tests.unit.adopt.cases import NOWHERE, TODAY, adopt_values
from tests.unit.adopt.test_adopt import find_entry, stack_of

PERIOD: dict[str, Any] = {
    "from": "2024-04-01",
    "store": "tsdb",
    "object_store": "filesystem",
    "schema": "v13",
    "index": {"prefix": "loki_index_", "period": "24h"},
}
NO_CACHES = {"chunksCache": {"enabled": False}, "resultsCache": {"enabled": False}}
ON_A_VOLUME: dict[str, Any] = {
    "deploymentMode": "SingleBinary",
    "loki": {
        "auth_enabled": False,
        "commonConfig": {"replication_factor": 1},
        "storage": {"type": "filesystem"},
        "compactor": {"retention_enabled": True, "delete_request_store": "filesystem"},
        "limits_config": {"retention_period": "14d"},
        "schemaConfig": {"configs": [PERIOD]},
    },
    "singleBinary": {"replicas": 1, "persistence": {"size": "20Gi"}},
    **{role: {"replicas": 0} for role in ("write", "read", "backend")},
    **NO_CACHES,
}
IN_S3: dict[str, Any] = {
    "storage": {
        "type": "s3",
        "bucketNames": {"chunks": "logs", "ruler": "logs"},
        "s3": {"endpoint": "http://10.0.0.5:9000", "region": "us-east-1", "s3ForcePathStyle": True, "insecure": True},
    },
    "compactor": {"retention_enabled": True, "delete_request_store": "s3"},
    "schemaConfig": {"configs": [{**PERIOD, "object_store": "s3"}]},
}


def on_a_volume(**values: object) -> dict[str, Any]:
    """Return the values of a single binary on a volume, with others laid over."""
    return merged(ON_A_VOLUME, values)


def in_s3(**values: object) -> dict[str, Any]:
    """Return the same values with a store in S3."""
    return merged(on_a_volume(loki=IN_S3), values)


def adopt_file(folder: Path, *documents: Mapping[str, object], version: str | None = None) -> Adoption:
    """Adopt documents of one file, as the command does."""
    path = folder / "release.yaml"
    path.write_text(yaml.safe_dump_all(documents))
    return adopted(read_release([path]), Request("lab", version), NOWHERE, today=TODAY)


def flux(values: Mapping[str, object], version: str = "6.55.0", **spec: object) -> dict[str, object]:
    source = {"kind": "HelmRepository", "name": "grafana"}
    chart = {"spec": {"chart": "loki", "version": version, "sourceRef": source}}
    return {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "loki", "namespace": "monitoring"},
        "spec": {"chart": chart, "values": dict(values), **spec},
    }


def errors(adoption: Adoption) -> set[str]:
    return {problem.name for problem in adoption.problems if problem.severity == "error"}


def settings_of(adoption: Adoption) -> Settings:
    return Settings.of(StackFile.model_validate(stack_of(adoption), by_alias=True, by_name=False))


def pod_resources(key: str, **resources: object) -> dict[str, Any]:
    return on_a_volume(**{key: {"resources": resources}})


@pytest.mark.parametrize(
    ("key", "requested"), [("singleBinary", "100Mi"), ("singleBinary", "6Gi"), ("gateway", "64Mi")]
)
def test_adopt_writes_that_pods_have_no_memory_limit_when_there_is_only_a_request(key: str, requested: str) -> None:
    adoption = adopt_values(pod_resources(key, requests={"cpu": "10m", "memory": requested}), "18.11.0")
    entry = find_entry(adoption, f"{key}.resources.requests.memory")
    assert (entry.verdict, entry.decide) == (Verdict.UNDERSTOOD, False)
    role = "monolithic" if key == "singleBinary" else key
    own = stack_of(adoption)["resources"][role]
    assert (own["memory"], own["memoryLimit"]) == (requested, "none")
    rendered: Any = chart_values(settings_of(adoption), "loki")
    assert rendered[key]["resources"]["requests"]["memory"] == requested
    assert "memory" not in rendered[key]["resources"].get("limits", {})


def test_adopt_understands_a_memory_limit_with_an_equal_request() -> None:
    adoption = adopt_values(pod_resources("singleBinary", limits={"memory": "3Gi"}, requests={"memory": "3Gi"}))
    assert find_entry(adoption, "singleBinary.resources.requests.memory").verdict is Verdict.UNDERSTOOD
    assert stack_of(adoption)["resources"]["monolithic"]["memory"] == "3Gi"


def without_endpoint(**storage: object) -> dict[str, Any]:
    """Return values whose store has no endpoint."""
    values = in_s3()
    s3 = {"region": "us-east-1", "s3ForcePathStyle": True, "insecure": True}
    values["loki"]["storage"] = {**values["loki"]["storage"], "s3": s3, **storage}
    return values


@pytest.mark.parametrize(
    ("targets", "asked"),
    [
        (["loki.storage.s3.endpoint"], {"endpoint"}),
        (["loki.storage.s3.endpoint", "loki.storage.bucketNames.chunks"], {"endpoint", "bucket"}),
        ([None], {"endpoint"}),
    ],
)
def test_adopt_asks_for_an_endpoint_that_flux_reads_elsewhere(
    targets: list[str | None], asked: set[str], tmp_path: Path
) -> None:
    values = without_endpoint(**({"bucketNames": {}} if "bucket" in asked else {}))
    sources = [{"kind": "ConfigMap", "name": "bucket", **({"targetPath": path} if path else {})} for path in targets]
    adoption = adopt_file(tmp_path, flux(values, valuesFrom=sources))
    assert stack_of(adoption)["objectStore"]["kind"] == "s3-compatible"
    assert {entry.key for entry in adoption.decisions if entry.key} == {f"objectStore.{key}" for key in asked}
    assert errors(adoption) == {"missing-key"}
    assert any("store" in condition for condition in adoption.conditions)


@pytest.mark.parametrize("endpoint", ["https://${S3_SERVER}:9091", "${S3_ENDPOINT}", "{{ .Values.s3.address }}"])
def test_adopt_asks_for_an_endpoint_that_is_a_placeholder(endpoint: str) -> None:
    adoption = adopt_values(in_s3(loki={"storage": {"s3": {"endpoint": endpoint}}}))
    store = stack_of(adoption)["objectStore"]
    assert (store["kind"], "endpoint" in store) == ("s3-compatible", False)
    assert find_entry(adoption, "loki.storage.s3.endpoint").decide
    assert any("store" in condition for condition in adoption.conditions)


@pytest.mark.parametrize(
    ("s3", "role", "kind"),
    [
        ({"insecure": True}, False, "s3-compatible"),
        ({"s3ForcePathStyle": True, "region": "us-east-1"}, False, "s3-compatible"),
        ({"s3ForcePathStyle": True, "region": "us-east-1"}, True, "aws-s3"),
        ({"region": "eu-west-1"}, False, "aws-s3"),
        ({"endpoint": "s3.eu-west-1.amazonaws.com", "region": "eu-west-1"}, False, "aws-s3"),
    ],
)
def test_adopt_takes_a_store_for_amazons_only_when_nothing_speaks_against_it(
    s3: dict[str, object],
    role: bool,  # noqa: FBT001
    kind: str,
) -> None:
    values = in_s3()
    values["loki"]["storage"] = {**values["loki"]["storage"], "s3": s3}
    if role:
        role_arn = "arn:aws:iam::123456789012:role/loki"
        values["serviceAccount"] = {"annotations": {"eks.amazonaws.com/role-arn": role_arn}}
    assert stack_of(adopt_values(values))["objectStore"]["kind"] == kind


def test_adopt_takes_a_store_with_a_role_for_amazons_when_its_url_is_a_placeholder() -> None:
    values = in_s3()
    values["loki"]["storage"] = {"type": "s3", "s3": {"s3": "s3://${REGION}/${BUCKET}"}}
    values["serviceAccount"] = {"annotations": {"eks.amazonaws.com/role-arn": "${ROLE_ARN}"}}
    adoption = adopt_values(values)
    assert stack_of(adoption)["objectStore"]["kind"] == "aws-s3"
    assert any("store" in condition for condition in adoption.conditions)


OTLP = {
    "distributor": {"otlp_config": {"default_resource_attributes_as_index_labels": ["k8s.namespace.name", "severity"]}}
}
OF_TENANT = {
    "limits_config": {
        "otlp_config": {
            "resource_attributes": {"attributes_config": [{"action": "index_label", "attributes": ["deploy.env"]}]}
        }
    }
}


@pytest.mark.parametrize(
    ("selector", "loki"),
    [('{severity="error"}', OTLP), ('{k8s_namespace_name="shop"}', OTLP), ('{deploy_env="prod"}', OF_TENANT)],
)
def test_adopt_keeps_a_retention_rule_on_a_label_that_otlp_gives(selector: str, loki: dict[str, Any]) -> None:
    rule = {"selector": selector, "priority": 1, "period": "720h"}
    limits = {"retention_period": "24h", "retention_stream": [rule], **loki.get("limits_config", {})}
    adoption = adopt_values(on_a_volume(loki={**loki, "limits_config": limits}), "18.7.1")
    assert stack_of(adoption)["retentionStreams"] == [{"selector": selector, "period": "30d", "priority": 1}]
    assert errors(adoption) == set()


def test_adopt_keeps_a_retention_rule_on_a_label_of_senders_outside() -> None:
    rule = {"selector": '{severity="error"}', "priority": 1, "period": "720h"}
    limits = {"retention_period": "24h", "retention_stream": [rule]}
    ingress = {"enabled": True, "hosts": [{"host": "logs.example.com", "paths": [{"path": "/"}]}]}
    values = on_a_volume(loki={"limits_config": limits}, gateway={"ingress": ingress})
    adoption = adopt_values(values, "18.7.1", alloy='loki.source.kubernetes "pods" { }')
    assert stack_of(adoption)["retentionStreams"]
    assert "retention-label-of-others" in {problem.name for problem in adoption.problems}
    assert "retention-label-of-nobody" not in errors(adoption)


@pytest.mark.parametrize("gateway", [{"replicas": 0}, {"enabled": False}])
def test_adopt_writes_no_gateway_and_one_ruler_when_none_runs_today(gateway: dict[str, object]) -> None:
    adoption = adopt_values(on_a_volume(gateway=gateway, ruler={"replicas": 0}), "6.42.0")
    (name,) = gateway
    entry = find_entry(adoption, f"gateway.{name}")
    assert (entry.verdict, entry.key) == (Verdict.UNDERSTOOD, "gateway.enabled")
    assert stack_of(adoption)["gateway"] == {"enabled": False}
    rendered: Any = chart_values(settings_of(adoption), "loki")
    assert rendered["gateway"]["enabled"] is False
    ruler = find_entry(adoption, "ruler.replicas")
    assert (ruler.verdict, ruler.decide) == (Verdict.TRANSLATED, False)


DISTRIBUTED = {
    "deploymentMode": "Distributed",
    "ingester": {"replicas": 1, "zoneAwareReplication": {"enabled": False}},
    **{
        role: {"replicas": 1}
        for role in ("distributor", "querier", "queryFrontend", "queryScheduler", "indexGateway", "compactor")
    },
}


@pytest.mark.parametrize("ruler", [{"enabled": False, "replicas": 1}, {"enabled": False}, {"replicas": 0}])
def test_adopt_says_that_the_stack_runs_a_ruler_when_none_runs_today(ruler: dict[str, object]) -> None:
    values = in_s3(**DISTRIBUTED, ruler=ruler)
    adoption = adopt_values(values, "6.55.0")
    for name in ruler:
        entry = find_entry(adoption, f"ruler.{name}")
        assert (entry.verdict, entry.text) == (Verdict.TRANSLATED, "the chart runs none, logstack runs one")
    assert stack_of(adoption)["replicas"]["ruler"] == 1


APART = {"bucketNames": {"chunks": "chunks", "ruler": "rules"}}


@pytest.mark.parametrize("s3", [{}, {"s3": {"endpoint": "s3.eu-west-1.amazonaws.com"}}])
def test_adopt_takes_the_rules_bucket_over_when_chunks_have_another(s3: dict[str, object]) -> None:
    adoption = adopt_values(in_s3(loki={"storage": APART | s3}))
    store = stack_of(adoption)["objectStore"]
    assert (store["bucket"], store["rulesBucket"]) == ("chunks", "rules")
    assert find_entry(adoption, "loki.storage.bucketNames.ruler").verdict is Verdict.UNDERSTOOD
    assert not any("rules are copied" in condition for condition in adoption.conditions)


def test_adopt_names_the_rules_bucket_in_its_verdict_when_the_store_has_one_bucket() -> None:
    adoption = adopt_values(
        in_s3(loki={"storage": APART | {"s3": {"endpoint": "http://${BUCKET_HOST}:${BUCKET_PORT}"}}})
    )
    store = stack_of(adoption)["objectStore"]
    assert (store["bucket"], store.get("rulesBucket")) == ("chunks", None)
    assert find_entry(adoption, "loki.storage.bucketNames.ruler").decide
    assert any("rules are copied" in condition for condition in adoption.conditions)


def test_adopt_leaves_both_buckets_to_the_old_loki_of_an_earlier_chart() -> None:
    adoption = adopt_values(in_s3(loki={"storage": APART}), "5.47.2")
    store = stack_of(adoption)["objectStore"]
    assert (store.get("bucket"), store.get("rulesBucket")) == (None, None)
    assert find_entry(adoption, "loki.storage.bucketNames.chunks").decide


@pytest.mark.parametrize(
    ("values", "path", "key"),
    [
        (
            {"loki": {"schemaConfig": {"configs": [{**PERIOD, "from": "{{ .Values.schemaStart }}"}]}}},
            "loki.schemaConfig.configs",
            "schemaPeriods",
        ),
        (
            {"loki": {"schemaConfig": {"configs": [{**PERIOD, "from": "${SCHEMA_START}"}]}}},
            "loki.schemaConfig.configs",
            "schemaPeriods",
        ),
        (
            {"singleBinary": {"persistence": {"storageClass": "{{ .Values.class }}"}}},
            "singleBinary.persistence.storageClass",
            "storageClass",
        ),
    ],
)
def test_adopt_asks_for_the_value_of_a_template(values: dict[str, Any], path: str, key: str) -> None:
    adoption = adopt_values(on_a_volume(**values), "18.7.6")
    entry = find_entry(adoption, path)
    assert (entry.verdict, entry.decide) == (Verdict.NOT_TAKEN, True)
    assert "--loki-config" in entry.text
    assert not stack_of(adoption).get(key)
    assert "{{" not in adoption.text


def test_adopt_writes_no_schema_when_it_is_a_template_so_that_check_refuses_the_file() -> None:
    periods = {"configs": [{**PERIOD, "from": "{{ .Values.schemaStart }}"}]}
    adoption = adopt_values(on_a_volume(loki={"schemaConfig": periods}))
    assert errors(adoption) == {"schema-no-period"}
    assert any("schema" in condition for condition in adoption.conditions)


def test_adopt_takes_a_running_schema_instead_of_a_template() -> None:
    periods = {"configs": [{**PERIOD, "from": "{{ .Values.schemaStart }}"}]}
    running = {"schema_config": {"configs": [PERIOD]}}
    adoption = adopt_values(on_a_volume(loki={"schemaConfig": periods}), running=running)
    assert stack_of(adoption)["schemaPeriods"] == [{"from": "2024-04-01", "store": "tsdb", "schema": "v13"}]
    assert not any("schema" in condition for condition in adoption.conditions)


@pytest.mark.parametrize("version", ["7.1.0", "7.3.0", "6.55.0"])
def test_adopt_reads_grafanas_last_charts_as_open_source(version: str, tmp_path: Path) -> None:
    source = {
        "repoURL": "https://grafana.github.io/helm-charts",
        "chart": "loki",
        "targetRevision": version,
        "helm": {"valuesObject": on_a_volume(ruler={"replicas": 0}, gateway={"replicas": 0})},
    }
    application = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "loki", "namespace": "argocd"},
        "spec": {"destination": {"namespace": "logging"}, "source": source},
    }
    adoption = adopt_file(tmp_path, application)
    assert adoption.decisions == ()
    assert errors(adoption) == set()


def test_adopt_says_in_place_without_conditions_only_when_the_release_is_known(tmp_path: Path) -> None:
    assert adopt_file(tmp_path, flux(on_a_volume())).conditions == ()
    (name, namespace) = adopt_file(tmp_path, on_a_volume(), version="6.55.0").conditions
    assert name.startswith("the release is called loki")
    assert "namespace" in namespace


def test_stack_file_lists_at_its_top_what_to_decide_and_what_check_refuses() -> None:
    values = without_endpoint()
    adoption = adopt_values({**values, "gatway": {"replicas": 2}})
    head = adoption.text[: adoption.text.index("config:")].replace("\n# ", " ")
    assert "DECIDE gatway.replicas" in head
    assert 'CHECK logstack:objectStore.endpoint: missing key "endpoint"' in head
    assert "1 comment DECIDE below" in head
    problem = next(each for each in adoption.problems if each.severity == "error")
    line = adoption.text.splitlines()[int(problem.where.rpartition(":")[2]) - 1]
    assert line.strip().startswith("logstack:objectStore")


def test_stack_file_has_no_list_when_nothing_is_left_to_decide() -> None:
    adoption = adopt_values(on_a_volume(), "6.55.0")
    assert adoption.text.splitlines()[1] == "config:"


def application(*sources: Mapping[str, object]) -> dict[str, object]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "loki", "namespace": "argocd"},
        "spec": {"destination": {"namespace": "logging"}, "sources": list(sources)},
    }


COMMUNITY = {"repoURL": "https://grafana-community.github.io/helm-charts", "chart": "loki", "targetRevision": "18.11.0"}


def test_adopt_lays_a_values_file_of_argo_below_the_applications_own_values(tmp_path: Path) -> None:
    helm = {
        "valueFiles": ["$values/loki/base.yaml", "$values/loki/cluster.yaml"],
        "valuesObject": {"singleBinary": {"persistence": {"size": "50Gi"}}},
    }
    git = {"repoURL": "https://git.example/gitops.git", "targetRevision": "HEAD", "ref": "values"}
    (tmp_path / "app.yaml").write_text(yaml.safe_dump(application(git, {**COMMUNITY, "helm": helm})))
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(on_a_volume()))
    paths = [tmp_path / "app.yaml", tmp_path / "base.yaml"]
    adoption = adopted(read_release(paths), Request("lab"), NOWHERE, today=TODAY)
    assert stack_of(adoption)["resources"]["monolithic"]["disk"] == "50Gi"
    (missing,) = adoption.decisions
    assert "cluster.yaml" in missing.text
    (tmp_path / "cluster.yaml").write_text(yaml.safe_dump({"loki": {"limits_config": {"retention_period": "60d"}}}))
    whole = adopted(read_release([*paths, tmp_path / "cluster.yaml"]), Request("lab"), NOWHERE, today=TODAY)
    assert stack_of(whole)["retention"] == "60d"
    assert (whole.decisions, whole.conditions) == ((), ())


def test_adopt_takes_a_values_file_for_the_config_map_that_flux_reads(tmp_path: Path) -> None:
    own = {"singleBinary": {"persistence": {"size": "50Gi"}}}
    release = flux(own, valuesFrom=[{"kind": "ConfigMap", "name": "loki-values"}])
    (tmp_path / "release.yaml").write_text(yaml.safe_dump(release))
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(on_a_volume()))
    paths = [tmp_path / "release.yaml", tmp_path / "values.yaml"]
    adoption = adopted(read_release(paths), Request("lab"), NOWHERE, today=TODAY)
    assert stack_of(adoption)["resources"]["monolithic"]["disk"] == "50Gi"
    assert adoption.decisions == ()


def test_adopt_reads_a_variable_that_flux_escapes_as_one_of_lokis_environment(tmp_path: Path) -> None:
    s3 = {"accessKeyId": "$${AWS_ACCESS_KEY_ID}", "secretAccessKey": "$${AWS_SECRET_ACCESS_KEY}"}
    variables = [{"secretRef": {"name": "loki-s3"}}]
    values = in_s3(loki={"storage": {"s3": s3}}, singleBinary={"extraEnvFrom": variables})
    adoption = adopt_file(tmp_path, flux(values))
    assert find_entry(adoption, "loki.storage.s3.accessKeyId").verdict is Verdict.UNDERSTOOD
    assert stack_of(adoption)["objectStore"]["credentialsSecret"] == "loki-s3"
    assert "$$" not in adoption.text


LOKI_2 = {
    "auth_enabled": False,
    "ingester": {"max_transfer_retries": 0, "lifecycler": {"ring": {"replication_factor": 1}}},
    "limits_config": {"enforce_metric_name": False, "retention_period": "14d"},
    "schema_config": {"configs": [{**PERIOD, "store": "boltdb-shipper", "schema": "v11"}]},
    "storage_config": {
        "boltdb_shipper": {"shared_store": "filesystem"},
        "filesystem": {"directory": "/data/loki/chunks"},
    },
    "compactor": {"retention_enabled": True, "shared_store": "filesystem"},
}
LOKI_OF_STACK: dict[str, object] = {
    "isDefault": False,
    "config": LOKI_2,
    "persistence": {"enabled": True, "storageClassName": "gp2", "size": "50Gi"},
    "resources": {"limits": {"memory": "4Gi"}},
}
STACK = {
    "loki": LOKI_OF_STACK,
    "promtail": {"enabled": True},
    "grafana": {"enabled": False},
}


@pytest.mark.parametrize("named", [True, False], ids=["a HelmRelease", "values with their version"])
def test_adopt_reads_loki_stack_as_a_single_binary(
    named: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    release = flux(STACK, "2.10.2")
    release["spec"]["chart"]["spec"]["chart"] = "loki-stack"  # type: ignore[index]
    adoption = adopt_file(tmp_path, release) if named else adopt_file(tmp_path, STACK, version="2.10.2")
    stack = stack_of(adoption)
    assert (stack["deploymentMode"], stack["retention"], stack["storageClass"]) == ("monolithic", "14d", "gp2")
    assert stack["resources"]["monolithic"] == {"cpu": "500m", "memory": "4Gi", "disk": "50Gi"}
    assert "schemaPeriods" not in stack
    assert (adoption.decisions, errors(adoption)) == ((), set())
    assert any("loki-stack" in reason for reason in adoption.side_by_side)
    assert find_entry(adoption, "loki.config.ingester.max_transfer_retries").text == "Loki 3 has no such setting"
    assert "Promtail" in find_entry(adoption, "promtail.enabled").text


def test_adopt_takes_loki_stack_without_a_configuration_for_one_on_a_volume(tmp_path: Path) -> None:
    values = {"loki": {"auth_enabled": False, "persistence": {"enabled": True, "size": "1Gi"}}}
    adoption = adopt_file(tmp_path, values, version="2.9.10")
    assert stack_of(adoption)["objectStore"] == {"kind": "filesystem"}
    assert errors(adoption) == set()
    assert find_entry(adoption, "loki.auth_enabled").decide


def test_adopt_reads_the_part_of_loki_stack_that_was_installed_by_itself(tmp_path: Path) -> None:
    release = flux({**LOKI_OF_STACK, "alerting_groups": [{"name": "disks"}]}, "2.13.3")
    adoption = adopt_file(tmp_path, release)
    stack = stack_of(adoption)
    assert (stack["deploymentMode"], stack["retention"], stack["storageClass"]) == ("monolithic", "14d", "gp2")
    assert errors(adoption) == set()
    assert "chart loki 2.13.3" in adoption.source
    assert [entry.path for entry in adoption.decisions] == ["loki.alerting_groups"]
    assert any("Loki 2" in reason for reason in adoption.side_by_side)


def from_bucket_claim(**secret_keys: str) -> list[dict[str, object]]:
    """Return what Flux takes from the ConfigMap and the Secret of a bucket claim."""
    config_map = {
        "loki.storage.bucketNames.chunks": "BUCKET_NAME",
        "loki.storage.bucketNames.ruler": "BUCKET_NAME",
        "loki.storage.s3.endpoint": "BUCKET_HOST",
    }
    objects = {"ConfigMap": config_map, "Secret": secret_keys}
    return [
        {"kind": kind, "name": "loki-bucket", "targetPath": path, "valuesKey": key}
        for kind, targets in objects.items()
        for path, key in targets.items()
    ]


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        (("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), None),
        (("id", "secret"), {"accessKeyId": "id", "secretAccessKey": "secret"}),
    ],
)
def test_adopt_names_the_secret_that_flux_copies_and_the_command_that_prints_the_rest(
    names: tuple[str, str], keys: dict[str, str] | None, tmp_path: Path
) -> None:
    targets = ("loki.storage.s3.accessKeyId", "loki.structuredConfig.common.storage.s3.secret_access_key")
    sources = from_bucket_claim(**dict(zip(targets, names, strict=True)))
    adoption = adopt_file(tmp_path, flux(without_endpoint(bucketNames={}), valuesFrom=sources))
    store = stack_of(adoption)["objectStore"]
    assert (store["credentialsSecret"], store.get("credentialsKeys")) == ("loki-bucket", keys)
    decisions = {entry.key or entry.path: entry.text for entry in adoption.decisions}
    assert decisions.keys() == {"objectStore.endpoint", "objectStore.bucket", "spec.valuesFrom[0]"}
    for key, field in (("objectStore.endpoint", "BUCKET_HOST"), ("objectStore.bucket", "BUCKET_NAME")):
        assert f"kubectl get configmap loki-bucket -o jsonpath='{{.data.{field}}}'" in decisions[key]
    assert find_entry(adoption, "spec.valuesFrom[3]").verdict is Verdict.TRANSLATED


KEY_FROM_FLUX = [
    {"kind": "Secret", "name": "loki-bucket", "targetPath": f"loki.storage.s3.{half}", "valuesKey": half}
    for half in ("accessKeyId", "secretAccessKey")
]


def test_adopt_names_the_secret_that_flux_copies_for_a_store_on_aws(tmp_path: Path) -> None:
    values = deepcopy(in_s3())
    values["loki"]["storage"]["s3"] = {"region": "eu-west-1"}
    adoption = adopt_file(tmp_path, flux(values, valuesFrom=KEY_FROM_FLUX))
    store = stack_of(adoption)["objectStore"]
    assert (store["kind"], store["credentialsSecret"]) == ("aws-s3", "loki-bucket")
    assert find_entry(adoption, "spec.valuesFrom[0]").verdict is Verdict.TRANSLATED


@pytest.mark.parametrize("kind", ["filesystem", "gcs", "azure"])
def test_adopt_reports_the_secret_that_flux_copies_where_the_stack_has_no_access_key(kind: str, tmp_path: Path) -> None:
    values = deepcopy(in_s3())
    values["loki"]["storage"]["type"] = kind
    values["loki"]["schemaConfig"]["configs"][-1]["object_store"] = kind
    adoption = adopt_file(tmp_path, flux(values, valuesFrom=KEY_FROM_FLUX))
    assert find_entry(adoption, "spec.valuesFrom[0]").decide


def test_adopt_leaves_a_secret_with_more_than_the_access_key_to_its_owner(tmp_path: Path) -> None:
    targets = {"loki.storage.s3.accessKeyId": "id", "loki.storage.s3.secretAccessKey": "key", "loki.tenants": "all"}
    adoption = adopt_file(tmp_path, flux(without_endpoint(), valuesFrom=from_bucket_claim(**targets)))
    assert "credentialsSecret" not in stack_of(adoption)["objectStore"]
    assert "Secret loki-bucket" in find_entry(adoption, "spec.valuesFrom[3]").text


def test_adopt_names_the_repository_that_has_the_version(tmp_path: Path) -> None:
    release = flux(in_s3())
    release["spec"] = {"chartRef": {"kind": "OCIRepository", "name": "charts"}, "values": in_s3()}
    spec = {"url": "oci://ghcr.io/grafana/helm-charts/loki", "ref": {"tag": "6.55.0"}}
    repository = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository", "metadata": {"name": "charts"}}
    with pytest.raises(UnreadableError, match="the file of the OCIRepository charts, which has it"):
        adopt_file(tmp_path, release)
    assert "chart loki 6.55.0" in adopt_file(tmp_path, release, {**repository, "spec": spec}).source


def test_adopt_takes_the_bucket_of_rules_from_a_loki_yaml_without_a_chart() -> None:
    storage = {"type": "s3", "s3": {"bucketnames": "rules", "s3": "s3://SECRET-id:SECRET-key@us-east-1"}}
    values = in_s3(loki={"rulerConfig": {"storage": storage}, "storage": {"bucketNames": {"ruler": None}}})
    adoption = adopt_values(values)
    assert stack_of(adoption)["objectStore"]["rulesBucket"] == "rules"
    entry = find_entry(adoption, "loki.rulerConfig.storage.s3.bucketnames")
    assert (entry.verdict, entry.key) == (Verdict.UNDERSTOOD, "objectStore.rulesBucket")


@pytest.mark.parametrize(
    "storage", [{"type": "local", "local": {"directory": "/rules"}}, {"s3": {"bucketnames": "logs"}}]
)
def test_adopt_writes_no_bucket_of_rules_that_is_none_or_the_same(storage: dict[str, object]) -> None:
    adoption = adopt_values(in_s3(loki={"rulerConfig": {"storage": storage}}))
    assert "rulesBucket" not in stack_of(adoption)["objectStore"]


def test_adopt_acknowledges_the_two_replicas_of_today() -> None:
    adoption = adopt_values(in_s3(singleBinary={"replicas": 2}))
    stack = stack_of(adoption)
    assert (stack["replicas"], stack["acknowledge"]) == ({"monolithic": 2}, ["monolithic-pair"])
    assert "monolithic-pair" not in {problem.name for problem in adoption.problems}
    assert "acknowledge" not in stack_of(adopt_values(in_s3()))


KEYS_OF_ENVIRONMENT = {"accessKeyId": "${MY_KEY}", "secretAccessKey": "${MY_SECRET}"}


@pytest.mark.parametrize(
    "environment",
    [
        {"extraEnvFrom": [{"secretRef": {"name": "minio"}}]},
        {
            "extraEnv": [
                {"name": name, "valueFrom": {"secretKeyRef": {"name": "minio", "key": name}}}
                for name in ("MY_KEY", "MY_SECRET")
            ]
        },
    ],
)
def test_adopt_names_the_keys_of_a_secret_by_the_variables_of_the_values(environment: dict[str, object]) -> None:
    s3 = IN_S3["storage"]["s3"] | KEYS_OF_ENVIRONMENT
    adoption = adopt_values(in_s3(loki={"storage": {"s3": s3}}, **{"global": environment}))
    store = stack_of(adoption)["objectStore"]
    assert store["credentialsSecret"] == "minio"
    assert store["credentialsKeys"] == {"accessKeyId": "MY_KEY", "secretAccessKey": "MY_SECRET"}
    entry = find_entry(adoption, "loki.storage.s3.accessKeyId")
    assert (entry.verdict, entry.decide) == (Verdict.UNDERSTOOD, False)


def test_adopt_asks_for_the_secret_of_a_variable_that_no_value_names() -> None:
    s3 = IN_S3["storage"]["s3"] | KEYS_OF_ENVIRONMENT
    adoption = adopt_values(in_s3(loki={"storage": {"s3": s3}}))
    assert "credentialsKeys" not in stack_of(adoption)["objectStore"]
    assert find_entry(adoption, "loki.storage.s3.accessKeyId").decide


def test_adopt_copies_no_access_key_beside_a_filesystem_store() -> None:
    keys = {"accessKeyId": "SECRET-id", "secretAccessKey": "SECRET-key", "endpoint": "http://10.0.0.5:9000"}
    adoption = adopt_values(on_a_volume(loki={"storage": {"s3": keys}}))
    assert stack_of(adoption)["objectStore"] == {"kind": "filesystem"}
    text = f"{adoption.text}{[entry.text for entry in adoption.entries]}"
    assert "SECRET-" not in text
    assert "a secret: not copied" in find_entry(adoption, "loki.storage.s3.accessKeyId").text


def test_adopt_makes_index_labels_of_the_attributes_of_a_release() -> None:
    alloy = 'otelcol.receiver.otlp "in" {\nhttp { }\noutput { logs = [] }\n}'
    config = {
        "resource_attributes": {
            "attributes_config": [
                {"action": "index_label", "attributes": ["cloud.region", "k8s.namespace.name"]},
                {"action": "structured_metadata", "attributes": ["host.id"]},
            ]
        }
    }
    limits = {"otlp_config": config, "retention_period": "14d"}
    adoption = adopt_values(on_a_volume(loki={"limits_config": limits}), alloy=alloy)
    assert stack_of(adoption)["collector"]["sources"]["otlp"] == {"http": True, "indexLabels": ["cloud.region"]}
    without = adopt_values(on_a_volume(loki={"limits_config": limits}))
    assert stack_of(without)["collector"] == {"enabled": False}


def test_adopt_reads_a_helm_release_of_flux_1(tmp_path: Path) -> None:
    chart = {"repository": "https://grafana.github.io/helm-charts", "name": "loki-stack", "version": "2.6.4"}
    metadata = {"name": "logs", "namespace": "monitoring"}
    spec = {"releaseName": "loki", "chart": chart, "values": STACK}
    release = {"apiVersion": "helm.fluxcd.io/v1", "kind": "HelmRelease", "metadata": metadata, "spec": spec}
    adoption = adopt_file(tmp_path, release)
    assert "chart loki-stack 2.6.4" in adoption.source
    assert stack_of(adoption)["retention"] == "14d"


def test_adopt_reads_loki_distributed_and_asks_for_a_bucket_of_its_own(tmp_path: Path) -> None:
    store = {"boltdb_shipper": {"shared_store": "s3"}, "aws": {"s3": "s3://eu-central-1", "bucketnames": "old"}}
    structured = {"compactor": {"retention_enabled": True}, "limits_config": {"retention_period": "30d"}}
    values = {
        "loki": {
            "schemaConfig": {"configs": [{**PERIOD, "object_store": "aws", "schema": "v11"}]},
            "storageConfig": store,
            "structuredConfig": structured,
        },
        "ingester": {"replicas": 3, "persistence": {"enabled": True, "size": "20Gi"}},
        "memcachedChunks": {"enabled": True},
    }
    adoption = adopt_file(tmp_path, values, version="0.80.0")
    stack = stack_of(adoption)
    assert (stack["deploymentMode"], stack["replicas"]["ingester"], stack["retention"]) == ("distributed", 3, "30d")
    assert (stack["objectStore"]["kind"], "bucket" in stack["objectStore"]) == ("aws-s3", False)
    assert find_entry(adoption, "loki.storage_config.aws.bucketnames").decide
    assert "chunks" in stack["caches"]


@pytest.mark.parametrize(
    ("values", "mode"),
    [
        ({"loki": {"storage": {"type": "filesystem"}}}, "monolithic"),
        ({"loki": {"storage": {"type": "s3"}}}, "simple-scalable"),
        ({"loki": {"storage": {"type": "s3"}}, "singleBinary": {"replicas": 1}}, "monolithic"),
    ],
)
def test_adopt_takes_the_mode_of_chart_5_by_its_own_rule(values: dict[str, Any], mode: str, tmp_path: Path) -> None:
    adoption = adopt_file(tmp_path, flux(values, "5.47.2"))
    assert stack_of(adoption)["deploymentMode"] == mode
    assert any("chart loki 5.47.2" in reason for reason in adoption.side_by_side)


def test_adopt_reads_loki_simple_scalable(tmp_path: Path) -> None:
    values = {"loki": IN_S3, "write": {"replicas": 3}, "read": {"replicas": 2}}
    adoption = adopt_file(tmp_path, values, version="1.8.11")
    stack = stack_of(adoption)
    assert (stack["deploymentMode"], stack["replicas"]["write"], stack["replicas"]["read"]) == ("simple-scalable", 3, 2)


def test_adopt_reads_a_loki_yaml_without_a_chart(tmp_path: Path) -> None:
    config = {
        "auth_enabled": False,
        "target": "all",
        "common": {"path_prefix": "/loki", "replication_factor": 1, "ring": {"kvstore": {"store": "inmemory"}}},
        "schema_config": {"configs": [PERIOD]},
        "limits_config": {"retention_period": "30d", "max_query_parallelism": 64},
        "compactor": {"retention_enabled": True, "delete_request_store": "filesystem"},
    }
    adoption = adopt_file(tmp_path, config)
    stack = stack_of(adoption)
    assert (stack["deploymentMode"], stack["retention"]) == ("monolithic", "30d")
    assert stack["loki"] == {"config": {"limits_config": {"max_query_parallelism": 64}}}
    assert (adoption.decisions, errors(adoption)) == ((), set())
    assert adoption.side_by_side == ("it does not run from the chart loki",)


def test_adopt_says_what_the_stack_adds() -> None:
    in_place = adopt_values(on_a_volume(), "18.11.0")
    assert stack_of(in_place)["collector"] == {"enabled": False}
    assert find_entry(in_place, "(the collector)").key == "collector.enabled"
    side_by_side = adopt_values(on_a_volume(fullnameOverride="logs"), "18.11.0")
    assert "collector" not in stack_of(side_by_side)
    added = {entry.path for entry in side_by_side.entries if entry.path.startswith("(")}
    assert {"(the collector)", "(redaction)", "(the canary)"} <= added
    without = on_a_volume(lokiCanary={"enabled": False})
    alloy = 'loki.source.kubernetes "pods" {\nforward_to = []\n}'
    kept = {entry.path for entry in adopt_values(without, "18.11.0", alloy=alloy).entries}
    assert "(redaction)" in kept
    assert not {"(the collector)", "(the canary)"} & kept
