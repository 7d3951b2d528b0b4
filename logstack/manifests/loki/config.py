"""The whole loki.yaml. A change restarts the Loki pods; tests compare it with the chart's own configuration."""

from collections.abc import Sequence
from datetime import timedelta

from logstack.manifests.loki.addresses import compactor_pods, index_gateways, leader_host, service
from logstack.manifests.loki.chart import (
    CHUNKS_CACHE,
    GRPC_PORT,
    HTTP_PORT,
    MEMBERLIST,
    MEMBERLIST_PORT,
    RELEASE,
    RESULTS_CACHE,
    Cache,
    headless,
)
from logstack.manifests.loki.leader import is_elected, token_file
from logstack.manifests.loki.retention import read_duration, section
from logstack.manifests.loki.ring import ring_label
from logstack.manifests.manifest import Quoted
from logstack.manifests.merge import merged
from logstack.manifests.stores.access import DATA, StoreAccess
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.loki import LokiSettings, SchemaPeriod
from logstack.settings.model.quantities import loki_duration, loki_size
from logstack.settings.model.retention import RetentionStream
from logstack.settings.model.roles import Duty
from logstack.settings.resolve.storage import CODEC

OVERRIDES_KEY = "overrides.yaml"
OVERRIDES_DIRECTORY = "/etc/loki/overrides"
OVERRIDES_FILE = f"{OVERRIDES_DIRECTORY}/{OVERRIDES_KEY}"
# The bucket's prefix for the lists of chunks to delete.
MARKERS = "deletion-markers/"
# In quotes: an IPv6 address has colons.
POD_ADDRESS = Quoted("${POD_IP}")
Section = dict[str, object]
# The index stores that Loki 3.7 reads; boltdb-shipper without structured metadata, or in past periods.
_SHIPPERS = {"tsdb": "tsdb_shipper", "boltdb-shipper": "boltdb_shipper"}
_TEN_MINUTES = timedelta(minutes=10)
_ONE_WEEK = timedelta(days=7)
MAX_CHUNK_AGE = timedelta(hours=2)
SPLIT = "1h"
# Loki's default is 4. Measured: after a log query that reached its limit a small query waited 1.1 s in the median with
# 4 workers and 0.14 s with 16 (4.4 s with 4 and the chart's splits), for 150 MiB more of memory.
MORE_WORKERS = 16
_MEMORY_OF_MORE_WORKERS = 1024**3
# Loki's default size.
_EMBEDDED_MEGABYTES = 100
# Measured: with a browser clock that is a minute fast, the range is longer than the retention, and Loki refuses it with
# 400. Loki's own default is 30 days and this hour.
_FAST_CLOCKS = timedelta(hours=1)


def loki_config(settings: LokiSettings, store: StoreAccess, cluster: ClusterSettings) -> Section:
    """Return loki.yaml as a document: logstack's own, and over it what the stack passes on."""
    return merged(own_config(settings, store, cluster), settings.loki.config)


def latest_behind(config: Section) -> timedelta:
    """Return how far a line may be behind the newest one of its stream: half of max_chunk_age (pkg/ingester/stream.go).

    The age is logstack's, or what the stack passes on in a form that logstack reads.
    """
    return read_duration(section(config["ingester"]), "max_chunk_age", MAX_CHUNK_AGE) / 2


def stack_latest_behind(settings: LokiSettings) -> timedelta:
    """Return the same of a stack's own Loki, without its store."""
    return latest_behind(merged({"ingester": _ingester(settings)}, settings.loki.config))


def own_config(settings: LokiSettings, store: StoreAccess, cluster: ClusterSettings) -> Section:
    """Return loki.yaml without what the stack passes on."""
    config: Section = {
        "auth_enabled": bool(settings.tenants),
        # No reports unless the operator enables them; clusters may have no internet.
        "analytics": {"reporting_enabled": False},
        # Loki's default is on, and creates spans that nobody uses.
        "tracing": {"enabled": False},
        "server": _server(settings),
        "memberlist": _memberlist(cluster),
        "common": _common(settings, store, cluster),
        "schema_config": _schema(settings, store),
        "storage_config": _storage(settings, store, cluster),
        "ingester": _ingester(settings),
        "limits_config": _limits(settings),
        "runtime_config": {"file": OVERRIDES_FILE},
        "compactor": _compactor(settings, store),
        "query_range": _query_range(settings, cluster),
        "ruler": _ruler(store),
        **({"ruler_storage": store.rules} if store.by_thanos else {}),
    }
    if querier := _querier(settings):
        config["querier"] = querier
    if settings.deployment_mode == "distributed":
        config |= _query_path(settings, cluster)
    if settings.caches.chunks:
        config["chunk_store_config"] = {"chunk_cache_config": _memcached(CHUNKS_CACHE, cluster)}
    return config


