"""What an API server says of every object of every stack, and of each pod's Pod Security level; nothing is made."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from components.chart import CHART
from components.declaration import shown
from tests.support import golden
from tests.support.live import Live
from tests.support.stacks import NAMES, ROOT, SHIPPED, declarations, settings_of
from tests.support.standin import chart_objects
from tests.support.stores import Object

pytestmark = pytest.mark.cluster

LEVELS = ("restricted", "baseline", "privileged")
DOCUMENT = ROOT / "docs" / "cluster.md"


def objects(stack: str) -> Iterator[Object]:
    """What the stack declares and what its charts render, as it goes to the API server."""
    for child in declarations(settings_of(stack)).values():
        inputs = cast("Mapping[str, Any]", {key: shown(value) for key, value in child.inputs.items()})
        if child.type == CHART:
            # A folder or a mirror of the stack's own is not here: the pinned chart is.
            yield from chart_objects({**inputs, "chart": Path(inputs["chart"]).name, "version": "the pinned one"})
        elif child.type.startswith("kubernetes:"):
            yield inputs


@pytest.mark.parametrize("stack", NAMES)
def test_every_object_is_accepted_without_a_warning(cluster: Live, stack: str) -> None:
    found = list(objects(stack))
    for namespace in {each["metadata"].get("namespace") for each in found} - {None}:
        cluster.namespace(namespace)
    objections = {
        f"{each['kind']} {each['metadata']['name']}": said for each in found if (said := cluster.objections(each))
    }
    assert objections == {}
    assert len(found) > 15


def test_an_object_that_is_wrong_is_objected_to(cluster: Live) -> None:
    """That the other test finds nothing means something."""
    cluster.namespace("monitoring")
    wrong = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "monitoring"}, "dta": {}}
    assert cluster.objections(wrong)


def test_the_table_of_pod_security_levels_is_what_the_api_server_says(
    cluster: Live, request: pytest.FixtureRequest
) -> None:
    for level in LEVELS:
        cluster.namespace(f"level-{level}", {"pod-security.kubernetes.io/enforce": level})
    rows: dict[str, str] = {}
    for stack in SHIPPED:
        for each in objects(stack):
            if template := each.get("spec", {}).get("template"):
                rows[f"{each['kind']} `{each['metadata']['name']}`"] = _level(cluster, template)
    for level in LEVELS:
        cluster.remove_namespace(f"level-{level}")
    table = "\n".join(f"| {workload} | {level} |" for workload, level in sorted(rows.items()))
    head, _, rest = DOCUMENT.read_text().partition("<!-- levels -->")
    tail = rest.partition("<!-- /levels -->")[2]
    text = f"{head}<!-- levels -->\n\n| workload | level |\n|---|---|\n{table}\n\n<!-- /levels -->{tail}"
    golden.check(DOCUMENT, text, request)


def _level(cluster: Live, template: Mapping[str, Any]) -> str:
    """The strictest level whose namespaces admit the pod."""
    for level in LEVELS:
        metadata = {**template["metadata"], "name": "asked", "namespace": f"level-{level}"}
        spec = {key: value for key, value in template["spec"].items() if key != "serviceAccountName"}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        if not any("violates PodSecurity" in said for said in cluster.objections(pod)):
            return level
    raise LookupError("no level admits the pod")
