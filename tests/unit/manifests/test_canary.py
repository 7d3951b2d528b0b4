"""The canary: its arguments, and the label by which it finds its lines."""

from typing import Any

import pytest

from logstack.manifests.canary.resources import BY_STREAM, Found, arguments, canary, found_by
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import CanarySettings, CollectorSettings
from logstack.settings.model.sizes import SIZES, SizeName

CLUSTER = ClusterSettings(name="production", context="production")
SIZE = SIZES[SizeName.SMALL]["object-store"]
GATEWAY = "http://loki-gateway.monitoring.svc.cluster.local"


CANARY_ARGUMENTS = [
    (CanarySettings(), GATEWAY, ["-addr=loki-gateway.monitoring.svc.cluster.local:80", "-interval=1s"]),
    (CanarySettings(route="direct"), GATEWAY, ["-push=true"]),
    (CanarySettings(), "http://127.0.0.1:3100", ["-addr=127.0.0.1:3100"]),
]


@pytest.mark.parametrize(("settings", "gateway", "expected"), CANARY_ARGUMENTS)
def test_canary_arguments_contain_the_address_and_the_route(
    settings: CanarySettings, gateway: str, expected: list[str]
) -> None:
    flags = arguments(settings, gateway, "canary-x", BY_STREAM)
    assert set(expected) <= set(flags)
    assert {"-labelname=pod", "-labelvalue=canary-x"} <= set(flags)
    assert ("-push=true" in flags) == (settings.route == "direct")
    assert not [flag for flag in flags if flag.startswith("-tenant-id")]


QUERIES = [
    ({}, {}, Found("stream", "stdout")),
    ({}, {"sources": {"pods": "api"}}, Found("container", "canary")),
    ({"route": "direct"}, {"sources": {"pods": "api"}}, Found("stream", "stdout")),
]


@pytest.mark.parametrize(("keys", "collector", "expected"), QUERIES)
def test_canary_queries_by_a_label_that_its_lines_have(
    keys: dict[str, Any], collector: dict[str, Any], expected: Found
) -> None:
    query = found_by(CanarySettings(**keys), CollectorSettings.model_validate(collector), None)
    assert query == expected


def test_canary_arguments_contain_the_tenant_and_the_label() -> None:
    flags = arguments(CanarySettings(), GATEWAY, "x", Found("container", "canary", "fake"))
    assert {"-streamname=container", "-streamvalue=canary", "-tenant-id=fake"} <= set(flags)


def test_canary_pod_gets_its_own_name_as_label_value() -> None:
    daemon_set = canary("canary", CanarySettings(), GATEWAY, SIZE, CLUSTER, BY_STREAM).manifests[0]
    spec: Any = daemon_set.inputs["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert "-labelvalue=$(POD_NAME)" in container["args"]
    assert {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}} in container["env"]
