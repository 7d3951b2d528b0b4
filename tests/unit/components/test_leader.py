"""Of several compactors the first pod is the leader, and delete requests go to it."""

import json

import pytest

from logstack.manifests.loki.leader import is_elected, nginx_snippets, token_files
from logstack.settings.model.tree import Settings

STORE = {"kind": "s3-compatible", "endpoint": "http://10.0.40.10:9000", "bucket": "b"}


def stack(mode: str, **replicas: int) -> Settings:
    place = {"name": "here", "context": "here"}
    return Settings.model_validate(
        {"cluster": place, "objectStore": STORE, "deploymentMode": mode, "replicas": replicas}
    )


@pytest.mark.parametrize(
    ("settings", "pod"),
    [
        (stack("simple-scalable"), "loki-backend-0"),
        (stack("monolithic", monolithic=3), "loki-0"),
        (stack("distributed", compactor=2), "loki-compactor-0"),
    ],
    ids=lambda value: getattr(value, "deployment_mode", value),
)
def test_the_first_pod_alone_has_the_lowest_token(settings: Settings, pod: str) -> None:
    ((name, text),) = token_files(settings).items()
    assert name == f"compactor-token-{pod}"
    assert json.loads(text) == {"tokens": [1]}
    service = pod.removesuffix("-0")
    location, server = nginx_snippets(settings, settings.cluster, "proxy_set_header A b;")
    assert location == "rewrite ^/loki/api/v1/delete$ /compactor-leader/delete last;"
    assert "\n  proxy_set_header A b;\n" in server
    assert f'"http://{pod}.{service}-headless.monitoring.svc.cluster.local:3100"' in server


@pytest.mark.parametrize(
    "settings", [stack("simple-scalable", backend=1), stack("monolithic"), stack("distributed")], ids=str
)
def test_an_only_compactor_needs_no_election(settings: Settings) -> None:
    assert not is_elected(settings)
    assert token_files(settings) == {}
    assert nginx_snippets(settings, settings.cluster, "") == ("", "")
