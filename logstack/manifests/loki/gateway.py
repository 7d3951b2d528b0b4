"""The gateway's nginx: who may pass, and as which tenant. The chart's own configuration, and snippets in its places.

With a password, only the stack's own user may name a tenant: for every other user the gateway replaces X-Scope-OrgID by
the user's tenant. A user without a tenant gets none, and Loki refuses its requests.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from logstack.manifests.loki.addresses import leader_host, service
from logstack.manifests.loki.chart import BASIC_AUTH_KEY, BODY_LIMIT_KEY, HTTP_PORT, IPV6_KEY, RELEASE, Snippet
from logstack.manifests.loki.leader import is_elected
from logstack.manifests.manifest import Json
from logstack.settings.model.access import OWN_USER
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.loki import LokiSettings

_MIB = 1024**2
# nginx's default of large_client_header_buffers.
_HEADER = 8 * 1024
# Paths for users other than our own: pushes, queries, rules. Not /flush, /config, /ingester/shutdown, the rings.
_DATA = r"/(loki/api/v1|api/prom|otlp/v1|prometheus/api/v1)/"
_DELETE = "/loki/api/v1/delete"
# Our own location of the gateway, from which delete requests go to the leader.
_AT_LEADER = "/compactor-leader/delete"
# Our own locations that nobody reaches.
_AT_SERVICES = "/services"


class Concern(StrEnum):
    """The concerns of lines in nginx's snippets."""

    ACCESS = "access"
    """Whom the gateway lets in, and as which tenant."""
    DELETE_REQUESTS = "delete-requests"
    """Which pod gets delete requests."""
    SERVICES = "services"
    """Which Services' addresses nginx looks up when it starts."""


Lines = Sequence[tuple[Concern, str]]
"""Return the lines of a snippet in their order, in runs of one concern."""


def nginx_values(settings: LokiSettings, cluster: ClusterSettings) -> dict[str, Json]:
    """Return the chart's gateway.nginxConfig."""
    burst = max(limits.ingestion_burst for limits in settings.all_limits)
    snippets = _snippets(settings, cluster)
    # A push may be as large as a burst; nginx's limit must not be the smaller one.
    return {
        BODY_LIMIT_KEY: f"{max(4, -(-burst // _MIB))}M",
        # The chart's default listens on [::] as well; without IPv6 on the node nginx does not start.
        **({} if cluster.has_ipv6 else {IPV6_KEY: False}),
        **{snippet.value: "\n".join(text for _, text in lines) for snippet, lines in snippets.items() if lines},
    }


def nginx_parts(settings: LokiSettings, cluster: ClusterSettings) -> dict[str, dict[str, str]]:
    """Return, by concern, what it has in each of the snippets of `nginx_values`; nothing without a gateway."""
    snippets = _snippets(settings, cluster) if settings.gateway.enabled else {}
    return {
        concern.value: {
            snippet.value: "\n".join(text for about, text in lines if about == concern)
            for snippet, lines in snippets.items()
            if any(about == concern for about, _ in lines)
        }
        for concern in Concern
    }


def _snippets(settings: LokiSettings, cluster: ClusterSettings) -> Mapping[Snippet, Lines]:
    with_password = bool(settings.gateway.auth)
    tenant = "proxy_set_header X-Scope-OrgID $logstack_tenant;" if with_password and settings.tenants else ""
    http = [*_long_headers(settings), *(_maps(settings) if with_password else [])]
    access = {
        Snippet.HTTP: http,
        Snippet.SERVER: [_SERVER] if with_password else [],
        Snippet.LOCATION: [tenant] if tenant else [],
    }
    to_leader = _to_leader(settings, cluster, tenant) if is_elected(settings) else {}
    services = {Snippet.SERVER: [(Concern.SERVICES, text) for text in _services(settings, cluster)]}
    return {
        snippet: [*((Concern.ACCESS, text) for text in texts), *to_leader.get(snippet, []), *services.get(snippet, [])]
        for snippet, texts in access.items()
    }


