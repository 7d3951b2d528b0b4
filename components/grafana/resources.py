"""The datasource's ConfigMap."""

from collections.abc import Sequence

from components.declaration import Declaration, Part, kubernetes, labels, yaml_text
from settings.cluster import ClusterSettings
from settings.grafana import GrafanaSettings

CONFIG = "kubernetes:core/v1:ConfigMap"
NAME = "logstack-datasource"


def grafana(
    name: str, settings: GrafanaSettings, gateway_url: str, cluster: ClusterSettings, tenants: Sequence[str] = ()
) -> Part:
    """The GrafanaDatasource part; nothing when it is off. It asks for the lines of all `tenants`."""
    if not settings.enabled:
        return Part("logstack:index:GrafanaDatasource", name)
    inputs = kubernetes(
        CONFIG,
        NAME,
        settings.namespace or cluster.namespace,
        {**labels("grafana"), settings.sidecar_label: settings.sidecar_label_value},
        data={"logstack.yaml": yaml_text(datasource(settings, gateway_url, tenants))},
    )
    return Part("logstack:index:GrafanaDatasource", name, (Declaration(CONFIG, f"{name}-datasource", inputs),))


def datasource(settings: GrafanaSettings, gateway_url: str, tenants: Sequence[str] = ()) -> dict[str, object]:
    """Grafana's provisioning document: never the default datasource, which is Prometheus' place."""
    json_data: dict[str, object] = {"maxLines": 1000}
    if links := settings.trace_links:
        json_data["derivedFields"] = [
            {
                "name": "trace",
                "matcherRegex": _literal(links.pattern),
                "datasourceUid": links.datasource_uid,
                "url": _literal("${__value.raw}"),
            }
        ]
    header: dict[str, object] = {}
    if tenants:
        json_data["httpHeaderName1"] = "X-Scope-OrgID"
        header = {"secureJsonData": {"httpHeaderValue1": "|".join(tenants)}}
    return {
        "apiVersion": 1,
        # Without it Grafana keeps the datasource, read-only, when the file is gone.
        "prune": True,
        "datasources": [
            {
                "name": _literal(settings.name),
                "uid": settings.uid,
                "type": "loki",
                "access": "proxy",
                "url": gateway_url,
                "isDefault": False,
                "editable": False,
                "jsonData": json_data,
                **header,
            }
        ],
    }


def _literal(text: str) -> str:
    """Text that Grafana leaves alone: in its own files it expands $NAME, and $$ is a dollar."""
    return text.replace("$", "$$")
