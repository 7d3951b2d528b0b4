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

from components.alloy import Alloy
from components.base import Component
from components.canary import Canary
from components.cluster import Cluster
from components.grafana import GrafanaDatasource
from components.loki import Loki
from components.object_store import Credentials, ObjectStore
from logstack.manifests.alloy.resources import CollectorSizes, collector_sizes
from logstack.manifests.canary.resources import Found, found_by
from logstack.manifests.loki.intake import Intake
from logstack.manifests.stores.access import StoreAccess
from logstack.preflight.api_server import stop_without_cluster
from logstack.preflight.aws_account import stop_in_wrong_account
from logstack.preflight.data_loss import stop_before_lines_are_lost
from logstack.python_settings import checked
from logstack.settings.load.loader import load_settings
from logstack.settings.model.access import ControllerIngress, GatewayAuth, GatewayRoute, ParentGateway, Tls
from logstack.settings.model.charts import Charts, ChartSource
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import CanarySettings, CollectorSettings
from logstack.settings.model.grafana import GrafanaSettings, TraceLinks
from logstack.settings.model.loki import Caches, Gateway, Limits, LokiSettings, Replicas, SchemaPeriod, SizeOverrides
from logstack.settings.model.object_store import (
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
from logstack.settings.model.processing import Drop, Multiline, Parser, RateLimit, Timestamp
from logstack.settings.model.quantities import parse_cpu, parse_duration, parse_ingest, parse_size
from logstack.settings.model.redaction import CustomRedaction, RedactionSettings
from logstack.settings.model.retention import RetentionStream
from logstack.settings.model.sizes import Resources, SizeName
from logstack.settings.model.sources import Journal, Namespaces, NodeFile, Otlp, Pods, Sources
from logstack.settings.model.tenants import Tenant, TenantLimits
from logstack.settings.model.tree import Settings

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
