"""Loki: its mode, retention, replication, limits, caches, gateway and sizes."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import ConfigDict, Field, create_model

from logstack.settings import pins
from logstack.settings.model.access import GatewayAuth, IngressSettings
from logstack.settings.model.autoscaling import Autoscaling
from logstack.settings.model.base import Day, DnsName, Group, spelled
from logstack.settings.model.bounds import (
    CacheMemory,
    CopyCount,
    EntryCount,
    IndexPeriod,
    LimitRate,
    LineSize,
    PodCount,
    PrefixText,
    QueryRange,
    QueryTimeout,
    ReplayMemory,
    Retention,
    SeriesCount,
    ShortText,
    StreamCount,
)
from logstack.settings.model.passthrough import LokiPassthrough
from logstack.settings.model.quantities import parse_duration, parse_size
from logstack.settings.model.ranges import Switch
from logstack.settings.model.retention import RetentionStream
from logstack.settings.model.roles import DeploymentMode, Duty, Role, roles_of
from logstack.settings.model.sizes import SIZES, GatewayResources, Resources, SizeName
from logstack.settings.model.tenants import CANARY_TENANT, Tenant

Version = Annotated[str, spelled(r"^[0-9]{1,5}\.[0-9]{1,5}\.[0-9]{1,5}$", "a full version, such as 3.7.8")]
# Loki's name of the one tenant while authentication is off.
SINGLE_TENANT = "fake"


if TYPE_CHECKING:
    # A type checker cannot read the table: it takes any keyword with a value of the right kind.
    _PodsOfEachRole = Group
    _ResourcesOfEachRole = Group
else:
    _PodsOfEachRole = create_model(
        "PodsOfEachRole",
        __base__=Group,
        **{role.field: (PodCount, Field(role.row.replicas, description=role.row.about)) for role in Role},
    )
    _ResourcesOfEachRole = create_model(
        "ResourcesOfEachRole", __base__=Group, **{role.field: (Resources | None, None) for role in Role}
    )


class Replicas(_PodsOfEachRole):
    """The number of pods of each role; other modes' roles have no pods."""

    if TYPE_CHECKING:

        def __init__(self, **pods: int) -> None: ...

    def __getitem__(self, role: str) -> int:
        """Return the pods of a role, whatever the stack's mode is."""
        pods: int = dict(self)[role.replace("-", "_")]
        return pods


class SchemaPeriod(Group):
    """A schema, and the day from which Loki writes with it. Never edit a period that has begun."""

    start: Annotated[Day, Field(alias="from")] = "2024-04-01"
    """The first day (UTC) of the period, as a literal date in quotes."""
    store: ShortText = "tsdb"
    """The index store."""
    schema_version: ShortText = Field(default="v13", alias="schema")
    """The schema's version."""
    index_period: IndexPeriod = parse_duration("24h")
    """The time that one index table covers."""
    index_prefix: PrefixText = "loki_index_"
    """The index tables' name prefix in the bucket."""


class Limits(Group):
    """Limits of each tenant's pushes and queries. Loki reads changes without a restart, except of the query limits."""

    ingestion_rate: LimitRate = parse_size("10Mi")
    """The ingestion rate, in bytes a second over all writers (Loki's guide for production: 10 MB; default 4 MB)."""
    ingestion_burst: LimitRate = parse_size("20Mi")
    """The largest burst and the largest push, in bytes (Loki's guide for production: 20 MB). A change restarts the
    gateway, whose limit follows."""
    per_stream_rate: LimitRate = parse_size("3Mi")
    """The rate of one stream, in bytes a second (Loki's default)."""
    per_stream_burst: LimitRate = parse_size("15Mi")
    """The largest burst of one stream, in bytes (Loki's default)."""
    max_streams: StreamCount = 10_000
    """The largest number of active streams over all writers (Loki's guide for production; default 5,000)."""
    max_line_size: LineSize = parse_size("256Ki")
    """The longest line, in bytes; Loki refuses and counts longer lines (Loki's default)."""
    max_entries_per_query: EntryCount = 5_000
    """The largest number of lines that one query returns (Loki's default)."""
    max_query_series: SeriesCount | None = None
    """The largest number of series that one metric query returns; without it Loki's default of 500. Above it Loki
    answers "maximum of series (500) reached for a single query"."""
    max_query_length: QueryRange | None = None
    """The longest time range of one query; without it the whole retention."""
    max_query_lookback: QueryRange | None = None
    """How far back a query may look; without it the whole retention."""
    query_timeout: QueryTimeout = parse_duration("5m")
    """The longest time that one query runs (the chart's default)."""


