"""What a deployment requests of the nodes: CPU, memory and volumes of its pods, and the number of nodes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from logstack.manifests.alloy.chart import RELOADER
from logstack.manifests.loki.chart import CACHE_CPU, cache_pod_memory, cache_sizes
from logstack.settings.model.sizes import Resources
from logstack.settings.tree import Settings
from logstack.text.documents import JSON_KEY

# Without a single node, the total is for as many nodes as the anti-affinity of three replicas needs.
_NODES = 3


@dataclass(frozen=True)
class WorkloadSize:
    """The requests of one pod of a workload, and the number of pods."""

    name: str = field(metadata={JSON_KEY: "part"})
    replicas: int
    cpu_millicores: int
    memory_bytes: int
    disk_bytes: int = 0


@dataclass(frozen=True)
class Total:
    """A sum over pods."""

    cpu_millicores: int
    memory_bytes: int
    disk_bytes: int


@dataclass(frozen=True)
class Sizes:
    """The workloads and their sums."""

    workloads: tuple[WorkloadSize, ...] = field(metadata={JSON_KEY: "parts"})
    total: Total
    """Of the workloads, whatever number of nodes there is."""
    node_workloads: tuple[WorkloadSize, ...] = field(metadata={JSON_KEY: "nodeParts"})
    """One pod on each node."""
    nodes_needed: int
    """At least: a node runs one pod of a role."""
    nodes_assumed: int
    total_with_nodes: Total
    """Of all workloads, on the assumed nodes."""
    memory_of_nodes: int | None
    """The bytes that pods may take on these nodes; None if the stack file lacks nodeMemory."""


def plan_sizes(settings: Settings) -> Sizes:
    """Add up what the stack requests."""
    workloads = tuple(_workloads(settings))
    node_workloads = tuple(_node_workloads(settings))
    needed = 1
    if not settings.cluster.single_node:
        counts = [settings.replica_count(role) for role in settings.roles]
        needed = max(*counts, settings.gateways)
    assumed = 1 if settings.cluster.single_node else max(_NODES, needed)
    total = _total(workloads, 1)
    on_nodes = _total(node_workloads, assumed)
    with_nodes = Total(
        total.cpu_millicores + on_nodes.cpu_millicores,
        total.memory_bytes + on_nodes.memory_bytes,
        total.disk_bytes + on_nodes.disk_bytes,
    )
    node = settings.cluster.node_memory
    return Sizes(workloads, total, node_workloads, needed, assumed, with_nodes, node * assumed if node else None)


def _workload(name: str, replicas: int, size: Resources, disk: int | None = None) -> WorkloadSize:
    return WorkloadSize(name, replicas, size.cpu, size.memory, disk or size.disk or 0)


def _workloads(settings: Settings) -> Iterator[WorkloadSize]:
    for role in settings.roles:
        yield _workload(role, settings.replica_count(role), settings.resources_of(role))
    if settings.gateway.enabled:
        yield _workload("gateway", settings.gateways, settings.resources_of("gateway"))
    for cache, memory in cache_sizes(settings.caches):
        if memory:
            yield WorkloadSize(cache.component, 1, CACHE_CPU, cache_pod_memory(memory))
    if settings.collector.sources.in_one_pod:
        yield _workload("alloy-events", 1, settings.resources_of("alloy-events"))
        yield _workload("alloy-events reloader", 1, RELOADER)
    former = settings.former_object_store.store if settings.former_object_store else None
    for store in (settings.object_store, former):
        if store and store.server_volume is not None:
            yield _workload("object-store", 1, settings.resources_of("object-store"), store.server_volume)


def _node_workloads(settings: Settings) -> Iterator[WorkloadSize]:
    if settings.collector.sources.on_nodes:
        yield _workload("alloy", 1, settings.resources_of("alloy"))
        yield _workload("alloy reloader", 1, RELOADER)
    if settings.canary.enabled:
        yield _workload("canary", 1, settings.resources_of("canary"))


def _total(workloads: Sequence[WorkloadSize], times: int) -> Total:
    return Total(
        times * sum(each.replicas * each.cpu_millicores for each in workloads),
        times * sum(each.replicas * each.memory_bytes for each in workloads),
        times * sum(each.replicas * each.disk_bytes for each in workloads),
    )
