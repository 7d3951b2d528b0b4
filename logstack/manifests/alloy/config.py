"""config.alloy: the log sources, one process for every line, and the way to Loki."""

from logstack.manifests.alloy.delivery import delivery
from logstack.manifests.alloy.environment import Environment, in_cluster
from logstack.manifests.alloy.lines import lines
from logstack.manifests.alloy.redaction import secretfilter
from logstack.manifests.alloy.sources.catalog import node_sources, single_pod_sources, source_blocks
from logstack.manifests.alloy.sources.record import LogSource
from logstack.manifests.alloy.syntax import Block, document
from logstack.manifests.loki.intake import Intake
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import CollectorSettings

# Stands between logstack's blocks and those that the stack passes on.
_PASSED_ON = "// alloy.config, outside of logstack's promises"


def node_config(
    collector: CollectorSettings,
    cluster: ClusterSettings,
    intake: Intake,
    environment: Environment | None = None,
    *,
    passed_on: str | None = None,
) -> str:
    """Return config.alloy of the nodes' collectors: in the cluster, or in the environment of a local run.

    `passed_on` are the blocks behind logstack's.
    """
    own = _config(node_sources(collector.sources), collector, cluster, intake, environment or in_cluster(cluster))
    return f"{own}\n{_PASSED_ON}\n{passed_on.strip()}\n" if passed_on else own


def single_pod_config(collector: CollectorSettings, cluster: ClusterSettings, intake: Intake) -> str:
    """Return config.alloy of the collector that runs once per cluster."""
    return _config(single_pod_sources(collector.sources), collector, cluster, intake, in_cluster(cluster))


def _config(
    sources: tuple[LogSource, ...],
    collector: CollectorSettings,
    cluster: ClusterSettings,
    intake: Intake,
    environment: Environment,
) -> str:
    log = Block("logging", attributes={"level": "info", "format": "logfmt"})
    blocks = source_blocks(sources, collector, environment, intake)
    process = lines(collector, cluster, intake, sources)
    return document([log, *blocks, process, *secretfilter(collector.redact), delivery(collector, cluster, intake)])
