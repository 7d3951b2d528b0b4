"""Access to Loki: the Ingress or route, the gateway with its password, and the tenant of a request."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstack.manifests.alloy.lines import _FEW, lines
from logstack.manifests.alloy.syntax import document
from logstack.manifests.loki.gateway import nginx_parts, nginx_values
from logstack.manifests.loki.ingress import ingress
from logstack.manifests.loki.intake import Intake
from logstack.settings.checks import access, problems_of
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.tenants import Tenant
from logstack.settings.tree import Settings
from tests.support.documents import read_yaml
from tests.support.stacks import chart_values, data, declarations, settings_of

CLUSTER = ClusterSettings(name="test", context="test")
BASE: Mapping[str, object] = {"cluster": {"name": "test", "context": "test"}, "objectStore": {"kind": "embedded"}}
AUTH = {"gateway": {"auth": {"credentialsSecret": "loki-gateway"}}}


def settings_with(**keys: object) -> Settings:
    return Settings.model_validate({**BASE, **keys})


def ingress_object(**keys: object) -> Any:
    (declared,) = ingress("loki", settings_with(ingress=keys), CLUSTER)
    return declared.inputs


def test_ingress_of_the_homelab_has_its_class_host_certificate_and_issuer() -> None:
    inputs = declarations(settings_of("monolithic"))["loki/loki-ingress"].inputs
    spec: Any = inputs["spec"]
    assert spec["ingressClassName"] == "traefik"
    assert spec["tls"] == [{"hosts": ["loki.moria-lab.com"], "secretName": "moria-lab-cert"}]
    (path,) = spec["rules"][0]["http"]["paths"]
    assert (path["path"], path["pathType"]) == ("/loki/api/v1", "Prefix")
    assert path["backend"] == {"service": {"name": "loki-gateway", "port": {"number": 80}}}
    metadata: Any = inputs["metadata"]
    assert metadata["annotations"] == {
        "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
        "cert-manager.io/cluster-issuer": "letsencrypt",
    }


def test_ingress_omits_class_certificate_and_annotations_when_they_are_not_set() -> None:
    inputs = ingress_object(kind="ingress", host="logs.example.com")
    assert inputs["spec"].keys() == {"rules"}
    assert "annotations" not in inputs["metadata"]


def test_route_names_its_gateway_and_listener() -> None:
    inputs = ingress_object(
        kind="gateway-api", host="a.b", gateway={"name": "public", "namespace": "edge", "sectionName": "tls"}
    )
    assert inputs["kind"] == "HTTPRoute"
    assert inputs["spec"]["parentRefs"] == [
        {
            "group": "gateway.networking.k8s.io",
            "kind": "Gateway",
            "name": "public",
            "namespace": "edge",
            "sectionName": "tls",
        }
    ]
    (rule,) = inputs["spec"]["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/loki/api/v1"}}]


def test_ingress_is_empty_when_the_stack_has_none() -> None:
    assert ingress("loki", settings_with(), CLUSTER) == ()


def test_gateway_adds_only_the_services_snippet_when_there_is_no_password() -> None:
    settings = settings_with(tenants=[{"name": "a", "namespaces": ["a"]}], replicas={"backend": 1})
    assert nginx_values(settings, CLUSTER).keys() == {"clientMaxBodySize", "serverSnippet"}
    concerns = [concern for concern, snippets in nginx_parts(settings, CLUSTER).items() if snippets]
    assert concerns == ["services"]


def test_gateway_sets_no_tenant_when_there_is_a_password_and_no_tenants() -> None:
    values = nginx_values(settings_with(**AUTH, replicas={"backend": 1}), CLUSTER)
    assert "locationSnippet" not in values
    assert "logstack_tenant" not in str(values)


def test_gateway_body_limit_follows_the_largest_burst_of_any_tenant() -> None:
    tenants = [{"name": "a", "namespaces": ["a"], "limits": {"ingestionBurst": "64Mi"}}]
    assert nginx_values(settings_with(tenants=tenants), CLUSTER)["clientMaxBodySize"] == "64M"


def test_gateway_has_larger_header_buffers_when_there_are_many_tenants() -> None:
    few, many = ([{"name": f"team-{n:04d}", "namespaces": [f"n{n}"]} for n in range(count)] for count in (100, 1000))
    assert "httpSnippet" not in nginx_values(settings_with(tenants=few), CLUSTER)
    assert nginx_values(settings_with(tenants=many), CLUSTER)["httpSnippet"] == "large_client_header_buffers 4 20k;"


def test_collectors_and_canary_read_the_gateway_password_from_its_secret() -> None:
    declared = declarations(settings_of("unusual"))
    for name in ("alloy-config", "alloy-events-config"):
        config = data(declared, f"alloy/{name}")
        assert re.search(r'username\s+= "logstack"\n\s+password_file = "/etc/logstack/gateway/password"', config)
    for release in ("alloy", "alloy-events"):
        values: Any = chart_values(settings_of("unusual"), "alloy", release)
        (volume,) = [each for each in values["controller"]["volumes"]["extra"] if each["name"] == "gateway"]
        key = {"key": "LOKI_GATEWAY_PASSWORD", "path": "password"}
        assert volume["secret"] == {"secretName": "lab-gateway", "items": [key]}
        assert {"name": "gateway", "mountPath": "/etc/logstack/gateway", "readOnly": True} in values["alloy"]["mounts"][
            "extra"
        ]
    canary: Any = declared["canary/canary"].inputs
    (container,) = canary["spec"]["template"]["spec"]["containers"]
    assert {"-user=logstack", "-pass=$(LOKI_GATEWAY_PASSWORD)", "-tenant-id=logstack-canary"} <= set(container["args"])
    (variable,) = [each for each in container["env"] if each["name"] == "LOKI_GATEWAY_PASSWORD"]
    assert variable["valueFrom"] == {"secretKeyRef": {"name": "lab-gateway", "key": "LOKI_GATEWAY_PASSWORD"}}


def test_overrides_of_a_tenant_use_the_limits_of_the_stack_when_it_has_none_of_its_own() -> None:
    overrides = read_yaml(data(declarations(settings_of("unusual")), "loki/loki-overrides"))["overrides"]
    assert overrides.keys() == {"fake", "logstack-canary", "team-a", "Team_(b)"}
    assert overrides["team-a"]["ingestion_rate_mb"] == 5.0
    assert overrides["team-a"]["max_query_length"] == "168h"
    assert overrides["Team_(b)"] == {**overrides["fake"], "max_global_streams_per_user": 100}
    assert overrides["logstack-canary"] == overrides["fake"]


@pytest.mark.parametrize("count", [_FEW, _FEW + 1, 100])
def test_tenant_selectors_contain_each_namespace_once_per_group(count: int) -> None:
    tenants = tuple(Tenant(name=f"t{number}", namespaces=(f"n{number}", f"m{number}")) for number in range(count))
    text = document([lines(CollectorSettings(), CLUSTER, Intake("http://x", tenants=tenants), [])])
    inner = re.findall(r'selector = "\{namespace=~\\"([^"]*)\\"\}"\n\n\t+stage.tenant \{\n\t+value = "(\w+)"', text)
    assert inner == [(f"n{number}|m{number}", f"t{number}") for number in range(count)]
    outer = re.findall(
        r'^\t\tselector = "\{namespace=~\\"([^"]*)\\"\}"\n\n\t\t(?:// tenants\n\t\t)?stage.match', text, re.MULTILINE
    )
    names = [name for group in outer for name in group.split("|")]
    assert names == ([] if count <= _FEW else [name for tenant in tenants for name in tenant.namespaces])


@settings(max_examples=25)
@given(
    st.integers(1, 40),
    st.sampled_from(["a", "team", "T" * 100]),
    st.sampled_from(["", "tempo"]),
    st.sampled_from([{}, {"maxQueryLength": "30d", "maxQueryLookback": "365d", "queryTimeout": "9m59s"}]),
)
def test_tenants_take_no_more_bytes_than_the_check_counts(
    count: int, name: str, links: str, limits: dict[str, str]
) -> None:
    tenants = [{"name": f"{name}{n:03d}", "namespaces": [f"{n}-of", f"n{n}"], "limits": limits} for n in range(count)]
    grafana = {"traceLinks": {"datasourceUid": links}} if links else {}
    all_tenants, one_tenant = (
        declarations(settings_with(tenants=each, grafana=grafana, **AUTH)) for each in (tenants, tenants[:1])
    )
    counted = access.tenant_bytes(settings_with(tenants=tenants, grafana=grafana, **AUTH))
    files = ("loki/loki-overrides", "alloy/alloy-config", "grafana/grafana-datasource")
    for file, sizes in zip(files, counted.values(), strict=True):
        assert len(data(all_tenants, file)) - len(data(one_tenant, file)) <= sum(sizes[1:]) + 4096, file


def test_too_many_tenants_are_refused_with_the_number_that_fits() -> None:
    tenants = [{"name": f"team-{n:04d}", "namespaces": [f"team-{n:04d}"]} for n in range(2700)]
    problems = [each for each in problems_of(settings_with(tenants=tenants, **AUTH)) if each.name == "too-many-tenants"]
    (problem,) = problems
    assert problem.what == "Grafana's datasources of 2700 tenants take about 1034Ki"
    fit = int(problem.fix.split()[0])
    datasources = data(declarations(settings_with(tenants=tenants[:fit], **AUTH)), "grafana/grafana-datasource")
    assert 0.75 * 1024**2 < len(datasources) < 1024**2
    assert not [
        each for each in problems_of(settings_with(tenants=tenants[:fit], **AUTH)) if each.name == "too-many-tenants"
    ]
