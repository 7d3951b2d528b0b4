"""The pinned Alloy chart with our values: its objects, and what its pods may do."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from logstack.manifests.alloy.sources.catalog import needs_var_log
from logstack.settings import pins
from logstack.settings.model.quantities import kubernetes_size
from tests.support.real import Document, render_pinned_chart
from tests.support.schemas import complaints
from tests.support.stacks import NAMES, chart_values, settings_of

pytestmark = pytest.mark.real
# Not the stack whose images, nodes and numbers of pods are its own: tests/cases has it.
every_stack = pytest.mark.parametrize("stack", [name for name in NAMES if name != "private"])


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("alloy")


@pytest.fixture
def objects(stack: str, directory: Path) -> list[Document]:
    return objects_of(stack, directory)


@cache
def objects_of(stack: str, directory: Path) -> list[Document]:
    settings = settings_of(stack)
    return render_pinned_chart("alloy", settings.cluster.namespace, chart_values(settings, "alloy"), directory)


def single_of_kind(objects: list[Document], kind: str) -> Document:
    (only_object,) = [each for each in objects if each["kind"] == kind]
    return only_object


def pod(objects: list[Document]) -> dict[str, Any]:
    spec: dict[str, Any] = single_of_kind(objects, "DaemonSet")["spec"]["template"]["spec"]
    return spec


def container(objects: list[Document], name: str) -> dict[str, Any]:
    (only_container,) = [each for each in pod(objects)["containers"] if each["name"] == name]
    return dict(only_container)


@every_stack
def test_chart_creates_exactly_these_objects(objects: list[Document]) -> None:
    kinds = sorted((each["kind"], each["metadata"]["name"]) for each in objects)
    assert kinds == [
        (kind, "alloy") for kind in ("ClusterRole", "ClusterRoleBinding", "DaemonSet", "Service", "ServiceAccount")
    ]


@every_stack
def test_chart_objects_are_valid_in_every_field(objects: list[Document]) -> None:
    assert [problems for each in objects if (problems := complaints(each))] == []


@every_stack
def test_alloy_may_read_pods_and_nothing_else(stack: str, objects: list[Document]) -> None:
    rules = single_of_kind(objects, "ClusterRole")["rules"]
    allowed = {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    by_api = {("", "pods/log", "get")} if settings_of(stack).collector.sources.pods == "api" else set()
    assert allowed == {("", "pods", verb) for verb in ("get", "list", "watch")} | by_api
    assert all(rule.keys() == {"apiGroups", "resources", "verbs"} for rule in rules)


@every_stack
def test_alloy_mounts_only_the_nodes_logs_and_its_positions(stack: str, objects: list[Document]) -> None:
    paths = {volume["name"]: volume["hostPath"]["path"] for volume in pod(objects)["volumes"] if "hostPath" in volume}
    assert "--storage.path=/var/lib/alloy/data" in container(objects, "alloy")["args"]
    assert not pod(objects).get("hostNetwork")
    assert not pod(objects).get("hostPID")
    if not needs_var_log(settings_of(stack).collector.sources):
        assert paths == {}
        assert container(objects, "alloy")["securityContext"]["runAsNonRoot"] is True
        return
    mounts = {paths.get(mount["name"]): mount for mount in container(objects, "alloy")["volumeMounts"]}
    journal = settings_of(stack).collector.sources.journal.enabled
    journal_paths = {"/run/log/journal", "/etc/machine-id"} if journal else set()
    docker_paths = {"/var/lib/docker/containers"} if settings_of(stack).collector.sources.pods == "files" else set()
    assert set(paths.values()) == {"/var/log", "/var/lib/alloy"} | journal_paths | docker_paths
    assert all(mounts[path]["readOnly"] for path in journal_paths | docker_paths)
    assert mounts["/var/log"]["readOnly"] is True
    assert mounts["/var/lib/alloy"]["mountPath"] == "/var/lib/alloy"


@every_stack
def test_both_containers_are_restricted_except_for_the_user(objects: list[Document]) -> None:
    for each in pod(objects)["containers"]:
        context = each["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}


@every_stack
def test_reloader_watches_our_configuration(objects: list[Document]) -> None:
    (volume,) = [volume for volume in pod(objects)["volumes"] if volume["name"] == "config"]
    assert volume["configMap"] == {"name": "alloy-config"}
    assert container(objects, "alloy")["args"][:2] == ["run", "/etc/alloy/config.alloy"]
    reloader = container(objects, "config-reloader")
    assert {"name": "config", "mountPath": "/etc/alloy"} in reloader["volumeMounts"]
    assert "--watched-dir=/etc/alloy" in reloader["args"]


@every_stack
def test_alloy_has_the_pinned_version_its_size_and_no_usage_reports(stack: str, objects: list[Document]) -> None:
    alloy, size = container(objects, "alloy"), settings_of(stack).resources_of("alloy")
    assert alloy["image"] == f"docker.io/grafana/alloy:v{pins.ALLOY_VERSION}"
    assert alloy["resources"]["limits"] == {"memory": kubernetes_size(size.memory)}
    assert {"name": "GOMEMLIMIT", "value": str(size.memory * 85 // 100)} in alloy["env"]
    assert "--disable-reporting" in alloy["args"]


@every_stack
def test_alloy_gets_its_nodes_name_and_runs_on_the_control_plane_too(objects: list[Document]) -> None:
    (hostname,) = [each for each in container(objects, "alloy")["env"] if each["name"] == "HOSTNAME"]
    assert hostname["valueFrom"] == {"fieldRef": {"fieldPath": "spec.nodeName"}}
    assert pod(objects)["tolerations"] == [{"operator": "Exists"}]  # every effect: NoSchedule and NoExecute


@pytest.fixture(scope="module")
def event_objects(directory: Path) -> list[Document]:
    settings = settings_of("production")
    values = chart_values(settings, "alloy", "alloy-events")
    return render_pinned_chart("alloy", settings.cluster.namespace, values, directory, "alloy-events")


def test_collector_of_events_is_one_unprivileged_pod(event_objects: list[Document]) -> None:
    assert {(each["kind"], each["metadata"]["name"]) for each in event_objects} == {
        (kind, "alloy-events")
        for kind in ("ClusterRole", "ClusterRoleBinding", "Deployment", "Service", "ServiceAccount")
    }
    assert [problems for each in event_objects if (problems := complaints(each))] == []
    spec = single_of_kind(event_objects, "Deployment")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert not [volume for volume in spec["template"]["spec"]["volumes"] if "hostPath" in volume]
    alloy = next(each for each in spec["template"]["spec"]["containers"] if each["name"] == "alloy")
    assert alloy["securityContext"]["runAsNonRoot"] is True


def test_collector_of_events_may_read_events_and_nothing_else(event_objects: list[Document]) -> None:
    rules = single_of_kind(event_objects, "ClusterRole")["rules"]
    assert {(resource, verb) for rule in rules for resource in rule["resources"] for verb in rule["verbs"]} == {
        ("events", verb) for verb in ("get", "list", "watch")
    }
