"""The program under Pulumi's mocks: no cluster, no credentials, a few seconds."""

import json
import runpy
from pathlib import Path
from typing import Any

import pulumi
import pytest

PROGRAM = Path(__file__).parent / "__main__.py"


class Made(pulumi.runtime.Mocks):
    """Remembers what is registered; each resource comes out as it went in."""

    def __init__(self) -> None:
        self.inputs: dict[str, Any] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[Any, Any]]:
        """By the logical name, which begins with the component's."""
        self.inputs[args.name] = args.inputs
        return f"{args.name}-id", args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[Any, Any]:
        """Nothing is looked up: what a chart gets is known at preview."""
        raise AssertionError(args.token)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The inputs of all resources, by logical name; the program has ended."""
    kubeconfig = {
        "contexts": [{"name": "kind-dev", "context": {"cluster": "kind-dev"}}],
        "clusters": [{"name": "kind-dev", "cluster": {"server": "https://127.0.0.1:6443"}}],
    }
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(kubeconfig))
    monkeypatch.setenv("KUBECONFIG", str(file))
    mocks = Made()
    pulumi.runtime.set_mocks(mocks, project="minimal", stack="test")
    pulumi.runtime.test(lambda: runpy.run_path(str(PROGRAM)) and None)()
    return mocks.inputs


def test_lines_are_kept_for_thirty_days(made: dict[str, Any]) -> None:
    assert "retention_period: 720h" in made["loki-config"]["data"]["config.yaml"]


def test_the_collector_pushes_to_this_loki(made: dict[str, Any]) -> None:
    assert "http://loki-gateway.monitoring.svc.cluster.local/loki/api/v1/push" in str(made["alloy-config"]["data"])


def test_both_charts_go_to_the_namespace_that_grafana_is_in(made: dict[str, Any]) -> None:
    assert {made["loki"]["namespace"], made["alloy"]["namespace"]} == {"monitoring"}