def _services(settings: LokiSettings, cluster: ClusterSettings) -> Iterator[str]:
    """Yield a location for each of Loki's Services, whose address nginx so looks up once, when it starts.

    The chart's locations have the Service's name in a variable. nginx searches such a name among its server groups
    first, and a name in a proxy_pass of its own is one. Only for a name that is in none it asks the cluster's DNS, by a
    UDP socket that it never opens anew: after a restart of the DNS pods that one may lead to a pod that is gone, for
    ever (nginx#279, loki#14013, cilium#27300). A Service keeps its address as long as it exists.
    """
    for role in settings.roles:
        if settings.replica_count(role):
            name = role.workload(RELEASE)
            yield f"location = {_AT_SERVICES}/{name} {{\n  internal;"
            yield f"  proxy_pass       http://{service(name, cluster)}:{HTTP_PORT};\n}}"


def _to_leader(settings: LokiSettings, cluster: ClusterSettings, tenant: str) -> Mapping[Snippet, Lines]:
    """Delete requests go to the leader, not to its Service.

    The chart has a location for them already, and nginx refuses a second one: a rewrite leads from there to ours, which
    has the directive `tenant` as every location has.
    """
    requests = Concern.DELETE_REQUESTS
    address = f"http://{leader_host(settings, cluster)}:{HTTP_PORT}"
    return {
        Snippet.SERVER: [
            (requests, f"location = {_AT_LEADER} {{\n  internal;"),
            *([(Concern.ACCESS, f"  {tenant}")] if tenant else []),
            (requests, f'  set $leader      "{address}";\n  proxy_pass       $leader$request_uri;\n}}'),
        ],
        Snippet.LOCATION: [(requests, f"rewrite ^{_DELETE}$ {_AT_LEADER} last;")],
    }


def auth_values(settings: LokiSettings) -> dict[str, Json]:
    """The chart's gateway.basicAuth; nothing without a password."""
    auth = settings.gateway.auth
    return {BASIC_AUTH_KEY: {"enabled": True, "existingSecret": auth.credentials_secret}} if auth else {}


def _long_headers(settings: LokiSettings) -> Iterator[str]:
    """Room for the names of all tenants in one header, as Grafana asks: nginx's own 8 KiB hold some hundred."""
    longest = len("|".join(settings.tenant_names))
    if longest > _HEADER // 2:
        yield f"large_client_header_buffers 4 {-(-2 * longest // 1024)}k;"


def _maps(settings: LokiSettings) -> Iterator[str]:
    """nginx's tables. Their keys begin with a colon: none is a word of nginx's own, such as `default`."""
    yield from (
        'map ":$remote_user:$uri" $logstack_refused {',
        "  default 1;",
        f'  "~^:{OWN_USER}:" 0;',
        f'  "~^:[^:]*:{_DATA}" 0;',
        '  "~^:[^:]*:/$" 0;',
        "}",
    )
    if not settings.tenants:
        return
    users = [(tenant.user, tenant.name) for tenant in settings.tenants if tenant.user]
    yield from (
        'map ":$remote_user" $logstack_tenant {',
        '  default "";',
        # A regular expression, for nginx compares plain keys without their case.
        f'  "~^:{OWN_USER}$" $http_x_scope_orgid;',
        *(f'  ":{user}" "{tenant}";' for user, tenant in users),
        "}",
    )


# A collector drops what is answered with 401 at once, and tries again after 503: while a new password is under way, one
# side has it before the other.
_SERVER = f"""\
if ($logstack_refused) {{
  return 403;
}}
error_page 401 = @unauthorized;
location @unauthorized {{
  if ($remote_user = {OWN_USER}) {{
    return 503 "the gateway has another password for {OWN_USER}";
  }}
  return 401;
}}"""
