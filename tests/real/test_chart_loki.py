"""The pinned Loki chart, rendered with our values: its objects, its pods, and whom they are near to."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from logstack.manifests.manifest import content_hash
from logstack.manifests.stores.kinds import store_access
from logstack.settings.model.quantities import kubernetes_size
from tests.support.documents import leaves
from tests.support.real import CLAIMED, Document, binary, rendered, run
from tests.support.schemas import complaints
from tests.support.stacks import NAMES, artefacts, chart_values, data, declarations, settings_of

pytestmark = pytest.mark.real

NODES = 3
# Objects of each shape; a PodDisruptionBudget or a cache is there when the stack says so.
SIMPLE_SCALABLE = {
    "ConfigMap": {"loki-gateway", "loki-runtime"},
    "Deployment": {"loki-gateway", "loki-read"},
    "PodDisruptionBudget": {"loki-backend", "loki-gateway", "loki-read", "loki-write"},
    "Service": {
        "loki-backend",
        "loki-backend-headless",
        "loki-gateway",
        "loki-memberlist",
        "loki-query-scheduler-discovery",
        "loki-read",
        "loki-read-headless",
        "loki-write",
        "loki-write-headless",
    },
    "ServiceAccount": {"loki", "loki-gateway", "loki-memcached"},
    "StatefulSet": {"loki-backend", "loki-write"},
}
MONOLITHIC = {
    "ConfigMap": {"loki-gateway", "loki-runtime"},
    "Deployment": {"loki-gateway"},
    "Service": {"loki", "loki-gateway", "loki-headless", "loki-memberlist"},
    "ServiceAccount": {"loki", "loki-gateway", "loki-memcached"},
    "StatefulSet": {"loki"},
}
_DEPLOYMENTS = {"loki-distributor", "loki-querier", "loki-query-frontend", "loki-query-scheduler"}
_STATEFUL = {"loki-compactor", "loki-index-gateway", "loki-ingester", "loki-ruler"}
DISTRIBUTED = {
    "ConfigMap": {"loki-gateway", "loki-runtime"},
    "Deployment": {"loki-gateway", *_DEPLOYMENTS},
    # The chart has none for the compactor, and one ruler needs none.
    "PodDisruptionBudget": {"loki-gateway", "loki-index-gateway", "loki-ingester", *_DEPLOYMENTS},
    "Service": {
        "loki-gateway",
        "loki-memberlist",
        *(f"{name}{suffix}" for name in _DEPLOYMENTS | _STATEFUL for suffix in ("", "-headless")),
    },
    "ServiceAccount": {"loki", "loki-gateway", "loki-memcached"},
    "StatefulSet": _STATEFUL,
}
SHAPES = {"simple-scalable": SIMPLE_SCALABLE, "monolithic": MONOLITHIC, "distributed": DISTRIBUTED}
# The container of each Loki pod, and the part of the size table that it is.
LOKI_PARTS = {
    "loki-write": "write",
    "loki-read": "read",
    "loki-backend": "backend",
    "loki": "monolithic",
    **{name: name.removeprefix("loki-") for name in _DEPLOYMENTS | _STATEFUL},
}
# Not the stack whose images, nodes and numbers of pods are its own: tests/cases has it.
every_stack = pytest.mark.parametrize("stack", [name for name in NAMES if name != "private"])


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("loki")


@pytest.fixture
def objects(stack: str, directory: Path) -> list[Document]:
    return objects_of(stack, directory)


@cache
def objects_of(stack: str, directory: Path) -> list[Document]:
    settings = settings_of(stack)
    return rendered("loki", settings.cluster.namespace, chart_values(settings, "loki"), directory)


def workloads(objects: list[Document]) -> dict[str, Document]:
    return {
        each["metadata"]["name"]: each for each in objects if each["kind"] in ("Deployment", "StatefulSet", "DaemonSet")
    }


def loki_workloads(objects: list[Document]) -> dict[str, Document]:
    return {name: each for name, each in workloads(objects).items() if name in LOKI_PARTS}


def pod(workload: Document) -> dict[str, Any]:
    found: dict[str, Any] = workload["spec"]["template"]["spec"]
    return found


def loki_container(workload: Document) -> dict[str, Any]:
    (found,) = pod(workload)["containers"]
    return dict(found)


@every_stack
def test_the_chart_makes_these_objects_and_no_other(stack: str, objects: list[Document]) -> None:
    settings = settings_of(stack)
    expected = {kind: set(names) for kind, names in SHAPES[settings.deployment_mode].items()}
    if settings.writers > 1 and "loki" in expected["StatefulSet"]:
        expected["PodDisruptionBudget"] = {"loki-single-binary", "loki-gateway"}
    for role in settings.roles:
        if settings.replica_count(role) == 1:
            expected.get("PodDisruptionBudget", set()).discard(f"loki-{role}")
    for cache_name in ("chunks", "results"):
        if getattr(settings.caches, cache_name):
            expected["StatefulSet"].add(f"loki-{cache_name}-cache")
            expected["Service"].add(f"loki-{cache_name}-cache")
    found: dict[str, set[str]] = {}
    for each in objects:
        found.setdefault(each["kind"], set()).add(each["metadata"]["name"])
    assert found == expected


@every_stack
def test_no_object_is_a_hook_or_outside_the_stacks_namespace(stack: str, objects: list[Document]) -> None:
    assert {each["metadata"]["namespace"] for each in objects} == {settings_of(stack).cluster.namespace}
    assert not [each for each in objects if "helm.sh/hook" in (each["metadata"].get("annotations") or {})]


@every_stack
def test_every_object_is_valid_in_every_field(objects: list[Document]) -> None:
    assert [told for each in objects if (told := complaints(without_nothing(each)))] == []


def without_nothing(value: Any) -> Any:
    """As the API server reads it: a key without a value is not there."""
    if isinstance(value, dict):
        return {key: without_nothing(item) for key, item in value.items() if item is not None}
    return [without_nothing(item) for item in value] if isinstance(value, list) else value


@every_stack
def test_every_loki_pod_starts_with_our_configuration_and_reads_our_overrides(objects: list[Document]) -> None:
    assert loki_workloads(objects)
    for workload in loki_workloads(objects).values():
        volumes = {volume["name"]: volume for volume in pod(workload)["volumes"]}
        mounts = {mount["mountPath"]: mount for mount in loki_container(workload)["volumeMounts"]}
        assert volumes[mounts["/etc/loki/config"]["name"]]["configMap"]["name"] == "loki-config"
        assert volumes[mounts["/etc/loki/overrides"]["name"]]["configMap"] == {"name": "loki-overrides"}
        assert mounts["/etc/loki/overrides"]["readOnly"] is True
        assert "-config.file=/etc/loki/config/config.yaml" in loki_container(workload)["args"]


@every_stack
def test_the_real_loki_accepts_what_each_of_its_pods_is_started_with(
    stack: str, objects: list[Document], tmp_path: Path
) -> None:
    file = tmp_path / "loki.yaml"
    file.write_text(data(declarations(settings_of(stack)), "loki/loki-config"))
    for name, workload in loki_workloads(objects).items():
        arguments = [
            argument.replace("/etc/loki/config/config.yaml", str(file)).replace("$(POD_IP)", "127.0.0.1")
            for argument in loki_container(workload)["args"]
        ]
        answer = run([binary("loki"), *arguments, "-verify-config"], environment=CLAIMED)
        assert answer.returncode == 0, f"{name}: {answer.stderr}"


@every_stack
def test_a_change_of_loki_yaml_rolls_every_loki_pod(stack: str, objects: list[Document]) -> None:
    expected = content_hash(data(declarations(settings_of(stack)), "loki/loki-config"))
    found = [each["spec"]["template"]["metadata"]["annotations"] for each in loki_workloads(objects).values()]
    assert {annotations["logstack/config-hash"] for annotations in found} == {expected}


@every_stack
def test_every_loki_pod_gets_its_keys_from_the_secret_alone(stack: str, objects: list[Document]) -> None:
    settings = settings_of(stack)
    access = store_access(settings.object_store, settings.cluster)
    expected = [{"secretRef": {"name": access.credentials_secret}}] if access.credentials_secret else []
    expected += [{"configMapRef": {"name": access.address_config_map}}] if access.address_config_map else []
    for workload in loki_workloads(objects).values():
        assert loki_container(workload).get("envFrom", []) == expected
        assert not [variable for variable in loki_container(workload)["env"] if variable["name"].startswith("AWS_")]


@every_stack
def test_every_loki_pod_is_the_pinned_loki_of_its_size(stack: str, objects: list[Document]) -> None:
    settings = settings_of(stack)
    for name, workload in loki_workloads(objects).items():
        size, container = settings.resources_of(LOKI_PARTS[name]), loki_container(workload)
        assert container["image"] == f"docker.io/grafana/loki:{settings.loki_version}"
        assert container["resources"]["limits"] == {"memory": kubernetes_size(size.memory)}
        (limit,) = (each["value"] for each in container["env"] if each["name"] == "GOMEMLIMIT")
        assert int(limit.removesuffix("MiB")) == size.memory * 85 // 100 // 1024**2
        assert workload["spec"]["replicas"] == settings.replica_count(LOKI_PARTS[name])


@every_stack
def test_no_pod_can_reach_the_kubernetes_api(objects: list[Document]) -> None:
    for name, workload in workloads(objects).items():
        if name in ("loki-chunks-cache", "loki-results-cache"):
            continue  # by its service account, below
        assert pod(workload)["automountServiceAccountToken"] is False, name
        assert pod(workload)["enableServiceLinks"] is False, name
    accounts = {each["metadata"]["name"]: each for each in objects if each["kind"] == "ServiceAccount"}
    assert accounts["loki-memcached"]["automountServiceAccountToken"] is False


@every_stack
def test_of_every_part_with_several_pods_a_drained_node_takes_one(objects: list[Document]) -> None:
    budgets = [each["spec"] for each in objects if each["kind"] == "PodDisruptionBudget"]
    assert [budget["maxUnavailable"] for budget in budgets] == [1] * len(budgets)
    for name, workload in workloads(objects).items():
        labels = workload["spec"]["template"]["metadata"]["labels"]
        of_its_own = [budget for budget in budgets if budget["selector"]["matchLabels"].items() <= labels.items()]
        # The chart has none for the compactor, of which one pod works.
        several = workload["spec"]["replicas"] > 1 and name != "loki-compactor"
        assert len(of_its_own) == several, name


@every_stack
def test_three_nodes_carry_every_pod_and_every_rollout(stack: str, objects: list[Document]) -> None:
    pods = [
        (name, workload["spec"]["template"]["metadata"]["labels"])
        for name, workload in workloads(objects).items()
        for _ in range(workload["spec"]["replicas"])
    ]
    nodes = 1 if settings_of(stack).cluster.single_node else NODES
    for name, workload in workloads(objects).items():
        for selector in refused_neighbours(workload):
            apart = [other for other, labels in pods if selector.items() <= labels.items()]
            assert set(apart) == {name}, "a part's pods keep away from their own kind only"
            assert len(apart) <= nodes
            if workload["kind"] == "Deployment":
                assert workload["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 0, "a surge pod needs a fourth node"
    if nodes > 1:
        replicated = {name for name, each in workloads(objects).items() if each["spec"]["replicas"] > 1}
        assert replicated == {name for name in replicated if list(refused_neighbours(workloads(objects)[name]))}


def refused_neighbours(workload: Document) -> Iterator[Mapping[str, str]]:
    affinity = (pod(workload).get("affinity") or {}).get("podAntiAffinity") or {}
    for term in affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or []:
        assert term["topologyKey"] == "kubernetes.io/hostname"
        yield term["labelSelector"]["matchLabels"]


@every_stack
def test_volumes_outlive_their_stateful_sets_and_are_of_the_size_that_was_said(
    stack: str, objects: list[Document]
) -> None:
    settings = settings_of(stack)
    for name, workload in loki_workloads(objects).items():
        if workload["kind"] == "StatefulSet":
            assert "persistentVolumeClaimRetentionPolicy" not in workload["spec"], "Kubernetes retains by default"
            (claim,) = workload["spec"]["volumeClaimTemplates"]
            disk = settings.resources_of(LOKI_PARTS[name]).disk
            assert disk
            assert claim["spec"]["resources"]["requests"]["storage"] == kubernetes_size(disk)
            assert loki_data_volume(workload) == claim["metadata"]["name"]


def loki_data_volume(workload: Document) -> str:
    (name,) = (mount["name"] for mount in loki_container(workload)["volumeMounts"] if mount["mountPath"] == "/var/loki")
    return str(name)


@every_stack
def test_writers_have_time_to_flush(stack: str, objects: list[Document]) -> None:
    (writer,) = [each for name, each in workloads(objects).items() if LOKI_PARTS.get(name) == settings_of(stack).writer]
    embedded = settings_of(stack).object_store.kind == "embedded"
    assert pod(writer)["terminationGracePeriodSeconds"] == (60 if embedded else 300)


@every_stack
def test_every_address_that_we_write_is_a_service_with_that_port(stack: str, objects: list[Document]) -> None:
    """In loki.yaml, config.alloy and the datasource; the embedded store's Service is ours."""
    place = settings_of(stack).cluster
    suffix = f".{place.namespace}.svc.{place.cluster_domain}"
    ports = {
        each["metadata"]["name"]: {port["port"] for port in each["spec"]["ports"]}
        | {port["name"] for port in each["spec"]["ports"]}
        for each in objects
        if each["kind"] == "Service"
    }
    texts = [
        text
        for name, text in artefacts(settings_of(stack)).items()
        if name in ("loki.yaml", "config.alloy", "datasource.yaml")
    ]
    found = {word.strip("\"',[]") for text in texts for word in text.split() if suffix in word}
    assert found
    for address in found:
        host, _, rest = address.rpartition("//")[2].rpartition("+")[2].partition(suffix)
        *before, service = host.split(".")
        port_names = [each for each in before if each.startswith("_")]
        if service == "loki-s3":
            continue
        assert service in ports, address
        # A pod's own name stands before the Service of its StatefulSet.
        for pod_name in (each for each in before if not each.startswith("_")):
            own = workloads(objects)[pod_name.rpartition("-")[0]]
            assert own["spec"]["serviceName"] == service, address
            assert int(pod_name.rpartition("-")[2]) < own["spec"]["replicas"], address
        port = rest.removeprefix(":").partition("/")[0]
        # memcached's is named (_memcached-client._tcp); memberlist and HTTP have their usual ones.
        wanted = (
            port_names[0].removeprefix("_") if port_names else int(port or (7946 if "memberlist" in service else 80))
        )
        assert wanted in ports[service], address


@every_stack
def test_a_new_ring_finds_its_pods_before_they_are_ready(objects: list[Document]) -> None:
    (service,) = [each for each in objects if each["metadata"]["name"] == "loki-memberlist"]
    assert service["spec"]["publishNotReadyAddresses"] is True


@every_stack
def test_nginx_lets_the_largest_push_through(stack: str, objects: list[Document]) -> None:
    (config,) = [each for each in objects if each["kind"] == "ConfigMap" and each["metadata"]["name"] == "loki-gateway"]
    said = config["data"]["nginx.conf"].split("client_max_body_size")[1].split(";")[0].strip()
    assert int(said.removesuffix("M")) * 1024**2 >= settings_of(stack).limits.ingestion_burst


@every_stack
def test_no_image_floats(objects: list[Document]) -> None:
    images = [str(value) for path, value in leaves(objects) if path.endswith(".image")]
    assert images
    assert not [image for image in images if ":" not in image.rpartition("/")[2] or image.endswith(":latest")]
