"""The values of the Alloy chart: mounts, ports and permissions of a collector, by its sources."""

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


def values(**keys: object) -> dict[str, Any]:
    return dict(node_values(CollectorSettings.model_validate(keys), SIZE, "alloy-config", CLUSTER))


def host_paths(values: Mapping[str, Any]) -> dict[str, str]:
    return {
        volume["name"]: volume["hostPath"]["path"]
        for volume in values["controller"]["volumes"]["extra"]
        if "hostPath" in volume
    }


def test_collector_stores_its_positions_on_the_node() -> None:
    chart_values = values()
    assert chart_values["alloy"]["storagePath"] == "/var/lib/alloy/data"
    assert chart_values["alloy"]["mounts"] == {
        "varlog": True,
        "dockercontainers": True,
        "extra": [{"name": "state", "mountPath": "/var/lib/alloy"}],
    }
    assert host_paths(chart_values) == {"state": "/var/lib/alloy"}


def test_collector_mounts_the_journal_and_the_machine_id_when_it_reads_the_journal() -> None:
    chart_values = values(sources={"journal": {"enabled": True}})
    assert host_paths(chart_values) == {
        "state": "/var/lib/alloy",
        "runlogjournal": "/run/log/journal",
        "machine-id": "/etc/machine-id",
    }
    mounted = {mount["name"]: mount.get("readOnly", False) for mount in chart_values["alloy"]["mounts"]["extra"]}
    assert mounted == {"state": False, "runlogjournal": True, "machine-id": True}


NO_NODE: list[dict[str, Any]] = [{"pods": "api"}, {"pods": "none", "push": True}]


@pytest.mark.parametrize("sources", NO_NODE)
def test_collector_has_no_host_path_and_no_root_user_when_it_reads_no_files(sources: dict[str, Any]) -> None:
    chart_values = values(sources=sources)
    assert host_paths(chart_values) == {}
    assert chart_values["alloy"]["mounts"]["varlog"] is False
    assert chart_values["alloy"]["securityContext"]["runAsNonRoot"] is True


RULES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["pods"]),
    ({"pods": "api"}, ["pods", "pods/log"]),
]


@pytest.mark.parametrize(("sources", "resources"), RULES)
def test_collector_may_only_read_pods_and_their_logs(sources: dict[str, Any], resources: list[str]) -> None:
    rbac = values(sources=sources)["rbac"]
    rules = [*rbac["rules"], *rbac["clusterRules"]]
    assert [resource for rule in rules for resource in rule["resources"]] == ["pods", *resources]
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list", "watch"}


def test_collector_has_no_rbac_rules_when_it_collects_no_pods() -> None:
    assert values(sources={"pods": "none", "push": True})["rbac"] == {"create": False}


def test_collector_service_has_a_port_for_each_receiver() -> None:
    chart_values = values(sources={"otlp": {"grpc": True, "http": True}, "push": True})
    assert {port["name"]: port["port"] for port in chart_values["alloy"]["extraPorts"]} == {
        "push": 3500,
        "otlp-grpc": 4317,
        "otlp-http": 4318,
    }
    assert "extraPorts" not in values()["alloy"]


def test_events_collector_is_a_single_pod() -> None:
    chart_values: Any = single_pod_values(
        CollectorSettings(sources=Sources(events=True)), SIZE, "alloy-events-config", CLUSTER
    )
    assert (chart_values["controller"]["type"], chart_values["controller"]["replicas"]) == ("deployment", 1)
    assert chart_values["controller"]["updateStrategy"] == {"type": "Recreate"}
    assert chart_values["alloy"]["securityContext"]["runAsNonRoot"] is True
    assert chart_values["rbac"]["rules"][0]["resources"] == ["events"]


@pytest.mark.parametrize("stability", ["generally-available", "experimental"])
def test_collector_has_the_stability_level_of_the_stack(stability: str) -> None:
    assert values(stability=stability)["alloy"]["stabilityLevel"] == stability


def test_alloy_chart_installs_no_custom_resource_definitions() -> None:
    assert values()["crds"] == {"create": False}


RELEASES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["alloy-config", "alloy"]),
    ({"events": True}, ["alloy-config", "alloy", "alloy-events-config", "alloy-events"]),
    ({"events": True, "pods": "none"}, ["alloy-events-config", "alloy-events"]),
]


@pytest.mark.parametrize(("sources", "names"), RELEASES)
def test_alloy_has_a_release_for_each_kind_of_source(sources: dict[str, Any], names: list[str]) -> None:
    settings = CollectorSettings.model_validate({"sources": sources})
    component = alloy("alloy", settings, Intake("http://loki/loki/api/v1/push"), DEFAULT_SIZES, CLUSTER, PINNED_SOURCE)
    assert [child.name for child in component.manifests] == names
    assert [child.depends_on for child in component.manifests if child.type.endswith("Chart")] == [
        (name,) for name in names if name.endswith("-config")
    ]
