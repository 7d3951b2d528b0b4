"""Whether a cluster's nodes take the stack's pods: whether there are enough of them, and whether they have room."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from logstack.manifests.loki.chart import CACHES
from logstack.manifests.manifest import LINUX_NODES
from logstack.manifests.requests import WorkloadSize, plan_sizes
from logstack.settings.checks.acknowledgements import NODES_TOO_FEW, NODES_TOO_SMALL
from logstack.settings.model.quantities import kubernetes_cpu
from logstack.settings.model.scheduling import PodScheduling, Toleration
from logstack.settings.problems import Problem, listed
from logstack.settings.tree import Settings
from logstack.text.words import counted, spoken_size

_COLLECTORS = ("alloy", "alloy reloader", "alloy-events", "alloy-events reloader")
_CACHES = frozenset(cache.component for cache in CACHES)
_EVERY_TAINT = (Toleration(operator="Exists"),)


@dataclass(frozen=True)
class _Node:
    """A node that is ready and not cordoned, as the scheduler looks at it."""

    cpu_millicores: int
    memory_bytes: int
    labels: Mapping[str, str]
    taints: Sequence[Mapping[str, str]]
    """Those that keep pods away."""

    def has_labels(self, scheduling: PodScheduling) -> bool:
        """Return whether it has the labels of the pods' nodeSelector."""
        return ({**LINUX_NODES, **(scheduling.node_selector or {})}).items() <= self.labels.items()

    def takes(self, scheduling: PodScheduling, unstated: Sequence[Toleration] = ()) -> bool:
        """Return whether its labels and taints admit the pods; `unstated` are their tolerations if none are stated."""
        tolerations = unstated if scheduling.tolerations is None else scheduling.tolerations
        return self.has_labels(scheduling) and all(
            any(_tolerates(each, taint) for each in tolerations) for taint in self.taints
        )


@dataclass(frozen=True)
class _Pods:
    """The pods of a workload."""

    size: WorkloadSize
    scheduling: PodScheduling
    key: str
    """The key of the stack file that decides where they run."""
    nodes: frozenset[int]
    """The numbers of the nodes that take them."""

    @property
    def may_share_a_node(self) -> bool:
        """Return whether the stack file replaces the anti-affinity that keeps two of them from one node."""
        affinity = self.scheduling.affinity
        return affinity is not None and affinity.pod_anti_affinity is not None


def judge_nodes(settings: Settings, found: Mapping[str, Any] | None) -> Iterator[Problem]:
    """Compare a list of nodes, as the API server has it, with what the stack's pods need.

    Required affinities to nodes are not compared: they can only leave fewer nodes. Nothing is said of a part of a list.
    """
    if not found or found["metadata"].get("continue"):
        return
    nodes = [_node(each) for each in found["items"] if _is_available(each)]
    pods = [_pods(settings, size, nodes) for size in plan_sizes(settings).workloads]
    groups: dict[frozenset[int], list[_Pods]] = {}
    for each in pods:
        groups.setdefault(each.nodes, []).append(each)
    for group in groups.values():
        yield from _too_few(settings, group, nodes, len(found["items"]), is_whole_stack=len(groups) == 1)
    if shortages := list(_shortages(settings, pods, nodes)):
        fix = "add nodes, or request less: logstack:size, logstack:resources"
        yield NODES_TOO_SMALL.problem("size", "\n".join(shortages), fix)


def _pods(settings: Settings, size: WorkloadSize, nodes: Sequence[_Node]) -> _Pods:
    scheduling = _scheduling(settings, size.name)
    key = "collector.scheduling" if size.name in _COLLECTORS else "scheduling"
    numbers = frozenset(number for number, node in enumerate(nodes) if node.takes(scheduling))
    return _Pods(size, scheduling, key, numbers)


def _scheduling(settings: Settings, workload: str) -> PodScheduling:
    if workload in _COLLECTORS:
        return settings.collector.scheduling
    if workload == "canary":
        return settings.canary.scheduling
    return settings.scheduling.of("caches" if workload in _CACHES else workload.replace("-", "_"))


