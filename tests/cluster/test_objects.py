"""What an API server says of every object of every stack, and of each pod's Pod Security level; nothing is made."""

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
    named = {each["metadata"].get("namespace") for stack in NAMES for each in objects(settings_of(stack))} - {None}
    made = named - set(cluster.namespaces())
    for namespace in made:
        cluster.namespace(namespace)
    yield
    for namespace in made:
        cluster.remove_namespace(namespace)


@pytest.fixture(scope="module")
def kinds(cluster: Live) -> Iterator[None]:
    """The kinds of other operators, for those that there are not: of the API server alone, nobody answers to them."""
    server = Server(cluster.dynamic)
    made = [each for each in crds() if server.read(each) is None]
    for each in made:
        server.create(each, upsert=False)
    cluster.until(lambda: all(map(served, map(server.read, made))), "the API server serves the kinds", seconds=60)
    yield
    for each in made:
        server.delete(each, orphan=False)


def served(definition: Object | None) -> bool:
    """Whether the API server takes objects of a kind."""
    conditions = (definition or {}).get("status", {}).get("conditions") or []
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


@pytest.mark.usefixtures("namespaces", "kinds")
@pytest.mark.parametrize("stack", NAMES)
def test_every_object_is_accepted_without_a_warning(cluster: Live, stack: str) -> None:
    found = list(objects(settings_of(stack)))
    objections = {
        f"{each['kind']} {each['metadata']['name']}": said for each in found if (said := cluster.objections(each))
    }
    assert objections == {}
    assert len(found) > 15


@pytest.mark.usefixtures("namespaces")
def test_an_object_that_is_wrong_is_objected_to(cluster: Live) -> None:
    """That the other test finds nothing means something."""
    wrong = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "monitoring"}, "dta": {}}
    assert cluster.objections(wrong)


@pytest.fixture(scope="module")
def levels(cluster: Live) -> Iterator[None]:
    """A namespace that enforces each level."""
    for level in LEVELS:
        cluster.namespace(f"level-{level}", {"pod-security.kubernetes.io/enforce": level})
    yield
    for level in LEVELS:
        cluster.remove_namespace(f"level-{level}")


@pytest.mark.usefixtures("levels")
def test_the_table_of_pod_security_levels_is_what_the_api_server_says(
    cluster: Live, request: pytest.FixtureRequest
) -> None:
    rows: dict[str, str] = {}
    for stack in SHIPPED:
        for workload, level in levels_of(cluster, settings_of(stack)).items():
            rows[workload] = max(level, rows.get(workload, LEVELS[0]), key=LEVELS.index)
    table = "\n".join(f"| {workload} | {level} |" for workload, level in sorted(rows.items()))
    head, _, rest = DOCUMENT.read_text().partition("<!-- levels -->")
    tail = rest.partition("<!-- /levels -->")[2]
    text = f"{head}<!-- levels -->\n\n| workload | level |\n|---|---|\n{table}\n\n<!-- /levels -->{tail}"
    golden.check(DOCUMENT, text, request)


@pytest.mark.usefixtures("levels")
@pytest.mark.parametrize("stack", ["staging", "ceph-ssd", "longhorn"])
def test_without_the_nodes_files_every_pod_is_restricted(cluster: Live, stack: str) -> None:
    settings = changed(settings_of(stack), collector={"sources": {"pods": "api", "events": True}})
    found = levels_of(cluster, settings)
    assert "DaemonSet `alloy`" in found
    assert set(found.values()) == {"restricted"}


def levels_of(cluster: Live, settings: Settings) -> dict[str, str]:
    """Each workload's level."""
    workloads = (each for each in objects(settings) if "template" in each.get("spec", {}))
    return {f"{each['kind']} `{each['metadata']['name']}`": level_of(cluster, pod_of(each)) for each in workloads}


def pod_of(workload: Object) -> dict[str, Any]:
    """The pod that a workload's controller makes, with a StatefulSet's volumes, under another account."""
    template = workload["spec"]["template"]
    claims = [each["metadata"]["name"] for each in workload["spec"].get("volumeClaimTemplates", [])]
    claimed = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
    spec = {key: value for key, value in template["spec"].items() if key != "serviceAccountName"}
    spec["volumes"] = [*spec.get("volumes", []), *claimed]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": spec}


def level_of(cluster: Live, pod: Mapping[str, Any]) -> str:
    """The strictest level whose namespaces admit the pod."""
    for level in LEVELS:
        metadata = {**pod["metadata"], "name": "asked", "namespace": f"level-{level}"}
        said = cluster.objections({**pod, "metadata": metadata})
        if not said:
            return level
        # The API server looks at the level last: any other word of it means that it has not.
        assert all("violates PodSecurity" in each for each in said), said
    raise LookupError("no level admits the pod")
