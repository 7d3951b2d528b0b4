"""The Alloy chart's values."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from logstack.manifests.alloy.chart import ALLOY_IMAGE, DAEMON_SET, DEPLOYMENT
from logstack.manifests.alloy.delivery import PASSWORD_FILE, PASSWORD_FOLDER
from logstack.manifests.alloy.environment import in_cluster
from logstack.manifests.alloy.sources.catalog import (
    needs_docker_folder,
    needs_var_log,
    node_sources,
    single_pod_sources,
)
from logstack.manifests.alloy.sources.record import HostPath, LogSource
from logstack.manifests.manifest import (
    EVERY_TAINT,
    LINUX_NODES,
    RESTRICTED_CONTAINER,
    RESTRICTED_POD,
    Json,
    container_resources,
    go_memory_limit,
)
from logstack.manifests.pods import PLAIN_PODS, PodOptions, image_values, metadata_values, pull_secrets, scheduling_of
from logstack.settings.model.access import PASSWORD_KEY
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.sizes import Resources
from logstack.settings.model.sources import Sources

CONFIG_KEY = "config.alloy"
# Releases of the chart: the collectors of the nodes, and the one that runs once per cluster.
NODES, EVENTS = "alloy", "alloy-events"
_STATE = "/var/lib/alloy"
# Of the image (its Dockerfile's user `alloy`).
_ALLOY_USER = 473
Values = dict[str, Json]


def node_values(
    collector: CollectorSettings,
    size: Resources,
    config_map: str,
    cluster: ClusterSettings,
    credentials_secret: str | None = None,
    *,
    options: PodOptions = PLAIN_PODS,
) -> Values:
    """Return the values of the nodes' collectors: a DaemonSet that mounts what its sources need of the node.

    `credentials_secret` is the name of the Secret with the gateway's password; None if the gateway asks for none.
    """
    sources = node_sources(collector.sources)
    reads_node = needs_var_log(collector.sources)
    host_paths = [path for source in sources for path in source.host_paths]
    mounts: list[Json] = [{"name": "state", "mountPath": _STATE}]
    mounts += [{"name": path.name, "mountPath": path.path, "readOnly": True} for path in host_paths]
    mounts += _password_mount(credentials_secret)
    alloy: Values = {
        **_alloy(collector, size, config_map, cluster),
        "mounts": {
            "varlog": reads_node,
            # With Docker the files of /var/log/pods are links into its folder. The chart mounts it unchecked: on a node
            # with another runtime the kubelet's runtime makes an empty folder.
            "dockercontainers": needs_docker_folder(collector.sources),
            "extra": mounts,
        },
        # Root alone may read the kubelet's log files; the collector has no other right of root.
        "securityContext": _ROOT if reads_node else _UNPRIVILEGED,
    }
    if ports := _ports(collector.sources):
        alloy["extraPorts"] = ports
    controller: Values = {
        "type": DAEMON_SET,
        "nodeSelector": LINUX_NODES,
        # Control-plane nodes have logs as well.
        "tolerations": EVERY_TAINT,
        **scheduling_of(collector.scheduling, _labels(NODES)),
        **_pod_metadata(options),
        "volumes": {
            "extra": [_state(on_node=reads_node), *map(_host_path, host_paths), *_password_volume(credentials_secret)]
        },
    }
    return {
        **_common(options),
        "alloy": alloy,
        "controller": controller,
        "rbac": _rbac(sources, collector.sources),
    }


def single_pod_values(
    collector: CollectorSettings,
    size: Resources,
    config_map: str,
    cluster: ClusterSettings,
    credentials_secret: str | None = None,
    *,
    options: PodOptions = PLAIN_PODS,
) -> Values:
    """Return the values of the collector that runs once per cluster: a Deployment of one unprivileged pod."""
    return {
        **_common(options),
        "alloy": {
            **_alloy(collector, size, config_map, cluster),
            "mounts": {
                "varlog": False,
                "dockercontainers": False,
                "extra": [{"name": "state", "mountPath": _STATE}, *_password_mount(credentials_secret)],
            },
            "securityContext": _UNPRIVILEGED,
        },
        "controller": {
            "type": DEPLOYMENT,
            "replicas": 1,
            "nodeSelector": LINUX_NODES,
            **scheduling_of(collector.scheduling, _labels(EVENTS)),
            **_pod_metadata(options),
            # Two pods at once would send every line twice.
            "updateStrategy": {"type": "Recreate"},
            "volumes": {"extra": [_state(on_node=False), *_password_volume(credentials_secret)]},
        },
        "rbac": _rbac(single_pod_sources(collector.sources), collector.sources),
    }


_ROOT: Values = {**RESTRICTED_CONTAINER, "seccompProfile": {"type": "RuntimeDefault"}, "runAsUser": 0, "runAsGroup": 0}
_UNPRIVILEGED: Values = {**RESTRICTED_CONTAINER, **RESTRICTED_POD, "runAsUser": _ALLOY_USER, "runAsGroup": _ALLOY_USER}


def _labels(release: str) -> Mapping[str, str]:
    """Return the labels that select the pods of a release."""
    return {"app.kubernetes.io/name": "alloy", "app.kubernetes.io/instance": release}


def _pod_metadata(options: PodOptions) -> Values:
    values = metadata_values(options.metadata.of("alloy"))
    return {key: value for key, value in values.items() if key != "service"}


def _common(options: PodOptions) -> Values:
    images, annotations = options.images, options.metadata.of("alloy").service_annotations
    reloader, secrets = image_values(images, images.config_reloader), pull_secrets(images)
    return {
        "image": {"tag": ALLOY_IMAGE.tag, **image_values(images, images.alloy)},
        **({"configReloader": {"image": reloader}} if reloader else {}),
        **({"global": {"image": {"pullSecrets": secrets}}} if secrets else {}),
        **({"service": {"annotations": dict(annotations)}} if annotations else {}),
        "crds": {"create": False},
    }


def _alloy(collector: CollectorSettings, size: Resources, config_map: str, cluster: ClusterSettings) -> Values:
    return {
        # The chart's default is 0.0.0.0, where the readiness probe of a pod with an IPv6 address finds nobody.
        **({"listenAddr": in_cluster(cluster).listen_before_port} if cluster.pods_prefer_ipv6 else {}),
        "configMap": {"create": False, "name": config_map, "key": CONFIG_KEY},
        "enableReporting": False,  # the chart's default reports to Grafana
        "stabilityLevel": collector.stability,
        "storagePath": f"{_STATE}/data",
        "extraEnv": go_memory_limit(size),
        "resources": container_resources(size),
    }


def _ports(sources: Sources) -> list[Json]:
    return [
        {"name": port.name, "port": port.number, "targetPort": port.number, "protocol": "TCP"}
        for port in sources.open_ports
    ]


def _state(*, on_node: bool) -> Json:
    """Return the volume of positions and the write-ahead log: a path of the node, or as long as the pod lives."""
    if on_node:
        return _host_path(HostPath("state", _STATE, "DirectoryOrCreate"))
    return {"name": "state", "emptyDir": {}}


def _host_path(path: HostPath) -> Json:
    return {"name": path.name, "hostPath": {"path": path.path, **({"type": path.type} if path.type else {})}}


def _password_mount(secret: str | None) -> list[Json]:
    return [{"name": "gateway", "mountPath": PASSWORD_FOLDER, "readOnly": True}] if secret else []


def _password_volume(secret: str | None) -> list[Json]:
    """Return the volume with the collectors' password alone."""
    items: Json = [{"key": PASSWORD_KEY, "path": PurePath(PASSWORD_FILE).name}]
    return [{"name": "gateway", "secret": {"secretName": secret, "items": items}}] if secret else []


def _rbac(sources: Sequence[LogSource], settings: Sources) -> Values:
    """Return the rights that the sources need; the chart's own rules read every Secret of the cluster.

    The chart's template joins the two lists, and writes invalid YAML when one of them is empty.
    """
    resources = [resource for source in sources for resource in source.api_resources(settings)]
    if not resources:
        return {"create": False}
    rules: list[Json] = [_rule([resource for resource in resources if "/" not in resource], "list", "watch")]
    cluster_rules: list[Json] = [_rule(resources, "get")]
    return {"rules": rules, "clusterRules": cluster_rules}


def _rule(resources: list[str], *verbs: str) -> Values:
    return {"apiGroups": [""], "resources": list(resources), "verbs": list(verbs)}
