"""The way to Loki: an Ingress or a route, the gateway's password, and whose tenant a request is."""

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
from logstack.settings.model.tree import Settings
from tests.support.documents import read_yaml
from tests.support.stacks import chart_values, data, declarations, settings_of

CLUSTER = ClusterSettings(name="test", context="test")
BASE: Mapping[str, object] = {"cluster": {"name": "test", "context": "test"}, "objectStore": {"kind": "embedded"}}
AUTH = {"gateway": {"auth": {"credentialsSecret": "loki-gateway"}}}


def stack(**said: object) -> Settings:
    return Settings.model_validate({**BASE, **said})


def made(**said: object) -> Any:
    (declared,) = ingress("loki", stack(ingress=said), CLUSTER)
    return declared.inputs


def test_the_ingress_of_the_homelab_has_its_class_host_certificate_and_issuer() -> None:
    found = declarations(settings_of("monolithic"))["loki/loki-ingress"].inputs
    spec: Any = found["spec"]
    assert spec["ingressClassName"] == "traefik"
    assert spec["tls"] == [{"hosts": ["loki.moria-lab.com"], "secretName": "moria-lab-cert"}]
    (path,) = spec["rules"][0]["http"]["paths"]
    assert (path["path"], path["pathType"]) == ("/loki/api/v1", "Prefix")
    assert path["backend"] == {"service": {"name": "loki-gateway", "port": {"number": 80}}}
    metadata: Any = found["metadata"]
    assert metadata["annotations"] == {
        "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
        "cert-manager.io/cluster-issuer": "letsencrypt",
    }


def test_an_ingress_says_nothing_of_what_it_has_not() -> None:
    found = made(kind="ingress", host="logs.example.com")
    assert found["spec"].keys() == {"rules"}
    assert "annotations" not in found["metadata"]


def test_a_route_names_its_gateway_and_listener() -> None:
    found = made(kind="gateway-api", host="a.b", gateway={"name": "public", "namespace": "edge", "sectionName": "tls"})
    assert found["kind"] == "HTTPRoute"
    assert found["spec"]["parentRefs"] == [
        {
            "group": "gateway.networking.k8s.io",
            "kind": "Gateway",
            "name": "public",
            "namespace": "edge",
            "sectionName": "tls",
        }
    ]
    (rule,) = found["spec"]["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/loki/api/v1"}}]


def test_a_stack_without_an_ingress_has_none() -> None:
    assert ingress("loki", stack(), CLUSTER) == ()


def test_without_a_password_the_gateway_is_the_charts_own() -> None:
    settings = stack(tenants=[{"name": "a", "namespaces": ["a"]}], replicas={"backend": 1})
    assert nginx_values(settings, CLUSTER).keys() == {"clientMaxBodySize", "serverSnippet"}
    concerns = [concern for concern, snippets in nginx_parts(settings, CLUSTER).items() if snippets]
    assert concerns == ["services"]


def test_a_password_without_tenants_names_no_tenant() -> None:
    values = nginx_values(stack(**AUTH, replicas={"backend": 1}), CLUSTER)
    assert "locationSnippet" not in values
    assert "logstack_tenant" not in str(values)


def test_the_gateways_body_limit_follows_the_largest_burst_of_all() -> None:
    said = [{"name": "a", "namespaces": ["a"], "limits": {"ingestionBurst": "64Mi"}}]
    assert nginx_values(stack(tenants=said), CLUSTER)["clientMaxBodySize"] == "64M"


def test_a_header_with_all_tenants_has_room() -> None:
    few, many = ([{"name": f"team-{n:04d}", "namespaces": [f"n{n}"]} for n in range(count)] for count in (100, 1000))
    assert "httpSnippet" not in nginx_values(stack(tenants=few), CLUSTER)
    assert nginx_values(stack(tenants=many), CLUSTER)["httpSnippet"] == "large_client_header_buffers 4 20k;"


def test_collectors_and_canary_have_the_password_and_no_object_has_it() -> None:
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


def test_a_tenants_limits_are_its_own_and_the_stacks_where_it_has_none() -> None:
    written = read_yaml(data(declarations(settings_of("unusual")), "loki/loki-overrides"))["overrides"]
    assert written.keys() == {"fake", "logstack-canary", "team-a", "Team_(b)"}
    assert written["team-a"]["ingestion_rate_mb"] == 5.0
    assert written["team-a"]["max_query_length"] == "168h"
    assert written["Team_(b)"] == {**written["fake"], "max_global_streams_per_user": 100}
    assert written["logstack-canary"] == written["fake"]


@pytest.mark.parametrize("count", [_FEW, _FEW + 1, 100])
def test_each_tenant_has_its_namespaces_in_groups_as_well(count: int) -> None:
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
def test_no_tenant_takes_more_room_than_the_check_counts(
    count: int, name: str, links: str, limits: dict[str, str]
) -> None:
    tenants = [{"name": f"{name}{n:03d}", "namespaces": [f"{n}-of", f"n{n}"], "limits": limits} for n in range(count)]
    grafana = {"traceLinks": {"datasourceUid": links}} if links else {}
    with_them, without = (declarations(stack(tenants=each, grafana=grafana, **AUTH)) for each in (tenants, tenants[:1]))
    counted = access.tenant_bytes(stack(tenants=tenants, grafana=grafana, **AUTH))
    files = ("loki/loki-overrides", "alloy/alloy-config", "grafana/grafana-datasource")
    for file, sizes in zip(files, counted.values(), strict=True):
        assert len(data(with_them, file)) - len(data(without, file)) <= sum(sizes[1:]) + 4096, file


def test_tenants_that_no_config_map_takes_are_refused_with_how_many_fit() -> None:
    tenants = [{"name": f"team-{n:04d}", "namespaces": [f"team-{n:04d}"]} for n in range(2700)]
    said = [each for each in problems_of(stack(tenants=tenants, **AUTH)) if each.name == "too-many-tenants"]
    (problem,) = said
    assert problem.what == "Grafana's datasources of 2700 tenants take about 1034Ki"
    fit = int(problem.fix.split()[0])
    whole = data(declarations(stack(tenants=tenants[:fit], **AUTH)), "grafana/grafana-datasource")
    assert 0.75 * 1024**2 < len(whole) < 1024**2
    assert not [each for each in problems_of(stack(tenants=tenants[:fit], **AUTH)) if each.name == "too-many-tenants"]
