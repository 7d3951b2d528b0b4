"""What the stack asks of the cluster: requests of CPU and memory, and volumes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from logstack.manifests.alloy.chart import RELOADER
from logstack.manifests.loki.chart import CACHE_CPU, cache_pod_memory, cache_sizes
from logstack.settings.model.sizes import Resources
from logstack.settings.model.tree import Settings

# Without a single node, the total is said for as many nodes as the anti-affinity of three replicas needs.
_NODES = 3


@dataclass(frozen=True)
class PartSize:
    """The pods of one part."""

    part: str
    replicas: int
    cpu_millicores: int
    """Of one pod, as are the others."""
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
    """The parts and their sums."""

    parts: tuple[PartSize, ...]
    total: Total
    """Of the parts, whatever number of nodes there is."""
    node_parts: tuple[PartSize, ...]
    """One pod on each node."""
    nodes_needed: int
    """At least: no two pods of a role share a node."""
    nodes_assumed: int
    total_with_nodes: Total
    """Of the parts, and of the node parts on the nodes that are assumed."""
    memory_of_nodes: int | None
    """Bytes that pods may take on these nodes; None where the stack file names no node's memory."""


def sizes(settings: Settings) -> Sizes:
    """What the stack asks for."""
    parts = tuple(_parts(settings))
    node_parts = tuple(_node_parts(settings))
    needed = 1
    if not settings.cluster.single_node:
        counts = [settings.replica_count(role) for role in settings.roles]
        needed = max(*counts, settings.gateway.replicas)
    assumed = 1 if settings.cluster.single_node else max(_NODES, needed)
    total = _total(parts, 1)
    on_nodes = _total(node_parts, assumed)
    with_nodes = Total(
        total.cpu_millicores + on_nodes.cpu_millicores,
        total.memory_bytes + on_nodes.memory_bytes,
        total.disk_bytes + on_nodes.disk_bytes,
    )
    node = settings.cluster.node_memory
    return Sizes(parts, total, node_parts, needed, assumed, with_nodes, node * assumed if node else None)


def _part(part: str, replicas: int, size: Resources, disk: int | None = None) -> PartSize:
    return PartSize(part, replicas, size.cpu, size.memory, disk or size.disk or 0)


def _parts(settings: Settings) -> Iterator[PartSize]:
    for role in settings.roles:
        yield _part(role, settings.replica_count(role), settings.resources_of(role))
    yield _part("gateway", settings.gateway.replicas, settings.resources_of("gateway"))
    for cache, memory in cache_sizes(settings.caches):
        if memory:
            yield PartSize(cache.component, 1, CACHE_CPU, cache_pod_memory(memory))
    if settings.collector.sources.in_one_pod:
        yield _part("alloy-events", 1, settings.resources_of("alloy-events"))
        yield _part("its reloader", 1, RELOADER)
    former = settings.former_object_store.store if settings.former_object_store else None
    for store in (settings.object_store, former):
        if store and store.server_volume is not None:
            yield _part("object-store", 1, settings.resources_of("object-store"), store.server_volume)


def _node_parts(settings: Settings) -> Iterator[PartSize]:
    if settings.collector.sources.on_nodes:
        yield _part("alloy", 1, settings.resources_of("alloy"))
        yield _part("alloy's reloader", 1, RELOADER)
    if settings.canary.enabled:
        yield _part("canary", 1, settings.resources_of("canary"))


def _total(parts: Sequence[PartSize], times: int) -> Total:
    return Total(
        times * sum(part.replicas * part.cpu_millicores for part in parts),
        times * sum(part.replicas * part.memory_bytes for part in parts),
        times * sum(part.replicas * part.disk_bytes for part in parts),
    )
