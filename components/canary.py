"""The Canary component."""

import pulumi

from logstack.manifests.canary.resources import BY_STREAM, Found, canary
from logstack.manifests.pods import PLAIN_PODS, PodOptions
from logstack.settings.model.collector import CanarySettings
from logstack.settings.model.sizes import SIZES, Resources, SizeName

from .base import Component
from .cluster import Cluster


class Canary(Component):
    """loki-canary on every node, asking `gateway_url` for the lines that it wrote."""

    def __init__(
        self,
        name: str,
        settings: CanarySettings,
        gateway_url: str,
        cluster: Cluster,
        *,
        found: Found = BY_STREAM,
        size: Resources = SIZES[SizeName.SMALL]["canary"],
        pods: PodOptions = PLAIN_PODS,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`found` has the labels and tenant of its queries, `size` the resources of one canary, `pods` its options."""
        super().__init__(
            canary(name, settings, gateway_url, size, cluster.settings, found, options=pods), after=[cluster], opts=opts
        )
