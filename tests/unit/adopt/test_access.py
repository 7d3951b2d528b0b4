"""What `logstack adopt` writes for the chart's gateway: ingress, password, and the users of tenants."""

from typing import Any

import pytest

from tests.unit.adopt.cases import adopt_values
from tests.unit.adopt.test_adopt import S3, find_entry, stack_of

TLS = [{"secretName": "logs-tls", "hosts": ["logs.example.com"]}]
HOSTS = [{"host": "logs.example.com", "paths": [{"path": "/"}]}]


def gateway_values(loki: dict[str, object] | None = None, **gateway: object) -> dict[str, object]:
    """Return values of a whole release with this gateway."""
    return {"deploymentMode": "SingleBinary", "loki": {**S3, **(loki or {})}, "gateway": gateway}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"gateway": {"ingress": {"enabled": True, "hosts": HOSTS, "tls": TLS}}},
            {"kind": "ingress", "host": "logs.example.com", "path": "/", "tls": {"secretName": "logs-tls"}},
        ),
        (
            {"gateway": {"ingress": {"enabled": True, "hosts": [{"host": "logs.example.com"}], "tls": []}}},
            {"kind": "ingress", "host": "logs.example.com", "path": "/"},
        ),
        (
            {"ingress": {"enabled": True, "hosts": ["logs.example.com"], "tls": TLS, "ingressClassName": "traefik"}},
            {
                "kind": "ingress",
                "host": "logs.example.com",
                "className": "traefik",
                "tls": {"secretName": "logs-tls"},
            },
        ),
        (
            {
                "ingress": {
                    "enabled": True,
                    "hosts": ["logs.example.com"],
                    "paths": {
                        "distributor": ["/loki/api/v1/push"],
                        "queryFrontend": [],
                        "ruler": [],
                        "compactor": [],
                    },
                }
            },
            {"kind": "ingress", "host": "logs.example.com", "path": "/loki/api/v1/push"},
        ),
        (
            {
                "ingress": {
                    "enabled": True,
                    "hosts": ["logs.example.com"],
                    "tls": TLS,
                    "annotations": {
                        "kubernetes.io/ingress.class": "nginx",
                        "cert-manager.io/cluster-issuer": "letsencrypt",
                        "example.com/note": "x",
                    },
                }
            },
            {
                "kind": "ingress",
                "host": "logs.example.com",
                "className": "nginx",
                "tls": {"secretName": "logs-tls", "clusterIssuer": "letsencrypt"},
                "annotations": {"example.com/note": "x"},
            },
        ),
        (
            {
                "gateway": {
                    "route": {
                        "main": {
                            "enabled": True,
                            "hostnames": ["logs.example.com"],
                            "parentRefs": [{"name": "public", "namespace": "edge", "sectionName": "https"}],
                            "matches": [{"path": {"type": "PathPrefix", "value": "/loki/api/v1/push"}}],
                        }
                    }
                }
            },
            {
                "kind": "gateway-api",
                "host": "logs.example.com",
                "path": "/loki/api/v1/push",
                "gateway": {"name": "public", "namespace": "edge", "sectionName": "https"},
            },
        ),
    ],
)
def test_adopt_writes_the_ingress(values: dict[str, Any], expected: dict[str, object]) -> None:
    adoption = adopt_values({"deploymentMode": "SimpleScalable", "loki": S3, **values}, "18.11.0")
    assert stack_of(adoption)["ingress"] == expected
    assert not [each for each in adoption.problems if each.severity == "error"]


@pytest.mark.parametrize(
    "gateway",
    [
        {"ingress": {"enabled": False, "hosts": HOSTS}},
        {"ingress": {"hosts": HOSTS}},
        {"enabled": False, "ingress": {"enabled": True, "hosts": HOSTS}, "basicAuth": {"enabled": True}},
    ],
)
def test_adopt_writes_no_ingress_and_no_password_when_both_are_off(gateway: dict[str, Any]) -> None:
    stack = stack_of(adopt_values(gateway_values(**gateway)))
    assert "ingress" not in stack
    assert "auth" not in stack.get("gateway", {})


def test_adopt_keeps_an_existing_secret_and_names_the_keys_it_needs() -> None:
    adoption = adopt_values(gateway_values(basicAuth={"enabled": True, "existingSecret": "users"}))
    assert stack_of(adoption)["gateway"]["auth"] == {"credentialsSecret": "users"}
    entry = find_entry(adoption, "gateway.basicAuth.existingSecret")
    assert entry.decide
    assert "LOKI_GATEWAY_PASSWORD" in entry.text
    assert "the user logstack" in entry.text


