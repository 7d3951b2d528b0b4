"""Index labels of OTLP lines: "label names per series" (16 of 15), and Loki's own list for what is sent to it directly.

Owners choose them with `distributor.otlp_config.default_resource_attributes_as_index_labels`. Loki's default list has
more attributes than a stream may have labels (loki#12913).
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from logstack.localrun.client import Entry, Pushed
from logstack.localrun.platform import Platform
from logstack.settings.checks.labels import MOST_LABELS
from logstack.settings.load.stack_file import Value
from logstack.settings.model.sources import label_of
from tests.support.collector import loki, stack

pytestmark = pytest.mark.prove

# The list of a field's release, and names whose labels are not the names alone.
ATTRIBUTES: list[Value] = ["k8s.namespace.name", "severity", "a/b-c.d", "x..y", "Team_1"]
PASSED: Value = {"distributor": {"otlp_config": {"default_resource_attributes_as_index_labels": ATTRIBUTES}}}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with loki(tmp_path_factory.mktemp("loki"), stack("otlp", {"loki": {"config": PASSED}})) as running:
        yield running


def push(platform: Platform, labels: Mapping[str, str]) -> Pushed:
    (pushed,) = platform.loki.push(labels, [Entry(time.time_ns(), "a line")])
    return pushed


@pytest.mark.parametrize("further", [{}, {"service_name": "shop"}], ids=["alone", "service_name is not counted"])
def test_loki_takes_as_many_index_labels_as_the_check_and_no_more(platform: Platform, further: dict[str, str]) -> None:
    labels = {f"label_{number:02}": "x" for number in range(MOST_LABELS)} | further
    assert push(platform, labels).acknowledged
    refused = push(platform, labels | {"one_more": "x"})
    assert refused.status == 400
    assert f"has {MOST_LABELS + 1} label names; limit {MOST_LABELS}" in refused.reason


def test_loki_names_the_labels_of_attributes_as_the_collector_does(platform: Platform) -> None:
    now = time.time_ns()
    attributes = [{"key": name, "value": {"stringValue": "otlp"}} for name in [*ATTRIBUTES, "not.in.the.list"]]
    record = {"timeUnixNano": str(now), "body": {"stringValue": "direct"}}
    body: dict[str, Any] = {
        "resourceLogs": [{"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": [record]}]}]
    }
    httpx.post(f"{platform.writers[0].url}/otlp/v1/logs", json=body, timeout=60).raise_for_status()
    (row,) = platform.loki.rows('{severity="otlp"}', now - 10**9, now + 10**9)
    labels = {name for name, value in row.labels if value == "otlp"}
    assert labels == {label_of(str(name)) for name in ATTRIBUTES}
