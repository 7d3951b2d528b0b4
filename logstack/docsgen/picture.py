"""A picture of a stack, drawn from its settings: a Mermaid flowchart that code hosts show."""

from itertools import pairwise

from logstack.manifests.loki.addresses import query_address
from logstack.manifests.stores.kinds import store_kind
from logstack.settings import pins
from logstack.settings.model.quantities import kubernetes_size, plain_duration
from logstack.settings.model.roles import Duty
from logstack.settings.tree import Settings


def picture(settings: Settings) -> str:
    """Return the flowchart's text."""
    return "\n".join(["flowchart LR", *_nodes(settings), *_namespace(settings), *_store(settings), *_arrows(settings)])


def _nodes(settings: Settings) -> list[str]:
    canary = ['    canary["loki-canary"]'] if settings.canary.enabled else []
    alloy = f"Grafana Alloy {pins.ALLOY_VERSION}" if settings.collector.enabled else "a collector of your own"
    return [
        '  subgraph node["every node"]',
        *(['    logs[("/var/log/pods")]'] if settings.collector.sources.pods == "files" else []),
        f'    alloy["{alloy}"]',
        *canary,
        "  end",
    ]


def _namespace(settings: Settings) -> list[str]:
    cluster = settings.cluster
    owner = "created and protected by this stack" if cluster.create_namespace else "existing"
    lines = [
        f'  subgraph namespace["namespace {cluster.namespace} ({owner})"]',
    ]
    if settings.gateway.enabled:
        lines.append(f'    gateway["gateway x{settings.gateways}<br/>{query_address(settings, cluster)}"]')
    lines += [
        f'    {role}["Loki {role} x{settings.replica_count(role)}<br/>{role.row.does}"]' for role in settings.roles
    ]
    for name, size in (("chunks", settings.caches.chunks), ("results", settings.caches.results)):
        if size:
            lines.append(f'    {name}["{name} cache {kubernetes_size(size)}"]')
    if settings.collector.sources.events:
        lines.append(f'    events["Grafana Alloy {pins.ALLOY_VERSION}<br/>for events"]')
    return [*lines, "  end"]


def _store(settings: Settings) -> list[str]:
    api = ['  api["Kubernetes API"]'] if _asks_the_api(settings) else []
    return [f'  store[("{store_kind(settings.object_store, settings.cluster).label}")]', '  grafana["Grafana"]', *api]


def _asks_the_api(settings: Settings) -> bool:
    """Return whether collectors read lines from the API server, not only its list of pods."""
    return settings.collector.sources.events or settings.collector.sources.pods == "api"


def _query_path(settings: Settings) -> list[str]:
    """Return the arrows to what answers a query."""
    front, queue, reader, index = (
        settings.role_with(duty) for duty in (Duty.SPLITS, Duty.QUEUES, Duty.ANSWERS, Duty.INDEXES)
    )
    gateway = ["gateway"] if settings.gateway.enabled else []
    path = [*gateway, reader] if front == reader else [*gateway, front, queue, reader, index, "store"]
    return [f"{source} --> {target}" for source, target in pairwise(path)]


def _arrows(settings: Settings) -> list[str]:
    writer, reader, backend = settings.writer, settings.reader, settings.compactor
    source = "api" if settings.collector.sources.pods == "api" else "logs"
    pushes, queries = settings.receiver.value, settings.role_with(Duty.SPLITS).value
    if settings.gateway.enabled:
        pushes = queries = "gateway"
    arrows = [f"{source} --> alloy"] if settings.collector.enabled else []
    arrows.append(f"alloy -- push --> {pushes}")
    if settings.gateway.enabled:
        arrows.append(f"gateway --> {settings.receiver}")
    if settings.receiver != writer:
        arrows.append(f"{settings.receiver} --> {writer}")
    if settings.collector.sources.events:
        arrows += ["api -- events --> events", f"events -- push --> {pushes}"]
    if settings.canary.enabled:
        first = source if settings.canary.route == "collector" else pushes
        arrows += [f"canary -- a line a second --> {first}", f"canary -. queries it .-> {queries}"]
    if reader != writer:
        arrows += [*_query_path(settings), f"{reader} -- recent lines --> {writer}", f"{reader} --> store"]
    evaluator = settings.role_with(Duty.EVALUATES)
    if evaluator != backend:
        arrows += [f"{evaluator} --> {role}" for role in (writer, settings.role_with(Duty.INDEXES), "store")]
    # Queriers do not use the results cache: the role that splits a query does.
    cache_users = (
        (reader, "chunks", settings.caches.chunks),
        (settings.role_with(Duty.SPLITS), "results", settings.caches.results),
    )
    arrows += [f"{role} --> {name}" for role, name, size in cache_users if size]
    return [
        f"  {arrow}"
        for arrow in (
            *arrows,
            f"{writer} -- {settings.replication_factor}x each line, then chunks --> store",
            f"{backend} -- deletes after {plain_duration(settings.retention)} --> store",
            f"grafana -. queries .-> {queries}",
        )
    ]