@pytest.mark.parametrize("users", [{"username": "SECRET-user", "password": "SECRET-word"}, {}])
def test_adopt_keeps_a_gateway_behind_its_password(users: dict[str, str]) -> None:
    adoption = adopt_values(gateway_values(basicAuth={"enabled": True, **users}))
    assert stack_of(adoption)["gateway"]["auth"] == {"credentialsSecret": "loki-gateway-users"}
    assert any(each.decide and "loki-gateway-users" in each.text for each in adoption.entries)
    assert "SECRET-" not in adoption.text


def test_adopt_gives_each_tenant_the_user_that_the_chart_gives_it() -> None:
    tenants = {"auth_enabled": True, "tenants": [{"name": "shop"}, {"name": "bank*"}]}
    adoption = adopt_values(gateway_values(tenants, basicAuth={"enabled": True, "existingSecret": "users"}))
    assert stack_of(adoption)["tenants"] == [
        {"name": "shop", "namespaces": [], "user": "shop"},
        {"name": "bank*", "namespaces": []},
    ]
    assert find_entry(adoption, "loki.tenants").text.endswith("bank*")
    assert "user" not in stack_of(adopt_values(gateway_values(tenants)))["tenants"][0]


@pytest.mark.parametrize(
    ("snippet", "user"),
    [
        ("{{ if .Values.loki.tenants }}proxy_set_header X-Scope-OrgID $remote_user;{{ end }}", "shop"),
        ("proxy_set_header X-Scope-OrgID $team;", None),
    ],
)
def test_adopt_gives_tenants_a_user_only_when_the_header_is_the_charts(snippet: str, user: str | None) -> None:
    gateway = {"basicAuth": {"enabled": True, "existingSecret": "users"}, "nginxConfig": {"locationSnippet": snippet}}
    adoption = adopt_values(gateway_values({"auth_enabled": True, "tenants": [{"name": "shop"}]}, **gateway))
    assert stack_of(adoption)["tenants"][0].get("user") == user


def test_adopt_writes_limits_and_retention_of_each_tenant() -> None:
    limits = {
        "retention_period": "60d",
        "retention_stream": [{"selector": '{app="a"}', "period": "90d", "priority": 2}],
        "ingestion_rate_mb": 20,
        "max_query_length": "7d",
        "max_line_size": "256KB",
    }
    overrides = {
        "overrides": {
            "shop": limits,
            "bank": {"retention_period": "0s"},
            "mail": {"cardinality_limit": 5, "cardinality": 5},
        }
    }
    adoption = adopt_values(gateway_values({"auth_enabled": True, "runtimeConfig": overrides}))
    assert stack_of(adoption)["tenants"] == [
        {
            "name": "shop",
            "namespaces": [],
            "limits": {"ingestionRate": "20Mi", "maxQueryLength": "7d"},
            "retention": "60d",
            "retentionStreams": [{"selector": '{app="a"}', "period": "90d", "priority": 2}],
        },
        {"name": "bank", "namespaces": [], "retention": "3650d"},
        {"name": "mail", "namespaces": [], "config": {"cardinality_limit": 5}},
    ]
    paths_to_decide = {each.path for each in adoption.decisions}
    assert {"loki.runtimeConfig.overrides.bank.retention_period", "(the tenants' namespaces)"} <= paths_to_decide
    assert "loki.runtimeConfig.overrides.mail.cardinality" in paths_to_decide


def test_adopt_keeps_tenant_retention_when_the_stack_takes_that_of_fake() -> None:
    overrides = {"overrides": {"fake": {"retention_period": "7d"}}}
    stack = stack_of(
        adopt_values(gateway_values({"auth_enabled": True, "tenants": [{"name": "shop"}], "runtimeConfig": overrides}))
    )
    assert (stack["retention"], stack["tenants"][0]["retention"]) == ("7d", "30d")


def test_adopt_omits_retention_rules_that_delete_nothing_today() -> None:
    rules = [{"selector": '{app="a"}', "period": "3d", "priority": 1}]
    limits = {"retention_period": "30d", "retention_stream": rules}
    overrides = {"overrides": {"shop": {"retention_period": "3d", "retention_stream": rules}}}
    loki = {"limits_config": limits, "compactor": {}, "auth_enabled": True, "runtimeConfig": overrides}
    adoption = adopt_values(gateway_values(loki))
    assert "retentionStreams" not in stack_of(adoption)
    assert stack_of(adoption)["tenants"] == [{"name": "shop", "namespaces": []}]
    assert find_entry(adoption, "loki.limits_config.retention_stream").decide
    assert find_entry(adoption, "loki.runtimeConfig.overrides.shop.retention_period").decide
