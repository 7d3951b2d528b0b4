"""The Alloy component."""

import pulumi

from components.alloy.resources import alloy
from components.cluster.component import Cluster
from components.component import Component
from settings.charts import PINNED_SOURCE, ChartSource
from settings.collector import CollectorSettings
from settings.loki import Limits
from settings.sizes import SIZES, Resources, SizeName


class Alloy(Component):
    """Grafana Alloy on every node, pushing the node's logs to `push_url`; if wanted one more, for Kubernetes' events."""

    def __init__(
        self,
        name: str,
        settings: CollectorSettings,
        push_url: str,
        cluster: Cluster,
        *,
        chart: ChartSource = PINNED_SOURCE,
        size: Resources = SIZES[SizeName.SMALL]["alloy"],
        max_line_size: int = Limits().max_line_size,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`size` is what one Alloy asks for; `chart` is where the chart comes from, if not from the pin.

        Longer lines than `max_line_size` (bytes; Loki's limit) are cut or dropped, as the settings say.
        """
        super().__init__(
            alloy(name, settings, push_url, size, cluster.settings, source=chart, max_line_size=max_line_size),
            cluster=cluster,
            outputs={"pushUrl": push_url},
            opts=opts,
        )