def _too_few(
    settings: Settings, group: Sequence[_Pods], nodes: Sequence[_Node], count: int, *, is_whole_stack: bool
) -> Iterator[Problem]:
    """Compare the nodes that take a group of pods, of `count` in the cluster, with those that the pods need."""
    candidates = len(group[0].nodes)
    is_alone = settings.cluster.single_node
    needed = max(1 if is_alone or pods.may_share_a_node else pods.size.replicas for pods in group)
    if candidates >= needed:
        return
    lacks_labels = any(not node.has_labels(pods.scheduling) for pods in group for node in nodes)
    reasons = ["cordoned", "tainted", "not ready", *(["without the labels of nodeSelector"] if lacks_labels else [])]
    left_out = count - candidates
    besides = f" ({left_out} more: {listed(reasons, 'or')})" if left_out else ""
    names = listed([pods.size.name for pods in group], "and")
    subject = "the stack needs" if is_whole_stack else f"the pods of {names} need"
    takes = f"only {counted(candidates, 'node')}" if candidates else "no node"
    what = (
        f"{subject} {counted(needed, 'node')}, one for each pod of a role; {takes} of the cluster can take "
        f"{'its pods' if is_whole_stack else 'them'}{besides}"
    )
    one = "\nor, on a cluster of one node, set logstack:cluster: {singleNode: true}" if candidates == 1 else ""
    more = f"\nor let the pods run on more nodes: logstack:{group[0].key}" if candidates < len(nodes) else ""
    path = group[0].key if lacks_labels else "cluster.singleNode"
    yield NODES_TOO_FEW.problem(path, what, f"add nodes, or lower logstack:replicas{one}{more}")


def _shortages(settings: Settings, pods: Sequence[_Pods], nodes: Sequence[_Node]) -> Iterator[str]:
    """Say what the nodes have too little of, although nobody else takes anything of it.

    Pods that several sets of nodes can take are compared with the nodes of all these sets together.
    """
    everywhere = frozenset[int]().union(*(each.nodes for each in pods))
    for numbers in dict.fromkeys([everywhere, *(each.nodes for each in pods)]):
        if numbers:
            inside = [each.size for each in pods if each.nodes and each.nodes <= numbers]
            candidates = [nodes[number] for number in sorted(numbers)]
            yield from _sums(settings, inside, candidates, is_whole_stack=numbers == everywhere)
    for each in pods:
        size, candidates = each.size, [nodes[number] for number in each.nodes]
        if candidates and not any(
            size.cpu_millicores <= node.cpu_millicores and size.memory_bytes <= node.memory_bytes for node in candidates
        ):
            amount = f"{kubernetes_cpu(size.cpu_millicores)} CPU and {spoken_size(size.memory_bytes)} memory"
            which = "node" if len(candidates) == len(nodes) else "node that takes it"
            yield f"a pod of {size.name} requests {amount}; no {which} has both"


def _sums(
    settings: Settings, sizes: Sequence[WorkloadSize], nodes: Sequence[_Node], *, is_whole_stack: bool
) -> Iterator[str]:
    """Compare what pods request, with those that every node has, with the nodes that take them."""
    per_node = [
        size
        for node in nodes
        for size in plan_sizes(settings).node_workloads
        if node.takes(_scheduling(settings, size.name), _EVERY_TAINT)
    ]
    cpu = sum(size.replicas * size.cpu_millicores for size in (*sizes, *per_node))
    memory = sum(size.replicas * size.memory_bytes for size in (*sizes, *per_node))
    cpu_there, memory_there = sum(node.cpu_millicores for node in nodes), sum(node.memory_bytes for node in nodes)
    names = listed(list(dict.fromkeys(size.name for size in (*sizes, *per_node))), "and")
    subject = "the stack's pods" if is_whole_stack else f"the pods of {names}"
    candidates = f"{counted(len(nodes), 'node')}{'' if is_whole_stack else ' for them'}"
    pairs = ((kubernetes_cpu, "CPU", cpu, cpu_there), (spoken_size, "memory", memory, memory_there))
    for spell, resource, requested, there in pairs:
        if requested > there:
            have = "have" if len(nodes) > 1 else "has"
            yield (
                f"{subject} request {spell(requested)} {resource}; {candidates} {have} {spell(there)} in total, "
                "for all pods"
            )


def _tolerates(toleration: Toleration, taint: Mapping[str, str]) -> bool:
    """As Kubernetes compares (k8s.io/api core/v1 Toleration): an absent key or effect matches every one."""
    return (
        toleration.key in (None, taint["key"])
        and toleration.effect in (None, taint["effect"])
        and (toleration.operator == "Exists" or (toleration.value or "") == taint.get("value", ""))
    )


def _is_available(node: Mapping[str, Any]) -> bool:
    ready = [each["status"] for each in node["status"].get("conditions", []) if each["type"] == "Ready"]
    return not node["spec"].get("unschedulable") and ready == ["True"]


def _node(node: Mapping[str, Any]) -> _Node:
    from kubernetes.utils.quantity import parse_quantity  # noqa: PLC0415 - a third of a second, for the program alone

    amounts = node["status"]["allocatable"]
    return _Node(
        int(parse_quantity(amounts["cpu"]) * 1000),
        int(parse_quantity(amounts["memory"])),
        node["metadata"].get("labels", {}),
        [taint for taint in node["spec"].get("taints", []) if taint["effect"] != "PreferNoSchedule"],
    )
