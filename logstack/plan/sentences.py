"""The plan's sentences: what the text lays out, and what two plans are compared by."""

from logstack.plan.access import access_facts
from logstack.plan.collection import collected_facts
from logstack.plan.failures import FailureBudget, Loss
from logstack.plan.model import ChartVersion, Head, Plan
from logstack.plan.outage import Outage
from logstack.plan.sizes import PartSize, Sizes, Total
from logstack.plan.sizing import sizing_facts, storage_facts
from logstack.plan.storage import Kept, KeptStreams
from logstack.settings.model.quantities import kubernetes_cpu
from logstack.text.words import Facts, counted, spoken_duration, spoken_share, spoken_size

LOSS_COLUMNS = ("lost", "writes", "queries", "acknowledged lines", "known by")


def sentences(plan: Plan) -> Facts:
    """The whole plan but its resources: what each sentence is of, and the sentence."""
    nodes = counted(plan.sizes.nodes_assumed, "node")
    asked = zip(("CPU", "memory", "disk"), amounts(plan.sizes.total_with_nodes), strict=True)
    return [
        ("stack", title(plan.head).partition(": ")[2]),
        *head_facts(plan.head),
        ("failure budget", plan.failure_budget.summary),
        *((f"losing {loss.lost}", _loss(loss)) for loss in plan.failure_budget.losses),
        ("no lines taken", outage_text(plan.failure_budget.outage)),
        *((f"collected: {name}", words) for name, words in collected_facts(plan.collected)),
        *kept_facts(plan.kept),
        *((f"access: {name}", words) for name, words in access_facts(plan.access)),
        *((f"sizing: {name}", words) for name, words in (sizing_facts(plan.sizing) if plan.sizing else ())),
        *((f"storage: {name}", words) for name, words in (storage_facts(plan.sizing.storage) if plan.sizing else ())),
        ("sum", f"on {nodes} " + ", ".join(f"{what} {much}" for what, much in asked) + memory_words(plan.sizes)),
        *((f"warning {problem.name}", problem.consequence) for problem in plan.warnings),
        *((f"acknowledged {problem.name}", problem.consequence) for problem in plan.acknowledged),
    ]


def _loss(loss: Loss) -> str:
    return f"writes {loss.writes}; queries {loss.queries}; acknowledged lines: {loss.acknowledged_lines}"


def title(head: Head) -> str:
    """The stack in one line."""
    return f"{head.stack}: Loki {head.loki_version}, {head.mode}, replication {head.replication_factor}"


def head_facts(head: Head) -> Facts:
    """Where the stack goes, and what of."""
    server = f"API server {head.api_server}" if head.api_server else "API server not checked"
    made = "made by the stack, and protected" if head.namespace_is_created else "a guest there: it is not made here"
    return [
        ("cluster", f"{head.cluster}, by the context {head.context}; {server}"),
        ("namespace", f"{head.namespace}, {made}"),
        ("pods", ", ".join(f"{count} {role}" for role, count in head.replicas.items())),
        ("charts", "\n".join(_chart(chart) for chart in head.charts)),
        ("collector", f"Alloy {head.alloy_version} {head.collectors}"),
    ]


def _chart(chart: ChartVersion) -> str:
    return f"{chart.name} {chart.version} from {chart.source}" if chart.version else f"{chart.name} from {chart.source}"


def loss_words(loss: Loss) -> tuple[str, ...]:
    """A loss in the order of LOSS_COLUMNS."""
    return loss.lost, loss.writes, loss.queries, loss.acknowledged_lines, loss.known_by


def evidence(budget: FailureBudget) -> Facts:
    """What the budget goes by."""
    runs = "\n".join(("with the real Loki, its processes on one machine", *budget.measurements))
    return [
        *([("measured", runs)] if budget.measurements else []),
        ("arithmetic", "Loki's rules for its ring, and Alloy's for its tries"),
        ("design", "what Loki and Kubernetes are made for; not run"),
    ]


def outage_text(outage: Outage) -> str:
    """How long Loki may be away, in a paragraph."""
    waiting = "in the node's files, as far as the kubelet does not rotate them away."
    killed = "loses what it has read ahead, 10 to 20Mi."
    if outage.write_ahead_log:
        waiting = "in the collector's write-ahead log on the node, as long as the node's disk has room."
        killed = "or restarted loses what stands in that log: Alloy 1.19.0 does not read it again (measured)."
    return (
        f"What Loki does not take waits in the collectors: for {spoken_duration(outage.at_least)}, with luck for "
        f"{spoken_duration(outage.at_most)}, for the pauses between the {outage.tries} tries are random (arithmetic). "
        f"Then a batch of {spoken_size(outage.batch_bytes)} is given up, and the next one tried as long; the lines "
        f"behind it wait {waiting} A collector that is killed meanwhile {killed}"
    )


def kept_facts(kept: Kept) -> Facts:
    """What becomes of a line."""
    refused, dropped = spoken_duration(kept.refused_when_older), spoken_duration(kept.dropped_when_older)
    return [
        ("lines", f"{spoken_duration(kept.retention)}, in {kept.place}"),
        *([("by rule", "\n".join(map(_kept_streams, kept.rules)))] if kept.rules else []),
        *([("earlier lines", kept.earlier)] if kept.earlier else []),
        ("deleted", f"within {spoken_duration(kept.deleted_within)} after that, by the compactor"),
        ("queries", f"look back {spoken_duration(kept.query_lookback)}"),
        ("too old", f"Loki refuses lines older than {refused}; the collector drops those older than {dropped}"),
        ("space", f"{kept.space} (a measured gzip ratio; lines differ)"),
        ("schema", kept.schema),
        ("access key", kept.credentials_source),
    ]


def _kept_streams(streams: KeptStreams) -> str:
    """One rule; the first that is for a line decides."""
    whose = f"tenant {streams.tenant}: " if streams.tenant else ""
    return f"{whose}{streams.selector or 'all other lines'} for {spoken_duration(streams.period)}"


def memory_words(sizes: Sizes) -> str:
    """What part of the nodes' memory the stack takes, if that is known."""
    if sizes.memory_of_nodes is None:
        return ""
    taken, there = sizes.total_with_nodes.memory_bytes, sizes.memory_of_nodes
    room = "" if taken <= there else ": more nodes are needed"
    return f" Of their {spoken_size(there)} of memory it takes {spoken_share(taken / there)}{room}."


def amounts(size: PartSize | Total) -> tuple[str, str, str]:
    """CPU, memory and disk."""
    disk = spoken_size(size.disk_bytes) if size.disk_bytes else "-"
    return kubernetes_cpu(size.cpu_millicores), spoken_size(size.memory_bytes), disk
