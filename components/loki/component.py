"""The Loki component."""

import pulumi

from components.cluster.component import Cluster
from components.component import Component
from components.loki.addresses import gateway_url, push_url
from components.loki.resources import loki
from components.object_store.component import ObjectStore
from settings.charts import PINNED_SOURCE, ChartSource
from settings.loki import LokiSettings


class Loki(Component):
    """Loki behind its gateway. `gateway_url` answers queries, `push_url` takes lines."""

    def __init__(
        self,
        name: str,
        settings: LokiSettings,
        store: ObjectStore,
        cluster: Cluster,
        *,
        chart: ChartSource = PINNED_SOURCE,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`chart` is where the chart comes from, if not from the pin."""
        self.gateway_url = gateway_url(cluster.settings)
        self.push_url = push_url(cluster.settings)
        super().__init__(
            loki(name, settings, store.access, cluster.settings, chart),
            cluster=cluster,
            after=[store],
            outputs={"gatewayUrl": self.gateway_url, "pushUrl": self.push_url},
            opts=opts,
        )