class Caches(Group):
    """memcached for chunks and for query results; a cache without a size does not run."""

    chunks: CacheMemory | None = None
    """Memory of the chunks cache (the chart's default of 8Gi requests 9830Mi on one node)."""
    results: CacheMemory | None = None
    """Memory of the results cache."""


class Gateway(Group):
    """nginx in front of Loki: one address for pushes and queries."""

    enabled: Switch = True
    """Run the gateway. Without it clients push to the Service of the pods that take lines in and query the Service of
    the pods that answer; `logstack plan` shows both addresses. Passwords, an ingress and users of tenants need it."""
    replicas: PodCount = 2
    """Gateway pods."""
    auth: GatewayAuth | None = None
    """Require a password for every request; without it, anyone who reaches the gateway can read and push."""


class SizeOverrides(_ResourcesOfEachRole):
    """Resources that differ from the size table, by component."""

    gateway: GatewayResources | None = None
    alloy: Resources | None = None
    alloy_events: Resources | None = None
    canary: Resources | None = None
    object_store: Resources | None = None

    if TYPE_CHECKING:

        def __init__(self, **components: Resources | None) -> None: ...

    def __getitem__(self, part: str) -> Resources | None:
        """Return the resources of a component of the size table; None if the stack file does not set them."""
        resources: Resources | None = dict(self)[part.replace("-", "_")]
        return resources


