"""A local stack to measure: it accepts lines at any rate, takes changes of loki.yaml, and gives its metrics."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from logstack.localrun.layout import Node
from logstack.localrun.metrics import Metrics, parse_metrics
from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.settings.tree import Settings
from tests.support.real import PATIENCE, binary


def unlimited_stack(mode: str, replicas: Mapping[str, int], replication_factor: int) -> Settings:
    """Return a stack on one node with the embedded store, whose limits no measurement reaches."""
    return Settings.model_validate(
        {
            "cluster": {"name": "measured", "context": "here", "singleNode": True},
            "deploymentMode": mode,
            "replicas": replicas,
            "replicationFactor": replication_factor,
            "objectStore": {"kind": "embedded"},
            "limits": dict.fromkeys(("ingestionRate", "ingestionBurst", "perStreamRate", "perStreamBurst"), "1Gi"),
        }
    )


@contextmanager
def running(root: Path, settings: Settings, changes: Mapping[str, Mapping[str, object]]) -> Iterator[Platform]:
    """Run a stack in a new folder; `changes` are keys of loki.yaml by section."""
    root.mkdir()
    with Fleet(root / "out") as fleet:
        platform = Platform(settings, {name: binary(name) for name in ("loki", "versitygw")}, root, fleet)
        for section, keys in changes.items():
            platform.config.setdefault(section, {}).update(keys)
        platform.start()
        yield platform


def scraped(node: Node) -> Metrics:
    """Return the metrics of a process."""
    return parse_metrics(httpx.get(f"{node.url}/metrics", timeout=PATIENCE).text)


def cpu_seconds(platform: Platform) -> dict[str, float]:
    """Return the seconds of CPU that each process has used."""
    return {node.name: scraped(node).total("process_cpu_seconds_total") for node in platform.layout.nodes}
