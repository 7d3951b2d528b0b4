"""The Loki chart's values: everything that is not loki.yaml. Numbers go as strings with units where they are large."""

from collections.abc import Iterator, Mapping

from logstack.manifests.loki.chart import (
    CACHE_MEMORY_KEY,
    CONFIG_HASH_KEY,
    EXPERIMENTAL,
    EXPORTER_KEY,
    GATEWAY_KEY,
    MEMCACHED_KEY,
    MODES,
    NGINX_KEY,
    RELEASE,
    Cache,
    cache_sizes,
)
from logstack.manifests.loki.config import OVERRIDES_DIRECTORY
from logstack.manifests.loki.gateway import auth_values, nginx_values
from logstack.manifests.manifest import LINUX_NODES, Json, container_resources, rolled_by_credentials
from logstack.manifests.merge import merged
from logstack.manifests.pods import PLAIN_PODS, PodOptions, image_values, metadata_values, pull_secrets, scheduling_of
from logstack.manifests.stores.access import (
    ACCESS_KEY_ID,
    CA_DIRECTORY,
    CA_FILE,
    FORMER_ACCESS_KEY_ID,
    FORMER_CA_DIRECTORY,
    FORMER_SECRET_ACCESS_KEY,
    SECRET_ACCESS_KEY,
    SERVICE_ACCOUNT,
    StoreAccess,
)
from logstack.settings.model.autoscaling import Scaling
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.images import Images
from logstack.settings.model.loki import LokiSettings
from logstack.settings.model.object_store import AccessKey, CaCertificate
from logstack.settings.model.quantities import kubernetes_size
from logstack.settings.model.roles import Role, Volume
from logstack.settings.passthrough.documents import JOINED

CONFIG_MAP = "loki-config"
CONFIG_KEY = "config.yaml"
OVERRIDES_MAP = "loki-overrides"
_MIB = 1024**2
Values = dict[str, Json]


def loki_values(
    settings: LokiSettings,
    store: StoreAccess,
    cluster: ClusterSettings,
    config_hash: str,
    *,
    options: PodOptions = PLAIN_PODS,
) -> Values:
    """Return the values: logstack's own, and over them what the stack passes on.

    `config_hash` changes with loki.yaml and rolls the pods.
    """
    own = own_values(settings, store, cluster, config_hash, options=options)
    return merged(own, settings.loki.values, JOINED["loki"])


def own_values(
    settings: LokiSettings,
    store: StoreAccess,
    cluster: ClusterSettings,
    config_hash: str,
    *,
    options: PodOptions = PLAIN_PODS,
) -> Values:
    """Return the values without what the stack passes on."""
    pods = {role: _role(settings, role, cluster, store, options) for role in Role}
    return {
        "deploymentMode": MODES[settings.deployment_mode],
        "fullnameOverride": RELEASE,
        "global": {
            "clusterDomain": cluster.cluster_domain,
            "dnsService": cluster.dns_service,
            "dnsNamespace": cluster.dns_namespace,
        },
        **_images(options.images),
        "loki": _loki(settings, store, config_hash, options.images),
        "defaults": _defaults(store),
        # The mode decides: roles of the other modes have no pods.
        **{role.row.chart_key: own for role, own in pods.items() if not role.row.has_switch},
        # Experimental, and off.
        **{part: {"replicas": 0} for part in EXPERIMENTAL},
        # Chart 18's default publishes only ready pods, so no pod of a new ring finds another.
        "memberlist": {"service": {"publishNotReadyAddresses": True, **_memberlist(options)}},
        "serviceAccount": {
            "create": store.service_account == SERVICE_ACCOUNT,
            # The role's trust names it; the chart's default name changes between versions.
            "name": store.service_account,
            "annotations": dict(store.service_account_annotations),
        },
        # Reads every Secret of the cluster and needs another image; rules come as ConfigMaps of our own.
        "sidecar": {"rules": {"enabled": False}},
        "rbac": {"namespaced": True},
        GATEWAY_KEY: _gateway(settings, cluster, options),
        **{cache.key: _cache(cache, memory, options) for cache, memory in cache_sizes(settings.caches)},
        **{role.row.chart_key: own for role, own in pods.items() if role.row.has_switch},
        # Ours pushes through the collector; the chart's goes straight to Loki and proves half the way.
        "lokiCanary": {"enabled": False},
        # A pod with a floating image tag; the canary and `logstack try` test.
        "test": {"enabled": False},
    }


def _images(images: Images) -> Values:
    """Where images come from that are no Loki's and no gateway's, and the Secrets to pull all of them with."""
    own = {MEMCACHED_KEY: images.memcached, EXPORTER_KEY: images.memcached_exporter}
    located = {key: {"image": values} for key, image in own.items() if (values := image_values(images, image))}
    return {**({"imagePullSecrets": secrets} if (secrets := pull_secrets(images)) else {}), **located}


