"""Tenants: whose lines are whose."""

from typing import Annotated

from settings.base import DnsLabel, Group, spelled
from settings.quantities import Duration
from settings.retention import RetentionStream

TenantName = Annotated[
    str,
    spelled(r"^[a-zA-Z0-9!_.*'()-]{1,150}$", "a tenant's name as Loki takes it: at most 150 of a-z A-Z 0-9 !-_.*'()"),
]


class Tenant(Group):
    """One tenant of Loki beside the one that everything else belongs to."""

    name: TenantName
    """What requests name in X-Scope-OrgID."""
    namespaces: tuple[DnsLabel, ...]
    """The namespaces whose lines the collector sends as this tenant's."""
    retention: Duration | None = None
    """How long this tenant's lines are kept; without it as long as everybody's."""
    retention_streams: tuple[RetentionStream, ...] = ()
    """Streams of this tenant that are kept for another time. With any of them Loki forgets the stack's own
    retentionStreams for this tenant."""
