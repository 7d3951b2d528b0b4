"""The gateway's nginx: who may pass, and as which tenant. The chart's own configuration, and snippets in its places.

With a password nobody names a tenant but the stack's own user: what a request says in X-Scope-OrgID is replaced by the
tenant of its user. A user that is of no tenant here has none, and Loki refuses its requests.
"""

from collections.abc import Iterator

from logstack.manifests.loki.leader import nginx_snippets
from logstack.manifests.manifest import Json
from logstack.settings.model.access import OWN_USER
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.loki import LokiSettings

_MIB = 1024**2
# nginx's large_client_header_buffers, if nobody says otherwise.
_HEADER = 8 * 1024
# What a user other than our own reaches: pushing, asking, rules. Not /flush, /config, /ingester/shutdown, the rings.
_DATA = r"/(loki/api/v1|api/prom|otlp/v1|prometheus/api/v1)/"


def nginx_values(settings: LokiSettings, cluster: ClusterSettings) -> dict[str, Json]:
    """The chart's gateway.nginxConfig."""
    burst = max(limits.ingestion_burst for limits in settings.all_limits)
    with_password = bool(settings.gateway.auth)
    tenant = "proxy_set_header X-Scope-OrgID $logstack_tenant;" if with_password and settings.tenants else ""
    at_leader, leader = nginx_snippets(settings, cluster, tenant)
    snippets = {
        "httpSnippet": [*_long_headers(settings), *(_maps(settings) if with_password else [])],
        "serverSnippet": [_SERVER if with_password else "", leader],
        "locationSnippet": [tenant, at_leader],
    }
    said: dict[str, Json] = {name: "\n".join(filter(None, lines)) for name, lines in snippets.items() if any(lines)}
    # A push may be as large as a burst; nginx's limit must not be the smaller one.
    return {"clientMaxBodySize": f"{max(4, -(-burst // _MIB))}M", **said}


def auth_values(settings: LokiSettings) -> dict[str, Json]:
    """The chart's gateway.basicAuth; nothing without a password."""
    auth = settings.gateway.auth
    return {"basicAuth": {"enabled": True, "existingSecret": auth.credentials_secret}} if auth else {}


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
