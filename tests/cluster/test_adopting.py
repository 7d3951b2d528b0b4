"""Follow docs/how-to/adopt-a-helm-release.md: a running release is adopted, no line is lost, and only Loki restarts.

The release is a single binary with its lines on its own volume. It is the same chart with the hash of another
configuration, so that the pods have a reason to roll.
"""

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import pytest
import yaml

from logstack.manifests.manifest import mask_secrets
from logstack.settings.load.stack_file import Value
from logstack.settings.tree import Settings
from tests.support.engine import Project
from tests.support.live import Live
from tests.support.real import binary, chart_or_standin
from tests.support.stacks import declarations
from tests.support.stores import Server

pytestmark = pytest.mark.cluster

STACK, NAMESPACE = "adopted", "adopting"
OLD = {"job": "before"}


@pytest.fixture(scope="module")
def settings(cluster: Live, sources: dict[str, Value]) -> dict[str, Any]:
    return {
        "charts": sources,
        "cluster": {
            "name": "lab",
            "context": cluster.context,
            "apiServer": cluster.server,
            "namespace": NAMESPACE,
            "singleNode": True,
        },
        "deploymentMode": "monolithic",
        "replicas": {"monolithic": 1},
        "replicationFactor": 1,
        "size": "extra-small",
        "gateway": {"replicas": 1},
        "objectStore": {"kind": "filesystem"},
        "canary": {"enabled": False},
    }


@pytest.fixture(scope="module")
def released(cluster: Live, settings: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Install Loki by `helm install`, and push lines to it."""
    cluster.remove_namespace(NAMESPACE)
    cluster.namespace(NAMESPACE)
    declared = declarations(Settings.model_validate(settings))
    store = Server(cluster.dynamic)
    for name in ("loki-config", "loki-overrides"):
        store.create(cast("Mapping[str, Any]", declared[f"loki/{name}"].inputs), upsert=False)
    values = cast("dict[str, Any]", mask_secrets(declared["loki/loki"].inputs["values"]))
    values["loki"]["podAnnotations"] = {"logstack/config-hash": "of before"}
    file = tmp_path_factory.mktemp("helm") / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    helm(cluster, "install", "loki", str(chart_or_standin("loki")), "--values", str(file))
    cluster.settle(NAMESPACE)
    cluster.push(NAMESPACE, OLD, [f"line {number}" for number in range(100)])
    yield
    cluster.remove_namespace(NAMESPACE)


def helm(cluster: Live, *arguments: str) -> None:
    """Run helm as the owner of the release does, with an empty home."""
    with tempfile.TemporaryDirectory() as home:
        command = [str(binary("helm")), *arguments, "--namespace", NAMESPACE, "--kubeconfig", str(cluster.kubeconfig)]
        answer = subprocess.run(command, env={"HOME": home}, capture_output=True, text=True, timeout=300, check=False)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.usefixtures("released")
def test_up_adopts_a_release_with_its_volume_and_its_lines_in_one_roll(
    cluster: Live, deploying: Project, settings: Mapping[str, Any], measured: Callable[[str], None]
) -> None:
    config = {f"logstack:{key}": value for key, value in settings.items()}
    (deploying.folder / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump({"config": config}))
    claims = cluster.claims(NAMESPACE)
    pods = {pod.name: pod.uid for pod in cluster.pods(NAMESPACE)}

    server = Server(cluster.dynamic)
    for kind, name in (("StatefulSet", "loki"), ("Deployment", "loki-gateway")):  # step 1
        workload = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"namespace": NAMESPACE, "name": name}}
        server.delete(workload, orphan=True)
    assert {pod.name: pod.uid for pod in cluster.pods(NAMESPACE)} == pods, "a pod was interrupted"

    deploying.take_over()  # step 2
    adopted = deploying.up(STACK)
    deploying.take_over(stop=True)
    assert adopted.failed == ""
    cluster.settle(NAMESPACE)
    now = {pod.name: pod.uid for pod in cluster.pods(NAMESPACE)}
    assert now["loki-0"] != pods["loki-0"], "Loki did not roll, though the hash of its configuration changed"
    gateways = {name for name in pods if name.startswith("loki-gateway")}
    assert gateways <= now.keys(), "the gateway's pod was not taken over, though its template is the same"
    assert cluster.claims(NAMESPACE) == claims
    lines = cluster.lines(NAMESPACE, '{job="before"}')
    assert len(lines) == 100

    secrets = cluster.core.list_namespaced_secret(NAMESPACE, label_selector="owner=helm,name=loki").items  # step 4
    assert secrets
    for secret in secrets:
        cluster.core.delete_namespaced_secret(secret.metadata.name, NAMESPACE)
    assert deploying.preview(STACK).changes == ()
    measured(f"adopted from Helm: loki-0 rolled once, the gateway not, {len(lines)} of 100 lines and every claim kept")
    deploying.destroy(STACK)
