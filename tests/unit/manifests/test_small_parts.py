"""The parts that fit into one ConfigMap or one pod: chart sources, embedded store, canary, datasource, kubeconfig."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given

from logstack.manifests.canary.resources import BY_STREAM, Found, arguments, canary, found_by
from logstack.manifests.charts import chart
from logstack.manifests.grafana.resources import datasources, grafana, tenant_uid
from logstack.manifests.manifest import Manifest, content_hash, kubernetes, yaml_text
from logstack.manifests.stores import embedded
from logstack.preflight.kubeconfig import kubeconfig_files, refuse_wrong_cluster
from logstack.settings import pins
from logstack.settings.model.charts import ChartSource
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import CanarySettings, CollectorSettings
from logstack.settings.model.grafana import GrafanaSettings
from logstack.settings.model.object_store import EmbeddedStore
from logstack.settings.model.sizes import SIZES, SizeName
from logstack.settings.problems import StackProblems
from tests.support.generated import TEXTS

CLUSTER = ClusterSettings(name="production", context="production")
SIZE = SIZES[SizeName.SMALL]["object-store"]
GATEWAY = "http://loki-gateway.monitoring.svc.cluster.local"


# --- where a chart comes from


SOURCES = {
    "the pin": (
        {},
        {
            "chart": "loki",
            "version": pins.LOKI_CHART.version,
            "repositoryOpts": {"repo": "https://grafana-community.github.io/helm-charts"},
        },
    ),
    "another version": (
        {"version": "18.12.0"},
        {
            "chart": "loki",
            "version": "18.12.0",
            "repositoryOpts": {"repo": "https://grafana-community.github.io/helm-charts"},
        },
    ),
    "another repository": (
        {"repository": "https://mirror.example/charts"},
        {
            "chart": "loki",
            "version": pins.LOKI_CHART.version,
            "repositoryOpts": {"repo": "https://mirror.example/charts"},
        },
    ),
    "an OCI mirror": (
        {"repository": "oci://mirror.example/charts/"},
        {"chart": "oci://mirror.example/charts/loki", "version": pins.LOKI_CHART.version},
    ),
    "a folder, whose version is its own": ({"path": "vendor/loki"}, {"chart": "vendor/loki"}),
}


def declared_chart(source: ChartSource, *, skip_await: bool = False) -> Manifest:
    return chart("loki", source, "logs", {"a": 1}, name="loki", skip_await=skip_await, after=("config",))


@pytest.mark.parametrize(("said", "inputs"), SOURCES.values(), ids=SOURCES)
def test_a_chart_comes_from(said: dict[str, str], inputs: dict[str, object]) -> None:
    declared = declared_chart(ChartSource.model_validate(said))
    assert declared.inputs == {"name": "loki", "namespace": "logs", "values": {"a": 1}, "skipCrds": True, **inputs}
    assert declared.depends_on == ("config",)


def test_a_cluster_that_runs_no_pods_is_not_waited_for() -> None:
    assert declared_chart(ChartSource(), skip_await=True).inputs["skipAwait"] is True


# --- the embedded store


def pod_of(store: EmbeddedStore) -> dict[str, Any]:
    _, stateful_set = embedded.declarations("store", store, SIZE, CLUSTER)
    spec: Any = stateful_set.inputs["spec"]
    pod: dict[str, Any] = spec["template"]["spec"]
    return pod


def test_the_bucket_is_a_directory_of_the_volume() -> None:
    store = EmbeddedStore(kind="embedded", bucket="loki-staging")
    (container,) = pod_of(store)["containers"]
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    assert mounts["/data/loki-staging"] == {
        "name": "data",
        "mountPath": "/data/loki-staging",
        "subPath": "loki-staging",
    }
    assert container["args"][-2:] == ["posix", "/data"]


def test_the_server_takes_the_keys_that_loki_takes() -> None:
    (container,) = pod_of(EmbeddedStore(kind="embedded"))["containers"]
    assert {
        (entry["valueFrom"]["secretKeyRef"]["name"], entry["valueFrom"]["secretKeyRef"]["key"])
        for entry in container["env"]
        if "valueFrom" in entry
    } == {("loki-s3-credentials", "AWS_ACCESS_KEY_ID"), ("loki-s3-credentials", "AWS_SECRET_ACCESS_KEY")}


def test_the_service_is_what_lokis_endpoint_names() -> None:
    service, stateful_set = embedded.declarations("store", EmbeddedStore(kind="embedded"), SIZE, CLUSTER)
    metadata, spec = service.inputs["metadata"], stateful_set.inputs["spec"]
    assert isinstance(metadata, Mapping)
    assert isinstance(spec, Mapping)
    assert embedded.endpoint(CLUSTER) == f"http://{metadata['name']}.{metadata['namespace']}.svc.cluster.local:7070"
    assert spec["serviceName"] == metadata["name"]


def test_the_volume_stays_whatever_happens_to_the_pod() -> None:
    store = EmbeddedStore(kind="embedded", storage_class="fast")
    _, stateful_set = embedded.declarations("store", store, SIZE, CLUSTER)
    spec: Any = stateful_set.inputs["spec"]
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == "fast"
    metadata: Any = stateful_set.inputs["metadata"]
    assert metadata["annotations"] == {"pulumi.com/deletionPropagationPolicy": "orphan"}


# --- the canary


CANARY_ARGUMENTS = [
    (CanarySettings(), GATEWAY, ["-addr=loki-gateway.monitoring.svc.cluster.local:80", "-interval=1s"]),
    (CanarySettings(route="direct"), GATEWAY, ["-push=true"]),
    (CanarySettings(), "http://127.0.0.1:3100", ["-addr=127.0.0.1:3100"]),
]


@pytest.mark.parametrize(("said", "gateway", "expected"), CANARY_ARGUMENTS)
def test_the_canary_is_told(said: CanarySettings, gateway: str, expected: list[str]) -> None:
    told = arguments(said, gateway, "canary-x", BY_STREAM)
    assert set(expected) <= set(told)
    assert {"-labelname=pod", "-labelvalue=canary-x"} <= set(told)
    assert ("-push=true" in told) == (said.route == "direct")
    assert not [flag for flag in told if flag.startswith("-tenant-id")]


FOUND = [
    ({}, {}, Found("stream", "stdout")),
    ({}, {"sources": {"pods": "api"}}, Found("container", "canary")),
    ({"route": "direct"}, {"sources": {"pods": "api"}}, Found("stream", "stdout")),
]


@pytest.mark.parametrize(("said", "collector", "expected"), FOUND)
def test_the_canary_finds_its_lines_by_a_label_that_they_get(
    said: dict[str, Any], collector: dict[str, Any], expected: Found
) -> None:
    found = found_by(CanarySettings(**said), CollectorSettings.model_validate(collector), None)
    assert found == expected


def test_the_canary_names_its_tenant_and_its_label() -> None:
    told = arguments(CanarySettings(), GATEWAY, "x", Found("container", "canary", "fake"))
    assert {"-streamname=container", "-streamvalue=canary", "-tenant-id=fake"} <= set(told)


def test_a_canary_knows_its_pods_name() -> None:
    daemon_set = canary("canary", CanarySettings(), GATEWAY, SIZE, CLUSTER, BY_STREAM).manifests[0]
    spec: Any = daemon_set.inputs["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert "-labelvalue=$(POD_NAME)" in container["args"]
    assert {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}} in container["env"]


# --- Grafana's datasource


def provisioned(settings: GrafanaSettings) -> dict[str, Any]:
    (config_map,) = grafana("grafana", settings, GATEWAY, CLUSTER).manifests
    files: Any = config_map.inputs["data"]
    (datasource,) = yaml.safe_load(files["logstack.yaml"])["datasources"]
    return dict(datasource)


def test_the_datasource_asks_the_gateway_and_is_never_the_default() -> None:
    found = provisioned(GrafanaSettings(uid="loki-production"))
    assert (found["type"], found["uid"], found["url"]) == ("loki", "loki-production", GATEWAY)
    assert (found["isDefault"], found["editable"]) == (False, False)
    assert "derivedFields" not in found["jsonData"]


def test_a_datasource_asks_for_the_lines_of_all_tenants_and_one_for_those_of_each() -> None:
    (config_map,) = grafana("grafana", GrafanaSettings(), GATEWAY, CLUSTER, ("fake", "team-a")).manifests
    files: Any = config_map.inputs["data"]
    found = yaml.safe_load(files["logstack.yaml"])["datasources"]
    asked = {each["name"]: each["secureJsonData"]["httpHeaderValue1"] for each in found}
    assert asked == {"Loki": "fake|team-a", "Loki (fake)": "fake", "Loki (team-a)": "team-a"}
    assert {each["jsonData"]["httpHeaderName1"] for each in found} == {"X-Scope-OrgID"}
    assert len({each["uid"] for each in found}) == len(found)
    assert found[0]["uid"] == "loki"


def test_a_tenants_uid_is_stable_and_no_longer_than_grafana_takes() -> None:
    assert tenant_uid(GrafanaSettings(), "team-a") == "loki-96c2886c"
    assert len(tenant_uid(GrafanaSettings(uid="u" * 40), "team-a")) == 40


def test_the_gateways_password_is_of_grafanas_environment_and_stands_in_no_object() -> None:
    (config_map,) = grafana("grafana", GrafanaSettings(), GATEWAY, CLUSTER, with_password=True).manifests
    files: Any = config_map.inputs["data"]
    (found,) = yaml.safe_load(files["logstack.yaml"])["datasources"]
    assert (found["basicAuth"], found["basicAuthUser"]) == (True, "logstack")
    assert found["secureJsonData"] == {"basicAuthPassword": "$LOKI_GATEWAY_PASSWORD"}


def test_grafanas_sidecar_finds_the_datasource_in_its_own_namespace() -> None:
    said = GrafanaSettings(namespace="grafana", sidecar_label="pick_me", sidecar_label_value="yes")
    (config_map,) = grafana("grafana", said, GATEWAY, CLUSTER).manifests
    metadata: Any = config_map.inputs["metadata"]
    assert metadata["namespace"] == "grafana"
    assert metadata["labels"]["pick_me"] == "yes"


def test_a_trace_id_in_a_line_is_a_link() -> None:
    said = GrafanaSettings.model_validate({"traceLinks": {"datasourceUid": "tempo", "pattern": r"trace=(\w+)$"}})
    (field,) = provisioned(said)["jsonData"]["derivedFields"]
    assert field["datasourceUid"] == "tempo"
    # Grafana expands $NAME in its own files; $$ is a dollar.
    assert field["matcherRegex"] == r"trace=(\w+)$$"
    assert field["url"] == "$${__value.raw}"


# PyYAML writes the old line end of mainframes bare, and reads a space.
@given(TEXTS.filter(lambda text: "\x85" not in text))
def test_a_datasources_name_is_any_text(name: str) -> None:
    document = yaml.safe_load(yaml_text(datasources(GrafanaSettings(name=name), GATEWAY)))
    assert document["datasources"][0]["name"] == name.replace("$", "$$")


# --- which kubeconfig, which cluster


FILES = {
    "one file": ({"KUBECONFIG": "/a/config"}, ["/a/config"]),
    "several, and nothing between two colons": ({"KUBECONFIG": "/a/config::/b/config"}, ["/a/config", "/b/config"]),
    "none named": ({}, [str(Path.home() / ".kube" / "config")]),
    "an empty name": ({"KUBECONFIG": ""}, [str(Path.home() / ".kube" / "config")]),
}


@pytest.mark.parametrize(("environment", "files"), FILES.values(), ids=FILES)
def test_the_kubeconfig_files_are_those_that_kubectl_reads(environment: dict[str, str], files: list[str]) -> None:
    assert [str(file) for file in kubeconfig_files(environment)] == files


def kubeconfig(path: Path, server: str, context: str = "production") -> Path:
    cluster = {"name": "c", "cluster": {"server": server}}
    path.write_text(
        yaml.safe_dump({"contexts": [{"name": context, "context": {"cluster": "c"}}], "clusters": [cluster]})
    )
    return path


SERVERS = [
    ("https://10.0.40.2:6443", None, True),
    ("https://10.0.40.2:6443", "https://10.0.40.2:6443", True),
    ("https://10.0.40.2:6443/", "https://10.0.40.2:6443", True),
    ("https://10.0.40.2:6443", "https://10.0.40.2:6443/", True),
    ("https://10.0.40.3:6443", "https://10.0.40.2:6443", False),
    ("https://10.0.40.2:6443.evil.example", "https://10.0.40.2:6443", False),
    ("", "https://10.0.40.2:6443", False),
]


@pytest.mark.parametrize(("server", "expected", "is_right"), SERVERS)
def test_a_context_points_at_the_clusters_api_server(
    tmp_path: Path, server: str, expected: str | None, *, is_right: bool
) -> None:
    files = [kubeconfig(tmp_path / "config", server)]
    cluster = CLUSTER.model_copy(update={"api_server": expected})
    if is_right:
        refuse_wrong_cluster(cluster, files)
    else:
        with pytest.raises(StackProblems, match="wrong-api-server"):
            refuse_wrong_cluster(cluster, files)


def test_of_two_files_the_first_that_names_a_context_or_a_cluster_wins(tmp_path: Path) -> None:
    cluster = CLUSTER.model_copy(update={"api_server": "https://first"})
    files = [kubeconfig(tmp_path / "one", "https://first"), kubeconfig(tmp_path / "two", "https://second")]
    refuse_wrong_cluster(cluster, [tmp_path / "none", *files])
    with pytest.raises(StackProblems):
        refuse_wrong_cluster(cluster, files[::-1])


EMPTY = ["", "contexts:\n", "contexts: []\nclusters: []\n", "contexts:\n- name: production\n"]


@pytest.mark.parametrize("text", EMPTY)
def test_a_kubeconfig_without_the_cluster_is_refused_in_words(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config"
    file.write_text(text)
    with pytest.raises(StackProblems, match=r"contexts there: none|points at None"):
        refuse_wrong_cluster(CLUSTER.model_copy(update={"api_server": "https://10.0.40.2:6443"}), [file])


# --- declarations


def test_a_cluster_wide_object_has_no_namespace() -> None:
    assert kubernetes("kubernetes:core/v1:Namespace", "logs", None, {"a": "b"}) == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "logs", "labels": {"a": "b"}},
    }


def test_the_hash_that_rolls_pods_changes_with_the_text() -> None:
    assert content_hash("a") == content_hash("a")
    assert content_hash("a") != content_hash("b")
    assert len(content_hash("a")) == 16


def test_yaml_is_written_for_people_in_the_order_it_was_built() -> None:
    assert yaml_text({"z": "2024-04-01", "a": {"text": "ü", "flag": True, "yes": "on"}}) == (
        "z: '2024-04-01'\na:\n  text: ü\n  flag: true\n  'yes': 'on'\n"
    )
