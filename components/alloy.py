"""The Alloy component."""

import pulumi

from logstack.manifests.alloy.resources import DEFAULT_SIZES, NOTHING_PASSED, CollectorSizes, alloy
from logstack.manifests.loki.intake import Intake
from logstack.manifests.pods import PLAIN_PODS, PodOptions
from logstack.settings.model.charts import PINNED_SOURCE, ChartSource
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.passthrough import AlloyPassthrough

from .base import Component
from .cluster import Cluster


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
        sizes: CollectorSizes = DEFAULT_SIZES,
        passed_on: AlloyPassthrough = NOTHING_PASSED,
        pods: PodOptions = PLAIN_PODS,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`sizes` are the resources of each Alloy; `chart` is the chart's source, if it is not the pinned one.

        `passed_on` has a stack's own blocks of config.alloy and values of the chart; `pods` are the options of its
        pods.
        """
        super().__init__(
            alloy(name, settings, intake, sizes, cluster.settings, chart, passed_on=passed_on, options=pods),
            after=[cluster],
            opts=opts,
        )
