"""Names and addresses of Loki's Services, which follow from the release's name (chart.py)."""

from logstack.manifests.loki.chart import GATEWAY, HTTP_PORT, RELEASE, headless
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.loki import LokiSettings
from logstack.settings.model.roles import Duty, Role

# Of Loki's API below its address; a sender of OpenTelemetry adds /v1/logs.
OTLP_PATH = "/otlp"


def service(name: str, cluster: ClusterSettings) -> str:
    """A Service's name in the cluster's DNS."""
    return f"{name}.{cluster.namespace}.svc.{cluster.cluster_domain}"


def query_address(settings: LokiSettings, cluster: ClusterSettings) -> str:
    """Return where queries go: to the gateway, else to the Service of the role that takes them."""
    return _address(settings, settings.role_with(Duty.SPLITS), cluster)


def push_address(settings: LokiSettings, cluster: ClusterSettings) -> str:
    """Return where pushes go: to the gateway, else to the Service of the role that takes lines in."""
    return _address(settings, settings.receiver, cluster)


def _address(settings: LokiSettings, role: Role, cluster: ClusterSettings) -> str:
    if settings.gateway.enabled:
        return f"http://{service(GATEWAY, cluster)}"
    return role_address(role, cluster)


def role_address(role: Role, cluster: ClusterSettings) -> str:
    """Return the address of a role's own Service."""
    return f"http://{service(role.workload(RELEASE), cluster)}:{HTTP_PORT}"


def push_url(settings: LokiSettings, cluster: ClusterSettings) -> str:
    """Return where collectors push to."""
    return f"{push_address(settings, cluster)}/loki/api/v1/push"


def compactor_pods(settings: LokiSettings) -> str:
    """The name of the pods that compact, which is also their Service's."""
    return settings.compactor.workload(RELEASE)


def leader(settings: LokiSettings) -> str:
    """Return the pod that the compactors' ring elects: the first one, by a token of its own (leader.py)."""
    return f"{compactor_pods(settings)}-0"


def leader_host(settings: LokiSettings, cluster: ClusterSettings) -> str:
    """The leader's own name in the cluster's DNS."""
    pods = compactor_pods(settings)
    return f"{leader(settings)}.{service(headless(pods), cluster)}"


def index_gateways(settings: LokiSettings) -> str | None:
    """Return the headless Service of the pods that serve the index; None if each pod reads it itself."""
    role = settings.role_with(Duty.INDEXES)
    return None if role == settings.reader else headless(role.workload(RELEASE))
