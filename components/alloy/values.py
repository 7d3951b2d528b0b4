"""The Alloy chart's values."""

from components.declaration import Json, container_resources
from settings import pins
from settings.sizes import Resources

CONFIG_MAP = "alloy-config"
CONFIG_KEY = "config.alloy"
_STATE = "/var/lib/alloy"


def alloy_values(size: Resources) -> dict[str, Json]:
    """The values: a DaemonSet that reads /var/log and keeps its positions on the node."""
    return {
        "image": {"tag": f"v{pins.ALLOY_VERSION}"},
        "crds": {"create": False},
        "alloy": {
            "configMap": {"create": False, "name": CONFIG_MAP, "key": CONFIG_KEY},
            "enableReporting": False,  # the chart's default reports to Grafana
            "storagePath": f"{_STATE}/data",
            "mounts": {
                "varlog": True,
                "extra": [{"name": "state", "mountPath": _STATE}],
            },
            "extraEnv": [{"name": "GOMEMLIMIT", "value": str(size.memory * 85 // 100)}],
            "resources": container_resources(size),
            # The kubelet's log files belong to root; nothing else of root is needed.
            "securityContext": {
                "runAsUser": 0,
                "runAsGroup": 0,
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        },
        "controller": {
            "type": "daemonset",
            # Control-plane nodes have logs as well.
            "tolerations": [{"operator": "Exists", "effect": "NoSchedule"}],
            "volumes": {"extra": [{"name": "state", "hostPath": {"path": _STATE, "type": "DirectoryOrCreate"}}]},
        },
        # The chart's own rules read every Secret of the cluster. Its template joins the two lists, and writes YAML that
        # nobody can read when one of them is empty.
        "rbac": {"rules": [_pods("list", "watch")], "clusterRules": [_pods("get")]},
    }


def _pods(*verbs: str) -> dict[str, Json]:
    return {"apiGroups": [""], "resources": ["pods"], "verbs": list(verbs)}
