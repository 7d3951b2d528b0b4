"""Autoscaling: Kubernetes decides the number of pods, from the stack file's replicas upwards, and nobody else does."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.real import chart_or_standin, render_chart
from tests.support.schemas import complaints
from tests.support.stacks import changed, chart_values, settings_of

pytestmark = pytest.mark.real

SCALED = {
    "production": ("write", "read", "backend", "gateway"),
    "distributed": ("distributor", "ingester", "querier", "queryFrontend", "gateway"),
    "unusual": ("monolithic", "gateway"),
}


def objects(stack: str, directory: Path, **scaling: object) -> dict[str, dict[str, Any]]:
    settings = changed(settings_of(stack), autoscaling=scaling)
    values, namespace = chart_values(settings, "loki"), settings.cluster.namespace
    documents = render_chart(chart_or_standin("loki"), namespace, values, directory, "loki")
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in documents}


@pytest.mark.parametrize("stack", SCALED)
def test_replicas_are_the_minimum_of_the_autoscaler_and_nothing_else_sets_them(stack: str, tmp_path: Path) -> None:
    fixed = objects(stack, tmp_path)
    scaled = objects(stack, tmp_path, **{component: {"maxReplicas": 9} for component in SCALED[stack]})
    autoscalers = [each for name, each in scaled.items() if name.startswith("HorizontalPodAutoscaler/")]
    assert len(autoscalers) == len(SCALED[stack])
    for each in autoscalers:
        spec = each["spec"]
        workload = f"{spec['scaleTargetRef']['kind']}/{spec['scaleTargetRef']['name']}"
        assert spec["minReplicas"] == fixed[workload]["spec"]["replicas"]
        assert "replicas" not in scaled[workload]["spec"]
        assert scaled[workload]["spec"]["template"] == fixed[workload]["spec"]["template"]
        assert not complaints(each)


@pytest.mark.parametrize("stack", SCALED)
def test_disruption_budgets_stay(stack: str, tmp_path: Path) -> None:
    fixed = objects(stack, tmp_path)
    scaled = objects(stack, tmp_path, **{component: {"maxReplicas": 9} for component in SCALED[stack]})
    budgets, others = (
        {name: each for name, each in found.items() if name.startswith("PodDisruptionBudget/")}
        for found in (fixed, scaled)
    )
    assert budgets == others


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({}, {"cpu": 60}),
        ({"cpu": 75}, {"cpu": 75}),
        ({"memory": 80}, {"memory": 80}),
        ({"cpu": 75, "memory": 80}, {"cpu": 75, "memory": 80}),
    ],
)
def test_autoscaler_has_the_load_of_the_stack_file(
    stated: dict[str, int], expected: dict[str, int], tmp_path: Path
) -> None:
    found = objects("production", tmp_path, read={"maxReplicas": 5, **stated})
    metrics = [each["resource"] for each in found["HorizontalPodAutoscaler/loki-read"]["spec"]["metrics"]]
    assert {each["name"]: each["target"]["averageUtilization"] for each in metrics} == expected


def test_writers_come_and_go_one_at_a_time(tmp_path: Path) -> None:
    found = objects("production", tmp_path, write={"maxReplicas": 5}, read={"maxReplicas": 5})
    behavior = found["HorizontalPodAutoscaler/loki-write"]["spec"]["behavior"]
    assert behavior["scaleDown"]["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 1800}]
    assert "behavior" not in found["HorizontalPodAutoscaler/loki-read"]["spec"]
