"""Loki: its mode, what it keeps, how many copies, its limits, caches, gateway and sizes."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from logstack.settings import pins
from logstack.settings.model.access import GatewayAuth, IngressSettings
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
from logstack.settings.model.sizes import SIZES, Resources, SizeName
from logstack.settings.model.tenants import CANARY_TENANT, Tenant

Version = Annotated[str, spelled(r"^[0-9]{1,5}\.[0-9]{1,5}\.[0-9]{1,5}$", "a full version, such as 3.7.8")]
DeploymentMode = Literal["simple-scalable", "monolithic", "distributed"]
Role = Literal[
    "write",
    "read",
    "backend",
    "monolithic",
    "distributor",
    "ingester",
    "querier",
    "query-frontend",
    "query-scheduler",
    "index-gateway",
    "compactor",
    "ruler",
]
_ROLES: dict[DeploymentMode, tuple[Role, ...]] = {
    "simple-scalable": ("write", "read", "backend"),
    "monolithic": ("monolithic",),
    "distributed": (
        "distributor",
        "ingester",
        "querier",
        "query-frontend",
        "query-scheduler",
        "index-gateway",
        "compactor",
        "ruler",
    ),
}
# Who takes lines in, who holds them until they are flushed, who answers queries, and who compacts and deletes.
_RECEIVERS: dict[DeploymentMode, Role] = {
    "simple-scalable": "write",
    "monolithic": "monolithic",
    "distributed": "distributor",
}
_WRITERS: dict[DeploymentMode, Role] = {
    "simple-scalable": "write",
    "monolithic": "monolithic",
    "distributed": "ingester",
}
_READERS: dict[DeploymentMode, Role] = {
    "simple-scalable": "read",
    "monolithic": "monolithic",
    "distributed": "querier",
}
_COMPACTORS: dict[DeploymentMode, Role] = {
    "simple-scalable": "backend",
    "monolithic": "monolithic",
    "distributed": "compactor",
}


def roles_of(mode: DeploymentMode) -> tuple[Role, ...]:
    """The roles that a mode runs."""
    return _ROLES[mode]


# Loki's name for everybody when authentication is off.
SINGLE_TENANT = "fake"


class Replicas(Group):
    """How many pods of each role; the roles of other modes have none."""

    write: PodCount = 3
    """Writers: they take lines in and hold them until they are flushed to the object store."""
    read: PodCount = 3
    """Readers: they answer queries."""
    backend: PodCount = 3
    """Backends: compaction, retention, index gateway, rules."""
    monolithic: PodCount = 1
    """Single binaries, in the monolithic mode: 1, or 3 for high availability."""
    distributor: PodCount = 3
    """Distributors, in the distributed mode as all that follow: they take lines in and send each to its ingesters."""
    ingester: PodCount = 3
    """Ingesters: they hold lines until they are flushed to the object store."""
    querier: PodCount = 3
    """Queriers: they answer queries from the ingesters and the object store."""
    query_frontend: PodCount = 2
    """Query frontends: they split queries and cache results; the gateway asks them."""
    query_scheduler: PodCount = 2
    """Query schedulers: the queue between frontends and queriers."""
    index_gateway: PodCount = 2
    """Index gateways: they keep the index that queriers ask."""
    compactor: PodCount = 1
    """Compactors: compaction, retention and delete requests; one of them does the work, others wait for it to go."""
    ruler: PodCount = 1
    """Rulers: each evaluates every rule, so more than one sends everything more than once."""


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


class SizeOverrides(Group):
    """Resources that differ from the size table, by part."""

    write: Resources | None = None
    read: Resources | None = None
    backend: Resources | None = None
    monolithic: Resources | None = None
    distributor: Resources | None = None
    ingester: Resources | None = None
    querier: Resources | None = None
    query_frontend: Resources | None = None
    query_scheduler: Resources | None = None
    index_gateway: Resources | None = None
    compactor: Resources | None = None
    ruler: Resources | None = None
    gateway: Resources | None = None
    alloy: Resources | None = None
    alloy_events: Resources | None = None
    canary: Resources | None = None
    object_store: Resources | None = None


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

    @property
    def receiver(self) -> Role:
        """The role whose pods take lines in."""
        return _RECEIVERS[self.deployment_mode]

    @property
    def writer(self) -> Role:
        """The role whose pods hold lines that are not flushed yet."""
        return _WRITERS[self.deployment_mode]

    @property
    def reader(self) -> Role:
        """The role whose pods answer queries."""
        return _READERS[self.deployment_mode]

    @property
    def compactor(self) -> Role:
        """The role whose first pod compacts, deletes what has expired, and takes delete requests."""
        return _COMPACTORS[self.deployment_mode]

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
        """Pods of a role; 0 for a role of another mode."""
        return getattr(self.replicas, role.replace("-", "_")) if role in self.roles else 0

    def resources_of(self, part: str) -> Resources:
        """CPU, memory and disk of one pod of a part: the stack file's, else the size table's."""
        override: Resources | None = getattr(self.resources, part.replace("-", "_"))
        return override or SIZES[self.size or SizeName.SMALL][part]

    @property
    def replay_ceiling(self) -> int:
        """Bytes that replaying the write-ahead log may take.

        Half of the writer's memory, as the Loki operator and Grafana's own jsonnet set it; Loki's default of 4 GB kills
        every smaller pod again and again (linode/apl-core#3600).
        """
        return self.wal_replay_ceiling or self.resources_of(self.writer).memory // 2
