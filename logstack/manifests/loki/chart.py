"""The pinned Loki chart: the names of its values, the objects that it makes of them, and the pods that they restart.

Facts of one role are in its row of settings/model/roles.py, and a cache's overhead is in settings/model/sizes.py,
because the checks read both. Differences of other chart versions are in adopt/chart.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from logstack.manifests.charts import PinnedImage, Pods, Templates, Workload
from logstack.settings.model.loki import Caches
from logstack.settings.model.quantities import parse_cpu
from logstack.settings.model.roles import DeploymentMode, Role
from logstack.settings.model.sizes import CACHE_OVERHEAD

# Names of objects: they follow from the release's.
RELEASE = "loki"
GATEWAY = f"{RELEASE}-gateway"
MEMBERLIST = f"{RELEASE}-memberlist"
GATEWAY_PORT = 80
HTTP_PORT = 3100
GRPC_PORT = 9095
MEMBERLIST_PORT = 7946

# Keys and paths of values.
MODES: Mapping[DeploymentMode, str] = {
    "simple-scalable": "SimpleScalable",
    "monolithic": "Monolithic",
    "distributed": "Distributed",
}
ROLES: Mapping[str, Role] = {role.row.chart_key: role for role in Role}
EXPERIMENTAL = ("bloomPlanner", "bloomBuilder", "bloomGateway")
GATEWAY_KEY = "gateway"
BASIC_AUTH_KEY = "basicAuth"
BASIC_AUTH = f"{GATEWAY_KEY}.{BASIC_AUTH_KEY}"
NGINX_KEY = "nginxConfig"
NGINX = f"{GATEWAY_KEY}.{NGINX_KEY}"
BODY_LIMIT_KEY = "clientMaxBodySize"
IPV6_KEY = "enableIPv6"
BODY_LIMIT = f"{NGINX}.{BODY_LIMIT_KEY}"
# Of loki.podAnnotations, which every role's pods have: our hash of loki.yaml, whose text the chart does not see.
CONFIG_HASH_KEY = "logstack/config-hash"
CONFIG_HASH = f"loki.podAnnotations.{CONFIG_HASH_KEY}"


class Snippet(StrEnum):
    """The keys below `NGINX` that the chart puts into nginx.conf: in `http`, in `server`, and in each location."""

    HTTP = "httpSnippet"
    SERVER = "serverSnippet"
    LOCATION = "locationSnippet"


SNIPPETS = f"{NGINX}.*Snippet"


@dataclass(frozen=True)
class Cache:
    """A memcached of the chart's."""

    key: str
    """Its group of values."""
    component: str
    """The last part of its StatefulSet's and its Service's name."""
    setting: str
    """Its key of a stack file's `caches`."""
    default_mebibytes: int

    @property
    def service(self) -> str:
        """Its Service."""
        return f"{RELEASE}-{self.component}"


CHUNKS_CACHE = Cache("chunksCache", "chunks-cache", "chunks", 8192)
RESULTS_CACHE = Cache("resultsCache", "results-cache", "results", 1024)
CACHES = (CHUNKS_CACHE, RESULTS_CACHE)
CACHE_KEYS = frozenset(cache.key for cache in CACHES)
# Its value is in MiB.
CACHE_MEMORY_KEY = "allocatedMemory"
# The default of allocatedCPU.
CACHE_CPU = parse_cpu("500m")
_MIB = 1024**2
# The chart's own images, beside Loki's.
GATEWAY_IMAGE = PinnedImage("docker.io", "nginxinc/nginx-unprivileged", "1.31-alpine")
MEMCACHED_IMAGE = PinnedImage("docker.io", "library/memcached", "1.6.45-alpine")
EXPORTER_IMAGE = PinnedImage("docker.io", "prom/memcached-exporter", "v0.17.0")
MEMCACHED_KEY, EXPORTER_KEY = "memcached", "memcachedExporter"
# The workloads of every mode, by their groups of values: the last part of their names.
OF_EVERY_MODE = {GATEWAY_KEY: "gateway", **{cache.key: cache.component for cache in CACHES}}

_VOLUMES = {key: role.row.volume for key, role in ROLES.items() if role.row.volume}
VOLUME_SWITCHES = tuple(sorted({volume.switch for volume in _VOLUMES.values()}))
# Defaults of keys that the values leave out; the other defaults do not affect a stack file.
DEFAULTS: Mapping[str, object] = {
    "deploymentMode": MODES["monolithic"],
    **{
        f"{key}.replicas": role.row.chart_replicas for key, role in ROLES.items() if role.row.chart_replicas is not None
    },
    "loki.auth_enabled": True,
    "loki.commonConfig.replication_factor": 3,
    "loki.storage.type": "s3",
    "loki.useTestSchema": False,
    "loki.limits_config.query_timeout": "300s",
    "minio.enabled": False,
    f"{GATEWAY_KEY}.enabled": True,
    f"{GATEWAY_KEY}.replicas": 1,
    f"{BASIC_AUTH}.enabled": False,
    f"{GATEWAY_KEY}.ingress.enabled": False,
    "ingress.enabled": False,
    "ingester.zoneAwareReplication.enabled": True,
    "lokiCanary.enabled": True,
    **{f"{cache.key}.enabled": True for cache in CACHES},
    **{f"{cache.key}.{CACHE_MEMORY_KEY}": cache.default_mebibytes for cache in CACHES},
    "sidecar.rules.enabled": True,
    **{f"{key}.enabled": True for key, role in ROLES.items() if role.row.has_switch},
    "test.enabled": True,
    **{f"{key}.persistence.size": "10Gi" for key in _VOLUMES},
    **{f"{key}.persistence.{volume.switch}": volume.is_default for key, volume in _VOLUMES.items()},
    "global.clusterDomain": "cluster.local",
    "global.dnsService": "kube-dns",
    "global.dnsNamespace": "kube-system",
}

