"""config.alloy: sources, then every line through one process, then Loki."""

from collections.abc import Iterable

from components.alloy.delivery import delivery
from components.alloy.lines import lines
from components.alloy.place import Place
from components.alloy.sources import event_source, node_sources
from components.alloy.syntax import Block, document
from settings.cluster import ClusterSettings
from settings.collector import CollectorSettings


def node_config(collector: CollectorSettings, cluster: ClusterSettings, place: Place, max_line_size: int) -> str:
    """config.alloy of the nodes' collectors; `max_line_size` is Loki's limit, bytes."""
    sources = collector.sources
    own = {"journal": sources.journal.enabled, "otlp": sources.otlp.grpc or sources.otlp.http, "push": sources.push}
    process = lines(collector, cluster, max_line_size, [name for name, is_on in own.items() if is_on])
    return _config(node_sources(collector, place, max_line_size), process, delivery(collector, cluster, place))


def events_config(collector: CollectorSettings, cluster: ClusterSettings, place: Place, max_line_size: int) -> str:
    """config.alloy of the one collector that has Kubernetes' events; `max_line_size` is Loki's limit, bytes."""
    process = lines(collector, cluster, max_line_size, ["events"])
    return _config(event_source(collector), process, delivery(collector, cluster, place))


def _config(sources: Iterable[Block], process: Block, write: Block) -> str:
    log = Block("logging", attributes={"level": "info", "format": "logfmt"})
    return document([log, *sources, process, write])
