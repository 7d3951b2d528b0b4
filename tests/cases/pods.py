"""The pods of a whole stack: those of the charts, as Helm expands them, and our own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logstack.manifests.manifest import Json, mask_secrets
from logstack.settings.tree import Settings
from tests.support.real import chart_or_standin, render_chart
from tests.support.stacks import chart_values, declarations, releases

STORE: dict[str, Json] = {
    "kind": "s3-compatible",
    "endpoint": "http://192.0.2.10:9000",
    "bucket": "loki-prod",
    "credentialsSecret": "loki-s3",
}
CLUSTER: dict[str, Json] = {"name": "prod", "context": "prod", "apiServer": "https://192.0.2.2:6443"}
CACHES: dict[str, Json] = {"chunks": "1Gi", "results": "512Mi"}
# A stack of each mode, with caches, the events' collector and, for one of them, the embedded store.
STACKS: dict[str, dict[str, Json]] = {
    "simple-scalable": {
        "cluster": CLUSTER,
        "objectStore": STORE,
        "deploymentMode": "simple-scalable",
        "caches": CACHES,
    },
    "distributed": {"cluster": CLUSTER, "objectStore": STORE, "deploymentMode": "distributed", "caches": CACHES},
    "monolithic": {"cluster": CLUSTER, "objectStore": {"kind": "embedded"}, "deploymentMode": "monolithic"},
}


@dataclass(frozen=True)
class Pods:
    """A workload's pods."""

    kind: str
    name: str
    spec: dict[str, Any]
    labels: dict[str, str]
    annotations: dict[str, str]


def pods_of(settings: Settings, directory: Path) -> Iterator[Pods]:
    """Return the pods of every DaemonSet, Deployment and StatefulSet of a stack."""
    documents: list[Any] = [mask_secrets(each.inputs) for each in declarations(settings).values()]
    for chart, release in releases(settings):
        values, namespace = chart_values(settings, chart, release), settings.cluster.namespace
        documents += render_chart(chart_or_standin(chart), namespace, values, directory, release)
    for each in documents:
        if each.get("kind") in ("DaemonSet", "Deployment", "StatefulSet"):
            template = each["spec"]["template"]
            labels, annotations = (template["metadata"].get(key) or {} for key in ("labels", "annotations"))
            yield Pods(each["kind"], each["metadata"]["name"], template["spec"], labels, annotations)
