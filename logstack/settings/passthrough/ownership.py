"""Which key of a stack file decides a value of loki.yaml, of the overrides or of a chart: it is not passed on.

A test compares the tables with every value that logstack renders. A row without a key and without a reason is a default
of ours, which a stack may replace; values that no row has are none of ours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pydantic.alias_generators import to_camel

from logstack.settings.model.roles import Role
from logstack.settings.passthrough.documents import Path
from logstack.settings.tree import Settings

Test = Callable[[Settings], bool]


@dataclass(frozen=True)
class Row:
    """Values with one owner."""

    path: str
    """Parts between dots, each with `*` for any text and `|` between several; all that is below belongs to it."""
    key: str = ""
    """The key of the stack file that decides them."""
    reason: str = ""
    """Why they are as they are, where no key decides them."""
    when: Test | None = None
    """In which stacks; None for all."""

    @property
    def is_default(self) -> bool:
        """Return whether a stack may replace the values."""
        return not (self.key or self.reason)

    def prefix_of(self, path: Path) -> Path | None:
        """Return the part of a path that the row is about; None for a path of another row."""
        patterns = self.path.split(".")
        parts = path[: len(patterns)]
        if len(parts) < len(patterns):
            return None
        fits = zip(patterns, parts, strict=True)
        return parts if all(any(fnmatchcase(part, word) for word in text.split("|")) for text, part in fits) else None


def owner(rows: Sequence[Row], path: Path) -> tuple[Row, Path] | None:
    """Return the first row that a value belongs to, and the part of its path that the row is about."""
    return next(((row, prefix) for row in rows if (prefix := row.prefix_of(path))), None)


_RATES = {
    "ingestion_rate_mb": "ingestionRate",
    "ingestion_burst_size_mb": "ingestionBurst",
    "per_stream_rate_limit": "perStreamRate",
    "per_stream_rate_limit_burst": "perStreamBurst",
    "max_global_streams_per_user": "maxStreams",
    "max_line_size": "maxLineSize",
    "max_entries_limit_per_query": "maxEntriesPerQuery",
    "max_query_series": "maxQuerySeries",
    "max_query_length": "maxQueryLength",
    "max_query_lookback": "maxQueryLookback",
    "query_timeout": "queryTimeout",
}
_RELOADED = "Loki reads the overrides from the file that logstack mounts"
_PORT = "the chart's Services, the gateway and the other pods ask this port"
_RING = "the ring is found through the Service that the chart makes"


def _has_results_cache(settings: Settings) -> bool:
    return bool(settings.caches.results)


def _has_chunks_cache(settings: Settings) -> bool:
    return bool(settings.caches.chunks)


def _limits(prefix: str, group: str) -> list[Row]:
    return [Row(f"{prefix}{name}", f"{group}.{key}") for name, key in _RATES.items()]


CONFIG: Sequence[Row] = (
    Row("auth_enabled", "tenants"),
    Row("target|legacy_read_target", "deploymentMode"),
    Row("analytics"),
    Row("tracing"),
    Row("server.http_listen_port|grpc_listen_port", reason=_PORT),
    Row("server.http_server_read_timeout|http_server_write_timeout", "limits.queryTimeout"),
    Row("server"),
    Row("memberlist.bind_port|advertise_port|join_members", reason=_RING),
    Row("memberlist.bind_addr", "cluster.ipFamilies"),
    Row("memberlist.cluster_label|cluster_label_verification_disabled", "cluster.ringLabel"),
    Row("memberlist"),
    Row("common.instance_addr", "cluster.ipFamilies"),
    Row("common.ring.instance_enable_ipv6", "cluster.ipFamilies"),
    Row("common.ring.kvstore", reason=_RING),
    Row("common.path_prefix", reason="the chart mounts the volume there"),
    Row("common.replication_factor", "replicationFactor"),
    Row("ingester.lifecycler.ring.replication_factor", "replicationFactor"),
    Row("common.compactor_grpc_address|compactor_address", "deploymentMode"),
    Row("common.storage", "objectStore"),
    Row("schema_config", "schemaPeriods"),
    Row("storage_config.hedging"),
    Row("storage_config.*_shipper.index_gateway_client.server_address", "deploymentMode"),
    Row("storage_config.named_stores", "formerObjectStore"),
    Row(
        "storage_config.aws|azure|bos|gcs|alibabacloud|swift|cos|filesystem|object_store|use_thanos_objstore",
        "objectStore",
    ),
    Row("ruler.storage", "objectStore"),
    Row("ruler_storage", "objectStore"),
    Row("ruler.wal.dir", reason="it is on the pods' volume"),
    Row("ingester.wal.replay_memory_ceiling", "walReplayCeiling"),
    Row("ingester.wal.flush_on_shutdown"),
    Row("ingester.chunk_encoding|max_chunk_age"),
    Row("limits_config.retention_period", "retention"),
    Row("limits_config.retention_stream", "retentionStreams"),
    Row("limits_config.reject_old_samples_max_age", "retention"),
    Row("limits_config.allow_structured_metadata", "structuredMetadata"),
    *_limits("limits_config.", "limits"),
    Row("limits_config.per_tenant_override_config|per_tenant_override_period", reason=_RELOADED),
    Row(
        "limits_config.reject_old_samples|volume_enabled|max_cache_freshness_per_query|split_queries_by_interval",
    ),
    Row("runtime_config", reason=_RELOADED),
    Row("compactor.retention_enabled", "retention"),
    Row("compactor.delete_request_store|deletion_marker_object_store_prefix", "objectStore"),
    Row("compactor.compactor_ring.tokens_file_path", reason="it makes the first pod the leader"),
    Row("table_manager", "retention"),
    Row("frontend.scheduler_address|tail_proxy_url", "deploymentMode"),
    Row("frontend_worker.scheduler_address|frontend_address", "deploymentMode"),
    Row("querier.max_concurrent"),
    Row("querier.multi_tenant_queries_enabled", "tenants", when=lambda settings: bool(settings.tenants)),
    Row("chunk_store_config.chunk_cache_config.memcached_client.addresses", "caches.chunks", when=_has_chunks_cache),
    Row("chunk_store_config.chunk_cache_config"),
    Row("query_range.cache_results", "caches.results", when=_has_results_cache),
    Row("query_range.results_cache.cache.memcached_client.addresses", "caches.results", when=_has_results_cache),
    Row("query_range.results_cache"),
    Row("query_range.align_queries_with_step"),
)

# Of one tenant; `tenants[]` becomes that tenant's own path.
TENANT: Sequence[Row] = (
    Row("retention_period", "tenants[].retention"),
    Row("retention_stream", "tenants[].retentionStreams"),
    Row("reject_old_samples_max_age", "retention"),
    Row("allow_structured_metadata", "structuredMetadata"),
    *_limits("", "tenants[].limits"),
)

# The chart's own ways to loki.yaml: none of them reaches it, because the ConfigMap is logstack's.
_SECTIONS = (
    "config|structuredConfig|analytics|block_builder|bloom_build|bloom_gateway|commonConfig|compactor|"
    "compactor_grpc_client|distributor|extraMemberlistConfig|frontend|frontend_worker|index_gateway|ingester|"
    "ingester_client|limits_config|memberlistConfig|operational_config|pattern_ingester|querier|query_range|"
    "query_scheduler|rulerConfig|server|storage_config|tracing"
)
_NAMES = "addresses and the names of objects follow from it"
_ROLES = "|".join(role.row.chart_key for role in Role)
_NODES = "nodeSelector|tolerations|affinity|topologySpreadConstraints|priorityClassName"
_CACHES = "chunksCache|resultsCache"


def _has_snippets(settings: Settings) -> bool:
    return bool(settings.gateway.auth or settings.tenants) or settings.replica_count(settings.compactor) > 1


def _sized(chart_key: str, part: str) -> list[Row]:
    """The values of a part's pods that `resources` decides."""
    path = f"{chart_key}.resources"
    return [Row(f"{path}.requests.cpu|memory", f"resources.{part}"), Row(f"{path}.limits.memory", f"resources.{part}")]


