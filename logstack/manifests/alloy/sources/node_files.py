"""Files of the nodes, below /var/log."""

from collections.abc import Iterator

from logstack.manifests.alloy.environment import Environment
from logstack.manifests.alloy.labels import SOURCE
from logstack.manifests.alloy.sources.record import NODE, LogSource, to_lines
from logstack.manifests.alloy.syntax import Block, Expression, Value
from logstack.manifests.loki.intake import Intake
from logstack.settings.model import sources as facts
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.sources import Sources


def _blocks(collector: CollectorSettings, environment: Environment, _intake: Intake) -> Iterator[Block]:
    targets: list[Value] = [
        {
            "__path__": environment.logs + file.path.removeprefix("/var/log"),
            "job": file.job,
            "node": NODE,
            SOURCE: facts.NODE_FILES.name,
        }
        for file in collector.sources.node_files
    ]
    yield Block(
        "local.file_match",
        "node_files",
        {"path_targets": targets},
        comment="Log files of the node (collector.sources.nodeFiles).",
    )
    yield Block(
        "loki.source.file",
        "node_files",
        {"targets": Expression("local.file_match.node_files.targets"), "forward_to": to_lines()},
    )


def _describe(sources: Sources) -> Iterator[str]:
    yield from (f"{file.path} on each node, job {file.job}" for file in sources.node_files)


NODE_FILES = LogSource(
    facts.NODE_FILES, blocks=_blocks, describe=_describe, takes_any_format=True, needs_var_log=lambda _: True
)
