"""Loki's push API, for other shippers."""

from collections.abc import Iterator

from logstack.manifests.alloy.environment import Place
from logstack.manifests.alloy.labels import SOURCE
from logstack.manifests.alloy.sources.record import LogSource, SourceFormat, to_lines
from logstack.manifests.alloy.syntax import Block
from logstack.manifests.loki.intake import Intake
from logstack.settings.model import sources as facts
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.sources import Sources


def _blocks(_collector: CollectorSettings, place: Place, _intake: Intake) -> Iterator[Block]:
    (port,) = facts.PUSH.ports
    yield Block(
        "loki.source.api",
        "push",
        {
            "use_incoming_timestamp": True,
            "labels": {SOURCE: facts.PUSH.name},
            "forward_to": to_lines(),
        },
        (Block("http", attributes={"listen_address": place.listen, "listen_port": place.ports[port.name]}),),
        comment="Loki's push API for other shippers (collector.sources.push).",
    )


def _describe(_sources: Sources) -> Iterator[str]:
    (port,) = facts.PUSH.ports
    yield f"Loki's push API on {port.number}"


PUSH = LogSource(
    facts.PUSH,
    blocks=_blocks,
    describe=_describe,
    # The level is a label already, if there is one.
    format=SourceFormat(),
    takes_any_format=True,
    component="loki.source.api",
)