def _of_role(role: Role) -> list[Row]:
    chart_key, key = role.row.chart_key, to_camel(role.field)
    volume = role.row.volume
    return [
        Row(f"{chart_key}.replicas", f"replicas.{key}"),
        *_sized(chart_key, key),
        *([Row(f"{chart_key}.persistence.size|claims", f"resources.{key}.disk")] if volume else []),
        *([Row(f"{chart_key}.persistence.{volume.switch}", f"resources.{key}.disk")] if volume else []),
        *([Row(f"{chart_key}.persistence.storageClass", "storageClass")] if volume else []),
    ]


LOKI_VALUES: Sequence[Row] = (
    Row("deploymentMode", "deploymentMode"),
    Row("fullnameOverride|nameOverride|namespaceOverride", reason=_NAMES),
    Row(f"{_ROLES}.fullnameOverride", reason=_NAMES),
    Row("global.clusterDomain", "cluster.clusterDomain"),
    Row("global.dnsService", "cluster.dnsService"),
    Row("global.dnsNamespace", "cluster.dnsNamespace"),
    Row("global.image|imageRegistry", "images.registry"),
    Row("global.priorityClassName", "scheduling.priorityClass"),
    Row(f"{_ROLES}|global|defaults.extraArgs", "loki.config"),
    Row("imagePullSecrets", "images.pullSecrets"),
    Row(f"{_ROLES}|defaults|gateway|{_CACHES}.{_NODES}", "scheduling"),
    Row("loki.auth_enabled|tenants", "tenants"),
    Row("loki.commonConfig.replication_factor", "replicationFactor"),
    Row(f"loki.{_SECTIONS}", "loki.config"),
    Row("loki.runtimeConfig", "tenants[].config"),
    Row("loki.configObjectName|generatedConfigObjectName|configStorageType", "loki.config"),
    Row("loki.podAnnotations.logstack/*", reason="it rolls the pods when loki.yaml or the access key changes"),
    Row(f"{_ROLES}|loki|defaults|gateway|{_CACHES}.podAnnotations|podLabels", "metadata"),
    Row(f"{_ROLES}|loki|defaults|gateway|memberlist|{_CACHES}.service.annotations|labels", "metadata"),
    Row("loki.serviceAnnotations|serviceLabels", "metadata"),
    Row("loki.storage", "objectStore"),
    Row("loki.schemaConfig|testSchemaConfig|useTestSchema", "schemaPeriods"),
    Row("loki.image.tag", "lokiVersion"),
    Row("loki.image", "images.loki"),
    Row(f"{_ROLES}.image.tag", "lokiVersion"),
    Row(f"{_ROLES}.image", "images.loki"),
    Row("gateway.image", "images.gateway"),
    Row("memcached.image", "images.memcached"),
    Row("memcachedExporter.image", "images.memcachedExporter"),
    Row(f"{_ROLES}|gateway.autoscaling.behavior"),
    Row(f"{_ROLES}|gateway.autoscaling", "autoscaling"),
    Row("defaults.extraVolumes|extraVolumeMounts.@overrides", reason=_RELOADED),
    Row("defaults.extraVolumes|extraVolumeMounts.@object-store-ca", "objectStore.caSecret"),
    Row("defaults.extraVolumes|extraVolumeMounts.@former-object-store-ca", "formerObjectStore"),
    Row("defaults.extraEnv.@AWS_ACCESS_KEY_ID", "objectStore.credentialsKeys"),
    Row("defaults.extraEnv.@AWS_SECRET_ACCESS_KEY", "objectStore.credentialsKeys"),
    Row("defaults.extraEnv.@FORMER_AWS_*", "formerObjectStore"),
    Row("defaults"),
    Row(f"{_ROLES}.targetModule|legacyReadTarget", "deploymentMode"),
    *(row for role in Role for row in _of_role(role)),
    Row(f"{_ROLES}.enabled", "deploymentMode"),
    Row("ingester.zoneAwareReplication", reason="the plan counts on one StatefulSet of ingesters"),
    Row(f"{_ROLES}"),
    Row("bloomPlanner|bloomBuilder|bloomGateway"),
    Row("memberlist.service.publishNotReadyAddresses", reason="no pod of a new ring finds another without it"),
    Row("serviceAccount.create|name", reason="the trust of the role names it"),
    Row("serviceAccount.annotations.eks*", "objectStore"),
    Row("serviceAccount"),
    Row("sidecar.rules.enabled"),
    Row("rbac"),
    Row("gateway.enabled", "gateway.enabled"),
    Row("gateway.replicas", "gateway.replicas"),
    *_sized("gateway", "gateway"),
    Row("gateway.nginxConfig.clientMaxBodySize", "limits.ingestionBurst"),
    Row("gateway.nginxConfig.enableIPv6", "cluster.ipFamilies"),
    Row("gateway.nginxConfig.*Snippet|file", "gateway.auth", when=_has_snippets),
    Row("gateway.basicAuth", "gateway.auth"),
    Row("gateway.ingress|route", "ingress"),
    Row("gateway.service.port", reason="the collectors and Grafana ask port 80"),
    Row("gateway"),
    Row("ingress|route", "ingress"),
    Row("chunksCache.enabled|allocatedMemory", "caches.chunks"),
    Row("resultsCache.enabled|allocatedMemory", "caches.results"),
    Row("lokiCanary", "canary"),
    Row("test"),
    Row("minio", "objectStore"),
    Row("tableManager", "retention"),
)

