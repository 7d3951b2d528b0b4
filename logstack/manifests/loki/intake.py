"""What Loki takes in, and where: all that a collector has to know of it."""

from dataclasses import dataclass

from logstack.manifests.loki.addresses import push_url
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.loki import Limits, LokiSettings
from logstack.settings.model.tenants import Tenant


@dataclass(frozen=True)
class Intake:
    """A Loki as its collectors see it."""

    push_url: str
    """Where lines are pushed to."""
    max_line_size: int = Limits().max_line_size
    """The longest line that it takes, bytes."""
    tenants: tuple[Tenant, ...] = ()
    """Whose namespaces' lines have a tenant of their own; with any of them every push names its tenant."""
    credentials_secret: str | None = None
    """The Secret with the gateway's password; None where nobody is asked for one."""


def intake(settings: LokiSettings, cluster: ClusterSettings) -> Intake:
    """What the stack's own Loki takes in."""
    auth = settings.gateway.auth
    return Intake(
        push_url(cluster), settings.limits.max_line_size, settings.tenants, auth.credentials_secret if auth else None
    )
