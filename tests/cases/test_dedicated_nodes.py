"""Nodes of Loki's own: grafana/helm-charts#2341 and #1509, a pool with a label and a taint.

The keys reach every pod that the stack has, or the pods of one component, and leave the rest of the pods alone.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from logstack.manifests.loki.chart import ROLES
from tests.cases.pods import Pods, pods_of
from tests.support.stacks import NAMES, changed, settings_of
from tests.unit.settings.stacks import stack as stack_of

pytestmark = pytest.mark.real

OBS: dict[str, Any] = {
    "nodeSelector": {"pool": "obs"},
    "tolerations": [{"key": "dedicated", "value": "obs", "effect": "NoSchedule"}],
}
TOLERATION = {"key": "dedicated", "operator": "Equal", "value": "obs", "effect": "NoSchedule"}
LINUX = {"kubernetes.io/os": "linux"}
# Pods that have scheduling of their own.
ELSEWHERE = {"alloy", "alloy-events", "loki-canary"}
every_stack = pytest.mark.parametrize("stack", NAMES)


def pods(stack: str, directory: Path, **keys: object) -> Mapping[str, Pods]:
    return {each.name: each for each in pods_of(changed(settings_of(stack), **keys), directory)}


def fields(spec: Mapping[str, Any]) -> tuple[Any, Any]:
    return spec.get("nodeSelector"), spec.get("tolerations")


def test_keys_of_the_report_have_no_problem() -> None:
    loaded = stack_of(
        "scheduling: {nodeSelector: {pool: obs}, tolerations: [{key: dedicated, value: obs, effect: NoSchedule}]}"
    )
    assert loaded.problems == ()


@every_stack
def test_every_pod_but_collectors_and_canaries_runs_on_the_pool(stack: str, tmp_path: Path) -> None:
    found = pods(stack, tmp_path, scheduling=OBS)
    moved = {name: fields(each.spec) for name, each in found.items() if name not in ELSEWHERE}
    assert moved == {name: ({**LINUX, "pool": "obs"}, [TOLERATION]) for name in moved}
    assert len(moved) > 1
    before = pods(stack, tmp_path, scheduling={})
    assert {name: found[name].spec for name in found if name in ELSEWHERE} == {
        name: before[name].spec for name in before if name in ELSEWHERE
    }


@every_stack
def test_pods_of_a_role_stay_on_nodes_of_their_own(stack: str, tmp_path: Path) -> None:
    before, after = (pods(stack, tmp_path, scheduling=keys) for keys in ({}, OBS))
    assert {name: each.spec.get("affinity") for name, each in after.items()} == {
        name: each.spec.get("affinity") for name, each in before.items()
    }


def test_collector_and_canary_have_nodes_of_their_own(tmp_path: Path) -> None:
    stated = settings_of("production")
    collector, canary = (
        {**dict(group.model_dump(exclude_unset=True)), "scheduling": OBS} for group in (stated.collector, stated.canary)
    )
    found = pods("production", tmp_path, collector=collector, canary=canary)
    assert {name for name, each in found.items() if fields(each.spec)[1] == [TOLERATION]} == ELSEWHERE & found.keys()


@pytest.mark.parametrize("stack", ["production", "distributed", "unusual"])
def test_one_component_differs_and_the_others_do_not(stack: str, tmp_path: Path) -> None:
    settings = settings_of(stack)
    before = pods(stack, tmp_path, scheduling={})
    for role in ROLES.values():
        if role.row.mode != settings.deployment_mode:
            continue
        own = {role.key: {"nodeSelector": {"pool": "obs"}, "priorityClass": "logs"}}
        after = pods(stack, tmp_path, scheduling={"components": own})
        differing = {name for name in after if after[name].spec != before[name].spec}
        assert differing == {role.workload("loki")}
        assert after[role.workload("loki")].spec["priorityClassName"] == "logs"


def test_node_affinity_leaves_logstacks_own_and_pod_anti_affinity_replaces_it(tmp_path: Path) -> None:
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    term = {"matchExpressions": [{"key": "disk", "operator": "Exists"}]}
    to_nodes = {"nodeAffinity": {required: {"nodeSelectorTerms": [term]}}}
    away: dict[str, Any] = {"podAntiAffinity": {}}
    found = pods("production", tmp_path, scheduling={"affinity": to_nodes, "components": {"read": {"affinity": away}}})
    write, read = found["loki-write"].spec["affinity"], found["loki-read"].spec["affinity"]
    assert write["nodeAffinity"] == {required: {"nodeSelectorTerms": [term]}}
    assert write["podAntiAffinity"][required][0]["topologyKey"] == "kubernetes.io/hostname"
    assert read == {"podAntiAffinity": {required: []}}


def test_spread_selects_the_pods_of_its_component(tmp_path: Path) -> None:
    found = pods("distributed", tmp_path, scheduling={"topologySpread": [{"topologyKey": "zone"}]})
    documents = {name: each for name, each in found.items() if name not in ELSEWHERE}
    for name, each in documents.items():
        (constraint,) = each.spec["topologySpreadConstraints"]
        selected = constraint["labelSelector"]["matchLabels"].items()
        assert selected <= each.labels.items(), name
        others = [other for other, pod in documents.items() if selected <= pod.labels.items()]
        assert others == [name]
