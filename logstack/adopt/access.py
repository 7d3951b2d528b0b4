"""The gateway's password, users and nginx snippets. Passwords and hashes are never read."""

import re
from collections.abc import Iterable

from pydantic import TypeAdapter, ValidationError

from logstack.adopt.documents import templated
from logstack.adopt.paths import at, path_of
from logstack.adopt.reading import Reading
from logstack.manifests.loki.chart import BASIC_AUTH, IPV6_KEY, NGINX, Snippet
from logstack.manifests.loki.gateway import nginx_values
from logstack.settings.model.access import HASHES_KEY, OWN_USER, PASSWORD_KEY, UserName
from logstack.settings.tree import Settings

_KEY = "gateway.auth"
_NGINX = path_of(NGINX)
# The chart's own Secret is called loki-gateway and goes with its release.
_NEW_SECRET = "loki-gateway-users"  # noqa: S105 - the name of a Secret
_OURS = "$logstack_refused"
_USER_OF_TENANT = re.compile(r'^  ":(?P<user>[^"]+)" "(?P<tenant>[^"]+)";$', re.MULTILINE)
# In the chart's own locationSnippet (read in 6.55.0 and 18.11.0).
_USER_AS_TENANT = "X-Scope-OrgID $remote_user;"
_USER = TypeAdapter(UserName)


def gateway_is_off(reading: Reading) -> bool:
    """Return whether no gateway runs: it is off, or has no pods."""
    return reading.value("gateway.enabled") is False or reading.value("gateway.replicas") == 0


def is_asked(reading: Reading) -> bool:
    """Return whether the gateway asks for a password."""
    return not gateway_is_off(reading) and reading.value(f"{BASIC_AUTH}.enabled") is True


def password(reading: Reading) -> None:
    """Take the password over: without it, the stack's gateway would be open."""
    if not is_asked(reading):
        return
    name = reading.text(f"{BASIC_AUTH}.existingSecret")
    secret = None if templated(name) else name
    reading.write(f"{_KEY}.credentialsSecret", secret or _NEW_SECRET)
    reading.understood(f"{BASIC_AUTH}.enabled", _KEY)
    if secret and _is_ours(reading):
        reading.understood(BASIC_AUTH, _KEY)
    elif secret:
        needs = (
            f"before the first deployment, add {PASSWORD_KEY} to this Secret, and to its {HASHES_KEY} the user "
            f"{OWN_USER} with that password (docs/how-to/set-a-gateway-password.md): the collector, the canary and "
            "Grafana use it"
        )
        reading.translated(f"{BASIC_AUTH}.existingSecret", needs, key=_KEY, decide=True)
        reading.translated(BASIC_AUTH, "without effect: existingSecret is set", key=_KEY)
    else:
        text = (
            f"a secret: not copied. Create the Secret {_NEW_SECRET} with {HASHES_KEY} (today's users and {OWN_USER}) "
            f"and {PASSWORD_KEY} (the password of {OWN_USER}): docs/how-to/set-a-gateway-password.md"
        )
        reading.translated(BASIC_AUTH, text, key=_KEY, decide=True)
        if not any(
            reading.has(f"{BASIC_AUTH}.{key}") for key in ("username", "password", "htpasswd", "existingSecret")
        ):
            reading.missing(
                BASIC_AUTH, f"its users are the tenants, or are not in the values: {text}", key=_KEY, decide=True
            )


def users(reading: Reading, tenants: Iterable[str]) -> dict[str, str]:
    """Return the gateway's user of each tenant, from logstack's own table or the chart's, where a user is a tenant."""
    snippet = _snippet(reading)
    if _OURS in snippet:
        return {each["tenant"]: each["user"] for each in _USER_OF_TENANT.finditer(snippet)}
    header = at(reading.values, (*_NGINX, Snippet.LOCATION))
    if not is_asked(reading) or (header and _USER_AS_TENANT not in str(header)):
        return {}
    return {tenant: tenant for tenant in tenants if _is_user(tenant)}


def nginx(reading: Reading, settings: Settings) -> None:
    """Take over that nodes have no IPv6, and report the nginx snippets that logstack writes itself."""
    if at(reading.values, (*_NGINX, IPV6_KEY)) is False:
        reading.write("cluster.ipFamilies", ["IPv4"])
        reading.understood((*_NGINX, IPV6_KEY), "cluster.ipFamilies")
    for name, text in nginx_values(settings, settings.cluster).items():
        if at(reading.values, (*_NGINX, name)) == text:
            reading.understood((*_NGINX, name), text="the same snippet as logstack's")


def _is_ours(reading: Reading) -> bool:
    return _OURS in _snippet(reading)


def _snippet(reading: Reading) -> str:
    return str(at(reading.values, (*_NGINX, Snippet.HTTP)) or "")


def _is_user(name: str) -> bool:
    try:
        return name != OWN_USER and _USER.validate_python(name) == name
    except ValidationError:
        return False
