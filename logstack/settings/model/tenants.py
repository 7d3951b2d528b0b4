"""Tenants: whose lines are whose."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import JsonValue

from logstack.settings.model.access import UserName
from logstack.settings.model.base import DnsLabel, Group, spelled
from logstack.settings.model.bounds import (
    EntryCount,
    LimitRate,
    LineSize,
    QueryRange,
    QueryTimeout,
    Retention,
    SeriesCount,
    StreamCount,
)
from logstack.settings.model.passthrough import group_of
from logstack.settings.model.retention import RetentionStream

# The canary's own: its lines are nobody's, and no datasource asks for them.
CANARY_TENANT = "logstack-canary"

TenantName = Annotated[
    str,
    spelled(r"^[a-zA-Z0-9!_.*'()-]{1,150}$", "a tenant's name as Loki takes it: at most 150 of a-z A-Z 0-9 !-_.*'()"),
]


class TenantLimits(Group):
    """What one tenant may send and ask, where it differs from logstack:limits; Loki reads it within ten seconds."""

    ingestion_rate: LimitRate | None = None
    """Lines taken in, bytes a second over all writers."""
    ingestion_burst: LimitRate | None = None
    """The largest burst, bytes; the gateway, whose limit follows the largest of all, restarts."""
    per_stream_rate: LimitRate | None = None
    """Bytes a second of one stream."""
    per_stream_burst: LimitRate | None = None
    """The largest burst of one stream, bytes."""
    max_streams: StreamCount | None = None
    """Active streams over all writers."""
    max_line_size: LineSize | None = None
    """The longest line, bytes; the collector cuts at the stack's own limit."""
    max_entries_per_query: EntryCount | None = None
    """Lines that one query may return."""
    max_query_series: SeriesCount | None = None
    """Series that one metric query may return."""
    max_query_length: QueryRange | None = None
    """The longest time range of one query."""
    max_query_lookback: QueryRange | None = None
    """How far back a query may look."""
    query_timeout: QueryTimeout | None = None
    """How long one query may run."""


class Tenant(Group):
    """One tenant of Loki beside the one that everything else belongs to."""

    name: TenantName
    """What requests name in X-Scope-OrgID."""
    namespaces: tuple[DnsLabel, ...]
    """The namespaces whose lines the collector sends as this tenant's."""
    limits: TenantLimits = TenantLimits()
    """What it may send and ask."""
    user: UserName | None = None
    """The gateway's user whose requests are this tenant's, whatever they name; needs gateway.auth."""
    retention: Retention | None = None
    """How long this tenant's lines are kept; without it as long as everybody's."""
    retention_streams: tuple[RetentionStream, ...] = ()
    """Streams of this tenant that are kept for another time. With any of them Loki forgets the stack's own
    retentionStreams for this tenant."""
    config: Annotated[Mapping[str, JsonValue], group_of("keys as Loki's limits_config has them")] = {}
    """Further limits of this tenant, by their keys in Loki's limits_config, outside of logstack's promises: see
    docs/how-to/pass-settings-through.md."""
