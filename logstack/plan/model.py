"""The plan as data: what the text and the JSON are made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from logstack.manifests.deployment import deployment
from logstack.manifests.manifest import ComponentTree, Manifest
from logstack.plan.access import Access, access
from logstack.plan.chart_objects import ChartObjects
from logstack.plan.collection import Collected, collected
from logstack.plan.failures import FailureBudget, failure_budget
from logstack.plan.sizes import Sizes, sizes
from logstack.plan.sizing import Sizing, sizing
from logstack.plan.storage import Kept, kept
from logstack.settings import pins
from logstack.settings.load.loader import Stack
from logstack.settings.model.charts import PINNED, ChartSource
from logstack.settings.model.tree import Settings
from logstack.settings.problems import Problem


@dataclass(frozen=True)
class ChartVersion:
    """A chart, and where it comes from."""

    name: str
    version: str | None
    """None for a chart from a folder, which has a version of its own."""
    source: str


@dataclass(frozen=True)
class Head:
    """Which stack, where, and which versions."""

    stack: str
    cluster: str
    context: str
    api_server: str | None
    namespace: str
    namespace_is_created: bool
    mode: str
    replicas: dict[str, int]
    replication_factor: int
    loki_version: str
    alloy_version: str
    collectors: str
    """Where they run."""
    charts: tuple[ChartVersion, ...]


@dataclass(frozen=True)
class Resource:
    """One resource of the tree."""

    type: str
    name: str
    protected: bool = False
    retained: bool = False


@dataclass(frozen=True)
class Branch:
    """A component and its resources."""

    type: str
    name: str
    resources: tuple[Resource, ...]


@dataclass(frozen=True)
class Plan:
    """What a stack comes to."""

    head: Head
    resources: tuple[Branch, ...]
    failure_budget: FailureBudget
    collected: Collected
    kept: Kept
    access: Access
    sizes: Sizes
    sizing: Sizing | None
    """None without a stated ingest."""
    warnings: tuple[Problem, ...]
    acknowledged: tuple[Problem, ...]
    chart_objects: tuple[ChartObjects, ...] = ()
    """Only when they were asked for."""


def plan(
    stack: Stack,
    chart_objects: tuple[ChartObjects, ...] = (),
    *,
    components: Sequence[ComponentTree] | None = None,
) -> Plan:
    """Plan a stack; `components` is its deployment, where that is built already."""
    settings = stack.settings
    return Plan(
        head=_head(stack),
        resources=resources(deployment(settings) if components is None else components),
        failure_budget=failure_budget(settings),
        collected=collected(settings),
        kept=kept(stack),
        access=access(settings),
        sizes=sizes(settings),
        sizing=sizing(settings),
        warnings=stack.problems,
        acknowledged=stack.accepted,
        chart_objects=chart_objects,
    )


def resources(components: Iterable[ComponentTree]) -> tuple[Branch, ...]:
    """Return the resource tree, as `__main__` registers it."""
    return tuple(Branch(each.type, each.name, tuple(map(_resource, each.manifests))) for each in components)


def _resource(manifest: Manifest) -> Resource:
    return Resource(manifest.type, manifest.name, manifest.protect, manifest.retain_on_delete)


def _head(stack: Stack) -> Head:
    settings, cluster = stack.settings, stack.settings.cluster
    sources = {"loki": settings.charts.loki, "alloy": settings.charts.alloy}
    return Head(
        stack=stack.name,
        cluster=cluster.name,
        context=cluster.context,
        api_server=cluster.api_server,
        namespace=cluster.namespace,
        namespace_is_created=cluster.create_namespace,
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
    where = [("on every node", sources.on_nodes), ("in one pod for events", sources.events)]
    return " and ".join(words for words, on in where if on)


def _chart(name: str, source: ChartSource) -> ChartVersion:
    pin = PINNED[name]
    if source.path:
        return ChartVersion(name, None, source.path)
    return ChartVersion(name, source.version or pin.version, source.repository or pin.repository)
