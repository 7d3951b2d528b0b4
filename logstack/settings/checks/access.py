"""Who reaches Loki from where, with which password."""

from collections.abc import Iterator
from itertools import accumulate

from logstack.settings.checks.check import reads
from logstack.settings.model.access import OWN_USER, ControllerIngress, GatewayRoute
from logstack.settings.model.quantities import kubernetes_size
from logstack.settings.problems import Problem, Rule, listed
from logstack.settings.tree import Settings

# What the gateway's nginx has of Loki's API, without its administration (logstack/manifests/loki/gateway.py).
_ROOTS = ("/loki/api/v1", "/otlp/v1/logs", "/api/prom", "/prometheus/api/v1")
_AUTH = "logstack:gateway: {auth: {credentialsSecret: loki-gateway}}"

NO_TLS = Rule(
    "ingress-without-tls", "anybody on the network path can read lines and passwords, and change them", "warning"
)
NO_PASSWORD = Rule(
    "ingress-without-password",
    "anybody who reaches the host can use everything below the path: read every line, push any line",
    "warning",
)
ADMINISTRATION = Rule(
    "ingress-opens-administration",
    "anybody who reaches the host can read and push lines, and stop a writer by one request to /ingester/shutdown",
    "warning",
)
PATH = Rule("ingress-path", "the gateway answers every request below it with 404")
ISSUERS = Rule("two-issuers", "cert-manager refuses an Ingress that names both (expected): it has no certificate")
ANYBODYS = Rule(
    "tenants-without-password",
    "anybody who reaches the gateway can read and push as any tenant",
    "warning",
)
TENANTS_WITHOUT_GATEWAY = Rule(
    "tenants-without-gateway", "anybody who reaches Loki's Services can read and push as any tenant", "warning"
)
NEEDS_GATEWAY = Rule("gateway-is-off", "nothing in the cluster would do what these keys ask")
NO_AUTH = Rule("user-without-password", "without gateway.auth the gateway knows no users")
OWN = Rule("user-reserved", "the stack's own components log in as this user, which may act as any tenant")
TWO_TENANTS = Rule(
    "user-of-two-tenants", "a user belongs to one tenant: nginx, which ignores case, does not start with two"
)
TOO_MANY = Rule("too-many-tenants", "Kubernetes refuses a ConfigMap above 1 MiB, and the deployment stops there")
# A ConfigMap's 1 MiB, without what is in it besides the tenants.
_ROOM = 1024**2 - 64 * 1024
# Bytes of one tenant at the most, beside its names; counted in the files of 1,000 tenants, which a test holds against.
_LIMITS, _STAGE, _DATASOURCE, _LINKS = 340, 130, 330, 150


@reads("gateway", "ingress")
def outside_access(settings: Settings) -> Iterator[Problem]:
    """Check that outside access has a password, and a path of the API of Loki."""
    ingress = settings.ingress
    if ingress is None or not settings.gateway.enabled:
        return
    if not any(_below(root, ingress.path) or _below(ingress.path, root) for root in _ROOTS):
        what = f"Loki has no API at {ingress.path}"
        yield PATH.problem("ingress.path", what, f"remove it, or a path of {listed(_ROOTS)}")
    if not settings.gateway.auth and ingress.path == "/":
        what = "the path / exposes the whole gateway, which asks for no password"
        yield ADMINISTRATION.problem("ingress.path", what, f"remove it: the default is /loki/api/v1; or {_AUTH}")
    elif not settings.gateway.auth:
        what = f"{ingress.host} leads to the gateway, which asks for no password"
        yield NO_PASSWORD.problem("ingress", what, _AUTH)


@reads("ingress")
def encryption(settings: Settings) -> Iterator[Problem]:
    """Check that the Ingress has a certificate, and the certificate one issuer."""
    match settings.ingress:
        case ControllerIngress(tls=None) as ingress:
            fix = "logstack:ingress: {tls: {secretName: loki-tls, clusterIssuer: ...}}"
            yield NO_TLS.problem("ingress.tls", f"{ingress.host} has no certificate", fix)
        case ControllerIngress(tls=tls) if tls and tls.issuer and tls.cluster_issuer:
            what = "both issuer and clusterIssuer are set"
            yield ISSUERS.problem("ingress.tls", what, "remove one of the two")
        case GatewayRoute(gateway=gateway) if not gateway.section_name:
            what = f"the route is on every listener of the Gateway {gateway.name}, those without TLS as well"
            fix = "name the listener with TLS: logstack:ingress: {gateway: {sectionName: ...}}"
            yield NO_TLS.problem("ingress.gateway.sectionName", what, fix)


