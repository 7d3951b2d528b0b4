"""A stack without a gateway: pushes and queries go to the Services of the pods that serve them, and nothing is lost."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from logstack.adopt.reading import Verdict
from logstack.manifests.images import pod_images
from logstack.manifests.loki.addresses import push_url, query_address
from logstack.plan.access import plan_access
from logstack.plan.failures import plan_failures
from logstack.settings.tree import Settings
from tests.cases.pods import STACKS
from tests.support.real import chart_or_standin, render_chart
from tests.support.stacks import chart_values, data, declarations
from tests.unit.adopt.cases import adopt_values
from tests.unit.adopt.test_adopt import S3, stack_of

pytestmark = pytest.mark.real

# Of each mode: the role that takes lines in, and the role that takes queries.
SERVICES = {
    "simple-scalable": ("loki-write", "loki-read"),
    "monolithic": ("loki", "loki"),
    "distributed": ("loki-distributor", "loki-query-frontend"),
}
each_mode = pytest.mark.parametrize("mode", SERVICES)


def stack(mode: str) -> Settings:
    single = {"replicationFactor": 1} if mode == "monolithic" else {}
    return Settings.model_validate({**STACKS[mode], **single, "gateway": {"enabled": False}})


def addresses(mode: str) -> tuple[str, str]:
    """The addresses that pushes and queries must have."""
    pushes, queries = (f"http://{name}.monitoring.svc.cluster.local:3100" for name in SERVICES[mode])
    return f"{pushes}/loki/api/v1/push", queries


def objects(settings: Settings, directory: Path) -> dict[str, dict[str, Any]]:
    documents = render_chart(
        chart_or_standin("loki"), settings.cluster.namespace, chart_values(settings, "loki"), directory, "loki"
    )
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in documents}


@each_mode
def test_chart_makes_no_gateway_and_a_service_at_both_addresses(mode: str, tmp_path: Path) -> None:
    found = objects(stack(mode), tmp_path)
    assert not [name for name in found if "gateway" in name.replace("index-gateway", "")]
    for name in SERVICES[mode]:
        service = found[f"Service/{name}"]["spec"]
        assert 3100 in [port["port"] for port in service["ports"]]
        pods = [each["spec"]["template"]["metadata"]["labels"] for each in found.values() if "template" in _spec(each)]
        assert any(service["selector"].items() <= labels.items() for labels in pods)


def _spec(document: dict[str, Any]) -> dict[str, Any]:
    return document.get("spec") or {}


@each_mode
def test_everything_of_the_stack_uses_these_addresses(mode: str) -> None:
    settings = stack(mode)
    declared = declarations(settings)
    pushes, queries = addresses(mode)
    assert (push_url(settings, settings.cluster), query_address(settings, settings.cluster)) == (pushes, queries)
    assert f'"{pushes}"' in data(declared, "alloy/alloy-config")
    assert f"url: {queries}\n" in data(declared, "grafana/grafana-datasource")
    assert f"'-addr={queries.removeprefix('http://')}'" in str(declared["canary/canary"].inputs)
    assert "loki-gateway" not in json.dumps([str(each.inputs) for each in declared.values()])


@each_mode
def test_plan_says_both_addresses_and_who_may_use_them(mode: str) -> None:
    inside = plan_access(stack(mode)).inside
    pushes, queries = addresses(mode)
    assert pushes.removesuffix("/loki/api/v1/push") in inside
    assert queries in inside
    assert "every pod may push and read without a password" in inside


@each_mode
def test_failure_budget_and_the_images_know_no_gateway(mode: str) -> None:
    settings = stack(mode)
    assert not [loss.lost for loss in plan_failures(settings).losses if re.search(r"(?<!index )gateway", loss.lost)]
    assert "gateway" not in [image.component for image in pod_images(settings)]


@pytest.mark.parametrize("gateway", [{"enabled": False}, {"replicas": 0}], ids=str)
def test_release_without_a_gateway_is_adopted_without_one(gateway: dict[str, object]) -> None:
    values = {"deploymentMode": "SingleBinary", "loki": S3, "gateway": gateway}
    adoption = adopt_values(values)
    assert stack_of(adoption)["gateway"] == {"enabled": False}
    (entry,) = [each for each in adoption.entries if each.path == f"gateway.{next(iter(gateway))}"]
    assert entry.verdict == Verdict.UNDERSTOOD


def test_release_whose_ingress_leads_past_its_gateway_gets_one() -> None:
    ingress = {"enabled": True, "hosts": ["logs.example.com"]}
    values = {"deploymentMode": "SingleBinary", "loki": S3, "gateway": {"replicas": 0}, "ingress": ingress}
    adoption = adopt_values(values)
    assert "gateway" not in stack_of(adoption)
    assert stack_of(adoption)["ingress"]["host"] == "logs.example.com"
    assert any("point clients at loki-gateway" in entry.text for entry in adoption.entries)