def _loki(settings: LokiSettings, store: StoreAccess, config_hash: str, images: Images) -> Values:
    values: Values = {
        "image": {"tag": settings.loki_version, **image_values(images, images.loki)},
        "auth_enabled": bool(settings.tenants),  # the chart adds its tenant to nginx, if it has one
        "commonConfig": {"replication_factor": settings.replication_factor},
        # Our ConfigMap instead of the chart's template, so that Loki gets the configuration that it has verified.
        "configObjectName": CONFIG_MAP,
        "generatedConfigObjectName": "",
        "podAnnotations": {
            CONFIG_HASH_KEY: config_hash,
            **(rolled_by_credentials() if store.credentials_are_ours else {}),
        },
        **({"podLabels": dict(store.pod_labels)} if store.pod_labels else {}),
        # Read by the chart for its checks and the mode's templates, not for the configuration.
        "storage": {"type": store.kind, **({"bucketNames": _bucket_names(store)} if store.bucket else {})},
        "schemaConfig": {"configs": [{"from": period.start} for period in settings.schema_periods]},
    }
    return values


# The chart's policies for `write`, which it leaves off: a writer hands its lines to the store before it goes.
_SLOWLY: Values = {
    "enabled": True,
    "scaleUp": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 900}]},
    "scaleDown": {
        "policies": [{"type": "Pods", "value": 1, "periodSeconds": 1800}],
        "stabilizationWindowSeconds": 3600,
    },
}


def _autoscaling(scaling: Scaling | None, replicas: int, *, holds_lines: bool = False) -> Values:
    if scaling is None:
        return {}
    values: Values = {
        "enabled": True,
        "minReplicas": replicas,
        "maxReplicas": scaling.max_replicas,
        # 0, because Helm merges what is absent from the chart's own values: 60.
        "targetCPUUtilizationPercentage": scaling.cpu or (0 if scaling.memory else 60),
    }
    if scaling.memory:
        values["targetMemoryUtilizationPercentage"] = scaling.memory
    return {"autoscaling": {**values, **({"behavior": _SLOWLY} if holds_lines else {})}}


def _memberlist(options: PodOptions) -> Values:
    annotations = options.metadata.service_annotations
    return {"annotations": dict(annotations)} if annotations else {}


def _bucket_names(store: StoreAccess) -> Values:
    return {"chunks": store.bucket, "ruler": store.rules_bucket}


def _defaults(store: StoreAccess) -> Values:
    """Return the values of every Loki pod, and of the gateway."""
    authorities = list(_authorities(store))
    values: Values = {
        "nodeSelector": LINUX_NODES,
        "extraVolumes": [
            {"name": "overrides", "configMap": {"name": OVERRIDES_MAP}},
            *(_ca_volume(directory, certificate) for directory, certificate in authorities),
        ],
        "extraVolumeMounts": [
            {"name": "overrides", "mountPath": OVERRIDES_DIRECTORY, "readOnly": True},
            *(
                {"name": _volume_name(directory), "mountPath": directory, "readOnly": True}
                for directory, _ in authorities
            ),
        ],
        # Loki asks nothing of Kubernetes' API, and finds its peers by DNS.
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
    }
    variables = []
    if store.credentials_secret and store.access_key.keys.are_variables:
        values["extraEnvFrom"] = [
            {"secretRef": {"name": store.credentials_secret}},
            *([{"configMapRef": {"name": store.address_config_map}}] if store.address_config_map else []),
        ]
    else:
        variables += _key_variables(store.access_key, ACCESS_KEY_ID, SECRET_ACCESS_KEY)
    if store.former:
        variables += _key_variables(store.former.store.access_key, FORMER_ACCESS_KEY_ID, FORMER_SECRET_ACCESS_KEY)
    return {**values, **({"extraEnv": variables} if variables else {})}


def _authorities(store: StoreAccess) -> Iterator[tuple[str, CaCertificate]]:
    """Yield the certificates that Loki checks its stores with, each with its directory in the pods."""
    if store.ca_certificate:
        yield CA_DIRECTORY, store.ca_certificate
    if store.former and store.former.store.ca_certificate:
        yield FORMER_CA_DIRECTORY, store.former.store.ca_certificate


def _ca_volume(directory: str, certificate: CaCertificate) -> Json:
    items: Json = [{"key": certificate.key, "path": CA_FILE}]
    return {"name": _volume_name(directory), "secret": {"secretName": certificate.secret, "items": items}}


def _volume_name(directory: str) -> str:
    return directory.rpartition("/")[2]


def _key_variables(access_key: AccessKey, access_key_id: str, secret_access_key: str) -> list[Json]:
    """Return the variables with a store's access key; none for a store without one."""
    if not access_key.secret:
        return []
    keys = {access_key_id: access_key.keys.access_key_id, secret_access_key: access_key.keys.secret_access_key}
    return [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": access_key.secret, "key": key}}}
        for name, key in keys.items()
    ]


