"""Which keys the Loki chart reads in any version from 6 to 18, some levels deep; a test compares with the charts."""

from collections.abc import Mapping

from logstack.adopt.loki_config import SECTIONS
from logstack.adopt.paths import Path, at, spelled_path
from logstack.settings.problems import nearest

_POD = (
    "affinity annotations automountServiceAccountToken autoscaling command containerSecurityContext dnsConfig enabled "
    "extraArgs extraContainers extraEnv extraEnvFrom extraVolumeMounts extraVolumes fullnameOverride hostAliases "
    "hostUsers image initContainers kedaAutoscaling kind labels lifecycle livenessProbe maxUnavailable nodeSelector "
    "podAnnotations podDisruptionBudget podLabels podManagementPolicy podSecurityContext priorityClassName "
    "readinessProbe replicas resizePolicy resources revisionHistoryLimit selectorLabels service serviceAccount "
    "serviceAnnotations serviceLabels serviceType startupProbe statefulSetRecreateJob strategy "
    "terminationGracePeriodSeconds tolerations topologySpreadConstraints updateStrategy"
)
_DISTRIBUTED = f"{_POD} appProtocol maxSurge persistence trafficDistribution"
_CACHE = (
    f"{_POD} addresses allocatedCPU allocatedMemory batchSize connectionLimit defaultValidity extraExtendedOptions l2 "
    "maxItemMemory parallelism persistence port statefulStrategy suffix timeout writebackBuffer writebackParallelism "
    "writebackSizeLimit"
)
_POD_KEYS = frozenset(_POD.split())

