"""The Cluster component."""

import pulumi

from logstack.manifests.cluster.resources import cluster
from logstack.preflight.kubeconfig import kubeconfig_files, refuse_wrong_cluster
from logstack.settings.model.cluster import ClusterSettings

from .base import Component
from .config import problems_stop_the_program


class Cluster(Component):
    """The provider of every Kubernetes resource, and the namespace if it is ours.

    Ends the program, before anything is registered, when the context is unknown or points at another API server.
    """

    def __init__(self, name: str, settings: ClusterSettings, opts: pulumi.ResourceOptions | None = None) -> None:
        """`name` is the component's logical name."""
        with problems_stop_the_program():
            refuse_wrong_cluster(settings, kubeconfig_files())
        self.settings = settings
        super().__init__(cluster(name, settings), opts=opts)
