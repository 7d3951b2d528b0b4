"""Tenants: their namespaces, limits and retention."""

from typing import Annotated

from logstack.settings.model.access import UserName
from logstack.settings.model.base import DnsLabel, Group, spelled
from logstack.settings.model.bounds import (
    EntryCount,
    LimitRate,
    LineSize,
    QueryRange,
    QueryTimeout,
    Retention,
    StreamCount,
)
from logstack.settings.model.retention import RetentionStream

# The canary's own tenant: its lines belong to no user, and no datasource queries them.
CANARY_TENANT = "logstack-canary"

TenantName = Annotated[
    str,
    spelled(r"^[a-zA-Z0-9!_.*'()-]{1,150}$", "a tenant name that Loki takes: at most 150 of a-z A-Z 0-9 !-_.*'()"),
]


class TenantLimits(Group):
    """Limits of one tenant, where they differ from logstack:limits; Loki reads changes within ten seconds."""

    ingestion_rate: LimitRate | None = None
    """The ingestion rate, in bytes a second over all writers."""
    ingestion_burst: LimitRate | None = None
    """The largest burst, in bytes. A change restarts the gateway if it changes the largest burst of all tenants."""
    per_stream_rate: LimitRate | None = None
    """The rate of one stream, in bytes a second."""
    per_stream_burst: LimitRate | None = None
    """The largest burst of one stream, in bytes."""
    max_streams: StreamCount | None = None
    """The largest number of active streams over all writers."""
    max_line_size: LineSize | None = None
    """The longest line, in bytes; the collector cuts lines at the stack's own limit."""
    max_entries_per_query: EntryCount | None = None
    """The largest number of lines that one query returns."""
    max_query_length: QueryRange | None = None
    """The longest time range of one query."""
    max_query_lookback: QueryRange | None = None
    """How far back a query may look."""
    query_timeout: QueryTimeout | None = None
    """The longest time that one query runs."""


class Tenant(Group):
    """A tenant of Loki, besides the default tenant."""

    name: TenantName
    """The tenant's name, which requests send in X-Scope-OrgID."""
    namespaces: tuple[DnsLabel, ...]
    """The collector sends lines of these namespaces as this tenant's."""
    limits: TenantLimits = TenantLimits()
    """The tenant's own limits."""
    user: UserName | None = None
    """The gateway's user of this tenant. The gateway sets the tenant of all its requests; needs gateway.auth."""
    retention: Retention | None = None
    """How long Loki keeps this tenant's lines; by default the stack's retention."""
    retention_streams: tuple[RetentionStream, ...] = ()
    """Streams of this tenant with a retention of their own. With any of these Loki ignores the stack's own
    retentionStreams for this tenant."""
