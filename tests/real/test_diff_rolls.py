"""Compare the pods that `logstack diff` reports as restarting with both pinned charts as helm renders them."""

from pathlib import Path
from typing import Any, cast

import pytest

from logstack.diff.changes import changes
from logstack.diff.comparison import changed_files
from logstack.diff.rolls import rolls
from logstack.diff.snapshot import Rendered
from logstack.manifests.charts import CHART
from tests.support.changes import Seeded, seeded
from tests.support.real import chart_folder, render_pinned_chart

pytestmark = pytest.mark.real

TEMPLATED = ("Deployment", "StatefulSet", "DaemonSet")
# Another namespace creates all pods again, and only the pinned version of a chart is available.
SEEDED = [each for each in seeded() if each.name not in ("another namespace", "a chart's version")]


def templates(stack: Rendered, directory: Path) -> dict[str, Any]:
    """Return the pod templates of the rendered charts, by workload."""
    templates_by_workload = {}
    for resource in (each for each in stack.resources if each.type == CHART):
        chart = "loki" if resource.called == "loki" else "alloy"
        values = cast("dict[str, Any]", resource.inputs["values"])
        namespace = str(resource.inputs["namespace"])
        for document in render_pinned_chart(chart, namespace, values, directory, resource.called):
            if document["kind"] in TEMPLATED:
                name = f"{document['kind']} {document['metadata']['name']}"
                templates_by_workload[name] = document["spec"]["template"]
    return templates_by_workload


@pytest.mark.parametrize("change", SEEDED, ids=lambda each: each.name)
def test_diff_reports_a_restart_exactly_where_the_charts_change_a_pod_template(change: Seeded, tmp_path: Path) -> None:
    chart_folder("loki"), chart_folder("alloy")
    before, after = change.rendered()
    old, new = templates(before, tmp_path), templates(after, tmp_path)
    changed_workloads = {name for name in new if name in old and old[name] != new[name]}
    ours = {"DaemonSet loki-canary", "StatefulSet loki-s3"}
    files = changed_files(before, after)
    reported = {roll.workload for roll in rolls(changes(before, after, files), before, after)} - ours
    # For a value that no table has, it reports every pod of the chart.
    assert reported >= changed_workloads if "unknown" in change.name else reported == changed_workloads