def _server(settings: LokiSettings) -> Section:
    # A query may run up to its limit. The connection must outlive it; nginx waits 10 minutes as well.
    longest = max(limits.query_timeout for limits in settings.all_limits)
    timeout = loki_duration(max(longest * 2, _TEN_MINUTES))
    return {
        "http_listen_port": HTTP_PORT,
        "grpc_listen_port": GRPC_PORT,
        "log_level": "info",
        "graceful_shutdown_timeout": "5s",
        "http_server_read_timeout": timeout,
        "http_server_write_timeout": timeout,
        "http_server_idle_timeout": "30s",
        # The chart's values: a query response between reader and writer can exceed gRPC's 4 MB.
        "grpc_server_max_recv_msg_size": 104857600,
        "grpc_server_max_send_msg_size": 104857600,
        "grpc_server_max_concurrent_streams": 1000,
        "grpc_server_min_time_between_pings": "10s",
        "grpc_server_ping_without_stream_allowed": True,
    }


def _memberlist(cluster: ClusterSettings) -> Section:
    return {
        # Loki's default is 0.0.0.0: no pod would reach another one by IPv6. HTTP and gRPC listen on both families.
        **({"bind_addr": ["::"]} if cluster.pods_prefer_ipv6 else {}),
        # Kubernetes gives a pod's address to another pod: without a label two rings become one (loki#10172).
        **ring_label(cluster).memberlist,
        "bind_port": MEMBERLIST_PORT,
        "advertise_port": MEMBERLIST_PORT,
        "join_members": [service(MEMBERLIST, cluster)],
        # A pod that finds no ring must not become ready with a ring of its own.
        "abort_if_cluster_join_fails": True,
        "min_join_backoff": "1s",
        "max_join_backoff": "1m",
        "max_join_retries": 10,
        "rejoin_interval": "90s",
    }


def _common(settings: LokiSettings, store: StoreAccess, cluster: ClusterSettings) -> Section:
    return {
        "path_prefix": DATA,
        "replication_factor": settings.replication_factor,
        # The pod's address by the downward API, which the chart declares for every Loki pod. Loki itself looks for an
        # interface with a private address (RFC 1918), then for eth0 and en0: a pod may have none of these.
        "instance_addr": POD_ADDRESS,
        # Said aloud: with an address of its own Loki no longer takes it from join_members that rings are there.
        "ring": {"kvstore": {"store": "memberlist"}},
        "compactor_grpc_address": f"{_compactor_host(settings, cluster)}:{GRPC_PORT}",
        **({} if store.by_thanos else {"storage": {store.kind: store.storage}}),
    }


def _compactor_host(settings: LokiSettings, cluster: ClusterSettings) -> str:
    """The host that handles delete requests."""
    return leader_host(settings, cluster) if is_elected(settings) else service(compactor_pods(settings), cluster)


def _query_path(settings: LokiSettings, cluster: ClusterSettings) -> Section:
    """The query path through pods with one role each, by the chart's addresses."""
    queue = settings.role_with(Duty.QUEUES).workload(RELEASE)
    scheduler = {"scheduler_address": f"{service(headless(queue), cluster)}:{GRPC_PORT}"}
    reader = f"http://{service(settings.reader.workload(RELEASE), cluster)}:{HTTP_PORT}"
    return {"frontend": {**scheduler, "tail_proxy_url": reader}, "frontend_worker": scheduler}


def _querier(settings: LokiSettings) -> Section:
    querier: Section = {}
    if settings.resources_of(settings.reader).memory >= _MEMORY_OF_MORE_WORKERS:
        querier["max_concurrent"] = MORE_WORKERS
    if settings.tenants:
        # Grafana's datasource queries several tenants at once.
        querier["multi_tenant_queries_enabled"] = True
    return querier


def _schema(settings: LokiSettings, store: StoreAccess) -> Section:
    return {
        "configs": [
            {
                "from": period.start,
                "store": period.store,
                "object_store": _store_of(period, store),
                "schema": period.schema_version,
                "index": {"prefix": period.index_prefix, "period": loki_duration(period.index_period)},
            }
            for period in settings.schema_periods
        ]
    }


def _store_of(period: SchemaPeriod, store: StoreAccess) -> str:
    """Loki's name for the store of the period's lines."""
    return store.former.store.former_name if store.former and period.start < store.former.before else store.kind


def _storage(settings: LokiSettings, store: StoreAccess, cluster: ClusterSettings) -> Section:
    # The chart's values: a second request after 250 ms hides a slow response of the store.
    storage: Section = {"hedging": {"at": "250ms", "max_per_second": 20, "up_to": 3}}
    if gateways := index_gateways(settings):
        address = f"dns+{service(gateways, cluster)}:{GRPC_PORT}"
        for index in sorted({period.store for period in settings.schema_periods}):
            storage[_SHIPPERS[index]] = {"index_gateway_client": {"server_address": address}}
    former = store.former.store if store.former else None
    if store.by_thanos:
        of_former = former.former_thanos if former else {}
        storage |= {"use_thanos_objstore": True, "object_store": {store.kind: store.storage, **of_former}}
    elif former:
        storage |= former.former_storage
    return storage


