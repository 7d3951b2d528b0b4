"""Alloy's resources: the nodes' collectors, and one for Kubernetes' events; each has a configuration and a chart."""

from collections.abc import Iterator
from dataclasses import dataclass

from logstack.manifests.alloy.config import events_config, node_config
from logstack.manifests.alloy.values import CONFIG_KEY, Values, events_values, node_values
from logstack.manifests.charts import chart
from logstack.manifests.loki.intake import Intake
from logstack.manifests.manifest import ComponentTree, Manifest, kubernetes, labels
from logstack.settings.model.charts import ChartSource
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.loki import LokiSettings
from logstack.settings.model.sizes import SIZES, Resources, SizeName

CONFIG = "kubernetes:core/v1:ConfigMap"
NODES, EVENTS = "alloy", "alloy-events"


@dataclass(frozen=True)
class CollectorSizes:
    """What one collector asks for."""

    node: Resources = SIZES[SizeName.SMALL]["alloy"]
    events: Resources = SIZES[SizeName.SMALL]["alloy-events"]


DEFAULT_SIZES = CollectorSizes()


def collector_sizes(settings: LokiSettings) -> CollectorSizes:
    """Return what a stack's collectors ask for."""
    return CollectorSizes(settings.resources_of("alloy"), settings.resources_of("alloy-events"))


def alloy(
    name: str,
    collector: CollectorSettings,
    intake: Intake,
    sizes: CollectorSizes,
    cluster: ClusterSettings,
    source: ChartSource,
) -> ComponentTree:
    """Return the Alloy component; its reloaders load a changed configuration without a restart."""
    manifests: list[Manifest] = []
    if collector.sources.on_nodes:
        config = node_config(collector, cluster, intake)
        values = node_values(collector, sizes.node, f"{NODES}-config", intake.credentials_secret)
        manifests += _release(name, NODES, config, values, cluster, source)
    if collector.sources.events:
        config = events_config(collector, cluster, intake)
        values = events_values(collector, sizes.events, f"{EVENTS}-config", intake.credentials_secret)
        manifests += _release(f"{name}-events", EVENTS, config, values, cluster, source)
    return ComponentTree("logstack:index:Alloy", name, tuple(manifests), {"pushUrl": intake.push_url})


def _release(
    name: str, release: str, config: str, values: Values, cluster: ClusterSettings, source: ChartSource
) -> Iterator[Manifest]:
    data = {CONFIG_KEY: config}
    inputs = kubernetes(CONFIG, f"{release}-config", cluster.namespace, labels(release), data=data)
    yield Manifest(CONFIG, f"{name}-config", inputs)
    yield chart(
        "alloy",
        source,
        cluster.namespace,
        values,
        name=name,
        skip_await=cluster.skip_await,
        after=(f"{name}-config",),
        release=release,
    )
