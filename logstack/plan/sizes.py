"""Requests of CPU and memory, and volumes."""

from logstack.manifests.requests import Sizes, Total, WorkloadSize, plan_sizes
from logstack.plan.section import Section
from logstack.settings.load.loader import Stack
from logstack.settings.model.quantities import kubernetes_cpu
from logstack.settings.model.sizes import OTHER_PARTS
from logstack.settings.tree import Settings
from logstack.text.blocks import Labelled, NumberTable
from logstack.text.words import counted, spoken_share, spoken_size

_EVICTED = (
    "all others equal the request. A pod above its request is among the first that a node short of memory evicts "
    "(expected, by Kubernetes' documentation)"
)


def sizes_section(stack: Stack) -> Section:
    """Plan the requests."""
    sizes = plan_sizes(stack.settings)
    needed, assumed = (counted(number, "node") for number in (sizes.nodes_needed, sizes.nodes_assumed))
    cpu, memory, disk = amounts(sizes.total_with_nodes)
    volumes = f"{disk} of volumes" if sizes.total.disk_bytes else "no volumes"
    total = f"{cpu} CPU, {memory} memory and {volumes} on {assumed}; the stack needs at least {needed}"
    share = _memory_share(sizes)
    table = NumberTable(
        ("workload", "pods", "CPU each", "memory each", "disk each"),
        (
            [_row(each, str(each.replicas)) for each in sizes.workloads],
            [("sum", "", *amounts(sizes.total))],
            [_row(each, "x nodes") for each in sizes.node_workloads],
            [(f"sum on {assumed}", "", *amounts(sizes.total_with_nodes))],
        ),
    )
    limits = _limits(stack.settings)
    facts = [
        ("total", total),
        *([("memory", share)] if share else []),
        *([("memory limits", f"{limits}; {_EVICTED}")] if limits else []),
    ]
    return Section(
        title="Requests" if limits else "Requests (the memory limit equals the memory request)",
        key="sizes",
        data=sizes,
        facts=facts,
        layout=(table, Labelled(facts)),
        summary=(Labelled(facts),),
    )


def _limits(settings: Settings) -> str:
    """Return the memory limits that differ from the requests."""
    parts = [*settings.roles, *OTHER_PARTS]
    sizes = {part: size for part in parts if (size := settings.resources_of(part)).limit != size.memory}
    return ", ".join(f"{part} {spoken_size(size.limit) if size.limit else 'none'}" for part, size in sizes.items())


def _row(size: WorkloadSize, pods: str) -> tuple[str, ...]:
    return size.name, pods, *amounts(size)


def amounts(size: WorkloadSize | Total) -> tuple[str, str, str]:
    """Return CPU, memory and disk as Kubernetes writes them; `-` is no disk."""
    disk = spoken_size(size.disk_bytes) if size.disk_bytes else "-"
    return kubernetes_cpu(size.cpu_millicores), spoken_size(size.memory_bytes), disk


def _memory_share(sizes: Sizes) -> str:
    """Say what share of the nodes' memory the stack takes; nothing where the stack file names no node's memory."""
    if sizes.memory_of_nodes is None:
        return ""
    requested, memory = sizes.total_with_nodes.memory_bytes, sizes.memory_of_nodes
    shortage = "" if requested <= memory else ": add nodes"
    return (
        f"{spoken_share(requested / memory)} of the {spoken_size(memory)} that pods may take on these nodes{shortage}"
    )
