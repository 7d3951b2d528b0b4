"""Loki's push API, for other shippers."""

from collections.abc import Iterator

from logstack.manifests.alloy.environment import Environment
from logstack.manifests.alloy.labels import SOURCE
from logstack.manifests.alloy.sources.record import LogSource, SourceFormat, to_lines
from logstack.manifests.alloy.syntax import Block, Value
from logstack.manifests.loki.intake import Intake
from logstack.settings.model import sources as facts
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.sources import Sources


def _blocks(_collector: CollectorSettings, environment: Environment, _intake: Intake) -> Iterator[Block]:
    (port,) = facts.PUSH.ports
    server: dict[str, Value] = {"listen_address": environment.listen, "listen_port": environment.ports[port.name]}
    yield Block(
        "loki.source.api",
        "push",
        {
            "use_incoming_timestamp": True,
            "labels": {SOURCE: facts.PUSH.name},
            "forward_to": to_lines(),
        },
        (Block("http", attributes=server),),
        comment="Loki's push API for other shippers (collector.sources.push).",
    )


def _describe(_sources: Sources) -> Iterator[str]:
    (port,) = facts.PUSH.ports
    yield f"Loki's push API on {port.number}"


PUSH = LogSource(
    facts.PUSH,
    blocks=_blocks,
    describe=_describe,
    # A line with a level has it as a label already.
    format=SourceFormat(),
    takes_any_format=True,
    component="loki.source.api",
)
