"""The GrafanaDatasource component."""

from collections.abc import Sequence

import pulumi

from logstack.manifests.grafana.resources import grafana
from logstack.settings.model.grafana import GrafanaSettings

from .base import Component
from .cluster import Cluster


class GrafanaDatasource(Component):
    """The Loki datasource, as the ConfigMap that Grafana's sidecar reads. `uid` is stable."""

    def __init__(
        self,
        name: str,
        settings: GrafanaSettings,
        gateway_url: str,
        cluster: Cluster,
        *,
        tenants: Sequence[str] = (),
        with_password: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`gateway_url` is Loki's address inside the cluster; the datasource queries lines of all `tenants`.

        `with_password`: Grafana's environment has the gateway's password, LOKI_GATEWAY_PASSWORD.
        """
        self.uid = settings.uid
        super().__init__(
            grafana(name, settings, gateway_url, cluster.settings, tenants, with_password=with_password),
            after=[cluster],
            opts=opts,
        )
