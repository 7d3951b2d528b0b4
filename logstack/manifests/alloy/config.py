"""config.alloy: sources, then every line through one process, then Loki."""

from collections.abc import Iterable

from logstack.manifests.alloy.delivery import delivery
from logstack.manifests.alloy.environment import Place
from logstack.manifests.alloy.lines import lines
from logstack.manifests.alloy.sources import event_source, node_sources
from logstack.manifests.alloy.syntax import Block, document
from logstack.manifests.loki.intake import Intake
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import CollectorSettings

IN_CLUSTER = Place()


def node_config(
    collector: CollectorSettings, cluster: ClusterSettings, intake: Intake, place: Place = IN_CLUSTER
) -> str:
    """config.alloy of the nodes' collectors."""
    sources = collector.sources
    formats = {"journal": sources.journal.enabled, "otlp": sources.otlp.enabled, "push": sources.push}
    process = lines(collector, cluster, intake, [name for name, is_on in formats.items() if is_on])
    return _config(node_sources(collector, place, intake), process, delivery(collector, cluster, intake))


def events_config(collector: CollectorSettings, cluster: ClusterSettings, intake: Intake) -> str:
    """config.alloy of the one collector that has Kubernetes' events."""
    process = lines(collector, cluster, intake, ["events"])
    return _config(event_source(collector), process, delivery(collector, cluster, intake))


def _config(sources: Iterable[Block], process: Block, write: Block) -> str:
    log = Block("logging", attributes={"level": "info", "format": "logfmt"})
    return document([log, *sources, process, write])
