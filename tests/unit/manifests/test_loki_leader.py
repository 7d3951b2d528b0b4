"""The leader among several compactors: the first pod, which gets the delete requests."""

import json

import pytest

from logstack.manifests.loki.gateway import nginx_parts, nginx_values
from logstack.manifests.loki.leader import is_elected, token_files
from logstack.settings.tree import Settings

CLUSTER = {"name": "here", "context": "here"}
STORE = {"kind": "s3-compatible", "endpoint": "http://10.0.40.10:9000", "bucket": "b"}


def settings_with(mode: str, **replicas: int) -> Settings:
    return Settings.model_validate(
        {"cluster": CLUSTER, "objectStore": STORE, "deploymentMode": mode, "replicas": replicas}
    )


@pytest.mark.parametrize(
    ("settings", "pod"),
    [
        (settings_with("simple-scalable"), "loki-backend-0"),
        (settings_with("monolithic", monolithic=3), "loki-0"),
        (settings_with("distributed", compactor=2), "loki-compactor-0"),
    ],
    ids=lambda value: getattr(value, "deployment_mode", value),
)
def test_first_compactor_pod_has_the_lowest_token(settings: Settings, pod: str) -> None:
    ((name, text),) = token_files(settings).items()
    assert name == f"compactor-token-{pod}"
    assert json.loads(text) == {"tokens": [1]}
    service = pod.removesuffix("-0")
    values = nginx_values(settings, settings.cluster)
    server = str(values["serverSnippet"])
    assert values["locationSnippet"] == "rewrite ^/loki/api/v1/delete$ /compactor-leader/delete last;"
    assert f'"http://{pod}.{service}-headless.monitoring.svc.cluster.local:3100"' in server


def test_leader_location_sets_the_tenant_header() -> None:
    tenants = {"tenants": [{"name": "team-a", "namespaces": ["shop"]}]}
    auth = {"gateway": {"auth": {"credentialsSecret": "loki-gateway"}}}
    settings = Settings.model_validate({"cluster": CLUSTER, "objectStore": STORE, **tenants, **auth})
    values = nginx_values(settings, settings.cluster)
    header = "proxy_set_header X-Scope-OrgID $logstack_tenant;"
    rewrite = "rewrite ^/loki/api/v1/delete$ /compactor-leader/delete last;"
    assert values["locationSnippet"] == f"{header}\n{rewrite}"
    assert f"location = /compactor-leader/delete {{\n  internal;\n  {header}\n  set $leader " in str(
        values["serverSnippet"]
    )


@pytest.mark.parametrize(
    "settings",
    [settings_with("simple-scalable", backend=1), settings_with("monolithic"), settings_with("distributed")],
    ids=str,
)
def test_single_compactor_needs_no_election(settings: Settings) -> None:
    assert not is_elected(settings)
    assert token_files(settings) == {}
    assert nginx_values(settings, settings.cluster).keys() == {"clientMaxBodySize", "serverSnippet"}
    concerns = [concern for concern, snippets in nginx_parts(settings, settings.cluster).items() if snippets]
    assert concerns == ["services"]
