"""loki.yaml, the overrides and the values of the Loki chart, by settings."""

from collections.abc import Mapping
from typing import Any

import pytest

from logstack.manifests.loki.addresses import push_url, query_address
from logstack.manifests.loki.config import loki_config
from logstack.manifests.loki.overrides import loki_overrides
from logstack.manifests.loki.values import loki_values
from logstack.manifests.manifest import yaml_text
from logstack.manifests.stores.access import StoreAccess
from logstack.manifests.stores.kinds import store_access
from logstack.settings.tree import Settings

CLUSTER = {"name": "production", "context": "production"}
EXISTING = {"kind": "s3-compatible", "endpoint": "http://10.0.40.10:9000", "bucket": "b", "credentialsSecret": "keys"}
AWS = {
    "kind": "aws-s3",
    "bucket": "acme-logs",
    "region": "eu-central-1",
    "accountId": "123456789012",
    "identity": {"kind": "irsa", "eksCluster": "eu", "oidcProvider": "oidc.example/id/0A"},
}
POD_IDENTITY = {**AWS, "identity": {"eksCluster": "eu"}}
FILESYSTEM = {"kind": "filesystem"}
MONOLITHIC: dict[str, object] = {"deploymentMode": "monolithic"}
CACHE = {"enabled": True, "allocatedMemory": 1024, "nodeSelector": {"kubernetes.io/os": "linux"}}
DISTRIBUTED: dict[str, object] = {"deploymentMode": "distributed"}


def settings_with(**keys: object) -> Settings:
    return Settings.model_validate({"cluster": CLUSTER, "objectStore": EXISTING, **keys})


def store_access_of(settings: Settings) -> StoreAccess:
    return store_access(settings.object_store, settings.cluster, settings.former_object_store)


def config_with(**keys: object) -> dict[str, Any]:
    settings = settings_with(**keys)
    return loki_config(settings, store_access_of(settings), settings.cluster)


def values_with(**keys: object) -> dict[str, Any]:
    settings = settings_with(**keys)
    return dict(loki_values(settings, store_access_of(settings), settings.cluster, "a-hash"))


