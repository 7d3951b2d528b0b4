"""Who can push and read: from inside the cluster, from outside, and as which tenant."""

from dataclasses import dataclass, field

from logstack.manifests.loki.addresses import leader_host, push_address, query_address, role_address
from logstack.manifests.loki.chart import HTTP_PORT
from logstack.manifests.loki.leader import is_elected
from logstack.plan.section import Section
from logstack.settings.load.loader import Stack
from logstack.settings.model.access import OWN_USER, PASSWORD_KEY, ControllerIngress, GatewayRoute
from logstack.settings.model.roles import Duty
from logstack.settings.problems import listed
from logstack.settings.tree import Settings
from logstack.text.documents import JSON_KEY
from logstack.text.words import Facts

# The plan counts tenants from here on instead of naming them.
_NAMED = 8


@dataclass(frozen=True)
class Access:
    """The people and programs that can reach Loki."""

    inside: str
    bypass: str = field(metadata={JSON_KEY: "around"})
    """Access to Loki's own port, not through the gateway."""
    outside: str
    tenants: str
    """Empty for a stack without tenants."""
    grafana: str
    """The settings that Grafana needs; empty if it needs none."""


def access_section(stack: Stack) -> Section:
    """Plan who can push and read."""
    access = plan_access(stack.settings)
    return Section("Who can push and read", "access", access, _facts(access))


def plan_access(settings: Settings) -> Access:
    """Say who reaches the stack's Loki."""
    tenant = " as any tenant" if settings.tenants else ""
    return Access(
        inside=_inside(settings),
        bypass="every pod that reaches port 3100 of a Loki pod or Service may push and read"
        f"{tenant} without a password; a NetworkPolicy can forbid it",
        outside=_outside(settings),
        tenants=_tenants(settings),
        grafana=_grafana(settings),
    )


def _facts(access: Access) -> Facts:
    facts = [
        ("inside", access.inside),
        ("bypass", access.bypass),
        ("outside", access.outside),
        ("tenants", access.tenants),
        ("Grafana", access.grafana),
    ]
    return [(label, text) for label, text in facts if text]


def _inside(settings: Settings) -> str:
    cluster = settings.cluster
    pushes, queries = push_address(settings, cluster), query_address(settings, cluster)
    if pushes == queries:
        return f"{queries}: {_may(settings, 'every pod', 'push and read')}"
    compactor, evaluator = settings.compactor, settings.role_with(Duty.EVALUATES)
    deletes = f"http://{leader_host(settings, cluster)}:{HTTP_PORT}" if is_elected(settings) else ""
    return (
        f"there is no gateway: {pushes} takes lines, {queries} answers queries, {role_address(evaluator, cluster)} "
        f"has rules, and {deletes or role_address(compactor, cluster)} takes delete requests; "
        f"{_may(settings, 'every pod', 'push and read')}"
    )


def _may(settings: Settings, everybody: str, do: str) -> str:
    auth = settings.gateway.auth
    if auth:
        return f"anyone with a password of the Secret {auth.credentials_secret} may {do}"
    return f"{everybody} may {do} without a password"


def _outside(settings: Settings) -> str:
    ingress = settings.ingress
    only_push = ingress and ingress.path.endswith(("/push", "/otlp", "/otlp/v1", "/logs"))
    who = _may(settings, "anyone who reaches it", "push" if only_push else "push and read")
    match ingress:
        case None:
            return "nobody: there is no ingress"
        case ControllerIngress(tls=None):
            return f"http://{ingress.host}{ingress.path} (not encrypted): {who}"
        case ControllerIngress(tls=tls):
            issuer = tls and (tls.issuer or tls.cluster_issuer)
            source = f"from cert-manager's {issuer}" if issuer else "existing"
            secret = tls.secret_name if tls else ""
            return f"https://{ingress.host}{ingress.path} (certificate {secret}, {source}): {who}"
        case GatewayRoute(gateway=gateway):
            listener = f"the listener {gateway.section_name}" if gateway.section_name else "every listener"
            return (
                f"{ingress.host}{ingress.path} through {listener} of the Gateway {gateway.name}, which decides on TLS: "
                f"{who}"
            )


def _tenants(settings: Settings) -> str:
    if not settings.tenants:
        return ""
    if not settings.gateway.auth:
        return "each request names its tenant in X-Scope-OrgID, and anyone may name any tenant"
    users = [f"{tenant.user} is {tenant.name}" for tenant in settings.tenants if tenant.user]
    names = listed(users, "and") if 0 < len(users) <= _NAMED else f"{len(users)} users have a tenant each"
    return (
        f"the user decides, not the request's X-Scope-OrgID: {names}; {OWN_USER} may name any tenant; Loki "
        f"refuses every other user; only {OWN_USER} reaches Loki's administration"
    )


def _grafana(settings: Settings) -> str:
    auth = settings.gateway.auth
    if not auth or not settings.grafana.enabled:
        return ""
    namespace = settings.grafana.namespace or settings.cluster.namespace
    return (
        f"needs {PASSWORD_KEY} in its environment, from the Secret {auth.credentials_secret} in {namespace} "
        "(expected; chart value envFromSecret)"
    )
