"""Grafana's datasources: their addresses, tenants, password and links."""

from typing import Any

import yaml
from hypothesis import given

from logstack.manifests.grafana.resources import datasources, grafana, tenant_uid
from logstack.manifests.manifest import yaml_text
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.grafana import GrafanaSettings
from tests.support.generated import TEXTS

CLUSTER = ClusterSettings(name="production", context="production")
GATEWAY = "http://loki-gateway.monitoring.svc.cluster.local"


def provisioned_datasource(settings: GrafanaSettings) -> dict[str, Any]:
    (config_map,) = grafana("grafana", settings, GATEWAY, CLUSTER).manifests
    files: Any = config_map.inputs["data"]
    (datasource,) = yaml.safe_load(files["logstack.yaml"])["datasources"]
    return dict(datasource)


def test_datasource_queries_the_gateway_and_is_not_the_default() -> None:
    datasource = provisioned_datasource(GrafanaSettings(uid="loki-production"))
    assert (datasource["type"], datasource["uid"], datasource["url"]) == ("loki", "loki-production", GATEWAY)
    assert (datasource["isDefault"], datasource["editable"]) == (False, False)
    assert "derivedFields" not in datasource["jsonData"]


def test_datasources_query_all_tenants_together_and_each_tenant_alone() -> None:
    (config_map,) = grafana("grafana", GrafanaSettings(), GATEWAY, CLUSTER, ("fake", "team-a")).manifests
    files: Any = config_map.inputs["data"]
    provisioned = yaml.safe_load(files["logstack.yaml"])["datasources"]
    headers = {each["name"]: each["secureJsonData"]["httpHeaderValue1"] for each in provisioned}
    assert headers == {"Loki": "fake|team-a", "Loki (fake)": "fake", "Loki (team-a)": "team-a"}
    assert {each["jsonData"]["httpHeaderName1"] for each in provisioned} == {"X-Scope-OrgID"}
    assert len({each["uid"] for each in provisioned}) == len(provisioned)
    assert provisioned[0]["uid"] == "loki"


def test_tenant_uid_is_stable_and_within_the_length_limit_of_grafana() -> None:
    assert tenant_uid(GrafanaSettings(), "team-a") == "loki-96c2886c"
    assert len(tenant_uid(GrafanaSettings(uid="u" * 40), "team-a")) == 40


def test_datasource_takes_the_gateway_password_from_the_environment_of_grafana() -> None:
    (config_map,) = grafana("grafana", GrafanaSettings(), GATEWAY, CLUSTER, with_password=True).manifests
    files: Any = config_map.inputs["data"]
    (datasource,) = yaml.safe_load(files["logstack.yaml"])["datasources"]
    assert (datasource["basicAuth"], datasource["basicAuthUser"]) == (True, "logstack")
    assert datasource["secureJsonData"] == {"basicAuthPassword": "$LOKI_GATEWAY_PASSWORD"}


def test_datasource_config_map_has_the_namespace_and_label_of_the_sidecar() -> None:
    settings = GrafanaSettings(namespace="grafana", sidecar_label="pick_me", sidecar_label_value="yes")
    (config_map,) = grafana("grafana", settings, GATEWAY, CLUSTER).manifests
    metadata: Any = config_map.inputs["metadata"]
    assert metadata["namespace"] == "grafana"
    assert metadata["labels"]["pick_me"] == "yes"


def test_datasource_links_trace_ids() -> None:
    settings = GrafanaSettings.model_validate({"traceLinks": {"datasourceUid": "tempo", "pattern": r"trace=(\w+)$"}})
    (field,) = provisioned_datasource(settings)["jsonData"]["derivedFields"]
    assert field["datasourceUid"] == "tempo"
    # Grafana expands $NAME in its own files; $$ is a dollar.
    assert field["matcherRegex"] == r"trace=(\w+)$$"
    assert field["url"] == "$${__value.raw}"


# PyYAML writes U+0085, a line end of mainframes, unquoted and reads it back as a space.
@given(TEXTS.filter(lambda text: "\x85" not in text))
def test_datasource_name_may_be_any_text(name: str) -> None:
    document = yaml.safe_load(yaml_text(datasources(GrafanaSettings(name=name), GATEWAY)))
    assert document["datasources"][0]["name"] == name.replace("$", "$$")
