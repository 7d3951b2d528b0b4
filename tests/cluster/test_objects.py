"""The API server's answers to every object of every stack, and each pod's Pod Security level; all are dry runs."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from logstack.settings.tree import Settings
from tests.support import golden
from tests.support.live import Live
from tests.support.objects import objects
from tests.support.schemas import crds
from tests.support.stacks import NAMES, ROOT, SHIPPED, changed, settings_of
from tests.support.stores import Object, Server

pytestmark = pytest.mark.cluster

LEVELS = ("restricted", "baseline", "privileged")
DOCUMENT = ROOT / "docs" / "reference" / "cluster.md"


@pytest.fixture(scope="module")
def namespaces(cluster: Live) -> Iterator[None]:
    """The namespaces that objects are in, for those that there are not."""
    needed_namespaces = {
        each["metadata"].get("namespace") for stack in NAMES for each in objects(settings_of(stack))
    } - {None}
    new_namespaces = needed_namespaces - set(cluster.namespaces())
    for namespace in new_namespaces:
        cluster.namespace(namespace)
    yield
    for namespace in new_namespaces:
        cluster.remove_namespace(namespace)


@pytest.fixture(scope="module")
def kinds(cluster: Live) -> Iterator[None]:
    """Create the kinds of other operators that the cluster does not have; no operator runs for them."""
    server = Server(cluster.dynamic)
    new_kinds = [each for each in crds() if server.read(each) is None]
    for each in new_kinds:
        server.create(each, upsert=False)
    cluster.until(lambda: all(map(served, map(server.read, new_kinds))), "the API server serves the kinds", seconds=60)
    yield
    for each in new_kinds:
        server.delete(each, orphan=False)


def served(definition: Object | None) -> bool:
    """Return whether the API server accepts objects of a kind."""
    conditions = (definition or {}).get("status", {}).get("conditions") or []
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


@pytest.mark.usefixtures("namespaces", "kinds")
@pytest.mark.parametrize("stack", NAMES)
def test_api_server_accepts_every_object_without_a_warning(cluster: Live, stack: str) -> None:
    declared = list(objects(settings_of(stack)))
    objections = {
        f"{each['kind']} {each['metadata']['name']}": messages
        for each in declared
        if (messages := cluster.objections(each))
    }
    assert objections == {}
    assert len(declared) > 15


@pytest.mark.usefixtures("namespaces")
def test_api_server_objects_to_a_wrong_object(cluster: Live) -> None:
    """The test above can fail."""
    wrong = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "monitoring"}, "dta": {}}
    assert cluster.objections(wrong)


@pytest.fixture(scope="module")
def levels(cluster: Live) -> Iterator[None]:
    """Create a namespace for each level that enforces it."""
    for level in LEVELS:
        cluster.namespace(f"level-{level}", {"pod-security.kubernetes.io/enforce": level})
    yield
    for level in LEVELS:
        cluster.remove_namespace(f"level-{level}")


@pytest.mark.usefixtures("levels")
def test_table_of_pod_security_levels_equals_the_api_servers_answers(
    cluster: Live, request: pytest.FixtureRequest
) -> None:
    rows: dict[str, str] = {}
    for stack in SHIPPED:
        for workload, level in levels_of(cluster, settings_of(stack)).items():
            rows[workload] = max(level, rows.get(workload, LEVELS[0]), key=LEVELS.index)
    table = "\n".join(f"| {workload} | {level} |" for workload, level in sorted(rows.items()))
    head, _, after_marker = DOCUMENT.read_text().partition("<!-- levels -->")
    tail = after_marker.partition("<!-- /levels -->")[2]
    text = f"{head}<!-- levels -->\n\n| workload | level |\n|---|---|\n{table}\n\n<!-- /levels -->{tail}"
    golden.check(DOCUMENT, text, request)


@pytest.mark.usefixtures("levels")
@pytest.mark.parametrize("stack", ["staging", "ceph-ssd", "longhorn"])
def test_pods_are_restricted_without_the_nodes_files(cluster: Live, stack: str) -> None:
    settings = changed(settings_of(stack), collector={"sources": {"pods": "api", "events": True}})
    levels = levels_of(cluster, settings)
    assert "DaemonSet `alloy`" in levels
    assert set(levels.values()) == {"restricted"}


def levels_of(cluster: Live, settings: Settings) -> dict[str, str]:
    """Return the level of each workload."""
    workloads = (each for each in objects(settings) if "template" in each.get("spec", {}))
    return {f"{each['kind']} `{each['metadata']['name']}`": level_of(cluster, pod_of(each)) for each in workloads}


def pod_of(workload: Object) -> dict[str, Any]:
    """Return the pod that a workload's controller creates, with a StatefulSet's volumes, under the default account."""
    template = workload["spec"]["template"]
    claims = [each["metadata"]["name"] for each in workload["spec"].get("volumeClaimTemplates", [])]
    claimed = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
    spec = {key: value for key, value in template["spec"].items() if key != "serviceAccountName"}
    spec["volumes"] = [*spec.get("volumes", []), *claimed]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": spec}


def level_of(cluster: Live, pod: Mapping[str, Any]) -> str:
    """Return the strictest level that admits the pod."""
    for level in LEVELS:
        metadata = {**pod["metadata"], "name": "asked", "namespace": f"level-{level}"}
        messages = cluster.objections({**pod, "metadata": metadata})
        if not messages:
            return level
        # The API server checks the level last: with another message it has not come to it.
        assert all("violates PodSecurity" in each for each in messages), messages
    raise LookupError("no level admits the pod")
