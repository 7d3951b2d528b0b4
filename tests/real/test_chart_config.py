"""Compare our loki.yaml with the pinned chart's for the same settings, as the real Loki reads both.

The chart's template has what Loki's maintainers consider necessary. So each difference needs a reason here, and each
reason a difference. Loki prints every setting in force, defaults included: a setting that one file leaves to the same
default is no difference.
"""

import copy
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from logstack.settings.model.object_store import (
    AwsStore,
    AzureStore,
    CephBucketClaim,
    EmbeddedStore,
    FilesystemStore,
    GcsStore,
    S3CompatibleStore,
)
from logstack.settings.model.quantities import plain_duration
from logstack.settings.tree import Settings
from tests.support.documents import differences
from tests.support.real import effective_config, render_pinned_chart
from tests.support.stacks import NAMES, chart_values, data, declarations, settings_of

pytestmark = pytest.mark.real

_STACK_SAYS = "a tenant's limit: the stack file says it, with the values of Loki's guide for production as defaults"
_BLOOMS = "blooms are experimental and off in both; the chart names their addresses all the same"
_CONNECTION = "twice the longest query, as in the chart, where a query may take 5 minutes and its connection 10"
_CACHED = "a dashboard that reloads is not computed again, in stacks without memcached as well (measured)"
_FORMER = "the store of earlier periods, which the chart's values below do not have"
_OLDER_CLIENT = "Loki ignores ruler.storage beside ruler_storage of Thanos' clients (pkg/loki/modules.go)"
_LEADER = "delete requests go to the compactor that works, not to any (logstack/manifests/loki/leader.py)"
_ADDRESS = "each pod is in the rings by its own address, also where a node has several networks"
REASONS = {
    "common.instance_addr": _ADDRESS,
    "*.instance_addr": _ADDRESS,
    "*lifecycler.address": _ADDRESS,
    "frontend.address": _ADDRESS,
    "*.heartbeat_period": "15s by common.ring, which an address needs; 5s where Loki derives the ring from memberlist",
    "common.ring.kvstore.store": "with an address Loki no longer derives it from memberlist's section",
    "memberlist.cluster_label": "Loki refuses members of other rings",
    "memberlist.advertise_addr": _ADDRESS,
    "ruler.ring.kvstore.prefix": "of common.ring; rulers have their own key in it (pkg/ruler/base/ruler.go: ringKey)",
    "*http_config.ca_file": "the stack file names an authority of its own",
    "common.compactor_grpc_address": _LEADER,
    "compactor.compactor_ring.tokens_file_path": _LEADER,
    "compactor.deletion_marker_object_store_prefix": "what one leader has marked the next one deletes",
    "analytics.reporting_enabled": "no report to Grafana that the operator did not ask for",
    "bloom_build.builder.planner_address": _BLOOMS,
    "bloom_gateway.client.addresses": _BLOOMS,
    "storage_config.bloom_shipper.working_directory": _BLOOMS,
    "storage_config.boltdb_shipper.index_gateway_client.server_address": "only where a period has that index store",
    "ingester.wal.replay_memory_ceiling": "half of the writer's memory: Loki's 4GB kill a smaller pod again and again",
    "limits_config.ingestion_burst_size_mb": _STACK_SAYS,
    "limits_config.ingestion_rate_mb": _STACK_SAYS,
    "limits_config.max_global_streams_per_user": _STACK_SAYS,
    "limits_config.max_query_series": _STACK_SAYS,
    "limits_config.max_query_length": "the retention and an hour; Loki's default suits 30 days, whatever the retention",
    "limits_config.query_timeout": _STACK_SAYS,
    "limits_config.retention_stream*": "rules of the stack file; the chart's values above have none",
    "limits_config.split_queries_by_interval": "a chunk is read by fewer parts of a query: less CPU (measured)",
    "querier.max_concurrent": "a small query waits less behind a large one (measured)",
    "query_range.cache_results": _CACHED,
    "query_range.*results_cache.cache.embedded_cache.*": _CACHED,
    "limits_config.reject_old_samples_max_age": "the retention where that is shorter than the chart's week",
    "schema_config.configs*.object_store": _FORMER,
    "storage_config.named_stores*": _FORMER,
    "common.storage.object_store.*": "in both in storage_config; the chart has the same in common as well",
    "ruler.storage.azure.container_name": _OLDER_CLIENT,
    "ruler.storage.gcs.bucket_name": _OLDER_CLIENT,
    "ruler.storage.type": _OLDER_CLIENT,
    "server.http_server_read_timeout": _CONNECTION,
    "server.http_server_write_timeout": _CONNECTION,
    "limits_config.max_query_lookback": "the retention: what is about to be deleted is not found any more",
    "runtime_config.file": "overrides of ours, in a ConfigMap of ours that rolls no pod",
}
WITH_TENANTS = {
    "querier.multi_tenant_queries_enabled": "Grafana's datasource asks for the lines of every tenant at once",
}
WITHOUT_A_STORE = {
    "ruler.wal.dir": "the chart has no ruler without an object store; ours has its rules on the volume",
    "ruler.wal.remote_flush_deadline": "as above: Loki prints it where the section is",
}


