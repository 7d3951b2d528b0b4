"""The Alloy component."""

import pulumi

from components.alloy.resources import alloy
from components.cluster.component import Cluster
from components.component import Component
from components.loki.intake import Intake
from settings.charts import PINNED_SOURCE, ChartSource
from settings.collector import CollectorSettings
from settings.sizes import SIZES, Resources, SizeName


class Alloy(Component):
    """Grafana Alloy on every node, pushing its logs to the Loki of `intake`; one more for Kubernetes' events."""

    def __init__(
        self,
        name: str,
        settings: CollectorSettings,
        intake: Intake,
        cluster: Cluster,
        *,
        chart: ChartSource = PINNED_SOURCE,
        size: Resources = SIZES[SizeName.SMALL]["alloy"],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`size` is what one Alloy asks for; `chart` is where the chart comes from, if not from the pin."""
        super().__init__(
            alloy(name, settings, intake, size, cluster.settings, chart),
            cluster=cluster,
            outputs={"pushUrl": intake.push_url},
            opts=opts,
        )
