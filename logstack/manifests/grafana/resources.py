"""The ConfigMap of the datasources: one for all, and one for each tenant."""

from collections.abc import Sequence

from logstack.manifests.manifest import ComponentTree, Manifest, content_hash, kubernetes, labels, yaml_text
from logstack.settings.model.access import OWN_USER, PASSWORD_KEY
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.grafana import GrafanaSettings

CONFIG = "kubernetes:core/v1:ConfigMap"
NAME = "logstack-datasource"
FILE = "logstack.yaml"


def grafana(
    name: str,
    settings: GrafanaSettings,
    gateway_url: str,
    cluster: ClusterSettings,
    tenants: Sequence[str] = (),
    *,
    with_password: bool = False,
) -> ComponentTree:
    """Return the GrafanaDatasource component, without manifests when it is off.

    It has a datasource for the lines of all `tenants`, and one for each tenant alone.
    """
    type_, outputs = "logstack:index:GrafanaDatasource", {"uid": settings.uid}
    if not settings.enabled:
        return ComponentTree(type_, name, (), outputs)
    inputs = kubernetes(
        CONFIG,
        NAME,
        settings.namespace or cluster.namespace,
        {**labels("grafana"), settings.sidecar_label: settings.sidecar_label_value},
        data={FILE: yaml_text(datasources(settings, gateway_url, tenants, with_password=with_password))},
    )
    return ComponentTree(type_, name, (Manifest(CONFIG, f"{name}-datasource", inputs),), outputs)


def datasources(
    settings: GrafanaSettings, gateway_url: str, tenants: Sequence[str] = (), *, with_password: bool = False
) -> dict[str, object]:
    """Return Grafana's provisioning document; it never sets the default datasource, which is usually Prometheus."""
    sources = {"|".join(tenants): (settings.name, settings.uid)}
    if tenants:
        sources |= {tenant: (f"{settings.name} ({tenant})", tenant_uid(settings, tenant)) for tenant in tenants}
    return {
        "apiVersion": 1,
        # Without it Grafana keeps the datasource, read-only, when the file is gone.
        "prune": True,
        # Grafana deletes them first, then creates those below.
        **(
            {"deleteDatasources": [{"name": _literal(called), "orgId": 1} for called, _ in sources.values()]}
            if settings.recreate
            else {}
        ),
        "datasources": [
            {
                "name": _literal(called),
                "uid": uid,
                "type": "loki",
                "access": "proxy",
                "url": gateway_url,
                **({"basicAuth": True, "basicAuthUser": OWN_USER} if with_password else {}),
                "isDefault": False,
                "editable": False,
                **_data(settings, tenant_names, with_password=with_password),
            }
            for tenant_names, (called, uid) in sources.items()
        ],
    }


def tenant_uid(settings: GrafanaSettings, tenant: str) -> str:
    """The uid of a tenant's datasource: at most 40 letters and digits, as stable as the tenant's name."""
    return f"{settings.uid[:31]}-{content_hash(tenant)[:8]}"


def _data(settings: GrafanaSettings, tenants: str, *, with_password: bool) -> dict[str, object]:
    json_data: dict[str, object] = {"maxLines": 1000}
    secure: dict[str, object] = {}
    if links := settings.trace_links:
        json_data["derivedFields"] = [
            {
                "name": "trace",
                "matcherRegex": _literal(links.pattern),
                "datasourceUid": links.datasource_uid,
                "url": _literal("${__value.raw}"),
            }
        ]
    if tenants:
        json_data["httpHeaderName1"] = "X-Scope-OrgID"
        secure["httpHeaderValue1"] = tenants
    if with_password:
        # Grafana's own environment has it, from the same Secret.
        secure["basicAuthPassword"] = f"${PASSWORD_KEY}"
    return {"jsonData": json_data, **({"secureJsonData": secure} if secure else {})}


def _literal(text: str) -> str:
    """Text that Grafana leaves alone: in its own files it expands $NAME, and $$ is a dollar."""
    return text.replace("$", "$$")
