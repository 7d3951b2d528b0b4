"""The Loki component."""

import pulumi

from logstack.manifests.loki.addresses import query_address
from logstack.manifests.loki.intake import intake
from logstack.manifests.loki.resources import loki
from logstack.manifests.pods import PLAIN_PODS, PodOptions
from logstack.settings.model.charts import PINNED_SOURCE, ChartSource
from logstack.settings.model.loki import LokiSettings

from .base import Component
from .cluster import Cluster
from .object_store import ObjectStore


class Loki(Component):
    """Loki behind its gateway. `gateway_url` answers queries, `intake` takes lines; without a gateway, its
    readers do.

    `tenant` is the tenant that requests name, or None in a stack without tenants; `canary_tenant` is the canary's.
    `credentials_secret` is the Secret with the gateway's password; None if the gateway needs no password.
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
        """`chart` is the chart's source, if it is not the pinned one; `pods` are the options of its pods."""
        self.gateway_url = query_address(settings, cluster.settings)
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
