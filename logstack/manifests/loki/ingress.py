"""The way to the gateway from outside the cluster: an Ingress, or an HTTPRoute of the Gateway API.

Objects of our own, not the chart's: a preview and the plan show each field, with and without a cluster.
"""

from collections.abc import Mapping

from logstack.manifests.loki.chart import GATEWAY, GATEWAY_PORT
from logstack.manifests.manifest import Json, Manifest, kubernetes, labels
from logstack.settings.model.access import ControllerIngress, GatewayRoute, Tls
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.loki import LokiSettings

INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"


def ingress(name: str, settings: LokiSettings, cluster: ClusterSettings) -> tuple[Manifest, ...]:
    """Return the Ingress or the HTTPRoute; nothing for a stack without one."""
    match settings.ingress:
        case ControllerIngress() as entry:
            return (_declared(INGRESS, name, cluster, _annotations(entry), _ingress(entry)),)
        case GatewayRoute() as entry:
            return (_declared(ROUTE, name, cluster, entry.annotations, _route(entry)),)
        case _:
            return ()


def _declared(token: str, name: str, cluster: ClusterSettings, annotations: Mapping[str, str], spec: Json) -> Manifest:
    inputs = kubernetes(token, GATEWAY, cluster.namespace, labels("loki"), annotations=annotations, spec=spec)
    return Manifest(token, f"{name}-ingress", inputs)


def _annotations(settings: ControllerIngress) -> dict[str, str]:
    """Return the stack file's annotations, and those that name cert-manager's issuer."""
    tls = settings.tls or Tls(secret_name="none")  # noqa: S106 - the name of a Secret
    issuers = {"cert-manager.io/issuer": tls.issuer, "cert-manager.io/cluster-issuer": tls.cluster_issuer}
    return {**settings.annotations, **{key: issuer for key, issuer in issuers.items() if issuer}}


def _ingress(settings: ControllerIngress) -> dict[str, Json]:
    backend: Json = {"service": {"name": GATEWAY, "port": {"number": GATEWAY_PORT}}}
    path: Json = {"path": settings.path, "pathType": "Prefix", "backend": backend}
    return {
        **({"ingressClassName": settings.class_name} if settings.class_name else {}),
        **({"tls": [{"hosts": [settings.host], "secretName": settings.tls.secret_name}]} if settings.tls else {}),
        "rules": [{"host": settings.host, "http": {"paths": [path]}}],
    }


def _route(settings: GatewayRoute) -> dict[str, Json]:
    parent: dict[str, Json] = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": settings.gateway.name}
    if settings.gateway.namespace:
        parent["namespace"] = settings.gateway.namespace
    if settings.gateway.section_name:
        parent["sectionName"] = settings.gateway.section_name
    # Every field that the API server would add, so that the declared object equals the stored one.
    backend: Json = {"group": "", "kind": "Service", "name": GATEWAY, "port": GATEWAY_PORT, "weight": 1}
    return {
        "parentRefs": [parent],
        "hostnames": [settings.host],
        "rules": [
            {"matches": [{"path": {"type": "PathPrefix", "value": settings.path}}], "backendRefs": [backend]},
        ],
    }
