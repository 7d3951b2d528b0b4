"""The components and their settings, for a Pulumi program of one's own: `from logstack import Cluster, Loki, ...`.

    settings = load_settings()
    cluster = Cluster("cluster", settings.cluster)
    store = ObjectStore("store", settings.object_store, cluster, credentials=Credentials.from_config())
    loki = Loki("loki", settings, store, cluster)

Settings come from the stack file (`load_settings`) or from Python (`checked`); both ways run the same checks. Each
component takes typed settings and the components that it needs, and starts the names of its resources with its own: any
number of them stand in one program. In Kubernetes a namespace has one Loki, and a cluster has one Alloy, whose
ClusterRole and state on the nodes have no namespace.
"""

# ruff: noqa: E402 - the check comes before what it is about

from logstack.own_packages import refuse_hidden_packages

refuse_hidden_packages()

from components.alloy.component import Alloy
from components.alloy.resources import CollectorSizes, collector_sizes
from components.canary.component import Canary
from components.canary.resources import Found, found_by
from components.cluster.component import Cluster
from components.cluster.reach import stop_without_cluster
from components.component import Component
from components.grafana.component import GrafanaDatasource
from components.loki.applied import stop_before_lines_are_lost
from components.loki.component import Loki
from components.loki.intake import Intake
from components.object_store.access import StoreAccess
from components.object_store.account import stop_in_wrong_account
from components.object_store.component import Credentials, ObjectStore
from logstack.python_settings import checked
from settings.access import ControllerIngress, GatewayAuth, GatewayRoute, ParentGateway, Tls
from settings.charts import Charts, ChartSource
from settings.cluster import ClusterSettings
from settings.collector import CanarySettings, CollectorSettings
from settings.grafana import GrafanaSettings, TraceLinks
from settings.load import load_settings
from settings.loki import Caches, Gateway, Limits, LokiSettings, Replicas, SchemaPeriod, SizeOverrides
from settings.object_store import (
    AwsIdentity,
    AwsStore,
    CephBucketClaim,
    EmbeddedStore,
    ExternalSecret,
    FilesystemStore,
    FormerObjectStore,
    S3CompatibleStore,
    SecretProperties,
    SecretStore,
)
from settings.processing import Drop, Multiline, Parser, RateLimit, Timestamp
from settings.quantities import parse_cpu, parse_duration, parse_ingest, parse_size
from settings.redaction import CustomRedaction, RedactionSettings
from settings.retention import RetentionStream
from settings.sizes import Resources, SizeName
from settings.sources import Journal, Namespaces, NodeFile, Otlp, Pods, Sources
from settings.tenants import Tenant, TenantLimits
from settings.tree import Settings

__all__ = [
    "Alloy",
    "AwsIdentity",
    "AwsStore",
    "Caches",
    "Canary",
    "CanarySettings",
    "CephBucketClaim",
    "ChartSource",
    "Charts",
    "Cluster",
    "ClusterSettings",
    "CollectorSettings",
    "CollectorSizes",
    "Component",
    "ControllerIngress",
    "Credentials",
    "CustomRedaction",
    "Drop",
    "EmbeddedStore",
    "ExternalSecret",
    "FilesystemStore",
    "FormerObjectStore",
    "Found",
    "Gateway",
    "GatewayAuth",
    "GatewayRoute",
    "GrafanaDatasource",
    "GrafanaSettings",
    "Intake",
    "Journal",
    "Limits",
    "Loki",
    "LokiSettings",
    "Multiline",
    "Namespaces",
    "NodeFile",
    "ObjectStore",
    "Otlp",
    "ParentGateway",
    "Parser",
    "Pods",
    "RateLimit",
    "RedactionSettings",
    "Replicas",
    "Resources",
    "RetentionStream",
    "S3CompatibleStore",
    "SchemaPeriod",
    "SecretProperties",
    "SecretStore",
    "Settings",
    "SizeName",
    "SizeOverrides",
    "Sources",
    "StoreAccess",
    "Tenant",
    "TenantLimits",
    "Timestamp",
    "Tls",
    "TraceLinks",
    "checked",
    "collector_sizes",
    "found_by",
    "load_settings",
    "parse_cpu",
    "parse_duration",
    "parse_ingest",
    "parse_size",
    "stop_before_lines_are_lost",
    "stop_in_wrong_account",
    "stop_without_cluster",
]