# A key without words below it takes anything.
_KEYS: dict[str, str] = {
    "adminApi": f"{_POD} env",
    "backend": f"{_POD} persistence sidecar targetModule",
    "bloomBuilder": _DISTRIBUTED,
    "bloomCompactor": _DISTRIBUTED,
    "bloomGateway": _DISTRIBUTED,
    "bloomPlanner": _DISTRIBUTED,
    "chunksCache": _CACHE,
    "clusterLabelOverride": "",
    "commonLabels": "",
    "compactor": _DISTRIBUTED,
    "defaults": f"{_POD} enableServiceLinks goSettings",
    "deploymentMode": "",
    "distributor": f"{_DISTRIBUTED} shutdownDelay",
    "enterprise": "",
    "enterpriseGateway": "",
    "extraObjects": "",
    "fullnameOverride": "",
    "gateway": f"{_POD} basicAuth containerPort deploymentStrategy ingress metrics nginxConfig route verboseLogging",
    "global": (
        "clusterDomain dnsNamespace dnsService extraArgs extraEnv extraEnvFrom extraVolumeMounts extraVolumes image "
        "imageRegistry priorityClassName"
    ),
    "ignoreMinioDeprecation": "",
    "imagePullSecrets": "",
    "indexGateway": f"{_DISTRIBUTED} joinMemberlist",
    "ingester": f"{_DISTRIBUTED} addIngesterNamePrefix rolloutGroupPrefix zoneAwareReplication",
    "ingress": "annotations enabled hosts ingressClassName labels paths tls",
    "kubeVersionOverride": "",
    "kubectlImage": "",
    "loki": (
        "annotations auth_enabled bloom_build bloom_gateway config configObjectName configStorageType "
        "containerSecurityContext dnsConfig enableServiceLinks generatedConfigObjectName image livenessProbe memcached "
        "podAnnotations podLabels podSecurityContext readinessProbe revisionHistoryLimit runtimeConfig service "
        "serviceAnnotations serviceLabels startupProbe storage structuredConfig tenants testSchemaConfig ui "
        f"useTestSchema {' '.join(SECTIONS)}"
    ),
    "lokiCanary": f"{_POD} labelname lokiurl push tenant",
    "memberlist": "service",
    "memcached": f"{_POD}",
    "memcachedExporter": _POD,
    "migrate": "",
    "minio": "",
    "monitoring": (
        "additionalPrometheusRules alerts appInstanceLabelName appInstanceLabelValue dashboards multiCluster namespace "
        "rules selfMonitoring serviceMonitor"
    ),
    "nameOverride": "",
    "namespaceOverride": "",
    "networkPolicy": (
        "alertmanager discovery egressKubeApiserver egressWorld enabled externalStorage flavor ingress metrics"
    ),
    "overridesExporter": _DISTRIBUTED,
    "patternIngester": _DISTRIBUTED,
    "podDisruptionBudget": "",
    "querier": _DISTRIBUTED,
    "queryFrontend": f"{_DISTRIBUTED} loadBalancer",
    "queryScheduler": _DISTRIBUTED,
    "rbac": "namespaced pspAnnotations pspEnabled sccAllowHostDirVolumePlugin sccEnabled",
    "read": f"{_POD} legacyReadTarget persistence targetModule",
    "resultsCache": _CACHE,
    "rollout_operator": "",
    "route": "",
    "ruler": f"{_DISTRIBUTED} directories sidecar",
    "serviceAccount": "annotations automountServiceAccountToken create imagePullSecrets labels name",
    "sidecar": (
        "disableX509StrictVerification enableUniqueFilenames image livenessProbe readinessProbe resizePolicy resources "
        "rules securityContext skipTlsVerify startupProbe"
    ),
    "singleBinary": f"{_POD} persistence sidecar targetModule",
    "tableManager": f"{_POD} retention_deletes_enabled retention_period",
    "test": "annotations canaryServiceAddress enabled hostUsers image labels prometheusAddress timeout",
    "write": f"{_POD} extraVolumeClaimTemplates persistence targetModule",
}
_BELOW: dict[str, str] = {
    "persistence": (
        "accessModes annotations claims dataVolumeParameters enableStatefulSetAutoDeletePVC "
        "enableStatefulSetRecreationForSizeChange enabled ephemeralDataVolume inMemory labels mountPath selector size "
        "storageClass storageSize type volumeAttributesClassName volumeClaimsEnabled whenDeleted whenScaled"
    ),
    "storage": ("alibabacloud azure bos bucketNames cos filesystem gcs object_store s3 swift type use_thanos_objstore"),
    "basicAuth": "enabled existingSecret htpasswd password username",
}
# Keys below `loki` that people put at the top.
_CHART_NAMES = {section: key for key, section in SECTIONS.items() if key != section}
_MISPLACED = ("storage", "config", "structuredConfig")


def is_known(path: Path, chart: Mapping[str, object]) -> bool:
    """Return whether any version of the chart reads the path; `chart` is its own values file, if available."""
    if path[0] not in _KEYS:
        return path[0] in chart
    words = _KEYS[path[0]].split()
    if len(path) == 1 or not words:
        return True
    if path[1] not in words:
        return at(chart, path[:2]) is not None
    below = _BELOW.get(path[1], "").split()
    if len(path) == 2 or not below or path[2] in below:  # noqa: PLR2004 - the third level
        return True
    return at(chart, path[:3]) is not None


def meant(path: Path, role: str) -> str | None:
    """Return the likeliest key for an unknown one; `role` runs Loki in this mode, such as singleBinary."""
    first, *below = path
    if first == "loki" and below[0] in _CHART_NAMES:
        return spelled_path((first, _CHART_NAMES[below[0]], *below[1:]))
    if first == "loki" and (below[0] in _POD_KEYS or below[0] == "persistence"):
        return spelled_path((role, *below))
    if first in SECTIONS.values() or first in SECTIONS or first in _MISPLACED:
        return spelled_path(("loki", *path))
    if first in _POD_KEYS or first == "persistence":
        return spelled_path((role, *path))
    if first not in _KEYS:
        return nearest(first, _KEYS)
    near, depth = nearest(path[1], _KEYS[first].split()), 1
    if path[1] in _KEYS[first].split():
        near, depth = nearest(path[2], _BELOW[path[1]].split()), 2
    return spelled_path((*path[:depth], near)) if near else None
