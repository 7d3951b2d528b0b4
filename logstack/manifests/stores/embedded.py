"""The embedded object store: one Versity S3 Gateway on one volume, for staging."""

from dataclasses import replace

from logstack.manifests.manifest import (
    LINUX_NODES,
    RESTRICTED_CONTAINER,
    RESTRICTED_POD,
    UNPRIVILEGED,
    Json,
    Manifest,
    container_resources,
    go_memory_limit,
    kubernetes,
    labels,
    rolled_by_credentials,
)
from logstack.manifests.pods import (
    PLAIN_PODS,
    PodOptions,
    image_pull_secrets,
    image_reference,
    pod_metadata,
    scheduling_of,
)
from logstack.manifests.stores.access import s3_access
from logstack.manifests.stores.kind import SERVER_IMAGE, StoreKind
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import EmbeddedStore
from logstack.settings.model.quantities import kubernetes_size
from logstack.settings.model.sizes import Resources

NAME = "loki-s3"
PORT = 7070
_SELECTOR = {"app.kubernetes.io/name": NAME}
_ROOT = "/data"

SERVICE = "kubernetes:core/v1:Service"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"


def store_kind(store: EmbeddedStore, cluster: ClusterSettings) -> StoreKind:
    """Return the record of the store's kind."""
    url = endpoint(cluster)
    return StoreKind(
        access=replace(
            s3_access(store.bucket, store.region, store.access_key, endpoint=url, path_style=True),
            # Its one key is changed before the writers': each would wait in vain for all of its time.
            flush_seconds=60,
        ),
        location=f"bucket {store.bucket} of the stack's own S3 server",
        label=f"S3 bucket {store.bucket}<br/>{url}",
        declare=lambda name, size, options: declarations(name, store, size, cluster, options=options),
    )


def endpoint(cluster: ClusterSettings) -> str:
    """Return the store's URL inside the cluster."""
    return f"http://{NAME}.{cluster.namespace}.svc.{cluster.cluster_domain}:{PORT}"


def declarations(
    name: str,
    store: EmbeddedStore,
    size: Resources,
    cluster: ClusterSettings,
    *,
    options: PodOptions = PLAIN_PODS,
) -> tuple[Manifest, ...]:
    """Return the Service and the StatefulSet with its volume."""
    own = options.metadata.of("object_store")
    service = kubernetes(
        SERVICE,
        NAME,
        cluster.namespace,
        {**own.service_labels, **labels(NAME)},
        annotations=own.service_annotations,
        spec={
            "selector": _SELECTOR,
            "ports": [{"name": "s3", "port": PORT, "targetPort": "s3"}],
        },
    )
    stateful_set = kubernetes(
        STATEFUL_SET,
        NAME,
        cluster.namespace,
        labels(NAME),
        # A change of the volume template replaces the StatefulSet: its pod and volume stay.
        annotations={"pulumi.com/deletionPropagationPolicy": "orphan"},
        spec={
            "serviceName": NAME,
            "replicas": 1,
            "selector": {"matchLabels": _SELECTOR},
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
            "template": {
                "metadata": pod_metadata(
                    labels(NAME), own, rolled_by_credentials() if store.access_key.made_by == "config" else None
                ),
                "spec": _pod(store, size, options),
            },
            "volumeClaimTemplates": [
                {
                    "metadata": {"name": "data"},
                    "spec": {
                        "accessModes": ["ReadWriteOnce"],
                        "resources": {"requests": {"storage": kubernetes_size(store.size)}},
                        **({"storageClassName": store.storage_class} if store.storage_class else {}),
                    },
                }
            ],
        },
    )
    return (
        Manifest(SERVICE, f"{name}-s3-service", service),
        Manifest(STATEFUL_SET, f"{name}-s3", stateful_set, depends_on=(f"{name}-s3-service",)),
    )


def _pod(store: EmbeddedStore, size: Resources, options: PodOptions) -> dict[str, Json]:
    images = options.images

    def credential(variable: str, key: str) -> dict[str, Json]:
        return {"name": variable, "valueFrom": {"secretKeyRef": {"name": store.access_key.secret, "key": key}}}

    return {
        "automountServiceAccountToken": False,
        "nodeSelector": LINUX_NODES,
        **scheduling_of(options.scheduling.of("object_store"), _SELECTOR),
        **image_pull_secrets(images),
        "securityContext": {**RESTRICTED_POD, "fsGroup": UNPRIVILEGED, "fsGroupChangePolicy": "OnRootMismatch"},
        "containers": [
            {
                "name": "versitygw",
                "image": image_reference(SERVER_IMAGE, images, images.object_store),
                "command": ["/usr/local/bin/versitygw"],
                "args": ["--port", f":{PORT}", "--region", store.region, "--health", "/health", "posix", _ROOT],
                "env": [
                    credential("ROOT_ACCESS_KEY_ID", store.access_key.keys.access_key_id),
                    credential("ROOT_SECRET_ACCESS_KEY", store.access_key.keys.secret_access_key),
                    *go_memory_limit(size),
                ],
                "ports": [{"name": "s3", "containerPort": PORT}],
                "readinessProbe": {"httpGet": {"path": "/health", "port": "s3"}, "periodSeconds": 5},
                "livenessProbe": {
                    "httpGet": {"path": "/health", "port": "s3"},
                    "periodSeconds": 20,
                    "failureThreshold": 6,
                },
                "resources": container_resources(size),
                "securityContext": RESTRICTED_CONTAINER,
                # A directory under the root is a bucket, and the kubelet makes a subPath that is not there:
                # so the bucket exists before the server starts, without a job and without a shell in the image.
                "volumeMounts": [
                    {"name": "root", "mountPath": _ROOT},
                    {"name": "data", "mountPath": f"{_ROOT}/{store.bucket}", "subPath": store.bucket},
                ],
            }
        ],
        "volumes": [{"name": "root", "emptyDir": {}}],
    }
