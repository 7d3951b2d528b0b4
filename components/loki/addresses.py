"""Names and addresses of Loki's Services; the release's name is `loki`, so they follow from it."""

from settings.cluster import ClusterSettings
from settings.loki import LokiSettings

RELEASE = "loki"
HTTP_PORT = 3100
GRPC_PORT = 9095
MEMBERLIST_PORT = 7946
GATEWAY = f"{RELEASE}-gateway"
GATEWAY_PORT = 80


def service(name: str, cluster: ClusterSettings) -> str:
    """A Service's name in the cluster's DNS."""
    return f"{name}.{cluster.namespace}.svc.{cluster.cluster_domain}"


def gateway_url(cluster: ClusterSettings) -> str:
    """The gateway: the address of push and query."""
    return f"http://{service(GATEWAY, cluster)}"


def push_url(cluster: ClusterSettings) -> str:
    """Where collectors push to."""
    return f"{gateway_url(cluster)}/loki/api/v1/push"


def backend(settings: LokiSettings) -> str:
    """The Service of the pods that compact and serve the index."""
    return RELEASE if settings.deployment_mode == "monolithic" else f"{RELEASE}-backend"