@reads("autoscaling", "gateway", "ingress", "tenants")
def gateway_needed(settings: Settings) -> Iterator[Problem]:
    """Check that nothing needs a gateway that is off."""
    if settings.gateway.enabled:
        return
    needs = {
        "gateway.auth": settings.gateway.auth,
        "ingress": settings.ingress,
        "tenants[].user": any(tenant.user for tenant in settings.tenants),
        "autoscaling.gateway": settings.autoscaling["gateway"],
    }
    if keys := [key for key, stated in needs.items() if stated]:
        what = f"{listed(keys, 'and')} {'needs' if len(keys) == 1 else 'need'} the gateway, which is off"
        yield NEEDS_GATEWAY.problem("gateway.enabled", what, f"remove enabled: false, or remove {listed(keys, 'and')}")


@reads("gateway", "tenants")
def users(settings: Settings) -> Iterator[Problem]:
    """Check that each tenant has a gateway user of its own."""
    if settings.tenants and not settings.gateway.enabled:
        what = "the stack has tenants, and no gateway that asks for a password"
        yield TENANTS_WITHOUT_GATEWAY.problem("gateway.enabled", what, "remove enabled: false")
    elif settings.tenants and not settings.gateway.auth:
        what = "the stack has tenants, but the gateway asks for no password"
        yield ANYBODYS.problem("gateway.auth", what, _AUTH)
    first: dict[str, int] = {}
    for index, tenant in enumerate(settings.tenants):
        if tenant.user is None:
            continue
        path, user = f"tenants[{index}].user", tenant.user.casefold()
        if settings.gateway.enabled and not settings.gateway.auth:
            yield NO_AUTH.problem(
                path, "the tenant has a user, but gateway.auth is missing", f"{_AUTH}, or remove the user"
            )
        if user == OWN_USER:
            yield OWN.problem(path, f"{tenant.user} is the stack's own user", "choose another name")
        if user in first:
            yield TWO_TENANTS.problem(path, f"tenants[{first[user]}] has the same user", "give each its own user")
        first.setdefault(user, index)


@reads(
    "cluster.cluster_domain",
    "cluster.namespace",
    "grafana.enabled",
    "grafana.name",
    "grafana.trace_links",
    "grafana.uid",
    "tenants",
)
def many(settings: Settings) -> Iterator[Problem]:
    """Check that the tenants' part of each ConfigMap fits into it."""
    for name, sizes in tenant_bytes(settings).items():
        sums = list(accumulate(sizes))
        if sums and sums[-1] > _ROOM:
            fit = sum(size <= _ROOM for size in sums)
            what = f"{name} of {len(sizes)} tenants take about {kubernetes_size(-(-sums[-1] // 1024) * 1024)}"
            fix = f"{fit} tenants at the most" + (", or grafana: {enabled: false}" if "datasources" in name else "")
            yield TOO_MANY.problem("tenants", what, fix)


def tenant_bytes(settings: Settings) -> dict[str, list[int]]:
    """Return the most bytes that each tenant adds to a ConfigMap."""
    grafana = settings.grafana
    links = _LINKS + 2 * len(grafana.trace_links.pattern) if grafana.trace_links else 0
    cluster = settings.cluster
    address = len(cluster.namespace) + len(cluster.cluster_domain) + 2 * len(grafana.name) + len(grafana.uid)
    names = [len(tenant.name) for tenant in settings.tenants]
    spaces = [sum(len(name) + 1 for name in tenant.namespaces) for tenant in settings.tenants]
    return {
        "the limits": [_LIMITS + name for name in names],
        "the collector's stages": [_STAGE + name + 2 * space for name, space in zip(names, spaces, strict=True)],
        "Grafana's datasources": [_DATASOURCE + links + address + 3 * name for name in names]
        if grafana.enabled
        else [],
    }


def _below(path: str, above: str) -> bool:
    """Return whether a path equals another one, or is below it."""
    return above in ("/", path) or path.startswith(f"{above}/")


CHECKS = (outside_access, encryption, gateway_needed, users, many)
