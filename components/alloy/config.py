"""config.alloy: sources, then every line through one process, then Loki."""

from collections.abc import Iterable

from components.alloy.delivery import delivery
from components.alloy.lines import lines
from components.alloy.place import Place
from components.alloy.sources import event_source, node_sources
from components.alloy.syntax import Block, document
from components.loki.intake import Intake
from settings.cluster import ClusterSettings
from settings.collector import CollectorSettings

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
