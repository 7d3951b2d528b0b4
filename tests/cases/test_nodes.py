"""Nodes that not every pod fits on: tainted ones, and ones with another operating system.

k8s-monitoring-helm#1298 and rke2#7742: servers with the taint CriticalAddonsOnly=true:NoExecute had neither collector
nor canary, so their lines were missing and nobody was told. oneuptime#3041: on Windows nodes the DaemonSets' pods never
ran, and every update waited for them.
"""

from pathlib import Path

import pytest

from logstack.settings.tree import Settings
from tests.cases.pods import STACKS, pods_of

pytestmark = pytest.mark.real

TAINTS = (
    ("CriticalAddonsOnly", "NoExecute"),
    ("node-role.kubernetes.io/etcd", "NoExecute"),
    ("node-role.kubernetes.io/control-plane", "NoSchedule"),
    ("example.com/gpu", "PreferNoSchedule"),
)
every_stack = pytest.mark.parametrize("stack", STACKS)


def tolerates(toleration: dict[str, str], key: str, effect: str) -> bool:
    """As Kubernetes compares (k8s.io/api core/v1 Toleration): an absent key or effect matches every one."""
    return (
        toleration.get("operator") == "Exists"
        and toleration.get("key", key) == key
        and toleration.get("effect", effect) == effect
    )


@every_stack
def test_collector_and_canary_tolerate_every_taint(stack: str, tmp_path: Path) -> None:
    on_every_node = {
        each.name: each
        for each in pods_of(Settings.model_validate(STACKS[stack]), tmp_path)
        if each.kind == "DaemonSet"
    }
    assert on_every_node.keys() == {"alloy", "loki-canary"}
    for each in on_every_node.values():
        for taint in TAINTS:
            assert any(tolerates(toleration, *taint) for toleration in each.spec["tolerations"]), (each.name, taint)


@every_stack
def test_no_other_pod_tolerates_a_taint(stack: str, tmp_path: Path) -> None:
    others = [each for each in pods_of(Settings.model_validate(STACKS[stack]), tmp_path) if each.kind != "DaemonSet"]
    assert others
    assert {each.name: each.spec.get("tolerations") or None for each in others} == {each.name: None for each in others}


@every_stack
def test_every_pod_stays_on_linux_nodes(stack: str, tmp_path: Path) -> None:
    settings = Settings.model_validate({**STACKS[stack], "collector": {"sources": {"events": True}}})
    selectors = {each.name: each.spec.get("nodeSelector") for each in pods_of(settings, tmp_path)}
    assert {"alloy", "alloy-events", "loki-canary", "loki-gateway"} < selectors.keys()
    assert selectors == {name: {"kubernetes.io/os": "linux"} for name in selectors}