def value_at(document: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path, or None."""
    value: Any = document
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


# --- the object store


S3 = {
    "an S3-compatible store": (
        EXISTING,
        {
            "bucketnames": "b",
            "region": "us-east-1",
            "endpoint": "http://10.0.40.10:9000",
            "s3forcepathstyle": True,
            "insecure": True,
        },
    ),
    "an S3-compatible store with TLS and buckets by host name": (
        {**EXISTING, "endpoint": "https://s3.example", "pathStyle": False, "region": "garage"},
        {
            "bucketnames": "b",
            "region": "garage",
            "endpoint": "https://s3.example",
            "s3forcepathstyle": False,
            "insecure": False,
        },
    ),
    "the embedded store": (
        {"kind": "embedded", "bucket": "loki"},
        {
            "bucketnames": "loki",
            "region": "us-east-1",
            "endpoint": "http://loki-s3.monitoring.svc.cluster.local:7070",
            "s3forcepathstyle": True,
            "insecure": True,
        },
    ),
    # Without an endpoint AWS's client finds the address by the region.
    "AWS, without an endpoint": (AWS, {"bucketnames": "acme-logs", "region": "eu-central-1"}),
}


@pytest.mark.parametrize(("store", "s3"), S3.values(), ids=S3)
def test_loki_yaml_stores_chunks_and_rules_in_the_object_store(store: dict[str, object], s3: dict[str, object]) -> None:
    document = config_with(objectStore=store)
    assert document["common"]["storage"] == {"s3": s3}
    assert document["ruler"]["storage"] == {"type": "s3", "s3": s3}
    assert value_at(document, "compactor.delete_request_store") == "s3"
    assert [period["object_store"] for period in document["schema_config"]["configs"]] == ["s3"]


def test_loki_yaml_stores_chunks_rules_and_delete_requests_in_a_directory() -> None:
    document = config_with(**MONOLITHIC, objectStore=FILESYSTEM)
    directory = {"chunks_directory": "/var/loki/chunks", "rules_directory": "/var/loki/rules"}
    assert document["common"]["storage"] == {"filesystem": directory}
    assert document["ruler"]["storage"] == {"type": "local", "local": {"directory": "/var/loki/rules"}}
    assert value_at(document, "compactor.delete_request_store") == "filesystem"
    assert [period["object_store"] for period in document["schema_config"]["configs"]] == ["filesystem"]


CREDENTIALS = {
    "an existing Secret": (EXISTING, "keys", {}),
    "a Secret that the stack manages": ({"kind": "embedded", "bucket": "loki"}, "loki-s3-credentials", {}),
    "a role by an annotation": (
        AWS,
        None,
        {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/logstack-acme-logs"},
    ),
    "a role by an association": (POD_IDENTITY, None, {}),
}


@pytest.mark.parametrize(("store", "secret", "annotations"), CREDENTIALS.values(), ids=CREDENTIALS)
def test_loki_values_take_the_access_key_from_a_secret_or_use_a_role(
    store: dict[str, object], secret: str | None, annotations: dict[str, str]
) -> None:
    chart_values = values_with(objectStore=store)
    assert value_at(chart_values, "defaults.extraEnvFrom") == ([{"secretRef": {"name": secret}}] if secret else None)
    assert value_at(chart_values, "serviceAccount.annotations") == annotations
    assert value_at(chart_values, "serviceAccount.name") == "loki"


# --- loki.yaml


DECISIONS: list[tuple[dict[str, object], str, object]] = [
    ({"retention": "7d"}, "limits_config.retention_period", "168h"),
    ({"retention": "7d"}, "limits_config.max_query_length", "169h"),
    ({"retention": "7d"}, "limits_config.max_query_lookback", "168h"),
    ({"limits": {"maxQueryLength": "30d"}}, "limits_config.max_query_length", "720h"),
    ({"limits": {"maxQueryLookback": "12h"}}, "limits_config.max_query_lookback", "12h"),
    ({"retention": "30d"}, "limits_config.reject_old_samples_max_age", "168h"),
    ({"retention": "2d"}, "limits_config.reject_old_samples_max_age", "48h"),
    ({}, "server.http_server_write_timeout", "10m"),
    ({"limits": {"queryTimeout": "15m"}}, "server.http_server_write_timeout", "30m"),
    ({"limits": {"queryTimeout": "15m"}}, "server.http_server_read_timeout", "30m"),
    ({"replicationFactor": 2}, "common.replication_factor", 2),
    ({"size": "small"}, "ingester.wal.replay_memory_ceiling", "512MB"),
    ({"resources": {"write": {"cpu": "1", "memory": "6Gi"}}}, "ingester.wal.replay_memory_ceiling", "3GB"),
    ({"walReplayCeiling": "700Mi"}, "ingester.wal.replay_memory_ceiling", "700MB"),
    (
        {"cluster": {**CLUSTER, "clusterDomain": "home.arpa"}},
        "memberlist.join_members",
        ["loki-memberlist.monitoring.svc.home.arpa"],
    ),
    (
        {},
        "common.compactor_grpc_address",
        "loki-backend-0.loki-backend-headless.monitoring.svc.cluster.local:9095",
    ),
    ({"replicas": {"backend": 1}}, "common.compactor_grpc_address", "loki-backend.monitoring.svc.cluster.local:9095"),
    (MONOLITHIC, "common.compactor_grpc_address", "loki.monitoring.svc.cluster.local:9095"),
    (
        {**MONOLITHIC, "replicas": {"monolithic": 3}},
        "common.compactor_grpc_address",
        "loki-0.loki-headless.monitoring.svc.cluster.local:9095",
    ),
    (DISTRIBUTED, "common.compactor_grpc_address", "loki-compactor.monitoring.svc.cluster.local:9095"),
    (
        DISTRIBUTED,
        "frontend",
        {
            "scheduler_address": "loki-query-scheduler-headless.monitoring.svc.cluster.local:9095",
            "tail_proxy_url": "http://loki-querier.monitoring.svc.cluster.local:3100",
        },
    ),
    (
        DISTRIBUTED,
        "frontend_worker.scheduler_address",
        "loki-query-scheduler-headless.monitoring.svc.cluster.local:9095",
    ),
    ({}, "frontend", None),
    (
        DISTRIBUTED,
        "storage_config.tsdb_shipper.index_gateway_client.server_address",
        "dns+loki-index-gateway-headless.monitoring.svc.cluster.local:9095",
    ),
    # Several compactors: the first pod has the lowest token, and all share the deletion markers.
    ({}, "compactor.compactor_ring.tokens_file_path", "/etc/loki/overrides/compactor-token-${HOSTNAME}"),
    (DISTRIBUTED, "compactor.compactor_ring", None),
    (DISTRIBUTED, "compactor.deletion_marker_object_store_prefix", "deletion-markers/"),
    ({**MONOLITHIC, "objectStore": FILESYSTEM}, "compactor.deletion_marker_object_store_prefix", None),
    (
        {},
        "storage_config.tsdb_shipper.index_gateway_client.server_address",
        "dns+loki-backend-headless.monitoring.svc.cluster.local:9095",
    ),
    (MONOLITHIC, "storage_config.tsdb_shipper", None),
    ({}, "storage_config.boltdb_shipper", None),
    (
        {"schemaPeriods": [{"from": "2022-01-01", "store": "boltdb-shipper", "schema": "v12"}, {"from": "2024-04-01"}]},
        "storage_config.boltdb_shipper.index_gateway_client.server_address",
        "dns+loki-backend-headless.monitoring.svc.cluster.local:9095",
    ),
    ({}, "chunk_store_config", None),
    ({}, "query_range.results_cache.cache.embedded_cache", {"enabled": True, "max_size_mb": 64, "ttl": "1h"}),
    ({"size": "medium"}, "query_range.results_cache.cache.embedded_cache.max_size_mb", 100),
    ({"size": "extra-small"}, "query_range.results_cache.cache.embedded_cache.max_size_mb", 32),
    ({"caches": {"results": "1Gi"}}, "query_range.results_cache.cache.embedded_cache", None),
    ({}, "querier.max_concurrent", 16),
    ({"size": "extra-small"}, "querier", None),
    ({}, "limits_config.split_queries_by_interval", "1h"),
    (
        {"caches": {"chunks": "1Gi"}},
        "chunk_store_config.chunk_cache_config.memcached_client.addresses",
        "dnssrvnoa+_memcached-client._tcp.loki-chunks-cache.monitoring.svc.cluster.local",
    ),
    ({"caches": {"results": "1Gi"}}, "query_range.cache_results", True),
    (
        {"caches": {"results": "1Gi"}},
        "query_range.results_cache.cache.memcached_client.addresses",
        "dnssrvnoa+_memcached-client._tcp.loki-results-cache.monitoring.svc.cluster.local",
    ),
    ({}, "auth_enabled", False),
    ({}, "analytics.reporting_enabled", False),
    ({}, "tracing.enabled", False),
    ({}, "runtime_config.file", "/etc/loki/overrides/overrides.yaml"),
]


@pytest.mark.parametrize(("keys", "path", "value"), DECISIONS)
def test_loki_yaml_follows_the_settings(keys: dict[str, object], path: str, value: object) -> None:
    assert value_at(config_with(**keys), path) == value


def test_loki_yaml_has_the_schema_periods_of_the_stack_file() -> None:
    periods = [{"from": "2023-01-01", "schema": "v12", "indexPrefix": "index_"}, {"from": "2024-04-01"}]
    assert config_with(schemaPeriods=periods)["schema_config"]["configs"] == [
        {
            "from": "2023-01-01",
            "store": "tsdb",
            "object_store": "s3",
            "schema": "v12",
            "index": {"prefix": "index_", "period": "24h"},
        },
        {
            "from": "2024-04-01",
            "store": "tsdb",
            "object_store": "s3",
            "schema": "v13",
            "index": {"prefix": "loki_index_", "period": "24h"},
        },
    ]


def test_overrides_have_the_limits_of_the_only_tenant() -> None:
    limits = {
        "ingestionRate": "8Mi",
        "ingestionBurst": "12.5Mi",
        "perStreamRate": "5Mi",
        "perStreamBurst": "20Mi",
        "maxStreams": 25_000,
        "maxLineSize": "1Mi",
        "maxEntriesPerQuery": 10_000,
    }
    assert loki_overrides(settings_with(limits=limits)) == {
        "overrides": {
            "fake": {
                "ingestion_rate_mb": 8,
                "ingestion_burst_size_mb": 12.5,
                "per_stream_rate_limit": "5MB",
                "per_stream_rate_limit_burst": "20MB",
                "max_global_streams_per_user": 25_000,
                "max_line_size": "1MB",
                "max_entries_limit_per_query": 10_000,
            }
        }
    }


# --- chart values


REQUIRED = "podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution"
VALUES: list[tuple[dict[str, object], str, object]] = [
    ({}, "deploymentMode", "SimpleScalable"),
    (MONOLITHIC, "deploymentMode", "Monolithic"),
    (DISTRIBUTED, "deploymentMode", "Distributed"),
    (DISTRIBUTED, "write.replicas", 0),
    (DISTRIBUTED, "ingester.replicas", 3),
    (DISTRIBUTED, "ingester.zoneAwareReplication.enabled", False),
    (DISTRIBUTED, "ingester.terminationGracePeriodSeconds", 300),
    (DISTRIBUTED, "ingester.podDisruptionBudget", {"maxUnavailable": 1}),
    ({**DISTRIBUTED, "replicas": {"compactor": 2}}, "compactor.podDisruptionBudget", None),
    (
        {**DISTRIBUTED, "storageClass": "fast"},
        "compactor.persistence.claims",
        [{"name": "data", "accessModes": ["ReadWriteOnce"], "size": "10Gi", "storageClass": "fast"}],
    ),
    (DISTRIBUTED, "indexGateway.persistence.size", "10Gi"),
    (DISTRIBUTED, "ruler.replicas", 1),
    ({}, "ruler", {"enabled": True}),
    (DISTRIBUTED, "bloomGateway", {"replicas": 0}),
    ({}, "gateway.nginxConfig.locationSnippet", "rewrite ^/loki/api/v1/delete$ /compactor-leader/delete last;"),
    (DISTRIBUTED, "gateway.nginxConfig.locationSnippet", None),
    ({"lokiVersion": "3.7.9"}, "loki.image.tag", "3.7.9"),
    ({}, "loki.podAnnotations", {"logstack/config-hash": "a-hash"}),
    ({}, "loki.generatedConfigObjectName", ""),
    ({}, "loki.configObjectName", "loki-config"),
    ({"replicas": {"write": 5}}, "write.replicas", 5),
    ({"replicas": {"write": 5}}, "singleBinary", {"replicas": 0}),
    ({**MONOLITHIC, "replicas": {"monolithic": 3}}, "singleBinary.replicas", 3),
    (MONOLITHIC, "backend", {"replicas": 0}),
    ({}, "write.persistence.enableStatefulSetAutoDeletePVC", False),
    ({}, "write.persistence.volumeClaimsEnabled", True),
    (MONOLITHIC, "singleBinary.persistence.enabled", True),
    ({}, "read.persistence", None),
    ({}, "write.persistence.storageClass", None),
    ({"storageClass": "longhorn"}, "write.persistence.storageClass", "longhorn"),
    ({"resources": {"write": {"cpu": "2", "memory": "3Gi", "disk": "40Gi"}}}, "write.persistence.size", "40Gi"),
    (
        {"resources": {"write": {"cpu": "2", "memory": "3Gi", "disk": "40Gi"}}},
        "write.resources",
        {"requests": {"cpu": "2", "memory": "3Gi"}, "limits": {"memory": "3Gi"}},
    ),
    # Writers, also the single binary, have time to flush their chunks.
    ({}, "write.terminationGracePeriodSeconds", 300),
    ({}, "read.terminationGracePeriodSeconds", None),
    (MONOLITHIC, "singleBinary.terminationGracePeriodSeconds", 300),
    ({"objectStore": {"kind": "embedded", "bucket": "b"}}, "write.terminationGracePeriodSeconds", 60),
    ({}, "backend.automountServiceAccountToken", False),
    ({}, "defaults.automountServiceAccountToken", False),
    ({}, "defaults.enableServiceLinks", False),
    ({**MONOLITHIC, "replicas": {"monolithic": 3}}, "singleBinary.podDisruptionBudget", {"maxUnavailable": 1}),
    (MONOLITHIC, "singleBinary.podDisruptionBudget", None),
    ({"gateway": {"replicas": 3}}, "gateway.podDisruptionBudget", {"maxUnavailable": 1}),
    ({"gateway": {"replicas": 1}}, "gateway.podDisruptionBudget", None),
    # The largest push is one burst: nginx must accept it, and at least the chart's 4M.
    ({"limits": {"ingestionBurst": "20Mi"}}, "gateway.nginxConfig.clientMaxBodySize", "20M"),
    ({"limits": {"ingestionBurst": "20.5Mi"}}, "gateway.nginxConfig.clientMaxBodySize", "21M"),
    ({"limits": {"ingestionBurst": "1Mi"}}, "gateway.nginxConfig.clientMaxBodySize", "4M"),
    ({}, "chunksCache", {"enabled": False}),
    ({"caches": {"chunks": "1Gi"}}, "chunksCache", CACHE),
    ({}, "ruler.enabled", True),
    ({**MONOLITHIC, "objectStore": FILESYSTEM}, "ruler.enabled", False),
    ({}, "loki.storage", {"type": "s3", "bucketNames": {"chunks": "b", "ruler": "b"}}),
    ({**MONOLITHIC, "objectStore": FILESYSTEM}, "loki.storage", {"type": "filesystem"}),
    ({"cluster": {**CLUSTER, "dnsService": "rke2-coredns"}}, "global.dnsService", "rke2-coredns"),
    ({}, f"write.affinity.{PREFERRED}", None),
    ({"cluster": {**CLUSTER, "singleNode": True}}, f"write.affinity.{REQUIRED}", []),
]


@pytest.mark.parametrize(("keys", "path", "value"), VALUES)
def test_loki_values_follow_the_settings(keys: dict[str, object], path: str, value: object) -> None:
    assert value_at(values_with(**keys), path) == value


@pytest.mark.parametrize(("role", "component"), [("write", "write"), ("gateway", "gateway")])
def test_pods_of_one_role_require_different_nodes(role: str, component: str) -> None:
    (term,) = value_at(values_with(), f"{role}.affinity.{REQUIRED}")
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert term["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == component


def test_pods_only_prefer_different_nodes_when_the_cluster_has_one_node() -> None:
    chart_values = values_with(**MONOLITHIC, cluster={**CLUSTER, "singleNode": True})
    (preference,) = value_at(chart_values, f"singleBinary.affinity.{PREFERRED}")
    assert preference["weight"] == 100
    assert (
        preference["podAffinityTerm"]["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == "single-binary"
    )


def test_addresses_contain_the_namespace_and_the_cluster_domain() -> None:
    settings = settings_with(cluster={**CLUSTER, "namespace": "logs", "clusterDomain": "home.arpa"})
    assert query_address(settings, settings.cluster) == "http://loki-gateway.logs.svc.home.arpa"
    assert push_url(settings, settings.cluster) == "http://loki-gateway.logs.svc.home.arpa/loki/api/v1/push"


# --- the former store


PERIODS = [{"from": "2024-04-01"}, {"from": "2025-01-01"}, {"from": "2026-05-20"}]
OLD_S3 = {
    "kind": "s3-compatible",
    "endpoint": "http://10.0.40.9:9000",
    "bucket": "old",
    "credentialsSecret": "old-keys",
}


def keys_of_a_move(store: Mapping[str, object]) -> dict[str, object]:
    return {"schemaPeriods": PERIODS, "formerObjectStore": {"before": "2026-05-20", "store": store}}


def test_schema_periods_before_a_move_use_the_former_s3_store() -> None:
    document = config_with(**keys_of_a_move(OLD_S3))
    assert [period["object_store"] for period in document["schema_config"]["configs"]] == ["former", "former", "s3"]
    former_store = value_at(document, "storage_config.named_stores.aws.former")
    assert (former_store["bucketnames"], former_store["endpoint"]) == ("old", "http://10.0.40.9:9000")
    assert value_at(document, "common.storage.s3.bucketnames") == "b"
    assert value_at(document, "compactor.delete_request_store") == "s3"


GCS = {
    "kind": "gcs",
    "bucket": "acme-logs",
    "project": "acme-production",
    "location": "EU",
    "identity": {"projectNumber": "123456789012"},
}


def test_store_in_google_cloud_is_reached_by_the_client_that_loki_4_takes() -> None:
    document = config_with(objectStore=GCS)
    assert value_at(document, "storage_config.use_thanos_objstore") is True
    assert value_at(document, "storage_config.object_store") == {"gcs": {"bucket_name": "acme-logs"}}
    assert document["ruler_storage"] == {"backend": "gcs", "gcs": {"bucket_name": "acme-logs"}}
    assert "storage" not in document["ruler"]
    assert "storage" not in document["common"]
    assert [period["object_store"] for period in document["schema_config"]["configs"]] == ["gcs"]
    assert value_at(document, "compactor.delete_request_store") == "gcs"


def test_former_s3_store_is_in_the_words_of_the_client_of_the_store_in_google_cloud() -> None:
    old = {**OLD_S3, "endpoint": "https://10.0.40.9:9000", "caSecret": "old-ca"}
    document = config_with(**{**keys_of_a_move(old), "objectStore": GCS})
    assert [period["object_store"] for period in document["schema_config"]["configs"]] == ["former", "former", "gcs"]
    assert value_at(document, "storage_config.object_store.named_stores.s3.former") == {
        "bucket_name": "old",
        "region": "us-east-1",
        "endpoint": "10.0.40.9:9000",
        "insecure": False,
        "bucket_lookup_type": "path",
        "http": {"tls_ca_path": "/etc/loki/former-object-store-ca/ca.crt"},
        "access_key_id": "${FORMER_AWS_ACCESS_KEY_ID}",
        "secret_access_key": "${FORMER_AWS_SECRET_ACCESS_KEY}",
    }
    assert "named_stores" not in document["storage_config"]


def test_pods_of_google_cloud_act_as_the_existing_service_account() -> None:
    identity = {"serviceAccount": "loki-logs@acme-production.iam.gserviceaccount.com"}
    values = values_with(objectStore={**GCS, "identity": identity})
    assert value_at(values, "serviceAccount.annotations") == {
        "iam.gke.io/gcp-service-account": "loki-logs@acme-production.iam.gserviceaccount.com"
    }
    assert value_at(values, "loki.storage.type") == "gcs"


def test_former_store_takes_its_access_key_from_its_own_secret() -> None:
    text = yaml_text(config_with(**keys_of_a_move(OLD_S3)))
    assert "access_key_id: '${FORMER_AWS_ACCESS_KEY_ID}'" in text
    assert "secret_access_key: '${FORMER_AWS_SECRET_ACCESS_KEY}'" in text
    assert value_at(values_with(**keys_of_a_move(OLD_S3)), "defaults.extraEnv") == [
        {
            "name": f"FORMER_{key}",
            "valueFrom": {"secretKeyRef": {"name": "old-keys", "key": key}},
        }
        for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    ]
    assert value_at(values_with(**keys_of_a_move(OLD_S3)), "defaults.extraEnvFrom") == [{"secretRef": {"name": "keys"}}]


def test_schema_periods_before_a_move_use_the_directory_when_the_former_store_is_one() -> None:
    document = config_with(**MONOLITHIC, **keys_of_a_move(FILESYSTEM))
    assert [period["object_store"] for period in document["schema_config"]["configs"]] == ["filesystem"] * 2 + ["s3"]
    before = config_with(**MONOLITHIC, objectStore=FILESYSTEM)
    directory = value_at(before, "common.storage.filesystem.chunks_directory")
    assert value_at(document, "storage_config.filesystem.directory") == directory
    assert "extraEnv" not in values_with(**MONOLITHIC, **keys_of_a_move(FILESYSTEM))["defaults"]


def test_loki_has_no_named_store_when_there_is_no_former_store() -> None:
    assert "named_stores" not in config_with()["storage_config"]
    assert "extraEnv" not in values_with()["defaults"]
