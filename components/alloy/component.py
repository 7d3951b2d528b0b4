"""The Alloy component."""

import pulumi

from components.alloy.resources import alloy
from components.cluster.component import Cluster
from components.component import Component
from settings.charts import PINNED_SOURCE, ChartSource
from settings.collector import CollectorSettings
from settings.sizes import SIZES, Resources, SizeName


class Alloy(Component):
    """Grafana Alloy on every node, pushing the node's pod logs to `push_url`."""

    def __init__(
        self,
        name: str,
        settings: CollectorSettings,
        push_url: str,
        cluster: Cluster,
        *,
        chart: ChartSource = PINNED_SOURCE,
        size: Resources = SIZES[SizeName.SMALL]["alloy"],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`size` is what one node's Alloy asks for; `chart` is where the chart comes from, if not from the pin."""
        super().__init__(
            alloy(name, settings, push_url, size, cluster.settings, chart),
            cluster=cluster,
            outputs={"pushUrl": push_url},
            opts=opts,
        )
