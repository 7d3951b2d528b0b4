"""The program under Pulumi's mocks, without a cluster or credentials, in a few seconds.

In a virtual environment: `pip install -r requirements.txt pytest`, then `pytest`.
"""

import json
import runpy
from pathlib import Path
from typing import Any

import pulumi
import pytest

PROGRAM = Path(__file__).parent / "__main__.py"


class RecordingMocks(pulumi.runtime.Mocks):
    """Records the inputs of each registered resource, and returns them as its outputs."""

    def __init__(self) -> None:
        self.inputs: dict[str, Any] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[Any, Any]]:
        """Record a resource by its logical name, which begins with its component's name."""
        self.inputs[args.name] = args.inputs
        return f"{args.name}-id", args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[Any, Any]:
        """Fail: the program looks nothing up, because previews know every chart value."""
        raise AssertionError(args.token)


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run the program, and return the inputs of all resources by logical name."""
    kubeconfig = {
        "contexts": [{"name": "kind-dev", "context": {"cluster": "kind-dev"}}],
        "clusters": [{"name": "kind-dev", "cluster": {"server": "https://127.0.0.1:6443"}}],
    }
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(kubeconfig))
    monkeypatch.setenv("KUBECONFIG", str(file))
    mocks = RecordingMocks()
    pulumi.runtime.set_mocks(mocks, project="minimal", stack="test")
    pulumi.runtime.test(lambda: runpy.run_path(str(PROGRAM)) and None)()
    return mocks.inputs


def test_loki_keeps_lines_for_thirty_days(inputs: dict[str, Any]) -> None:
    assert "retention_period: 720h" in inputs["loki-config"]["data"]["config.yaml"]


def test_the_collector_pushes_to_this_loki(inputs: dict[str, Any]) -> None:
    assert "http://loki-gateway.monitoring.svc.cluster.local/loki/api/v1/push" in str(inputs["alloy-config"]["data"])


def test_both_charts_are_in_the_namespace_monitoring(inputs: dict[str, Any]) -> None:
    assert {inputs["loki"]["namespace"], inputs["alloy"]["namespace"]} == {"monitoring"}
