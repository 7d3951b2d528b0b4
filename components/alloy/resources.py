"""Alloy's resources: its configuration and the chart."""

from components.alloy.pipeline import Place, alloy_config
from components.alloy.values import CONFIG_KEY, CONFIG_MAP, alloy_values
from components.chart import chart
from components.declaration import Declaration, Part, kubernetes, labels
from settings.charts import ChartSource
from settings.cluster import ClusterSettings
from settings.collector import CollectorSettings
from settings.sizes import Resources

CONFIG = "kubernetes:core/v1:ConfigMap"


def alloy(
    name: str,
    collector: CollectorSettings,
    push_url: str,
    size: Resources,
    cluster: ClusterSettings,
    source: ChartSource,
) -> Part:
    """The Alloy part; its reloader takes a changed configuration up without a restart."""
    config = alloy_config(collector, cluster, Place(push_url))
    inputs = kubernetes(CONFIG, CONFIG_MAP, cluster.namespace, labels("alloy"), data={CONFIG_KEY: config})
    return Part(
        "logstack:index:Alloy",
        name,
        (
            Declaration(CONFIG, CONFIG_MAP, inputs),
            chart(
                "alloy",
                source,
                cluster.namespace,
                alloy_values(size),
                skip_await=cluster.skip_await,
                after=(CONFIG_MAP,),
            ),
        ),
    )
