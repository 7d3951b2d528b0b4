"""The Loki component."""

import pulumi

from logstack.manifests.loki.addresses import gateway_url
from logstack.manifests.loki.intake import intake
from logstack.manifests.loki.resources import loki
from logstack.manifests.pods import PLAIN_PODS, PodOptions
from logstack.settings.model.charts import PINNED_SOURCE, ChartSource
from logstack.settings.model.loki import LokiSettings

from .base import Component
from .cluster import Cluster
from .object_store import ObjectStore


class Loki(Component):
    """Loki behind its gateway. `gateway_url` answers queries, `intake` takes lines.

    `tenant` is what requests have to name, or None while nobody is asked for a tenant; `canary_tenant` the canary's.
    `credentials_secret` has the gateway's password, or is None while nobody is asked for one.
    """

    def __init__(
        self,
        name: str,
        settings: LokiSettings,
        store: ObjectStore,
        cluster: Cluster,
        *,
        chart: ChartSource = PINNED_SOURCE,
        pods: PodOptions = PLAIN_PODS,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`chart` is where the chart comes from, if not from the pin; `pods` is what its pods are given."""
        self.gateway_url = gateway_url(cluster.settings)
        self.intake = intake(settings, cluster.settings)
        self.tenant = settings.default_tenant
        self.canary_tenant = settings.canary_tenant
        self.credentials_secret = self.intake.credentials_secret
        super().__init__(
            loki(name, settings, store.access, cluster.settings, chart, options=pods),
            after=[store, cluster],
            secrets=store.secrets,
            opts=opts,
        )
