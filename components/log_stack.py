"""The LogStack component: a whole stack as one resource."""

from collections.abc import Mapping

import pulumi

from logstack.manifests.deployment import deployment
from logstack.manifests.loki.addresses import push_url, query_address
from logstack.settings.tree import Settings

from .base import register
from .object_store import Credentials

LOG_STACK = "logstack:index:LogStack"


def addresses(settings: Settings) -> Mapping[str, str]:
    """Return what a stack exports: where to push and to query, and the datasource's uid in Grafana."""
    queries = query_address(settings, settings.cluster)
    gateway = {"gatewayUrl": queries} if settings.gateway.enabled else {}
    return gateway | {
        "pushUrl": push_url(settings, settings.cluster),
        "queryUrl": f"{queries}/loki/api/v1",
        "datasourceUid": settings.grafana.uid,
    }


class LogStack(pulumi.ComponentResource):
    """A whole stack: object store, Loki, Alloy, canary and Grafana's datasource, as `pulumi up` of a stack file has it.

    The names of all its resources begin with its own. `addresses` are its outputs.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        credentials: Credentials | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`credentials` are the store's access key, if the stack has to bring one."""
        super().__init__(LOG_STACK, name, None, opts)
        components = [component.named(f"{name}-") for component in deployment(settings)]
        secrets = credentials.secrets if credentials else {}
        register(components, secrets, pulumi.ResourceOptions(parent=self))
        self.addresses = addresses(settings)
        self.register_outputs(dict(self.addresses))
