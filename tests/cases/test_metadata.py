"""Annotations and labels of one's own: every pod and Service has them, and what selects pods stays as it is."""

from pathlib import Path
from typing import Any

import pytest

from logstack.manifests.manifest import mask_secrets
from tests.cases.pods import pods_of
from tests.support.real import chart_or_standin, render_chart
from tests.support.stacks import NAMES, changed, chart_values, declarations, releases, settings_of
from tests.unit.settings.stacks import stack as stack_of

pytestmark = pytest.mark.real

OWN = {
    "podAnnotations": {"example.com/scrape": "true"},
    "podLabels": {"team": "logs"},
    "serviceAnnotations": {"example.com/probe": "no"},
    "serviceLabels": {"team": "logs"},
}
# Services whose labels the pinned charts take no values for.
WITHOUT_LABELS = {"alloy", "alloy-events", "loki-memberlist", "loki-query-scheduler-discovery"}


def services(stack: str, directory: Path, metadata: object) -> dict[str, dict[str, Any]]:
    settings = changed(settings_of(stack), metadata=metadata)
    documents: list[Any] = [mask_secrets(each.inputs) for each in declarations(settings).values()]
    for chart, release in releases(settings):
        values = chart_values(settings, chart, release)
        documents += render_chart(chart_or_standin(chart), settings.cluster.namespace, values, directory, release)
    return {each["metadata"]["name"]: each for each in documents if each.get("kind") == "Service"}


@pytest.mark.parametrize("stack", NAMES)
def test_every_pod_has_the_metadata_beside_its_own(stack: str, tmp_path: Path) -> None:
    before, after = (
        {each.name: each for each in pods_of(changed(settings_of(stack), metadata=keys), tmp_path)}
        for keys in ({}, OWN)
    )
    assert before.keys() == after.keys()
    for name, each in after.items():
        assert each.labels == {**before[name].labels, "team": "logs"}, name
        assert each.annotations == {**before[name].annotations, "example.com/scrape": "true"}, name
        assert each.spec == before[name].spec, name


@pytest.mark.parametrize("stack", NAMES)
def test_every_service_has_the_metadata_and_selects_the_same_pods(stack: str, tmp_path: Path) -> None:
    before, after = (services(stack, tmp_path, keys) for keys in ({}, OWN))
    assert before.keys() == after.keys()
    for name, each in after.items():
        assert each["metadata"]["annotations"]["example.com/probe"] == "no", name
        assert (each["metadata"]["labels"].get("team") == "logs") is (name not in WITHOUT_LABELS), name
        assert each["spec"] == before[name]["spec"]


def test_own_label_may_select_the_pods_to_collect() -> None:
    loaded = stack_of("metadata: {podLabels: {team: logs}}\ncollector: {pods: {only: {team: logs}}}")
    assert loaded.problems == ()
