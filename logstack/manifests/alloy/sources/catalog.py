"""The list of the log sources."""

from collections.abc import Iterator

from logstack.manifests.alloy.environment import Environment
from logstack.manifests.alloy.sources.events import EVENTS
from logstack.manifests.alloy.sources.journal import JOURNAL
from logstack.manifests.alloy.sources.node_files import NODE_FILES
from logstack.manifests.alloy.sources.otlp import OTLP
from logstack.manifests.alloy.sources.pods import PODS
from logstack.manifests.alloy.sources.push import PUSH
from logstack.manifests.alloy.sources.record import LogSource
from logstack.manifests.alloy.syntax import Block
from logstack.manifests.loki.intake import Intake
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.sources import Sources

# In the order of config.alloy, of the plan, and of the facts in the settings (SOURCES).
LOG_SOURCES = (PODS, JOURNAL, NODE_FILES, EVENTS, OTLP, PUSH)


def active_sources(sources: Sources) -> tuple[LogSource, ...]:
    """Return the sources that are on."""
    return tuple(source for source in LOG_SOURCES if source.facts.is_on(sources))


def node_sources(sources: Sources) -> tuple[LogSource, ...]:
    """Return the sources that are on and belong to every node's collector."""
    return tuple(source for source in active_sources(sources) if source.facts.on_nodes)


def single_pod_sources(sources: Sources) -> tuple[LogSource, ...]:
    """Return the sources that are on and belong to the one further collector."""
    return tuple(source for source in active_sources(sources) if not source.facts.on_nodes)


def needs_var_log(sources: Sources) -> bool:
    """Return whether the nodes' collectors mount /var/log, and so run as root."""
    return any(source.needs_var_log(sources) for source in node_sources(sources))


def needs_docker_folder(sources: Sources) -> bool:
    """Return whether the nodes' collectors mount Docker's folder with containers' log files."""
    return any(source.needs_docker_folder(sources) for source in node_sources(sources))


def source_blocks(
    sources: tuple[LogSource, ...], collector: CollectorSettings, environment: Environment, intake: Intake
) -> Iterator[Block]:
    """Yield the blocks of config.alloy through which the sources' lines come in."""
    for source in sources:
        yield from source.blocks(collector, environment, intake)
