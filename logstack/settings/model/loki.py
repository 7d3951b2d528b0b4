"""Loki: its mode, what it keeps, how many copies, its limits, caches, gateway and sizes."""

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
    ShortText,
    StreamCount,
)
from logstack.settings.model.quantities import parse_duration, parse_size
from logstack.settings.model.retention import RetentionStream
from logstack.settings.model.roles import DeploymentMode, Duty, Role, roles_of
from logstack.settings.model.sizes import SIZES, Resources, SizeName
from logstack.settings.model.tenants import CANARY_TENANT, Tenant

Version = Annotated[str, spelled(r"^[0-9]{1,5}\.[0-9]{1,5}\.[0-9]{1,5}$", "a full version, such as 3.7.8")]
# Loki's name for everybody when authentication is off.
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
    """How many pods of each role; the roles of other modes have none."""

    if TYPE_CHECKING:

        def __init__(self, **pods: int) -> None: ...

    def __getitem__(self, role: str) -> int:
        """Return the pods of a role, whatever the stack's mode is."""
        pods: int = dict(self)[role.replace("-", "_")]
        return pods


class SchemaPeriod(Group):
    """From which day on Loki writes with which schema; a period that has begun is never edited."""

    start: Annotated[Day, Field(alias="from")] = "2024-04-01"
    """The first day (UTC) of the period, as a literal date in quotes."""
    store: ShortText = "tsdb"
    """The index store."""
    schema_version: ShortText = Field(default="v13", alias="schema")
    """The schema's version."""
    index_period: IndexPeriod = parse_duration("24h")
    """How much time one index table covers."""
    index_prefix: PrefixText = "loki_index_"
    """The index tables' name prefix in the bucket."""


class Limits(Group):
    """What one tenant may send and ask; changes reach Loki without a restart, but for the query limits."""

    ingestion_rate: LimitRate = parse_size("10Mi")
    """Lines taken in, bytes a second over all writers (Loki's guide for production: 10 MB, default 4 MB)."""
    ingestion_burst: LimitRate = parse_size("20Mi")
    """The largest burst, bytes; no push may be larger, and the gateway, whose limit follows, restarts (Loki's guide for
    production: 20 MB)."""
    per_stream_rate: LimitRate = parse_size("3Mi")
    """Bytes a second of one stream (Loki's default)."""
    per_stream_burst: LimitRate = parse_size("15Mi")
    """The largest burst of one stream, bytes (Loki's default)."""
    max_streams: StreamCount = 10_000
    """Active streams over all writers (Loki's guide for production; default 5,000)."""
    max_line_size: LineSize = parse_size("256Ki")
    """The longest line, bytes; longer ones are refused and counted (Loki's default)."""
    max_entries_per_query: EntryCount = 5_000
    """Lines that one query may return (Loki's default)."""
    max_query_length: QueryRange | None = None
    """The longest time range of one query; without it the whole retention."""
    max_query_lookback: QueryRange | None = None
    """How far back a query may look; without it the whole retention."""
    query_timeout: QueryTimeout = parse_duration("5m")
    """How long one query may run (the chart's default)."""


class Caches(Group):
    """The memcached of chunks and of query results; without a size there is none."""

    chunks: CacheMemory | None = None
    """Memory of the chunks cache (the chart's default of 8Gi asks 9830Mi of one node)."""
    results: CacheMemory | None = None
    """Memory of the results cache."""


class Gateway(Group):
    """The nginx before Loki: one address for push and query."""

    replicas: PodCount = 2
    """Gateway pods."""
    auth: GatewayAuth | None = None
    """Ask every request for a password; without it whoever reaches the gateway may read and push."""


class SizeOverrides(_ResourcesOfEachRole):
    """Resources that differ from the size table, by part."""

    gateway: Resources | None = None
    alloy: Resources | None = None
    alloy_events: Resources | None = None
    canary: Resources | None = None
    object_store: Resources | None = None

    if TYPE_CHECKING:

        def __init__(self, **parts: Resources | None) -> None: ...

    def __getitem__(self, part: str) -> Resources | None:
        """Return the resources of a part of the size table; None where the stack file says nothing of it."""
        resources: Resources | None = dict(self)[part.replace("-", "_")]
        return resources