# Held against the chart, rendered by Helm before and after each change of tests/unit/diff/diff_changes.yaml.
TEMPLATES: Templates = (
    ("*.replicas", (Pods.NONE,)),
    ("*.podDisruptionBudget*", (Pods.NONE,)),
    ("*.autoscaling.*", (Pods.NONE,)),
    ("*.service.*", (Pods.NONE,)),
    *((f"{key}.persistence.size", (Pods.OWN,)) for key, volume in _VOLUMES.items() if volume.size_restarts_pods),
    ("*.persistence.size", (Pods.NONE,)),
    ("*.persistence.claims*", (Pods.NONE,)),
    ("*.persistence.storageClass", (Pods.NONE,)),
    ("*.persistence.enableStatefulSetAutoDeletePVC", (Pods.NONE,)),
    ("*.persistence.when*", (Pods.NONE,)),
    (f"{GATEWAY_KEY}.deploymentStrategy*", (Pods.NONE,)),
    (f"{GATEWAY_KEY}.*", (Pods.GATEWAY,)),
    ("global.*", (Pods.GATEWAY,)),
    ("deploymentMode", (Pods.GATEWAY,)),
    ("*Cache.enabled", (Pods.NONE,)),
    ("*Cache.*", (Pods.OWN,)),
    (f"{MEMCACHED_KEY}*", (Pods.CACHES,)),
    *((f"{key}.enabled", (Pods.NONE,)) for key, role in ROLES.items() if role.row.has_switch),
    *((f"{key}.*", (Pods.OWN,)) for key in ROLES),
    ("loki.image*", (Pods.ROLES,)),
    ("loki.podAnnotations*", (Pods.ROLES,)),
    ("defaults.enableServiceLinks", (Pods.ROLES, Pods.GATEWAY)),
    ("defaults.nodeSelector*", (Pods.ROLES, Pods.GATEWAY)),
    ("defaults.*", (Pods.ROLES,)),
    ("serviceAccount.name", (Pods.ROLES,)),
    ("serviceAccount.*", (Pods.NONE,)),
    ("loki.auth_enabled", (Pods.NONE,)),
    ("loki.commonConfig*", (Pods.NONE,)),
    ("loki.storage*", (Pods.NONE,)),
    ("loki.schemaConfig*", (Pods.NONE,)),
    ("memberlist.service*", (Pods.NONE,)),
    ("monitoring*", (Pods.NONE,)),
    ("networkPolicy*", (Pods.NONE,)),
    ("extraObjects*", (Pods.NONE,)),
    ("rbac*", (Pods.NONE,)),
    ("*", (Pods.ALL,)),
)


def loki_image(version: str) -> PinnedImage:
    """Return the image of a version of Loki."""
    return PinnedImage("docker.io", "grafana/loki", version)


def headless(workload: str) -> str:
    """Return the name of the Service that has an address of each pod of a workload."""
    return f"{workload}-headless"


def cache_sizes(caches: Caches) -> tuple[tuple[Cache, int | None], ...]:
    """Return each cache with its bytes; None for a cache that is off."""
    return (CHUNKS_CACHE, caches.chunks), (RESULTS_CACHE, caches.results)


def cache_pod_memory(cache: int) -> int:
    """Return the bytes that the pod of a cache of so many bytes asks for: the chart's template counts in whole MiB."""
    return int(cache // _MIB * CACHE_OVERHEAD) * _MIB


def workloads(release: str, values: Mapping[str, object]) -> Iterator[Workload]:
    """Return the StatefulSets and Deployments that the chart makes of values."""
    name = str(values.get("fullnameOverride", release))
    names = {
        **{key: role.workload(name) for key, role in ROLES.items()},
        **{key: f"{name}-{component}" for key, component in OF_EVERY_MODE.items()},
    }
    for key, called in names.items():
        own = values.get(key)
        if not isinstance(own, Mapping) or own.get("enabled") is False or own.get("replicas") == 0:
            continue
        if key in ROLES and "replicas" not in own:
            continue  # a part of other pods
        yield Workload(_kind(key), called, key, int(str(own.get("replicas", 1))))


def _kind(key: str) -> str:
    if key in ROLES:
        return ROLES[key].row.kind
    return "Deployment" if key == GATEWAY_KEY else "StatefulSet"
