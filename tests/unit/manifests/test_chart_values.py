"""Every value that we set exists in the pinned chart: Helm silently ignores unknown keys."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from tests.support.real import chart_defaults
from tests.support.stacks import NAMES, chart_values, releases, settings_of

# Maps that accept any key, by chart, with the reason; keys below them are not compared.
OPEN = {
    "loki": {
        "loki.podAnnotations": "annotations of the operator's own",
        "loki.schemaConfig": "goes to Loki as it is; empty in the chart",
        "loki.storage.bucketNames": "commented out in the chart: a placeholder there would be a bucket's name",
        "serviceAccount.annotations": "annotations of the operator's own",
        "defaults.nodeSelector": "Kubernetes' own object",
        "chunksCache.nodeSelector": "Kubernetes' own object",
        "resultsCache.nodeSelector": "Kubernetes' own object",
        "write.resources": "a container's resources",
        "read.resources": "a container's resources",
        "backend.resources": "a container's resources",
        "singleBinary.resources": "a container's resources",
        **dict.fromkeys(
            (
                "distributor.resources",
                "ingester.resources",
                "querier.resources",
                "queryFrontend.resources",
                "queryScheduler.resources",
                "indexGateway.resources",
                "compactor.resources",
                "ruler.resources",
            ),
            "a container's resources",
        ),
        "gateway.resources": "a container's resources",
        "singleBinary.affinity": "Kubernetes' own object",
        "gateway.affinity": "Kubernetes' own object",
        "gateway.deploymentStrategy": "Kubernetes' own object",
        **{f"{each}.nodeSelector": "Kubernetes' own object" for each in ("write", "read", "backend", "gateway")},
        "write.affinity": "Kubernetes' own object",
        "write.autoscaling.behavior.enabled": "its template _hpa.tpl reads it",
        **{
            f"{each}.{metadata}": "annotations or labels of the operator's own"
            for each in ("write", "read", "backend", "gateway", "chunksCache", "resultsCache")
            for metadata in ("podAnnotations", "podLabels", "service.annotations", "service.labels")
        },
        "loki.podLabels": "labels by which a cloud recognises the pods",
        "memberlist.service.annotations": "annotations of the operator's own",
    },
    "alloy": {
        "alloy.resources": "a container's resources",
        "alloy.securityContext": "Kubernetes' own object",
        "controller.nodeSelector": "Kubernetes' own object",
        "controller.podAnnotations": "annotations of the operator's own",
        "controller.podLabels": "labels of the operator's own",
        "controller.updateStrategy": "Kubernetes' own object",
        "service.annotations": "annotations of the operator's own",
    },
}


def unknown_paths(
    values: Mapping[str, Any], defaults: object, open_maps: Mapping[str, str], path: str = ""
) -> Iterator[str]:
    """Yield the paths of values that the chart does not have."""
    for key, value in values.items():
        here = f"{path}.{key}" if path else key
        if not isinstance(defaults, Mapping) or key not in defaults:
            if here not in open_maps:
                yield here
        elif isinstance(value, Mapping) and here not in open_maps:
            yield from unknown_paths(value, defaults[key], open_maps, here)


@cache
def defaults_of(chart: str) -> dict[str, Any]:
    return chart_defaults(chart)


@pytest.mark.parametrize(
    ("stack", "chart", "release"), [(stack, *each) for stack in NAMES for each in releases(settings_of(stack))]
)
def test_chart_values_exist_in_the_pinned_chart(stack: str, chart: str, release: str) -> None:
    values = chart_values(settings_of(stack), chart, release)
    assert list(unknown_paths(values, defaults_of(chart), OPEN[chart])) == []


@pytest.mark.parametrize("chart", OPEN)
def test_open_maps_are_all_used(chart: str) -> None:
    everything = [
        chart_values(settings_of(stack), chart, release)
        for stack in NAMES
        for of, release in releases(settings_of(stack))
        if of == chart
    ]
    needed = {path for values in everything for path in unknown_paths(values, defaults_of(chart), {})}
    assert [path for path in OPEN[chart] if not any(f"{each}.".startswith(f"{path}.") for each in needed)] == []


TYPOS = [
    ({"lokiCanary": {"enable": False}}, ["lokiCanary.enable"]),
    ({"compactor": {"retention_enabled": True}}, ["compactor.retention_enabled"]),
    ({"loki": {"image": {"tag": "3.7.8", "tags": ""}}}, ["loki.image.tags"]),
    ({"minio": {"enabled": True}, "test": {"enabled": False}}, []),
    ({"deploymentMode": {"mode": "SimpleScalable"}}, ["deploymentMode.mode"]),
]


@pytest.mark.parametrize(("values", "paths"), TYPOS)
def test_unknown_values_are_reported_by_their_path(values: dict[str, Any], paths: list[str]) -> None:
    assert list(unknown_paths(values, defaults_of("loki"), OPEN["loki"])) == paths
