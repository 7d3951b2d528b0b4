"""Access to Loki: the way in from outside the cluster, and the gateway's password."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from logstack.settings.model.base import DnsLabel, DnsName, Group, spelled
from logstack.settings.model.bounds import AnnotationText, LabelKey

# The gateway's user for the stack's own parts: the collector, the canary and Grafana. It may name any tenant.
OWN_USER = "logstack"
# The keys of the Secret: nginx's file of users and hashes, and the password of OWN_USER.
HASHES_KEY = ".htpasswd"
PASSWORD_KEY = "LOKI_GATEWAY_PASSWORD"  # noqa: S105 - the name of a Secret's key

# A colon ends a user in nginx's file. Measured with nginx 1.22: from 45 letters on it does not start, for its table of
# users has the chart's size.
UserName = Annotated[
    str,
    spelled(
        r"^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,39}$",
        "a user name: at most 40 letters, digits and . _ @ -, the first a letter or a digit",
    ),
]
HostName = Annotated[
    str,
    spelled(
        r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+$",
        "a host name without a port, such as loki.example.com",
        max_length=253,
    ),
]
UrlPath = Annotated[
    str, spelled(r"^(/|(/[A-Za-z0-9_-]+)+)$", "a path without a / at its end, such as /loki/api/v1", max_length=253)
]


class GatewayAuth(Group):
    """Basic auth at the gateway, from a Secret that exists."""

    credentials_secret: DnsName
    """An existing Secret with two keys. `.htpasswd` is nginx's file of users and hashes. `LOKI_GATEWAY_PASSWORD` is the
    password of its user `logstack`, as whom the collector, the canary and Grafana log in."""


class Tls(Group):
    """The certificate of an Ingress."""

    secret_name: DnsName
    """The Secret with the certificate: an existing one, or the one that cert-manager creates."""
    issuer: DnsName | None = None
    """cert-manager's Issuer in the stack's namespace."""
    cluster_issuer: DnsName | None = None
    """cert-manager's ClusterIssuer."""


class ControllerIngress(Group):
    """An Ingress, for an ingress controller."""

    kind: Literal["ingress"]
    host: HostName
    """The host name that Loki answers to."""
    path: UrlPath = "/loki/api/v1"
    """What of the gateway is reached: this path and all below. /loki/api/v1/push is for pushing alone."""
    class_name: DnsName | None = None
    """The IngressClass, such as traefik; without it the cluster's default."""
    tls: Tls | None = None
    """The certificate; without one, passwords and lines cross the network unencrypted."""
    annotations: Mapping[LabelKey, AnnotationText] = {}
    """Annotations for the controller."""


class ParentGateway(Group):
    """An existing Gateway; its owner manages its listeners and their certificates."""

    name: DnsName
    """Its name."""
    namespace: DnsLabel | None = None
    """Its namespace; without it the stack's own."""
    section_name: DnsName | None = None
    """Its listener; without it all of them, even those without TLS."""


class GatewayRoute(Group):
    """An HTTPRoute, for a Gateway of the Gateway API."""

    kind: Literal["gateway-api"]
    host: HostName
    """The host name that Loki answers to."""
    path: UrlPath = "/loki/api/v1"
    """What of the gateway is reached: this path and all below. /loki/api/v1/push is for pushing alone."""
    gateway: ParentGateway
    annotations: Mapping[LabelKey, AnnotationText] = {}
    """Annotations for the Gateway's controller."""


IngressSettings = Annotated[ControllerIngress | GatewayRoute, Field(discriminator="kind")]
