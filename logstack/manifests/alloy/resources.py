"""Alloy's resources: a ConfigMap and a chart for the nodes' collectors, and for the one in a single pod."""

from collections.abc import Iterator
from dataclasses import dataclass

from logstack.manifests.alloy.config import node_config, single_pod_config
from logstack.manifests.alloy.values import CONFIG_KEY, EVENTS, NODES, Values, node_values, single_pod_values
from logstack.manifests.charts import chart
from logstack.manifests.loki.intake import Intake
from logstack.manifests.manifest import ComponentTree, Manifest, kubernetes, labels
from logstack.manifests.merge import merged
from logstack.manifests.pods import PLAIN_PODS, PodOptions
from logstack.settings.model.charts import ChartSource
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.loki import LokiSettings
from logstack.settings.model.passthrough import AlloyPassthrough
from logstack.settings.model.sizes import SIZES, Resources, SizeName
from logstack.settings.passthrough.documents import JOINED

CONFIG = "kubernetes:core/v1:ConfigMap"


@dataclass(frozen=True)
class CollectorSizes:
    """The CPU and memory that each kind of collector requests."""

    node: Resources = SIZES[SizeName.SMALL]["alloy"]
    events: Resources = SIZES[SizeName.SMALL]["alloy-events"]


DEFAULT_SIZES = CollectorSizes()
NOTHING_PASSED = AlloyPassthrough()


def collector_sizes(settings: LokiSettings) -> CollectorSizes:
    """Return the sizes of a stack's collectors."""
    return CollectorSizes(settings.resources_of("alloy"), settings.resources_of("alloy-events"))


def alloy(
    name: str,
    collector: CollectorSettings,
    intake: Intake,
    sizes: CollectorSizes,
    cluster: ClusterSettings,
    source: ChartSource,
    *,
    passed_on: AlloyPassthrough = NOTHING_PASSED,
    options: PodOptions = PLAIN_PODS,
) -> ComponentTree:
    """Return the Alloy component; its reloaders load a changed configuration without a restart."""
    manifests: list[Manifest] = []
    if collector.sources.on_nodes:
        config = node_config(collector, cluster, intake, passed_on=passed_on.config)
        values = node_values(
            collector, sizes.node, f"{NODES}-config", cluster, intake.credentials_secret, options=options
        )
        manifests += _release(name, NODES, config, merged(values, passed_on.values, JOINED["alloy"]), cluster, source)
    if collector.sources.in_one_pod:
        config = single_pod_config(collector, cluster, intake)
        values = single_pod_values(
            collector, sizes.events, f"{EVENTS}-config", cluster, intake.credentials_secret, options=options
        )
        manifests += _release(
            f"{name}-events", EVENTS, config, merged(values, passed_on.values, JOINED["alloy"]), cluster, source
        )
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
