"""The Cluster component."""

import pulumi

from components.cluster.kubeconfig import kubeconfig_files, wrong_cluster
from components.cluster.resources import cluster
from components.component import Component
from settings.cluster import ClusterSettings
from settings.problems import StackProblems


class Cluster(Component):
    """The provider of every Kubernetes resource, and the namespace if it is ours.

    Raises StackProblems, before anything is registered, when the context is unknown or points at another API server.
    """

    def __init__(self, name: str, settings: ClusterSettings, opts: pulumi.ResourceOptions | None = None) -> None:
        """`name` is the component's logical name."""
        if problem := wrong_cluster(settings, kubeconfig_files()):
            raise StackProblems([problem])
        self.settings = settings
        super().__init__(cluster(name, settings), outputs={"namespace": settings.namespace}, opts=opts)