def _ingester(settings: LokiSettings) -> Section:
    return {
        # Loki's default. Measured: snappy, which the chart sets, stores 1.56 times the bytes; taking lines in costs
        # 0.79 of the CPU, and a query for a few words 0.52.
        "chunk_encoding": CODEC,
        # Loki's default, in words: half of it is what a line may be behind its stream.
        "max_chunk_age": loki_duration(MAX_CHUNK_AGE),
        "wal": {
            # Chunks go to the store when a pod stops, so a rolling restart replays little.
            "flush_on_shutdown": True,
            "replay_memory_ceiling": loki_size(settings.replay_ceiling),
        },
    }


def _limits(settings: LokiSettings) -> Section:
    """Limits that depend on the retention, for every tenant; rates and sizes are in the overrides, without restarts."""
    longest = settings.longest_retention
    return {
        "retention_period": loki_duration(settings.retention),
        **retention_streams(settings.retention_streams),
        "max_query_length": loki_duration(settings.limits.max_query_length or longest + _FAST_CLOCKS),
        "max_query_lookback": loki_duration(settings.limits.max_query_lookback or longest),
        "query_timeout": loki_duration(settings.limits.query_timeout),
        "reject_old_samples": True,
        # Loki's default is a week; the compactor would delete a line older than the retention at once.
        "reject_old_samples_max_age": loki_duration(min(longest, _ONE_WEEK)),
        "allow_structured_metadata": settings.structured_metadata,
        "volume_enabled": True,
        # The chart's value: newer results are not cached, since lines may still arrive.
        "max_cache_freshness_per_query": "10m",
        # Loki's default. The chart sets 15m, and up to nine parts of a query then read a chunk of two hours. Measured:
        # with 1h a query over a day takes 0.29 to 0.40 of the CPU, evenly on three readers (docs/reference/sizing.md).
        "split_queries_by_interval": SPLIT,
    }


def retention_streams(rules: Sequence[RetentionStream]) -> Section:
    """Return the rules for single streams, for limits_config and for a tenant's overrides; empty without rules."""
    if not rules:
        return {}
    return {
        "retention_stream": [
            {"selector": rule.selector, "priority": rule.priority, "period": loki_duration(rule.period)}
            for rule in rules
        ]
    }


def _compactor(settings: LokiSettings, store: StoreAccess) -> Section:
    """Retention needs three settings: enabled, a store for delete requests, and a period (in limits_config)."""
    compactor: Section = {"retention_enabled": True, "delete_request_store": store.kind}
    if store.bucket:
        # Loki's default is the leader's own volume: its marked chunks would wait until it is the leader again.
        compactor["deletion_marker_object_store_prefix"] = MARKERS
    if is_elected(settings):
        compactor["compactor_ring"] = {"tokens_file_path": token_file(OVERRIDES_DIRECTORY)}
    return compactor


def _query_range(settings: LokiSettings, cluster: ClusterSettings) -> Section:
    query_range: Section = {"align_queries_with_step": True}
    if settings.caches.results:
        query_range |= {
            "cache_results": True,
            "results_cache": {"cache": {**_memcached(RESULTS_CACHE, cluster), "default_validity": "12h"}},
        }
    else:
        query_range |= {"cache_results": True, "results_cache": {"cache": {"embedded_cache": _embedded(settings)}}}
    return query_range


def _embedded(settings: LokiSettings) -> Section:
    """A results cache in the memory of the pods that split queries: a dashboard that reloads is not computed again."""
    memory = settings.resources_of(settings.role_with(Duty.SPLITS)).memory
    return {"enabled": True, "max_size_mb": min(memory // 16 // 1024**2, _EMBEDDED_MEGABYTES), "ttl": "1h"}


def _memcached(cache: Cache, cluster: ClusterSettings) -> Section:
    """A client of one of the chart's caches, with the chart's own values."""
    chunks = cache == CHUNKS_CACHE
    client: Section = {
        "addresses": f"dnssrvnoa+_memcached-client._tcp.{service(cache.service, cluster)}",
        "consistent_hash": True,
        "timeout": "2000ms" if chunks else "500ms",
    }
    client |= {"max_idle_conns": 72} if chunks else {"update_interval": "1m"}
    section: Section = {
        "default_validity": "0s",
        "background": {"writeback_goroutines": 1, "writeback_buffer": 500000, "writeback_size_limit": "500MB"},
        "memcached_client": client,
    }
    return section | {"memcached": {"batch_size": 4, "parallelism": 5}} if chunks else section


def _ruler(store: StoreAccess) -> Section:
    """Rules are in the object store, or in a directory without one."""
    return {**({} if store.by_thanos else {"storage": store.rules}), "wal": {"dir": f"{DATA}/ruler-wal"}}
