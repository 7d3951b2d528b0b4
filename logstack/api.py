"""The public names of `logstack`: the settings of each component, and the values that logstack derives."""

from logstack.manifests.alloy.resources import CollectorSizes, collector_sizes
from logstack.manifests.canary.resources import Found, found_by
from logstack.manifests.loki.intake import Intake
from logstack.manifests.pods import PodOptions, pod_options
from logstack.manifests.stores.access import StoreAccess
from logstack.settings.model.access import ControllerIngress, GatewayAuth, GatewayRoute, ParentGateway, Tls
from logstack.settings.model.affinity import Affinity
from logstack.settings.model.autoscaling import Autoscaling, Scaling
from logstack.settings.model.charts import Charts, ChartSource
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import CanarySettings, CollectorSettings
from logstack.settings.model.grafana import GrafanaSettings, TraceLinks
from logstack.settings.model.images import Image, Images
from logstack.settings.model.loki import Caches, Gateway, Limits, LokiSettings, Replicas, SchemaPeriod, SizeOverrides
from logstack.settings.model.metadata import ComponentMetadata, Metadata, MetadataSettings
from logstack.settings.model.object_store import (
    AwsIdentity,
    AwsStore,
    AzureIdentity,
    AzureStore,
    CephBucketClaim,
    CredentialsKeys,
    EmbeddedStore,
    ExternalSecret,
    FilesystemStore,
    FormerObjectStore,
    GcsIdentity,
    GcsStore,
    S3CompatibleStore,
    SecretProperties,
    SecretStore,
)
from logstack.settings.model.passthrough import AlloyPassthrough, LokiPassthrough
from logstack.settings.model.processing import Drop, Multiline, Parser, RateLimit, Timestamp
from logstack.settings.model.quantities import parse_cpu, parse_duration, parse_ingest, parse_size
from logstack.settings.model.redaction import CustomRedaction, RedactionSettings
from logstack.settings.model.retention import RetentionStream
from logstack.settings.model.scheduling import (
    ComponentScheduling,
    PodScheduling,
    SchedulingSettings,
    Toleration,
    TopologySpread,
)
from logstack.settings.model.sizes import GatewayResources, Resources, SizeName
from logstack.settings.model.sources import Journal, Namespaces, NodeFile, Otlp, Pods, Sources
from logstack.settings.model.tenants import Tenant, TenantLimits
from logstack.settings.tree import Settings

__all__ = [
    "Affinity",
    "AlloyPassthrough",
    "Autoscaling",
    "AwsIdentity",
    "AwsStore",
    "AzureIdentity",
    "AzureStore",
    "Caches",
    "CanarySettings",
    "CephBucketClaim",
    "ChartSource",
    "Charts",
    "ClusterSettings",
    "CollectorSettings",
    "CollectorSizes",
    "ComponentMetadata",
    "ComponentScheduling",
    "ControllerIngress",
    "CredentialsKeys",
    "CustomRedaction",
    "Drop",
    "EmbeddedStore",
    "ExternalSecret",
    "FilesystemStore",
    "FormerObjectStore",
    "Found",
    "Gateway",
    "GatewayAuth",
    "GatewayResources",
    "GatewayRoute",
    "GcsIdentity",
    "GcsStore",
    "GrafanaSettings",
    "Image",
    "Images",
    "Intake",
    "Journal",
    "Limits",
    "LokiPassthrough",
    "LokiSettings",
    "Metadata",
    "MetadataSettings",
    "Multiline",
    "Namespaces",
    "NodeFile",
    "Otlp",
    "ParentGateway",
    "Parser",
    "PodOptions",
    "PodScheduling",
    "Pods",
    "RateLimit",
    "RedactionSettings",
    "Replicas",
    "Resources",
    "RetentionStream",
    "S3CompatibleStore",
    "Scaling",
    "SchedulingSettings",
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
    "Toleration",
    "TopologySpread",
    "TraceLinks",
    "collector_sizes",
    "found_by",
    "parse_cpu",
    "parse_duration",
    "parse_ingest",
    "parse_size",
    "pod_options",
]
