"""The charts' own objects in the plan, with a small chart and a script instead of helm."""

import stat
from pathlib import Path

import pytest

from logstack.manifests.deployment import deployment
from logstack.plan import chart_objects as objects
from logstack.plan.chart_objects import ChartObject, ChartObjects, chart_objects
from logstack.plan.model import plan
from logstack.plan.text import full_text, summary_text
from logstack.settings.load.loader import Stack
from logstack.settings.tree import Settings
from logstack.text.layout import terminal
from tests.support.stacks import settings_of

HELM = """\
#!/bin/sh
# Prints release, chart and namespace of the call, and the first key of the values.
while [ $# -gt 0 ]; do case $1 in
  template) release=$2; chart=$3; shift 3;;
  --namespace) namespace=$2; shift 2;;
  --values) key=$(head -n 1 "$2" | cut -d: -f1); shift 2;;
  *) shift;;
esac; done
[ -e "$chart" ] || { echo "no chart $chart" >&2; exit 1; }
cat <<YAML
---
# a template that renders nothing
---
kind: Service
metadata: {name: $release-$(basename "$chart")}
---
kind: ConfigMap
metadata: {name: $namespace-$key}
YAML
"""


@pytest.fixture
def helm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    script = tmp_path / "helm"
    script.write_text(HELM)
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(objects, "find", lambda _name: script)
    monkeypatch.delenv("LOGSTACK_CHARTS", raising=False)
    return script


def loki_objects(charts: tuple[ChartObjects, ...]) -> ChartObjects:
    return next(each for each in charts if each.chart == "loki")


def test_chart_objects_reads_charts_from_a_folder(helm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    charts = helm.parent / "charts"
    (charts / "alloy").mkdir(parents=True)
    (charts / "loki-18.11.0.tgz").touch()
    monkeypatch.setenv("LOGSTACK_CHARTS", str(charts))
    assert chart_objects(deployment(settings_of("staging")), Path()) == (
        ChartObjects(
            "loki", (ChartObject("Service", "loki-loki-18.11.0.tgz"), ChartObject("ConfigMap", "monitoring-backend"))
        ),
        ChartObjects("alloy", (ChartObject("Service", "alloy-alloy"), ChartObject("ConfigMap", "monitoring-alloy"))),
        ChartObjects(
            "alloy-events", (ChartObject("Service", "alloy-events-alloy"), ChartObject("ConfigMap", "monitoring-alloy"))
        ),
    )


def test_chart_objects_reads_the_chart_of_the_stack_file(helm: Path) -> None:
    (helm.parent / "ours").mkdir()
    settings = Settings.model_validate(settings_of("staging").model_dump() | {"charts": {"loki": {"path": "ours"}}})
    assert loki_objects(chart_objects(deployment(settings), helm.parent)).objects[0] == ChartObject(
        "Service", "loki-ours"
    )


@pytest.mark.usefixtures("helm")
def test_chart_objects_says_where_to_put_a_missing_chart() -> None:
    assert loki_objects(chart_objects(deployment(settings_of("staging")), Path())).why_not == (
        "put loki-18.11.0.tgz or the folder loki into a directory, and set $LOGSTACK_CHARTS to it"
    )


def test_chart_objects_says_how_to_get_helm(helm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (helm.parent / "loki").mkdir()
    monkeypatch.setenv("LOGSTACK_CHARTS", str(helm.parent))
    monkeypatch.setattr(objects, "find", lambda _name: None)
    monkeypatch.setenv("PATH", "")
    assert loki_objects(chart_objects(deployment(settings_of("staging")), Path())).why_not == (
        "no helm on this machine; run `logstack tools obtain helm`"
    )


def test_chart_objects_shows_helms_error(helm: Path) -> None:
    settings = Settings.model_validate(settings_of("staging").model_dump() | {"charts": {"loki": {"path": "gone"}}})
    loki = loki_objects(chart_objects(deployment(settings), helm.parent))
    assert (loki.objects, loki.why_not) == ((), f"no chart {helm.parent / 'gone'}")


def test_plan_lists_chart_objects_with_their_kinds() -> None:
    charts = (
        ChartObjects("loki", (ChartObject("StatefulSet", "loki-write"), ChartObject("Service", "loki-read"))),
        ChartObjects("alloy", why_not="there is no helm"),
    )
    stack = Stack("staging", settings_of("staging"), (), (), "config")
    text = full_text(plan(stack, charts), terminal(100))
    assert "Objects of the chart loki: 2\n  StatefulSet  loki-write\n  Service      loki-read\n" in text
    assert "Objects of the chart alloy\n  not listed  there is no helm\n" in text
    assert "--objects" not in text
    assert "--objects" in full_text(plan(stack), terminal(100))
    assert "StatefulSet  loki-write\n" in summary_text(plan(stack, charts), terminal(100))