class LokiSettings(Group):
    """What Loki is and keeps."""

    model_config = ConfigDict(defer_build=True)  # 5 ms each, and commands validate a StackFile alone

    deployment_mode: DeploymentMode = "simple-scalable"
    """Loki's deployment mode."""
    replicas: Replicas = Replicas()
    """Pods of each role."""
    replication_factor: CopyCount = 3
    """Copies of each line among the writers: 3 survives one lost writer, 1 and 2 survive none."""
    retention: Retention = parse_duration("30d")
    """How long lines are kept; sets the compactor, the query limits and the safety checks together."""
    retention_streams: tuple[RetentionStream, ...] = ()
    """Streams that are kept for another time than `retention`."""
    schema_periods: tuple[SchemaPeriod, ...] = (SchemaPeriod(),)
    """The schema's history, oldest first."""
    limits: Limits = Limits()
    tenants: tuple[Tenant, ...] = ()
    """Tenants with namespaces of their own; with any of them Loki asks every request for its tenant, and lines of all
    other namespaces belong to the tenant `fake`, as Loki calls everybody without tenants."""
    caches: Caches = Caches()
    gateway: Gateway = Gateway()
    autoscaling: Autoscaling = Autoscaling()
    ingress: IngressSettings | None = None
    """The way to the gateway from outside the cluster; without it there is none."""
    size: SizeName | None = None
    """The row of the size table: extra-small, small or medium; without it what `ingest` needs, else small."""
    resources: SizeOverrides = SizeOverrides()
    """Resources of single parts that differ from the size table."""
    wal_replay_ceiling: ReplayMemory | None = None
    """Memory that replaying the write-ahead log may take before it flushes; without it half of the writer's memory."""
    storage_class: DnsName | None = None
    """The StorageClass of Loki's volumes; without it the cluster's default."""
    loki_version: Version = pins.LOKI_VERSION
    """Loki's version."""

    @property
    def tenant_names(self) -> tuple[str, ...]:
        """Every tenant's name, first that of all lines without a tenant of their own; none while Loki asks for none."""
        return (SINGLE_TENANT, *(tenant.name for tenant in self.tenants)) if self.tenants else ()

    @property
    def default_tenant(self) -> str | None:
        """The tenant of what has no tenant of its own; None while Loki asks nobody for one."""
        return SINGLE_TENANT if self.tenants else None

    @property
    def longest_retention(self) -> timedelta:
        """How long the line is kept that is kept longest: queries reach as far, and Loki takes lines so old."""
        rules = [*self.retention_streams, *(rule for tenant in self.tenants for rule in tenant.retention_streams)]
        tenants = [tenant.retention for tenant in self.tenants if tenant.retention]
        return max([self.retention, *tenants, *(rule.period for rule in rules)])

    @property
    def has_one_period(self) -> bool:
        """Whether no rule and no tenant has lines kept for another time."""
        tenants = any(tenant.retention or tenant.retention_streams for tenant in self.tenants)
        return not (self.retention_streams or tenants)

    @property
    def canary_tenant(self) -> str | None:
        """The canary's own tenant; None while Loki asks nobody for one."""
        return CANARY_TENANT if self.tenants else None

    @property
    def all_limits(self) -> tuple[Limits, ...]:
        """The stack's own limits, then those of each tenant."""
        return (self.limits, *map(self.limits_of, self.tenants))

    def limits_of(self, tenant: Tenant) -> Limits:
        """A tenant's limits: its own, and the stack's where it has none."""
        said = {name: value for name, value in tenant.limits if value is not None}
        return self.limits.model_copy(update=said)

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles that the mode runs."""
        return roles_of(self.deployment_mode)

    def role_with(self, duty: Duty) -> Role:
        """Return the role of the mode that has a duty."""
        return next(role for role in self.roles if duty in role.row.duties)

    @property
    def receiver(self) -> Role:
        """The role whose pods take lines in."""
        return self.role_with(Duty.RECEIVES)

    @property
    def writer(self) -> Role:
        """The role whose pods hold lines that are not flushed yet."""
        return self.role_with(Duty.HOLDS)

    @property
    def reader(self) -> Role:
        """The role whose pods answer queries."""
        return self.role_with(Duty.ANSWERS)

    @property
    def compactor(self) -> Role:
        """The role whose first pod compacts, deletes what has expired, and takes delete requests."""
        return self.role_with(Duty.COMPACTS)

    @property
    def writers(self) -> int:
        """How many pods hold lines that are not flushed yet."""
        return self.replica_count(self.writer)

    @property
    def write_quorum(self) -> int:
        """Writers that must take a line before it is acknowledged (dskit: ring/replication_strategy.go)."""
        return self.replication_factor // 2 + 1

    @property
    def lost_writers_survived(self) -> int:
        """How many writers may be lost with writes going on and no acknowledged line lost; Loki asks no others."""
        return self.replication_factor - self.write_quorum

    def replica_count(self, role: str) -> int:
        """Return the pods of a role; 0 for a role of another mode."""
        return self.replicas[role] if role in self.roles else 0

    def resources_of(self, part: str) -> Resources:
        """Return CPU, memory and disk of one pod of a part: the stack file's, else the size table's."""
        return self.resources[part] or SIZES[self.size or SizeName.SMALL][part]

    @property
    def replay_ceiling(self) -> int:
        """Bytes that replaying the write-ahead log may take.

        Half of the writer's memory, as the Loki operator and Grafana's own jsonnet set it; Loki's default of 4 GB kills
        every smaller pod again and again (linode/apl-core#3600).
        """
        return self.wal_replay_ceiling or self.resources_of(self.writer).memory // 2
