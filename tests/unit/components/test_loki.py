"""loki.yaml, the overrides and the chart's values: what the settings decide in them."""

from collections.abc import Mapping
from typing import Any

import pytest

from logstack.manifests.loki.addresses import gateway_url, push_url
from logstack.manifests.loki.config import loki_config
from logstack.manifests.loki.overrides import loki_overrides
from logstack.manifests.loki.values import loki_values
from logstack.manifests.manifest import yaml_text
from logstack.manifests.stores.access import StoreAccess
from logstack.manifests.stores.kinds import store_access
from logstack.settings.model.tree import Settings

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


def stack(**said: object) -> Settings:
    return Settings.model_validate({"cluster": CLUSTER, "objectStore": EXISTING, **said})


def access(settings: Settings) -> StoreAccess:
    return store_access(settings.object_store, settings.cluster, settings.former_object_store)


def config(**said: object) -> dict[str, Any]:
    settings = stack(**said)
    return loki_config(settings, access(settings), settings.cluster)


def values(**said: object) -> dict[str, Any]:
    settings = stack(**said)
    return dict(loki_values(settings, access(settings), settings.cluster, "a-hash"))


def at(document: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; None where there is none."""
    found: Any = document
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


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
    "one that speaks TLS and addresses buckets by host": (
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
    # An endpoint breaks the exchange of the pod's web identity (grafana/loki#7279).
    "AWS, without an endpoint": (AWS, {"bucketnames": "acme-logs", "region": "eu-central-1"}),
}


@pytest.mark.parametrize(("said", "s3"), S3.values(), ids=S3)
def test_chunks_and_rules_go_to_the_store(said: dict[str, object], s3: dict[str, object]) -> None:
    document = config(objectStore=said)
    assert document["common"]["storage"] == {"s3": s3}
    assert document["ruler"]["storage"] == {"type": "s3", "s3": s3}
    assert at(document, "compactor.delete_request_store") == "s3"
    assert [period["object_store"] for period in document["schema_config"]["configs"]] == ["s3"]


def test_a_directory_holds_chunks_rules_and_delete_requests() -> None:
    document = config(**MONOLITHIC, objectStore=FILESYSTEM)
    directory = {"chunks_directory": "/var/loki/chunks", "rules_directory": "/var/loki/rules"}
    assert document["common"]["storage"] == {"filesystem": directory}
    assert document["ruler"]["storage"] == {"type": "local", "local": {"directory": "/var/loki/rules"}}
    assert at(document, "compactor.delete_request_store") == "filesystem"
    assert [period["object_store"] for period in document["schema_config"]["configs"]] == ["filesystem"]


CREDENTIALS = {
    "a Secret that exists": (EXISTING, "keys", {}),
    "a Secret of ours": ({"kind": "embedded", "bucket": "loki"}, "loki-s3-credentials", {}),
    "a role, by an annotation": (
        AWS,
        None,
        {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/logstack-acme-logs"},
    ),
    "a role, by an association": (POD_IDENTITY, None, {}),
}


@pytest.mark.parametrize(("said", "secret", "annotations"), CREDENTIALS.values(), ids=CREDENTIALS)
def test_loki_gets_its_keys_from_a_secret_or_has_a_role(
    said: dict[str, object], secret: str | None, annotations: dict[str, str]
) -> None:
    found = values(objectStore=said)
    assert at(found, "defaults.extraEnvFrom") == ([{"secretRef": {"name": secret}}] if secret else None)
    assert at(found, "serviceAccount.annotations") == annotations
    assert at(found, "serviceAccount.name") == "loki"


# --- what the settings decide in loki.yaml


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
    # Several compactors: the first pod finds the lowest token, and what one has marked another deletes.
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
    ({}, "query_range.results_cache", None),
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


@pytest.mark.parametrize(("said", "path", "value"), DECISIONS)
def test_the_settings_decide_in_loki_yaml(said: dict[str, object], path: str, value: object) -> None:
    assert at(config(**said), path) == value


def test_schema_periods_are_written_as_they_were_said() -> None:
    periods = [{"from": "2023-01-01", "schema": "v12", "indexPrefix": "index_"}, {"from": "2024-04-01"}]
    assert config(schemaPeriods=periods)["schema_config"]["configs"] == [
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


def test_the_overrides_are_the_only_tenants() -> None:
    said = {
        "ingestionRate": "8Mi",
        "ingestionBurst": "12.5Mi",
        "perStreamRate": "5Mi",
        "perStreamBurst": "20Mi",
        "maxStreams": 25_000,
        "maxLineSize": "1Mi",
        "maxEntriesPerQuery": 10_000,
    }
    assert loki_overrides(stack(limits=said)) == {
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


# --- what the settings decide in the chart's values


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
    # Writers, and the single binary that is one, have time to flush their chunks.
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
    # The largest push is a burst; nginx must let it through, and never less than the chart's 4M.
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


@pytest.mark.parametrize(("said", "path", "value"), VALUES)
def test_the_settings_decide_in_the_charts_values(said: dict[str, object], path: str, value: object) -> None:
    assert at(values(**said), path) == value


@pytest.mark.parametrize(("role", "component"), [("write", "write"), ("gateway", "gateway")])
def test_pods_of_a_part_stand_on_different_nodes(role: str, component: str) -> None:
    (term,) = at(values(), f"{role}.affinity.{REQUIRED}")
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert term["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == component


def test_on_one_node_pods_only_prefer_to_stand_apart() -> None:
    found = values(**MONOLITHIC, cluster={**CLUSTER, "singleNode": True})
    (wish,) = at(found, f"singleBinary.affinity.{PREFERRED}")
    assert wish["weight"] == 100
    assert wish["podAffinityTerm"]["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == "single-binary"


def test_addresses_follow_the_namespace_and_the_clusters_domain() -> None:
    place = stack(cluster={**CLUSTER, "namespace": "logs", "clusterDomain": "home.arpa"}).cluster
    assert gateway_url(place) == "http://loki-gateway.logs.svc.home.arpa"
    assert push_url(place) == "http://loki-gateway.logs.svc.home.arpa/loki/api/v1/push"


# --- the store of earlier days


PERIODS = [{"from": "2024-04-01"}, {"from": "2025-01-01"}, {"from": "2026-05-20"}]
OLD_S3 = {
    "kind": "s3-compatible",
    "endpoint": "http://10.0.40.9:9000",
    "bucket": "old",
    "credentialsSecret": "old-keys",
}


def moved(store: Mapping[str, object]) -> dict[str, object]:
    return {"schemaPeriods": PERIODS, "formerObjectStore": {"before": "2026-05-20", "store": store}}


def test_periods_before_the_move_are_in_the_former_s3_store_and_the_others_in_that_of_today() -> None:
    document = config(**moved(OLD_S3))
    assert [period["object_store"] for period in document["schema_config"]["configs"]] == ["former", "former", "s3"]
    former = at(document, "storage_config.named_stores.aws.former")
    assert (former["bucketnames"], former["endpoint"]) == ("old", "http://10.0.40.9:9000")
    assert at(document, "common.storage.s3.bucketnames") == "b"
    assert at(document, "compactor.delete_request_store") == "s3"


def test_the_former_stores_key_comes_from_its_own_secret_into_quotes_and_not_beside_aws_own_names() -> None:
    text = yaml_text(config(**moved(OLD_S3)))
    assert "access_key_id: '${FORMER_AWS_ACCESS_KEY_ID}'" in text
    assert "secret_access_key: '${FORMER_AWS_SECRET_ACCESS_KEY}'" in text
    assert at(values(**moved(OLD_S3)), "defaults.extraEnv") == [
        {
            "name": f"FORMER_{key}",
            "valueFrom": {"secretKeyRef": {"name": "old-keys", "key": key}},
        }
        for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    ]
    assert at(values(**moved(OLD_S3)), "defaults.extraEnvFrom") == [{"secretRef": {"name": "keys"}}]


def test_periods_before_the_move_from_a_directory_are_read_from_the_directory_that_they_are_in() -> None:
    document = config(**MONOLITHIC, **moved(FILESYSTEM))
    assert [period["object_store"] for period in document["schema_config"]["configs"]] == ["filesystem"] * 2 + ["s3"]
    before = config(**MONOLITHIC, objectStore=FILESYSTEM)
    directory = at(before, "common.storage.filesystem.chunks_directory")
    assert at(document, "storage_config.filesystem.directory") == directory
    assert "extraEnv" not in values(**MONOLITHIC, **moved(FILESYSTEM))["defaults"]


def test_without_a_former_store_nothing_of_it_is_said() -> None:
    assert "named_stores" not in config()["storage_config"]
    assert "extraEnv" not in values()["defaults"]
