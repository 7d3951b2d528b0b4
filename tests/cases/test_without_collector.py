"""Loki for somebody else's collector: no Alloy, a canary that needs none, and a page with addresses that work."""

import re
import time
from collections.abc import Iterator

import httpx
import pytest
import yaml

from logstack.localrun.client import Entry
from logstack.localrun.platform import Platform
from logstack.manifests.deployment import deployment
from logstack.manifests.images import pod_images
from logstack.manifests.loki.addresses import OTLP_PATH, push_address, push_url
from logstack.manifests.requests import plan_sizes
from logstack.plan.model import plan, sentences
from logstack.settings.load.loader import Stack
from logstack.settings.tree import Settings
from tests.cases.own_collectors import PAGE, snippets
from tests.cases.pods import STACKS
from tests.support.measuring import running, unlimited_stack
from tests.support.stacks import changed, declarations

pytestmark = pytest.mark.real

OFF = {"collector": {"enabled": False}}
each_mode = pytest.mark.parametrize("mode", ["simple-scalable", "distributed"])


def stack(mode: str, **keys: object) -> Settings:
    return Settings.model_validate({**STACKS[mode], **OFF, **keys})


def planned(settings: Settings) -> str:
    return "\n".join(f"{label}: {text}" for label, text in sentences(plan(Stack("x", settings, (), (), "none"))))


@each_mode
def test_nothing_of_alloy_is_left(mode: str) -> None:
    settings = stack(mode)
    assert [tree.manifests for tree in deployment(settings) if tree.name == "alloy"] == [()]
    sizes = plan_sizes(settings)
    assert [each.name for each in sizes.node_workloads] == ["canary"]
    assert not [each.name for each in sizes.workloads if "alloy" in each.name]
    assert not {"alloy", "configReloader"} & {image.component for image in pod_images(settings)}


@each_mode
def test_canary_pushes_its_lines_itself(mode: str) -> None:
    inputs = str(declarations(stack(mode))["canary/canary"].inputs)
    assert "'-push=true'" in inputs
    assert "'-streamname=stream'" in inputs


@each_mode
def test_plan_says_where_to_push_and_what_is_not_promised(mode: str) -> None:
    settings = stack(mode, tenants=[{"name": "team-a", "namespaces": ["shop"]}])
    text = planned(settings)
    assert f"collectors of your own push to {push_url(settings, settings.cluster)}" in text
    assert "each request names its tenant in X-Scope-OrgID" in text
    assert "not promised: redaction: Loki stores secrets as they are sent" in text
    assert "Alloy 1." not in text
    for promise in ("wait in the collectors", "collectors hold", "collector drops", "unsent lines stay"):
        assert promise not in text.lower()


def test_addresses_of_the_page_are_those_of_the_default_stack() -> None:
    settings = stack("simple-scalable")
    base = push_address(settings, settings.cluster)
    found = set(re.findall(r"http://[^\s\"]+", PAGE.read_text()))
    assert found == {base, f"{base}{OTLP_PATH}", push_url(settings, settings.cluster)}
    (vector,) = [yaml.safe_load(each) for each in snippets("yaml") if "sinks:" in each]
    assert vector["sinks"]["loki"]["endpoint"] == base


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The real Loki of a stack without a collector."""
    settings = changed(unlimited_stack("monolithic", {"monolithic": 1}, 1), **OFF)
    with running(tmp_path_factory.mktemp("without") / "run", settings, {}) as platform:
        yield platform


def test_real_loki_takes_and_finds_lines_by_both_protocols(platform: Platform) -> None:
    now = time.time_ns()
    (pushed,) = platform.loki.push({"app": "own"}, [Entry(now, "by Loki's protocol")])
    assert pushed.acknowledged
    service = {"key": "service.name", "value": {"stringValue": "own"}}
    record = {"timeUnixNano": str(now), "body": {"stringValue": "by OTLP"}}
    body = {"resourceLogs": [{"resource": {"attributes": [service]}, "scopeLogs": [{"logRecords": [record]}]}]}
    base = platform.distributors[0].url
    assert httpx.post(f"{base}{OTLP_PATH}/v1/logs", json=body, timeout=10).status_code == 204
    found = {
        entry.line
        for label in ("app", "service_name")
        for entry in platform.loki.entries(f'{{{label}="own"}}', now - 10**9, now + 10**9)
    }
    assert found == {"by Loki's protocol", "by OTLP"}
