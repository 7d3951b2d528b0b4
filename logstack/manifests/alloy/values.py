"""The Alloy chart's values."""

from pathlib import PurePath

from logstack.manifests.alloy.chart import DAEMON_SET, DEPLOYMENT
from logstack.manifests.alloy.config import IN_CLUSTER
from logstack.manifests.alloy.delivery import PASSWORD_FILE, PASSWORD_FOLDER
from logstack.manifests.manifest import RESTRICTED_CONTAINER, RESTRICTED_POD, Json, container_resources
from logstack.settings import pins
from logstack.settings.model.access import PASSWORD_KEY
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.sizes import Resources

CONFIG_KEY = "config.alloy"
_STATE = "/var/lib/alloy"
# Of the image (its Dockerfile's user `alloy`).
_ALLOY_USER = 473
_JOURNAL_HOST_PATHS = {"runlogjournal": "/run/log/journal", "machine-id": "/etc/machine-id"}
Values = dict[str, Json]


def node_values(
    collector: CollectorSettings, size: Resources, config_map: str, credentials_secret: str | None = None
) -> Values:
    """The values of the nodes' collectors: a DaemonSet, with of the node what the sources need.

    `credentials_secret` has the gateway's password, if it asks for one.
    """
    sources = collector.sources
    host_paths = {"state": _STATE} if sources.read_the_node else {}
    if sources.journal.enabled:
        host_paths |= _JOURNAL_HOST_PATHS
    mounts: list[Json] = [{"name": "state", "mountPath": _STATE}]
    mounts += [{"name": n, "mountPath": p, "readOnly": True} for n, p in host_paths.items() if n != "state"]
    mounts += _password_mount(credentials_secret)
    alloy: Values = {
        **_alloy(collector, size, config_map),
        "mounts": {"varlog": sources.read_the_node, "extra": mounts},
        # The kubelet's log files belong to root; nothing else of root is needed.
        "securityContext": _ROOT if sources.read_the_node else _UNPRIVILEGED,
    }
    if ports := _ports(collector):
        alloy["extraPorts"] = ports
    controller: Values = {
        "type": DAEMON_SET,
        # Control-plane nodes have logs as well.
        "tolerations": [{"operator": "Exists", "effect": "NoSchedule"}],
        "volumes": {"extra": [*_volumes(host_paths), *_password_volume(credentials_secret)]},
    }
    reads = sources.pods != "none"
    return {
        **_COMMON,
        "alloy": alloy,
        "controller": controller,
        "rbac": _rbac("pods", logs=sources.pods == "api") if reads else {"create": False},
    }


def events_values(
    collector: CollectorSettings, size: Resources, config_map: str, credentials_secret: str | None = None
) -> Values:
    """The values of the one collector that has Kubernetes' events: a Deployment of one pod, unprivileged."""
    return {
        **_COMMON,
        "alloy": {
            **_alloy(collector, size, config_map),
            "mounts": {
                "varlog": False,
                "extra": [{"name": "state", "mountPath": _STATE}, *_password_mount(credentials_secret)],
            },
            "securityContext": _UNPRIVILEGED,
        },
        "controller": {
            "type": DEPLOYMENT,
            "replicas": 1,
            # Two at once would send every event twice.
            "updateStrategy": {"type": "Recreate"},
            "volumes": {"extra": [*_volumes({}), *_password_volume(credentials_secret)]},
        },
        "rbac": _rbac("events"),
    }


_COMMON: Values = {
    "image": {"tag": f"v{pins.ALLOY_VERSION}"},
    "crds": {"create": False},
}
_ROOT: Values = {**RESTRICTED_CONTAINER, "seccompProfile": {"type": "RuntimeDefault"}, "runAsUser": 0, "runAsGroup": 0}
_UNPRIVILEGED: Values = {**RESTRICTED_CONTAINER, **RESTRICTED_POD, "runAsUser": _ALLOY_USER, "runAsGroup": _ALLOY_USER}


def _alloy(collector: CollectorSettings, size: Resources, config_map: str) -> Values:
    return {
        "configMap": {"create": False, "name": config_map, "key": CONFIG_KEY},
        "enableReporting": False,  # the chart's default reports to Grafana
        "stabilityLevel": collector.stability,
        "storagePath": f"{_STATE}/data",
        "extraEnv": [{"name": "GOMEMLIMIT", "value": str(size.memory * 85 // 100)}],
        "resources": container_resources(size),
    }


def _ports(collector: CollectorSettings) -> list[Json]:
    sources = collector.sources
    ports = {
        "push": IN_CLUSTER.push_port if sources.push else 0,
        "otlp-grpc": IN_CLUSTER.otlp_grpc_port if sources.otlp.grpc else 0,
        "otlp-http": IN_CLUSTER.otlp_http_port if sources.otlp.http else 0,
    }
    return [{"name": name, "port": port, "targetPort": port, "protocol": "TCP"} for name, port in ports.items() if port]


def _volumes(host_paths: dict[str, str]) -> list[Json]:
    """Positions and the write-ahead log: on the node where it is read anyway, else as long as the pod is there."""
    kinds = {"state": "DirectoryOrCreate", "runlogjournal": "", "machine-id": "File"}
    volumes: list[Json] = [
        {"name": name, "hostPath": {"path": path, **({"type": kinds[name]} if kinds[name] else {})}}
        for name, path in host_paths.items()
    ]
    return volumes if "state" in host_paths else [{"name": "state", "emptyDir": {}}, *volumes]


def _password_mount(secret: str | None) -> list[Json]:
    return [{"name": "gateway", "mountPath": PASSWORD_FOLDER, "readOnly": True}] if secret else []


def _password_volume(secret: str | None) -> list[Json]:
    """The collectors' own password, and nobody else's."""
    items: Json = [{"key": PASSWORD_KEY, "path": PurePath(PASSWORD_FILE).name}]
    return [{"name": "gateway", "secret": {"secretName": secret, "items": items}}] if secret else []


def _rbac(resource: str, *, logs: bool = False) -> Values:
    """The chart's own rules read every Secret of the cluster.

    Its template joins the two lists, and writes YAML that nobody can read when one of them is empty.
    """
    rules: list[Json] = [_rule([resource], "list", "watch")]
    cluster_rules: list[Json] = [_rule([resource, *([f"{resource}/log"] if logs else [])], "get")]
    return {"rules": rules, "clusterRules": cluster_rules}


def _rule(resources: list[str], *verbs: str) -> Values:
    return {"apiGroups": [""], "resources": list(resources), "verbs": list(verbs)}