_NODE = "collector.sources"
ALLOY_VALUES: Sequence[Row] = (
    Row("fullnameOverride|nameOverride|namespaceOverride", reason=_NAMES),
    Row("image.tag", reason="config.alloy is checked with this version"),
    Row("image.registry|repository|digest", "images.alloy"),
    Row("image.pullSecrets", "images.pullSecrets"),
    Row("global.image.registry", "images.registry"),
    Row("global.image.pullSecrets", "images.pullSecrets"),
    Row("configReloader.image", "images.configReloader"),
    Row("crds"),
    Row("alloy.configMap", "alloy.config"),
    Row("alloy.stabilityLevel", "collector.stability"),
    Row("alloy.storagePath", reason="the positions in the log files are on this volume"),
    Row("alloy.extraEnv.@GOMEMLIMIT", "resources.alloy"),
    *_sized("alloy", "alloy"),
    Row("alloy.listenAddr", "cluster.ipFamilies"),
    Row("alloy.mounts.varlog|dockercontainers", _NODE),
    Row("alloy.extraPorts.@otlp-grpc|@otlp-http|@push", _NODE),
    Row("alloy.mounts.extra.@state|@gateway|@machine-id|@runlogjournal", _NODE),
    Row("alloy.securityContext", _NODE),
    Row("alloy.enableReporting"),
    Row("controller.type", reason="a collector runs on every node, the one for events in one pod"),
    Row("controller.replicas", reason="two collectors of events would send every line twice"),
    Row("controller.updateStrategy", reason="two collectors of events would send every line twice"),
    Row(f"controller.{_NODES}", "collector.scheduling"),
    Row("controller.podAnnotations|podLabels", "metadata"),
    Row("service.annotations", "metadata"),
    Row("controller.volumes.extra.@state|@gateway|@machine-id|@runlogjournal", _NODE),
    Row("rbac"),
)
