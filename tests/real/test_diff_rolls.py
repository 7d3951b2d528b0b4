"""The pods that `logstack diff` says restart, held against both pinned charts as Helm renders them."""

from pathlib import Path
from typing import Any, cast

import pytest

from logstack.diff.changes import changes
from logstack.diff.comparison import changed_files
from logstack.diff.rolls import rolls
from logstack.diff.snapshot import Rendered
from logstack.manifests.charts import CHART
from tests.support.changes import Seeded, seeded
from tests.support.real import chart_folder, rendered

pytestmark = pytest.mark.real

TEMPLATED = ("Deployment", "StatefulSet", "DaemonSet")
# In another namespace pods come anew, and of the chart only the pinned version is here.
SEEDED = [each for each in seeded() if each.name not in ("another namespace", "a chart's version")]


def templates(stack: Rendered, directory: Path) -> dict[str, Any]:
    """The pod templates of what the charts make, by workload."""
    found = {}
    for resource in (each for each in stack.resources if each.type == CHART):
        chart = "loki" if resource.called == "loki" else "alloy"
        values = cast("dict[str, Any]", resource.inputs["values"])
        namespace = str(resource.inputs["namespace"])
        for document in rendered(chart, namespace, values, directory, resource.called):
            if document["kind"] in TEMPLATED:
                name = f"{document['kind']} {document['metadata']['name']}"
                found[name] = document["spec"]["template"]
    return found


@pytest.mark.parametrize("change", SEEDED, ids=lambda each: each.name)
def test_the_pods_that_are_said_to_restart_are_those_whose_template_the_charts_change(
    change: Seeded, tmp_path: Path
) -> None:
    chart_folder("loki"), chart_folder("alloy")
    before, after = change.rendered()
    old, new = templates(before, tmp_path), templates(after, tmp_path)
    really = {name for name in new if name in old and old[name] != new[name]}
    ours = {"DaemonSet loki-canary", "StatefulSet loki-s3"}
    said = {roll.workload for roll in rolls(changes(before, after, changed_files(before, after)), before, after)} - ours
    # Of a value that no table knows, every pod of the chart is said to restart.
    assert said >= really if "unknown" in change.name else said == really
