"""Follow docs/how-to/adopt-a-helm-release.md: a running release is adopted, no line is lost, and only Loki restarts.

The release is a single binary with its lines on its own volume. It is the same chart with the hash of another
configuration, so that the pods have a reason to roll.
"""

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from logstack.manifests.manifest import mask_secrets
from logstack.settings.load.stack_file import Value
from logstack.settings.tree import Settings
from tests.support.engine import Project
from tests.support.live import GATEWAY, Live
from tests.support.real import binary, chart_or_standin
from tests.support.stacks import declarations
from tests.support.stores import Server

pytestmark = pytest.mark.cluster

STACK, NAMESPACE = "adopted", "adopting"
OLD = {"job": "before"}


# What charts 6 to 18 say of the gateway if nobody says otherwise.
OF_CHART: Mapping[str, Any] = {
    "affinity": {
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {
                    "labelSelector": {
                        "matchLabels": {
                            "app.kubernetes.io/component": "gateway",
                            "app.kubernetes.io/name": "loki",
                            "app.kubernetes.io/instance": "loki",
                        }
                    },
                    "topologyKey": "kubernetes.io/hostname",
                }
            ],
            "preferredDuringSchedulingIgnoredDuringExecution": [],
        }
    },
    "deploymentStrategy": {"type": "RollingUpdate"},
}


def stated(cluster: Live, sources: Mapping[str, Value], *, canary: bool) -> dict[str, Any]:
    """The keys of the stack file that the how-to's first step ends with."""
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
        "canary": {"enabled": canary},
    }


@contextmanager
def released(
    cluster: Live, settings: Mapping[str, Any], folder: Path, gateway: Mapping[str, Any] | None = None
) -> Iterator[None]:
    """Loki by `helm install`, with lines in it; `gateway` is what differs in the gateway's values."""
    cluster.remove_namespace(NAMESPACE)
    cluster.namespace(NAMESPACE)
    declared = declarations(Settings.model_validate(settings))
    store = Server(cluster.dynamic)
    for name in ("loki-config", "loki-overrides"):
        store.create(cast("Mapping[str, Any]", declared[f"loki/{name}"].inputs), upsert=False)
    values = cast("dict[str, Any]", mask_secrets(declared["loki/loki"].inputs["values"]))
    values["loki"]["podAnnotations"] = {"logstack/config-hash": "of before"}
    values["gateway"] |= gateway or {}
    file = folder / "values.yaml"
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


def write(deploying: Project, settings: Mapping[str, Any]) -> None:
    """The stack file."""
    config = {f"logstack:{key}": value for key, value in settings.items()}
    (deploying.folder / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump({"config": config}))


def delete_workload(cluster: Live, kind: str, name: str, *, orphan: bool) -> None:
    """As `kubectl delete`, with `--cascade=orphan` or with its pods."""
    workload = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"namespace": NAMESPACE, "name": name}}
    Server(cluster.dynamic).delete(workload, orphan=orphan)


def take_over(deploying: Project) -> None:
    """Step 3: the `up` that takes over, and the one without its variables, which changes the provider alone."""
    deploying.take_over()
    adopted = deploying.up(STACK)
    deploying.take_over(stop=True)
    assert adopted.failed == ""
    assert deploying.preview(STACK).summary == {"update": ["kubernetes cluster-provider"]}
    assert deploying.up(STACK).failed == ""


def test_adopted_release_keeps_its_volume_and_lines_and_restarts_once(
    cluster: Live,
    deploying: Project,
    sources: dict[str, Value],
    tmp_path: Path,
    measured: Callable[[str], None],
) -> None:
    settings = stated(cluster, sources, canary=False)
    with released(cluster, settings, tmp_path):
        write(deploying, settings)
        claims = cluster.claims(NAMESPACE)
        pods = {pod.name: pod.uid for pod in cluster.pods(NAMESPACE)}

        for kind, name in (("StatefulSet", "loki"), ("Deployment", "loki-gateway")):  # step 2
            delete_workload(cluster, kind, name, orphan=True)
        assert {pod.name: pod.uid for pod in cluster.pods(NAMESPACE)} == pods, "nothing is interrupted"

        take_over(deploying)  # step 3
        cluster.settle(NAMESPACE)
        now = {pod.name: pod.uid for pod in cluster.pods(NAMESPACE)}
        assert now["loki-0"] != pods["loki-0"], "the hash of the configuration is another: it rolls"
        gateways = {name for name in pods if name.startswith("loki-gateway")}
        assert gateways <= now.keys(), "the gateway's template is the same: its pod is taken over"
        assert cluster.claims(NAMESPACE) == claims
        found = cluster.lines(NAMESPACE, '{job="before"}')
        assert len(found) == 100

        remove_records(cluster)  # step 5
        assert deploying.preview(STACK).changes == ()
        measured(
            f"adopted from Helm: loki-0 rolled once, the gateway not, {len(found)} of 100 lines and every claim kept"
        )
        deploying.destroy(STACK)


def remove_records(cluster: Live) -> None:
    """Step 5."""
    secrets = cluster.core.list_namespaced_secret(NAMESPACE, label_selector="owner=helm,name=loki").items
    assert secrets
    for secret in secrets:
        cluster.core.delete_namespaced_secret(secret.metadata.name, NAMESPACE)


def test_gateway_of_a_chart_on_one_node_is_away_for_seconds(
    cluster: Live,
    deploying: Project,
    sources: dict[str, Value],
    tmp_path: Path,
    measured: Callable[[str], None],
) -> None:
    """No pod can be beside the chart's own, and the scheduler looks again only after 5 minutes: it goes first."""
    settings = stated(cluster, sources, canary=True)
    with released(cluster, settings, tmp_path, OF_CHART):
        write(deploying, settings)
        delete_workload(cluster, "StatefulSet", "loki", orphan=True)
        with cluster.asking(NAMESPACE, GATEWAY) as adopting:
            delete_workload(cluster, "Deployment", "loki-gateway", orphan=False)  # step 2 on one node
            cluster.until(lambda: not gateways(cluster), "the gateway's pod is gone", seconds=120)
            take_over(deploying)
            cluster.settle(NAMESPACE)
        count = cluster.canary(NAMESPACE, more=60)
        assert len(cluster.lines(NAMESPACE, '{job="before"}')) == 100
        assert count.missing == 0
        assert adopting.longest_gap < 240, "the scheduler has looked at once"

        (before,) = gateways(cluster)
        write(deploying, {**settings, "resources": {"gateway": {"cpu": "60m", "memory": "96Mi"}}})
        with cluster.asking(NAMESPACE, GATEWAY) as rolling:
            assert deploying.up(STACK).failed == ""
            cluster.settle(NAMESPACE)
        (after,) = gateways(cluster)
        assert before != after
        assert rolling.longest_gap < 15, "a new pod is ready after 15 s at the earliest"
        measured(
            f"one node: the gateway was away for {adopting.longest_gap:.1f} s while it was adopted, and for "
            f"{rolling.longest_gap:.1f} s when it rolled; {count}"
        )
        deploying.destroy(STACK)


def gateways(cluster: Live) -> list[str]:
    """The names of the gateway's pods."""
    return [pod.name for pod in cluster.pods(NAMESPACE, "app.kubernetes.io/component=gateway")]
