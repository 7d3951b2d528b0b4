"""Requests of CPU and memory, and volumes."""

from logstack.manifests.requests import Sizes, Total, WorkloadSize, plan_sizes
from logstack.plan.section import Section
from logstack.settings.load.loader import Stack
from logstack.settings.model.quantities import kubernetes_cpu
from logstack.text.blocks import Labelled, NumberTable
from logstack.text.words import counted, spoken_share, spoken_size


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
    facts = [("total", total), *([("memory", share)] if share else [])]
    return Section(
        title="Requests (the memory limit equals the memory request)",
        key="sizes",
        data=sizes,
        facts=facts,
        layout=(table, Labelled(facts)),
        summary=(Labelled(facts),),
    )


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