def chart_style_values(settings: Settings) -> dict[str, Any]:
    """Return our values with the configuration as users of the chart write it, after seed 002."""
    values: dict[str, Any] = copy.deepcopy(chart_values(settings, "loki"))
    loki = values["loki"]
    del loki["configObjectName"], loki["generatedConfigObjectName"]
    kind = loki["storage"]["type"]
    store = settings.object_store
    match store:
        case S3CompatibleStore():
            insecure = store.endpoint.startswith("http://")
            loki["storage"]["s3"] = {
                "endpoint": store.endpoint,
                "region": store.region,
                "s3ForcePathStyle": store.path_style,
                "insecure": insecure,
            }
        case EmbeddedStore():
            endpoint = f"http://loki-s3.{settings.cluster.namespace}.svc.{settings.cluster.cluster_domain}:7070"
            loki["storage"]["s3"] = {
                "endpoint": endpoint,
                "region": store.region,
                "s3ForcePathStyle": True,
                "insecure": True,
            }
        case CephBucketClaim():
            loki["storage"]["s3"] = {
                "endpoint": "http://${BUCKET_HOST}:${BUCKET_PORT}",
                "region": store.region,
                "s3ForcePathStyle": True,
                "insecure": True,
            }
        case AwsStore():
            loki["storage"]["s3"] = {"region": store.region}
        case GcsStore():
            loki["storage"] |= {
                "use_thanos_objstore": True,
                "object_store": {"type": "gcs", "gcs": {"bucket_name": store.bucket}},
            }
        case AzureStore():
            loki["storage"] |= {
                "use_thanos_objstore": True,
                "object_store": {"type": "azure", "azure": {"account_name": store.account}},
            }
        case FilesystemStore():
            pass
    loki["schemaConfig"] = {
        "configs": [
            {
                "from": period.start,
                "store": period.store,
                "object_store": kind,
                "schema": period.schema_version,
                "index": {"prefix": period.index_prefix, "period": "24h"},
            }
            for period in settings.schema_periods
        ]
    }
    loki["limits_config"] = {
        "retention_period": plain_duration(settings.retention),
        "allow_structured_metadata": settings.structured_metadata,
        "volume_enabled": True,
    }
    loki["compactor"] = {"retention_enabled": True, "delete_request_store": kind}
    return values


def chart_config(settings: Settings, directory: Path) -> dict[str, Any]:
    objects = render_pinned_chart("loki", settings.cluster.namespace, chart_style_values(settings), directory)
    (config_map,) = [each for each in objects if each["kind"] == "ConfigMap" and each["metadata"]["name"] == "loki"]
    document: dict[str, Any] = yaml.safe_load(config_map["data"]["config.yaml"])
    return document


def stack_config(settings: Settings) -> dict[str, Any]:
    declared = declarations(settings)
    document: dict[str, Any] = yaml.safe_load(data(declared, "loki/loki-config"))
    # Every tenant has the same.
    limits = next(iter(yaml.safe_load(data(declared, "loki/loki-overrides"))["overrides"].values()))
    return {**document, "limits_config": {**document["limits_config"], **limits}}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("charts")


@cache
def different(stack: str, directory: Path) -> dict[str, tuple[object, object]]:
    # What a stack passes on is its own difference.
    settings = settings_of(stack).model_copy(update={"loki": {}})
    return differences(
        effective_config(chart_config(settings, directory), directory),
        effective_config(stack_config(settings), directory),
    )


def reasons(stack: str) -> dict[str, str]:
    settings = settings_of(stack)
    without_a_store = WITHOUT_A_STORE if isinstance(settings.object_store, FilesystemStore) else {}
    return REASONS | without_a_store | (WITH_TENANTS if settings.tenants else {})


@pytest.mark.parametrize("stack", NAMES)
def test_each_difference_from_the_charts_own_configuration_has_a_reason(stack: str, directory: Path) -> None:
    explained = reasons(stack)
    unexplained = {
        path: values
        for path, values in different(stack, directory).items()
        if not any(fnmatchcase(path, pattern) for pattern in explained)
    }
    assert unexplained == {}, "the chart's value, and ours"


def test_each_reason_has_a_difference(directory: Path) -> None:
    differing_paths = set().union(*(different(stack, directory) for stack in NAMES))
    patterns = REASONS | WITHOUT_A_STORE | WITH_TENANTS
    assert [pattern for pattern in patterns if not any(fnmatchcase(path, pattern) for path in differing_paths)] == []
