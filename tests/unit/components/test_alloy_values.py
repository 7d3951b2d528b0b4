"""The Alloy chart's values: what a collector asks of its node and of the API server, by its sources."""

from collections.abc import Mapping
from typing import Any

import pytest

from logstack.manifests.alloy.resources import DEFAULT_SIZES, alloy
from logstack.manifests.alloy.values import node_values, single_pod_values
from logstack.manifests.loki.intake import Intake
from logstack.settings.model.charts import PINNED_SOURCE
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.sizes import SIZES, SizeName
from logstack.settings.model.sources import Sources

SIZE = SIZES[SizeName.SMALL]["alloy"]
CLUSTER = ClusterSettings(name="production", context="production")


def values(**said: object) -> dict[str, Any]:
    return dict(node_values(CollectorSettings.model_validate(said), SIZE, "alloy-config", CLUSTER))


def host_paths(said: Mapping[str, Any]) -> dict[str, str]:
    return {
        volume["name"]: volume["hostPath"]["path"]
        for volume in said["controller"]["volumes"]["extra"]
        if "hostPath" in volume
    }


def test_the_positions_stay_on_the_node() -> None:
    said = values()
    assert said["alloy"]["storagePath"] == "/var/lib/alloy/data"
    assert said["alloy"]["mounts"] == {
        "varlog": True,
        "dockercontainers": True,
        "extra": [{"name": "state", "mountPath": "/var/lib/alloy"}],
    }
    assert host_paths(said) == {"state": "/var/lib/alloy"}


def test_the_journal_is_mounted_where_it_is_read_and_the_machines_name_with_it() -> None:
    said = values(sources={"journal": {"enabled": True}})
    assert host_paths(said) == {
        "state": "/var/lib/alloy",
        "runlogjournal": "/run/log/journal",
        "machine-id": "/etc/machine-id",
    }
    mounted = {mount["name"]: mount.get("readOnly", False) for mount in said["alloy"]["mounts"]["extra"]}
    assert mounted == {"state": False, "runlogjournal": True, "machine-id": True}


NO_NODE: list[dict[str, Any]] = [{"pods": "api"}, {"pods": "none", "push": True}]


@pytest.mark.parametrize("sources", NO_NODE)
def test_a_collector_that_reads_no_files_has_no_host_path_and_is_not_root(sources: dict[str, Any]) -> None:
    said = values(sources=sources)
    assert host_paths(said) == {}
    assert said["alloy"]["mounts"]["varlog"] is False
    assert said["alloy"]["securityContext"]["runAsNonRoot"] is True


RULES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["pods"]),
    ({"pods": "api"}, ["pods", "pods/log"]),
]


@pytest.mark.parametrize(("sources", "resources"), RULES)
def test_a_collector_may_read_pods_and_nothing_else(sources: dict[str, Any], resources: list[str]) -> None:
    rbac = values(sources=sources)["rbac"]
    rules = [*rbac["rules"], *rbac["clusterRules"]]
    assert [resource for rule in rules for resource in rule["resources"]] == ["pods", *resources]
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list", "watch"}


def test_a_collector_without_pods_asks_the_api_server_for_nothing() -> None:
    assert values(sources={"pods": "none", "push": True})["rbac"] == {"create": False}


def test_receivers_have_ports_in_the_service() -> None:
    said = values(sources={"otlp": {"grpc": True, "http": True}, "push": True})
    assert {port["name"]: port["port"] for port in said["alloy"]["extraPorts"]} == {
        "push": 3500,
        "otlp-grpc": 4317,
        "otlp-http": 4318,
    }
    assert "extraPorts" not in values()["alloy"]


def test_one_collector_at_a_time_has_the_events() -> None:
    said: Any = single_pod_values(CollectorSettings(sources=Sources(events=True)), SIZE, "alloy-events-config", CLUSTER)
    assert (said["controller"]["type"], said["controller"]["replicas"]) == ("deployment", 1)
    assert said["controller"]["updateStrategy"] == {"type": "Recreate"}
    assert said["alloy"]["securityContext"]["runAsNonRoot"] is True
    assert said["rbac"]["rules"][0]["resources"] == ["events"]


@pytest.mark.parametrize("stability", ["generally-available", "experimental"])
def test_alloy_runs_at_the_stability_that_the_stack_says(stability: str) -> None:
    assert values(stability=stability)["alloy"]["stabilityLevel"] == stability


def test_no_definitions_of_other_peoples_kinds_are_installed() -> None:
    assert values()["crds"] == {"create": False}


RELEASES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["alloy-config", "alloy"]),
    ({"events": True}, ["alloy-config", "alloy", "alloy-events-config", "alloy-events"]),
    ({"events": True, "pods": "none"}, ["alloy-events-config", "alloy-events"]),
]


@pytest.mark.parametrize(("sources", "names"), RELEASES)
def test_there_is_a_collector_for_each_kind_of_source(sources: dict[str, Any], names: list[str]) -> None:
    said = CollectorSettings.model_validate({"sources": sources})
    part = alloy("alloy", said, Intake("http://loki/loki/api/v1/push"), DEFAULT_SIZES, CLUSTER, PINNED_SOURCE)
    assert [child.name for child in part.manifests] == names
    assert [child.depends_on for child in part.manifests if child.type.endswith("Chart")] == [
        (name,) for name in names if name.endswith("-config")
    ]
