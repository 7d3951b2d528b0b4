"""Loki's resources: two ConfigMaps of ours, the chart, and the way in from outside."""

from logstack.manifests.charts import chart
from logstack.manifests.loki.addresses import push_url, query_address
from logstack.manifests.loki.config import OVERRIDES_KEY, loki_config
from logstack.manifests.loki.ingress import ingress
from logstack.manifests.loki.leader import token_files
from logstack.manifests.loki.overrides import loki_overrides
from logstack.manifests.loki.values import CONFIG_KEY, CONFIG_MAP, OVERRIDES_MAP, loki_values
from logstack.manifests.manifest import ComponentTree, Manifest, content_hash, kubernetes, labels, yaml_text
from logstack.manifests.pods import PLAIN_PODS, PodOptions
from logstack.manifests.stores.access import StoreAccess
from logstack.settings.model.charts import ChartSource
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.loki import LokiSettings

CONFIG = "kubernetes:core/v1:ConfigMap"
CHART_NAME = "loki"


def loki(
    name: str,
    settings: LokiSettings,
    store: StoreAccess,
    cluster: ClusterSettings,
    source: ChartSource,
    *,
    options: PodOptions = PLAIN_PODS,
) -> ComponentTree:
    """Return the Loki component."""
    config = yaml_text(loki_config(settings, store, cluster))
    overrides = yaml_text(loki_overrides(settings))
    values = loki_values(settings, store, cluster, content_hash(config), options=options)
    config_maps = (
        _config_map(f"{name}-config", CONFIG_MAP, cluster, {CONFIG_KEY: config}),
        _config_map(f"{name}-overrides", OVERRIDES_MAP, cluster, {OVERRIDES_KEY: overrides, **token_files(settings)}),
    )
    return ComponentTree(
        "logstack:index:Loki",
        name,
        (
            *config_maps,
            chart(
                CHART_NAME,
                source,
                cluster.namespace,
                values,
                name=name,
                skip_await=cluster.skip_await,
                after=tuple(each.name for each in config_maps),
            ),
            *ingress(name, settings, cluster),
        ),
        {
            **({"gatewayUrl": query_address(settings, cluster)} if settings.gateway.enabled else {}),
            "pushUrl": push_url(settings, cluster),
        },
    )


def _config_map(name: str, called: str, cluster: ClusterSettings, data: dict[str, str]) -> Manifest:
    return Manifest(CONFIG, name, kubernetes(CONFIG, called, cluster.namespace, labels("loki"), data=data))
