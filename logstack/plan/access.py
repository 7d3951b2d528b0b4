"""Who can push and read: from inside the cluster, from outside, and as which tenant."""

from dataclasses import dataclass

from logstack.manifests.loki.addresses import gateway_url
from logstack.settings.model.access import OWN_USER, PASSWORD_KEY, ControllerIngress, GatewayRoute
from logstack.settings.model.tree import Settings
from logstack.settings.problems import listed
from logstack.text.words import Facts

# More tenants than these are counted instead of named.
_NAMED = 8


@dataclass(frozen=True)
class Access:
    """Who reaches Loki, in words."""

    inside: str
    around: str
    """Past the gateway."""
    outside: str
    tenants: str
    """Empty for a stack without tenants."""
    grafana: str
    """What Grafana has to be given; empty where nothing."""


def access(settings: Settings) -> Access:
    """Of a stack."""
    return Access(
        inside=f"{gateway_url(settings.cluster)}: {_who(settings, 'every pod')} may push and read",
        around="every pod that reaches port 3100 of a Loki pod or Service may push and read"
        f"{' as any tenant' if settings.tenants else ''}: no password is asked there; a NetworkPolicy decides who does",
        outside=_outside(settings),
        tenants=_tenants(settings),
        grafana=_grafana(settings),
    )


def access_facts(found: Access) -> Facts:
    """The same, with what it is of."""
    facts = [
        ("inside", found.inside),
        ("past it", found.around),
        ("outside", found.outside),
        ("tenants", found.tenants),
        ("Grafana", found.grafana),
    ]
    return [(of, words) for of, words in facts if words]


def _who(settings: Settings, everybody: str) -> str:
    auth = settings.gateway.auth
    return f"whoever has a password of the Secret {auth.credentials_secret}" if auth else f"{everybody}, unasked,"


def _outside(settings: Settings) -> str:
    said = settings.ingress
    may = "push" if said and said.path.endswith(("/push", "/otlp", "/otlp/v1", "/logs")) else "push and read"
    who = _who(settings, "whoever reaches it")
    match said:
        case None:
            return "nobody: there is no ingress"
        case ControllerIngress(tls=None):
            return f"http://{said.host}{said.path}, not encrypted: {who} may {may}"
        case ControllerIngress(tls=tls):
            issuer = tls and (tls.issuer or tls.cluster_issuer)
            made = f"by cert-manager's {issuer}" if issuer else "which exists already"
            secret = tls.secret_name if tls else ""
            return f"https://{said.host}{said.path}, certificate {secret}, {made}: {who} may {may}"
        case GatewayRoute(gateway=gateway):
            listener = f"the listener {gateway.section_name}" if gateway.section_name else "every listener"
            return (
                f"{said.host}{said.path}, by {listener} of the Gateway {gateway.name}, whose owner decides on TLS: "
                f"{who} may {may}"
            )


def _tenants(settings: Settings) -> str:
    if not settings.tenants:
        return ""
    if not settings.gateway.auth:
        return "a request is of the tenant that it names in X-Scope-OrgID, whoever sends it"
    users = [f"{tenant.user} is {tenant.name}" for tenant in settings.tenants if tenant.user]
    whose = listed(users, "and") if 0 < len(users) <= _NAMED else f"{len(users)} users have a tenant each"
    return (
        f"by user, whatever a request names: {whose}; {OWN_USER} may name any; every other user is refused, and no "
        f"user but {OWN_USER} reaches Loki's administration"
    )


def _grafana(settings: Settings) -> str:
    auth = settings.gateway.auth
    if not auth or not settings.grafana.enabled:
        return ""
    namespace = settings.grafana.namespace or settings.cluster.namespace
    return (
        f"needs {PASSWORD_KEY} in its environment, of the Secret {auth.credentials_secret} in {namespace} "
        "(its chart: envFromSecret)"
    )
