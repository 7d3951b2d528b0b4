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
    """The Ingress or the HTTPRoute; nothing for a stack without one."""
    match settings.ingress:
        case ControllerIngress() as said:
            return (_declared(INGRESS, name, cluster, _annotations(said), _ingress(said)),)
        case GatewayRoute() as said:
            return (_declared(ROUTE, name, cluster, said.annotations, _route(said)),)
        case _:
            return ()


def _declared(token: str, name: str, cluster: ClusterSettings, annotations: Mapping[str, str], spec: Json) -> Manifest:
    inputs = kubernetes(token, GATEWAY, cluster.namespace, labels("loki"), annotations=annotations, spec=spec)
    return Manifest(token, f"{name}-ingress", inputs)


def _annotations(said: ControllerIngress) -> dict[str, str]:
    """The stack file's own, and whom cert-manager asks for the certificate."""
    tls = said.tls or Tls(secret_name="none")  # noqa: S106 - the name of a Secret
    issuers = {"cert-manager.io/issuer": tls.issuer, "cert-manager.io/cluster-issuer": tls.cluster_issuer}
    return {**said.annotations, **{key: issuer for key, issuer in issuers.items() if issuer}}


def _ingress(said: ControllerIngress) -> dict[str, Json]:
    backend: Json = {"service": {"name": GATEWAY, "port": {"number": GATEWAY_PORT}}}
    path: Json = {"path": said.path, "pathType": "Prefix", "backend": backend}
    return {
        **({"ingressClassName": said.class_name} if said.class_name else {}),
        **({"tls": [{"hosts": [said.host], "secretName": said.tls.secret_name}]} if said.tls else {}),
        "rules": [{"host": said.host, "http": {"paths": [path]}}],
    }


def _route(said: GatewayRoute) -> dict[str, Json]:
    parent: dict[str, Json] = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": said.gateway.name}
    if said.gateway.namespace:
        parent["namespace"] = said.gateway.namespace
    if said.gateway.section_name:
        parent["sectionName"] = said.gateway.section_name
    # Every field that the API server would put in: what is declared is what is there.
    backend: Json = {"group": "", "kind": "Service", "name": GATEWAY, "port": GATEWAY_PORT, "weight": 1}
    return {
        "parentRefs": [parent],
        "hostnames": [said.host],
        "rules": [
            {"matches": [{"path": {"type": "PathPrefix", "value": said.path}}], "backendRefs": [backend]},
        ],
    }
