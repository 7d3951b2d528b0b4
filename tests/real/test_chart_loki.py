"""The pinned Loki chart with our values: its objects, its pods, and how they spread over nodes."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from logstack.manifests.manifest import content_hash
from logstack.manifests.stores.kinds import store_access
from logstack.settings.model.quantities import kubernetes_size
from tests.support.documents import leaves
from tests.support.real import CLAIMED, Document, binary, render_pinned_chart, run
from tests.support.schemas import complaints
from tests.support.stacks import NAMES, artefacts, chart_values, data, declarations, settings_of

pytestmark = pytest.mark.real

NODES = 3
# The objects of each deployment mode; PodDisruptionBudgets and caches depend on the stack.
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
# The key of each Loki workload in the size table.
SIZE_KEYS = {
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
    return render_pinned_chart("loki", settings.cluster.namespace, chart_values(settings, "loki"), directory)


def workloads(objects: list[Document]) -> dict[str, Document]:
    return {
        each["metadata"]["name"]: each for each in objects if each["kind"] in ("Deployment", "StatefulSet", "DaemonSet")
    }


def loki_workloads(objects: list[Document]) -> dict[str, Document]:
    return {name: each for name, each in workloads(objects).items() if name in SIZE_KEYS}


def pod(workload: Document) -> dict[str, Any]:
    spec: dict[str, Any] = workload["spec"]["template"]["spec"]
    return spec


def loki_container(workload: Document) -> dict[str, Any]:
    (only_container,) = pod(workload)["containers"]
    return dict(only_container)


@every_stack
def test_chart_creates_exactly_these_objects(stack: str, objects: list[Document]) -> None:
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
    values: Any = chart_values(settings, "loki")
    assert values["serviceAccount"]["create"] is (stack != "azure")  # where the stack creates it with the identity
    if not values["serviceAccount"]["create"]:
        expected["ServiceAccount"].discard("loki")
    rendered_names: dict[str, set[str]] = {}
    for each in objects:
        rendered_names.setdefault(each["kind"], set()).add(each["metadata"]["name"])
    assert rendered_names == expected


@every_stack
def test_chart_objects_are_no_hooks_and_in_the_stacks_namespace(stack: str, objects: list[Document]) -> None:
    assert {each["metadata"]["namespace"] for each in objects} == {settings_of(stack).cluster.namespace}
    assert not [each for each in objects if "helm.sh/hook" in (each["metadata"].get("annotations") or {})]


@every_stack
def test_chart_objects_are_valid_in_every_field(objects: list[Document]) -> None:
    assert [problems for each in objects if (problems := complaints(without_empty_keys(each)))] == []


def without_empty_keys(value: Any) -> Any:
    """Return a value as the API server reads it: without keys that have no value."""
    if isinstance(value, dict):
        return {key: without_empty_keys(item) for key, item in value.items() if item is not None}
    return [without_empty_keys(item) for item in value] if isinstance(value, list) else value


@every_stack
def test_loki_pods_start_with_our_configuration_and_read_our_overrides(objects: list[Document]) -> None:
    assert loki_workloads(objects)
    for workload in loki_workloads(objects).values():
        volumes = {volume["name"]: volume for volume in pod(workload)["volumes"]}
        mounts = {mount["mountPath"]: mount for mount in loki_container(workload)["volumeMounts"]}
        assert volumes[mounts["/etc/loki/config"]["name"]]["configMap"]["name"] == "loki-config"
        assert volumes[mounts["/etc/loki/overrides"]["name"]]["configMap"] == {"name": "loki-overrides"}
        assert mounts["/etc/loki/overrides"]["readOnly"] is True
        assert "-config.file=/etc/loki/config/config.yaml" in loki_container(workload)["args"]


@every_stack
def test_loki_accepts_the_arguments_of_each_pod(stack: str, objects: list[Document], tmp_path: Path) -> None:
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
def test_loki_pods_roll_when_loki_yaml_changes(stack: str, objects: list[Document]) -> None:
    expected = content_hash(data(declarations(settings_of(stack)), "loki/loki-config"))
    annotations_of_pods = [
        each["spec"]["template"]["metadata"]["annotations"] for each in loki_workloads(objects).values()
    ]
    assert {annotations["logstack/config-hash"] for annotations in annotations_of_pods} == {expected}


@every_stack
def test_loki_pods_get_their_keys_from_the_secret_alone(stack: str, objects: list[Document]) -> None:
    settings = settings_of(stack)
    access = store_access(settings.object_store, settings.cluster)
    keys, secret = access.access_key.keys, access.credentials_secret
    whole = secret and keys.are_variables
    expected = [{"secretRef": {"name": secret}}] if whole else []
    expected += [{"configMapRef": {"name": access.address_config_map}}] if access.address_config_map else []
    named = {"AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}
    references = {
        name: {"secretKeyRef": {"name": secret, "key": key}} for name, key in named.items() if secret and not whole
    }
    for workload in loki_workloads(objects).values():
        container = loki_container(workload)
        assert container.get("envFrom", []) == expected
        of_aws = {each["name"]: each["valueFrom"] for each in container["env"] if each["name"].startswith("AWS_")}
        assert of_aws == references


@every_stack
def test_loki_pods_have_the_stacks_version_and_their_size(stack: str, objects: list[Document]) -> None:
    settings = settings_of(stack)
    for name, workload in loki_workloads(objects).items():
        size, container = settings.resources_of(SIZE_KEYS[name]), loki_container(workload)
        assert container["image"] == f"docker.io/grafana/loki:{settings.loki_version}"
        assert container["resources"]["limits"] == {"memory": kubernetes_size(size.memory)}
        (limit,) = (each["value"] for each in container["env"] if each["name"] == "GOMEMLIMIT")
        assert int(limit.removesuffix("MiB")) == size.memory * 85 // 100 // 1024**2
        assert workload["spec"]["replicas"] == settings.replica_count(SIZE_KEYS[name])


@every_stack
def test_pods_have_no_token_for_the_kubernetes_api(objects: list[Document]) -> None:
    for name, workload in workloads(objects).items():
        if name in ("loki-chunks-cache", "loki-results-cache"):
            continue  # by its service account, below
        assert pod(workload)["automountServiceAccountToken"] is False, name
        assert pod(workload)["enableServiceLinks"] is False, name
    accounts = {each["metadata"]["name"]: each for each in objects if each["kind"] == "ServiceAccount"}
    assert accounts["loki-memcached"]["automountServiceAccountToken"] is False


@every_stack
def test_drain_evicts_only_one_pod_at_a_time_of_a_workload_with_several(objects: list[Document]) -> None:
    budgets = [each["spec"] for each in objects if each["kind"] == "PodDisruptionBudget"]
    assert [budget["maxUnavailable"] for budget in budgets] == [1] * len(budgets)
    for name, workload in workloads(objects).items():
        labels = workload["spec"]["template"]["metadata"]["labels"]
        own_budgets = [budget for budget in budgets if budget["selector"]["matchLabels"].items() <= labels.items()]
        # The chart has none for the compactor, of which one pod works.
        several = workload["spec"]["replicas"] > 1 and name != "loki-compactor"
        assert len(own_budgets) == several, name


@every_stack
def test_three_nodes_suffice_for_every_pod_and_every_rollout(stack: str, objects: list[Document]) -> None:
    pods = [
        (name, workload["spec"]["template"]["metadata"]["labels"])
        for name, workload in workloads(objects).items()
        for _ in range(workload["spec"]["replicas"])
    ]
    nodes = 1 if settings_of(stack).cluster.single_node else NODES
    for name, workload in workloads(objects).items():
        for selector in refused_neighbours(workload):
            apart = [pod_name for pod_name, labels in pods if selector.items() <= labels.items()]
            assert set(apart) == {name}, "a workload's pods avoid the pods of another workload"
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
def test_volumes_outlive_their_stateful_sets_and_have_the_size_of_the_settings(
    stack: str, objects: list[Document]
) -> None:
    settings = settings_of(stack)
    for name, workload in loki_workloads(objects).items():
        if workload["kind"] == "StatefulSet":
            assert "persistentVolumeClaimRetentionPolicy" not in workload["spec"], "Kubernetes retains by default"
            (claim,) = workload["spec"]["volumeClaimTemplates"]
            disk = settings.resources_of(SIZE_KEYS[name]).disk
            assert disk
            assert claim["spec"]["resources"]["requests"]["storage"] == kubernetes_size(disk)
            assert loki_data_volume(workload) == claim["metadata"]["name"]


def loki_data_volume(workload: Document) -> str:
    (name,) = (mount["name"] for mount in loki_container(workload)["volumeMounts"] if mount["mountPath"] == "/var/loki")
    return str(name)


@every_stack
def test_writers_have_a_grace_period_that_is_long_enough_to_flush(stack: str, objects: list[Document]) -> None:
    (writer,) = [each for name, each in workloads(objects).items() if SIZE_KEYS.get(name) == settings_of(stack).writer]
    embedded = settings_of(stack).object_store.kind == "embedded"
    assert pod(writer)["terminationGracePeriodSeconds"] == (60 if embedded else 300)


@every_stack
def test_addresses_in_our_files_are_services_with_that_port(stack: str, objects: list[Document]) -> None:
    """The files are loki.yaml, config.alloy and the datasource; the embedded store's Service is not the chart's."""
    cluster = settings_of(stack).cluster
    suffix = f".{cluster.namespace}.svc.{cluster.cluster_domain}"
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
    addresses = {word.strip("\"',[]") for text in texts for word in text.split() if suffix in word}
    assert addresses
    for address in addresses:
        host, _, port_and_path = address.rpartition("//")[2].rpartition("+")[2].partition(suffix)
        *labels_before_service, service = host.split(".")
        port_names = [each for each in labels_before_service if each.startswith("_")]
        if service == "loki-s3":
            continue
        assert service in ports, address
        # A pod's own name comes before the Service of its StatefulSet.
        for pod_name in (each for each in labels_before_service if not each.startswith("_")):
            own = workloads(objects)[pod_name.rpartition("-")[0]]
            assert own["spec"]["serviceName"] == service, address
            assert int(pod_name.rpartition("-")[2]) < own["spec"]["replicas"], address
        port = port_and_path.removeprefix(":").partition("/")[0]
        # memcached's is named (_memcached-client._tcp); memberlist and HTTP have their usual ones.
        expected_port = (
            port_names[0].removeprefix("_") if port_names else int(port or (7946 if "memberlist" in service else 80))
        )
        assert expected_port in ports[service], address


@every_stack
def test_memberlist_service_publishes_pods_before_they_are_ready(objects: list[Document]) -> None:
    (service,) = [each for each in objects if each["metadata"]["name"] == "loki-memberlist"]
    assert service["spec"]["publishNotReadyAddresses"] is True


@every_stack
def test_nginx_accepts_the_largest_push(stack: str, objects: list[Document]) -> None:
    (config,) = [each for each in objects if each["kind"] == "ConfigMap" and each["metadata"]["name"] == "loki-gateway"]
    body_limit = config["data"]["nginx.conf"].split("client_max_body_size")[1].split(";")[0].strip()
    assert int(body_limit.removesuffix("M")) * 1024**2 >= settings_of(stack).limits.ingestion_burst


@every_stack
def test_images_have_fixed_tags(objects: list[Document]) -> None:
    images = [str(value) for path, value in leaves(objects) if path.endswith(".image")]
    assert images
    assert not [image for image in images if ":" not in image.rpartition("/")[2] or image.endswith(":latest")]
