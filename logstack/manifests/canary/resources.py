"""The canary's DaemonSet."""

from dataclasses import dataclass

from logstack.manifests.charts import PinnedImage
from logstack.manifests.manifest import (
    EVERY_TAINT,
    LINUX_NODES,
    RESTRICTED_CONTAINER,
    RESTRICTED_POD,
    ComponentTree,
    Json,
    Manifest,
    container_resources,
    go_memory_limit,
    kubernetes,
    labels,
)
from logstack.manifests.pods import (
    PLAIN_PODS,
    PodOptions,
    image_pull_secrets,
    image_reference,
    pod_metadata,
    scheduling_of,
)
from logstack.settings import pins
from logstack.settings.model.access import OWN_USER, PASSWORD_KEY
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import CanarySettings, CollectorSettings
from logstack.settings.model.quantities import loki_duration
from logstack.settings.model.sizes import Resources

NAME = "loki-canary"
CONTAINER = "canary"
PORT = 3500
IMAGE = PinnedImage("docker.io", "grafana/loki-canary", pins.LOKI_VERSION)
_SELECTOR = {"app.kubernetes.io/name": NAME}
DAEMON_SET = "kubernetes:apps/v1:DaemonSet"
SERVICE = "kubernetes:core/v1:Service"


@dataclass(frozen=True)
class Found:
    """The label, besides `pod`, and the tenant of the canary's queries for its own lines."""

    label: str = "stream"
    value: str = "stdout"
    tenant: str | None = None
    """The tenant that its requests name; None in a stack without tenants."""
    credentials_secret: str | None = None
    """The Secret with the gateway's password; None if the gateway needs no password."""


BY_STREAM = Found()


def found_by(
    settings: CanarySettings, collector: CollectorSettings, tenant: str | None, credentials_secret: str | None = None
) -> Found:
    """Return the labels of its lines on their route: the Kubernetes API does not tell a line's output stream."""
    if settings.route == "collector" and "stream" not in collector.stream_labels:
        return Found("container", CONTAINER, tenant, credentials_secret)
    return Found(tenant=tenant, credentials_secret=credentials_secret)


def canary(
    name: str,
    settings: CanarySettings,
    gateway_url: str,
    size: Resources,
    cluster: ClusterSettings,
    found: Found,
    *,
    options: PodOptions = PLAIN_PODS,
) -> ComponentTree:
    """Return the Canary component: a pod a node, and a Service for its metrics; nothing when it is off."""
    if not settings.enabled:
        return ComponentTree("logstack:index:Canary", name)
    own = options.metadata.of("canary")
    daemon_set = kubernetes(
        DAEMON_SET,
        NAME,
        cluster.namespace,
        labels(NAME),
        spec={
            "selector": {"matchLabels": _SELECTOR},
            "template": {
                "metadata": pod_metadata(labels(NAME), own),
                "spec": _pod(settings, gateway_url, size, found, options),
            },
        },
    )
    service = kubernetes(
        SERVICE,
        NAME,
        cluster.namespace,
        {**own.service_labels, **labels(NAME)},
        annotations=own.service_annotations,
        spec={
            "clusterIP": "None",
            "selector": _SELECTOR,
            "ports": [{"name": "http-metrics", "port": PORT, "targetPort": "http-metrics"}],
        },
    )
    return ComponentTree(
        "logstack:index:Canary",
        name,
        (Manifest(DAEMON_SET, name, daemon_set), Manifest(SERVICE, f"{name}-metrics", service)),
    )


def arguments(settings: CanarySettings, gateway_url: str, pod_name: str, found: Found) -> list[str]:
    """The canary's flags; a test runs the real canary with them.

    Its tail and its queries find its lines by two labels, which therefore stay index labels.
    """
    address = gateway_url.removeprefix("http://")
    return [
        f"-addr={address if ':' in address else f'{address}:80'}",
        "-labelname=pod",
        f"-labelvalue={pod_name}",
        f"-streamname={found.label}",
        f"-streamvalue={found.value}",
        f"-interval={loki_duration(settings.interval)}",
        *(["-push=true"] if settings.route == "direct" else []),
        *([f"-tenant-id={found.tenant}"] if found.tenant else []),
        # Kubernetes puts the variable in when the container starts: the password is in no object.
        *([f"-user={OWN_USER}", f"-pass=$({PASSWORD_KEY})"] if found.credentials_secret else []),
    ]


def _pod(
    settings: CanarySettings, gateway_url: str, size: Resources, found: Found, options: PodOptions
) -> dict[str, Json]:
    images = options.images
    probe: Json = {"httpGet": {"path": "/metrics", "port": "http-metrics"}, "periodSeconds": 15}
    return {
        "automountServiceAccountToken": False,
        "nodeSelector": LINUX_NODES,
        # The canary tests every node whose logs are collected.
        "tolerations": EVERY_TAINT,
        **scheduling_of(settings.scheduling, _SELECTOR),
        **image_pull_secrets(images),
        "securityContext": RESTRICTED_POD,
        "containers": [
            {
                "name": CONTAINER,
                "image": image_reference(IMAGE, images, images.canary),
                "args": arguments(settings, gateway_url, "$(POD_NAME)", found),
                "env": [
                    {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                    *go_memory_limit(size),
                    *_password(found),
                ],
                "ports": [{"name": "http-metrics", "containerPort": PORT}],
                "readinessProbe": probe,
                "livenessProbe": probe,
                "resources": container_resources(size),
                "securityContext": RESTRICTED_CONTAINER,
            }
        ],
    }


def _password(found: Found) -> list[Json]:
    if not found.credentials_secret:
        return []
    key: Json = {"name": found.credentials_secret, "key": PASSWORD_KEY}
    return [{"name": PASSWORD_KEY, "valueFrom": {"secretKeyRef": key}}]