def _role(
    settings: LokiSettings, role: Role, cluster: ClusterSettings, store: StoreAccess, options: PodOptions
) -> Values:
    """Return the values of one role's pods; a role of another mode has none."""
    # In the other modes the role is a part of other pods, and the switch is for the chart's checks.
    switch: Values = {"enabled": bool(store.bucket)} if role.row.has_switch else {}
    replicas = settings.replica_count(role)
    if not replicas:
        return switch or {"replicas": 0}
    size = settings.resources_of(role)
    values: Values = {
        **switch,
        "replicas": replicas,
        "resources": container_resources(size),
        **scheduling_of(options.scheduling.of(role.field), _labels(role.component), spread(role.component, cluster)),
        **metadata_values(options.metadata.of(role.field)),
        **_autoscaling(settings.autoscaling[role.field], replicas, holds_lines=role == settings.writer),
        **(_budget(replicas) if role.row.has_disruption_budget else {}),
        **role.row.chart_values,
    }
    if role == settings.writer:
        values["terminationGracePeriodSeconds"] = store.flush_seconds
    if size.disk:
        # The chart reads nothing of a volume of a Deployment.
        values["persistence"] = _persistence(settings, size.disk, role.row.volume or Volume())
    return values


def _persistence(settings: LokiSettings, disk: int, of_chart: Volume) -> Values:
    """Volumes outlive pods, StatefulSets and mistakes."""
    volume: Values = {"size": kubernetes_size(disk)}
    if settings.storage_class:
        volume["storageClass"] = settings.storage_class
    if of_chart.has_claim_list:
        volume = {"claims": [{"name": of_chart.claim, "accessModes": ["ReadWriteOnce"], **volume}]}
    return {
        of_chart.switch: True,
        **volume,
        # The chart's default for the backend deletes the claims with the StatefulSet: retention's markers with them.
        **({"enableStatefulSetAutoDeletePVC": False} if of_chart.can_delete_claims else {}),
    }


def _budget(replicas: int) -> Values:
    """Drained nodes take one pod at a time; the chart has no such budget for the gateway and the single binary, and
    none at all for the compactor."""
    return {"podDisruptionBudget": {"maxUnavailable": 1}} if replicas > 1 else {}


def _labels(component: str) -> Mapping[str, str]:
    """Return the labels that select the pods of a component of the chart."""
    return {"app.kubernetes.io/component": component, "app.kubernetes.io/instance": RELEASE}


def spread(component: str, cluster: ClusterSettings) -> Mapping[str, Json]:
    """One pod of a part a node: three nodes carry three replicas. On a one-node cluster it is a wish."""
    term: Values = {
        "labelSelector": {"matchLabels": _labels(component)},
        "topologyKey": "kubernetes.io/hostname",
    }
    if cluster.single_node:
        return {
            "podAntiAffinity": {
                # An empty list, because Helm merges what is absent from the chart's own values.
                "requiredDuringSchedulingIgnoredDuringExecution": [],
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}],
            }
        }
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def _gateway(settings: LokiSettings, cluster: ClusterSettings, options: PodOptions) -> Values:
    if not settings.gateway.enabled:
        return {"enabled": False}
    image = image_values(options.images, options.images.gateway)
    return {
        "enabled": True,
        **({"image": image} if image else {}),
        "replicas": settings.gateway.replicas,
        **_budget(settings.gateway.replicas),
        "resources": container_resources(settings.resources_of("gateway")),
        **scheduling_of(options.scheduling.of("gateway"), _labels("gateway"), spread("gateway", cluster)),
        **metadata_values(options.metadata.of("gateway")),
        **_autoscaling(settings.autoscaling["gateway"], settings.gateway.replicas),
        "deploymentStrategy": {"type": "RollingUpdate", "rollingUpdate": _gateway_rollout(cluster)},
        NGINX_KEY: nginx_values(settings, cluster),
        **auth_values(settings),
        # One more image and container for numbers that Loki's own metrics have.
        "metrics": {"enabled": False},
    }


def _gateway_rollout(cluster: ClusterSettings) -> Values:
    """On one node the new pod is ready before the old one goes, for both may be there.

    Elsewhere it would need a node of its own: with as many replicas as nodes the rollout would wait for ever.
    """
    return {"maxSurge": 1, "maxUnavailable": 0} if cluster.single_node else {"maxSurge": 0, "maxUnavailable": 1}


def _cache(cache: Cache, memory: int | None, options: PodOptions) -> Values:
    if not memory:
        return {"enabled": False}
    # The chart's defaults for every pod do not reach its caches.
    own = {
        **scheduling_of(options.scheduling.of("caches"), _labels(f"memcached-{cache.component}")),
        **metadata_values(options.metadata.of("caches")),
    }
    return {"enabled": True, CACHE_MEMORY_KEY: memory // _MIB, "nodeSelector": LINUX_NODES, **own}