class LokiSettings(Group):
    """Loki's settings."""

    model_config = ConfigDict(defer_build=True)  # 5 ms each, and commands validate a StackFile alone

    deployment_mode: DeploymentMode = "simple-scalable"
    """Loki's deployment mode."""
    replicas: Replicas = Replicas()
    """Pods of each role."""
    replication_factor: CopyCount = 3
    """The number of writers that hold each line: 3 survives the loss of one writer, 1 and 2 survive none."""
    retention: Retention = parse_duration("30d")
    """How long Loki keeps lines; sets the compactor, the query limits and the safety checks together."""
    retention_streams: tuple[RetentionStream, ...] = ()
    """Streams with a retention of their own."""
    schema_periods: tuple[SchemaPeriod, ...] = (SchemaPeriod(),)
    """The schema's history, oldest first."""
    structured_metadata: Switch = True
    """Store structured metadata with lines, which needs `store: tsdb, schema: v13` in the active period. With false an
    older period may be active. Then the collector sends no levels, no fields of formats and no labels that are not
    index labels, and Loki refuses lines that other senders give structured metadata."""
    limits: Limits = Limits()
    tenants: tuple[Tenant, ...] = ()
    """Tenants with namespaces of their own. With any tenant here, every request must name its tenant, and lines of all
    other namespaces belong to the tenant `fake`, which is Loki's name for the one tenant of a stack without tenants."""
    caches: Caches = Caches()
    gateway: Gateway = Gateway()
    autoscaling: Autoscaling = Autoscaling()
    ingress: IngressSettings | None = None
    """The way to the gateway from outside the cluster; by default there is none."""
    size: SizeName | None = None
    """The row of the size table: extra-small, small or medium. By default the row that `ingest` needs, else small."""
    resources: SizeOverrides = SizeOverrides()
    """Resources of single components, where they differ from the size table."""
    wal_replay_ceiling: ReplayMemory | None = None
    """The memory at which replaying the write-ahead log flushes; by default half of the writer's memory."""
    storage_class: DnsName | None = None
    """The StorageClass of Loki's volumes; without it the cluster's default."""
    loki_version: Version = pins.LOKI_VERSION
    """Loki's version."""
    loki: LokiPassthrough = LokiPassthrough()

    @property
    def tenant_names(self) -> tuple[str, ...]:
        """Return every tenant's name, the default tenant's first; nothing in a stack without tenants."""
        return (SINGLE_TENANT, *(tenant.name for tenant in self.tenants)) if self.tenants else ()

    @property
    def default_tenant(self) -> str | None:
        """Return the tenant of lines from namespaces without a tenant; None in a stack without tenants."""
        return SINGLE_TENANT if self.tenants else None

    @property
    def longest_retention(self) -> timedelta:
        """Return the longest retention of any stream: how far queries reach back, and how old lines may be."""
        rules = [*self.retention_streams, *(rule for tenant in self.tenants for rule in tenant.retention_streams)]
        tenants = [tenant.retention for tenant in self.tenants if tenant.retention]
        return max([self.retention, *tenants, *(rule.period for rule in rules)])

    @property
    def has_one_period(self) -> bool:
        """Return whether every line has the same retention."""
        tenants = any(tenant.retention or tenant.retention_streams for tenant in self.tenants)
        return not (self.retention_streams or tenants)

    @property
    def canary_tenant(self) -> str | None:
        """Return the canary's own tenant; None in a stack without tenants."""
        return CANARY_TENANT if self.tenants else None

    @property
    def all_limits(self) -> tuple[Limits, ...]:
        """Return the stack's own limits, then those of each tenant."""
        return (self.limits, *map(self.limits_of, self.tenants))

    def limits_of(self, tenant: Tenant) -> Limits:
        """Return a tenant's limits: its own, else the stack's."""
        own_limits = {name: value for name, value in tenant.limits if value is not None}
        return self.limits.model_copy(update=own_limits)

    @property
    def roles(self) -> tuple[Role, ...]:
        """Return the roles that the mode runs."""
        return roles_of(self.deployment_mode)

    def role_with(self, duty: Duty) -> Role:
        """Return the role of the mode that has a duty."""
        return next(role for role in self.roles if duty in role.row.duties)

    @property
    def receiver(self) -> Role:
        """Return the role whose pods take lines in."""
        return self.role_with(Duty.RECEIVES)

    @property
    def writer(self) -> Role:
        """Return the role whose pods hold lines that are not flushed yet."""
        return self.role_with(Duty.HOLDS)

    @property
    def reader(self) -> Role:
        """Return the role whose pods answer queries."""
        return self.role_with(Duty.ANSWERS)

    @property
    def compactor(self) -> Role:
        """Return the role whose first pod compacts, deletes expired lines, and takes delete requests."""
        return self.role_with(Duty.COMPACTS)

    @property
    def gateways(self) -> int:
        """Return the number of gateway pods; 0 without a gateway."""
        return self.gateway.replicas if self.gateway.enabled else 0

    @property
    def writers(self) -> int:
        """Return the number of pods that hold lines that are not flushed yet."""
        return self.replica_count(self.writer)

    @property
    def write_quorum(self) -> int:
        """Return how many writers must take a line before Loki confirms it (dskit: ring/replication_strategy.go)."""
        return self.replication_factor // 2 + 1

    @property
    def lost_writers_survived(self) -> int:
        """Return how many writers can fail while writes go on and no acknowledged line is lost."""
        return self.replication_factor - self.write_quorum

    def replica_count(self, role: str) -> int:
        """Return the pods of a role; 0 for a role of another mode."""
        return self.replicas[role] if role in self.roles else 0

    def resources_of(self, part: str) -> Resources:
        """Return CPU, memory and disk of one pod of a component: the stack file's, else the size table's."""
        return self.resources[part] or SIZES[self.size or SizeName.SMALL][part]

    @property
    def replay_ceiling(self) -> int:
        """Return the memory at which replaying the write-ahead log flushes, in bytes.

        Half of the writer's memory, as the Loki operator and Grafana's jsonnet set it. With Loki's default of 4 GB,
        every smaller pod is killed again and again (linode/apl-core#3600).
        """
        return self.wal_replay_ceiling or self.resources_of(self.writer).memory // 2
