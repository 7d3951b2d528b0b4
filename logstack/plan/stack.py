"""Which stack, on which cluster, with which versions."""

from dataclasses import dataclass
from typing import assert_never

from logstack.manifests.loki.ring import own_label
from logstack.plan.section import Section
from logstack.settings import pins
from logstack.settings.load.loader import Stack
from logstack.settings.model.charts import PINNED, ChartSource
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.tree import Settings
from logstack.text.blocks import Labelled
from logstack.text.words import Facts


@dataclass(frozen=True)
class ChartVersion:
    """A chart and its source."""

    name: str
    version: str | None
    """None for a chart from a folder, which has a version of its own."""
    source: str


@dataclass(frozen=True)
class Head:
    """The stack, its cluster and its versions."""

    stack: str
    cluster: str
    context: str
    api_server: str | None
    namespace: str
    namespace_is_created: bool
    ip_families: tuple[str, ...]
    ring_label: str
    mode: str
    replicas: dict[str, int]
    replication_factor: int
    loki_version: str
    alloy_version: str
    collectors: str
    """On which nodes, or in which pods, collectors run."""
    charts: tuple[ChartVersion, ...]


def stack_section(stack: Stack) -> Section:
    """Plan the head of the plan."""
    head = _head(stack)
    facts = _facts(head)
    charts = ", ".join(_short(chart) for chart in head.charts)
    settled = stack.settings.cluster.ring_label == "verified"
    summary = [
        (label, charts if label == "charts" else text) for label, text in facts if not (label == "ring" and settled)
    ]
    versions = f"Loki {head.loki_version}, {head.mode}, replication factor {head.replication_factor}"
    return Section(
        title=f"{head.stack}: {versions}",
        key="head",
        data=head,
        facts=[("versions", versions), *facts],
        layout=(Labelled(facts),),
        summary=(Labelled(summary),),
    )


def _head(stack: Stack) -> Head:
    settings, cluster = stack.settings, stack.settings.cluster
    alloy = {"alloy": settings.charts.alloy} if settings.collector.enabled else {}
    sources = {"loki": settings.charts.loki, **alloy}
    return Head(
        stack=stack.name,
        cluster=cluster.name,
        context=cluster.context,
        api_server=cluster.api_server,
        namespace=cluster.namespace,
        namespace_is_created=cluster.create_namespace,
        ip_families=cluster.ip_families,
        ring_label=_ring(cluster),
        mode=settings.deployment_mode,
        replicas={role: settings.replica_count(role) for role in settings.roles},
        replication_factor=settings.replication_factor,
        loki_version=settings.loki_version,
        alloy_version=pins.ALLOY_VERSION,
        collectors=_collectors(settings),
        charts=tuple(_chart(name, source) for name, source in sources.items()),
    )


def _collectors(settings: Settings) -> str:
    sources = settings.collector.sources
    pods = [("on every node", sources.on_nodes), ("in one pod for Kubernetes events", sources.in_one_pod)]
    return " and ".join(words for words, on in pods if on)


def _chart(name: str, source: ChartSource) -> ChartVersion:
    pin = PINNED[name]
    if source.path:
        return ChartVersion(name, None, source.path)
    return ChartVersion(name, source.version or pin.version, source.repository or pin.repository)


def _facts(head: Head) -> Facts:
    server = f"API server {head.api_server}" if head.api_server else "API server not checked"
    owner = (
        "created and protected by this stack" if head.namespace_is_created else "existing, not managed by this stack"
    )
    return [
        ("cluster", f"{head.cluster} (context {head.context}, {server})"),
        ("namespace", f"{head.namespace} ({owner})"),
        *_ip(head),
        ("ring", head.ring_label),
        ("Loki pods", ", ".join(f"{count} {role}" for role, count in head.replicas.items())),
        ("collector", f"Alloy {head.alloy_version} {head.collectors}" if head.collectors else "none: it is off"),
        ("charts", "\n".join(_long(chart) for chart in head.charts)),
    ]


def _ring(cluster: ClusterSettings) -> str:
    """Return in words which members Loki's ring takes."""
    match cluster.ring_label:
        case "verified":
            return f"label {own_label(cluster)}; members with another one are refused"
        case "sent":
            return f"label {own_label(cluster)}; members with another one are not refused yet (ringLabel: sent)"
        case "tolerated":
            return f"no label yet; members with {own_label(cluster)} are not refused (ringLabel: tolerated)"
        case _:
            assert_never(cluster.ring_label)


def _ip(head: Head) -> Facts:
    """Return a line about IP families that are not the default."""
    if head.ip_families == ClusterSettings.model_fields["ip_families"].default:
        return []
    without = "" if "IPv6" in head.ip_families else "; the gateway does not listen on IPv6"
    return [("IP families", f"{', '.join(head.ip_families)}{without}")]


def _short(chart: ChartVersion) -> str:
    return f"{chart.name} {chart.version}" if chart.version else _long(chart)


def _long(chart: ChartVersion) -> str:
    return f"{chart.name} {chart.version} from {chart.source}" if chart.version else f"{chart.name} from {chart.source}"
