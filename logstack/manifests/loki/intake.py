"""Loki's push address and limits, which a collector needs."""

from dataclasses import dataclass
from datetime import timedelta

from logstack.manifests.loki.addresses import push_url
from logstack.manifests.loki.config import MAX_CHUNK_AGE, stack_latest_behind
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
    """The tenants with namespaces of their own; with any of them, every push names its tenant."""
    credentials_secret: str | None = None
    """The Secret with the gateway's password; None if the gateway needs no password."""
    structured_metadata: bool = True
    """Whether it takes lines with structured metadata."""
    latest_behind: timedelta = MAX_CHUNK_AGE / 2
    """How far a line may be behind the newest one of its stream."""


def intake(settings: LokiSettings, cluster: ClusterSettings) -> Intake:
    """Return the push address and limits of the stack's own Loki."""
    auth = settings.gateway.auth
    return Intake(
        push_url(settings, cluster),
        settings.limits.max_line_size,
        settings.tenants,
        auth.credentials_secret if auth else None,
        settings.structured_metadata,
        stack_latest_behind(settings),
    )
