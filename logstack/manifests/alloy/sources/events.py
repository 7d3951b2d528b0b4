"""Kubernetes events, read once per cluster."""

from collections.abc import Iterator

from logstack.manifests.alloy.environment import Environment
from logstack.manifests.alloy.labels import SOURCE
from logstack.manifests.alloy.sources.record import LogSource, SourceFormat, to, to_lines
from logstack.manifests.alloy.syntax import Block, Value
from logstack.manifests.loki.intake import Intake
from logstack.settings.model import sources as facts
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.sources import Sources


def _blocks(collector: CollectorSettings, _environment: Environment, _intake: Intake) -> Iterator[Block]:
    only = collector.namespaces.only
    attributes: dict[str, Value] = {"job_name": "kubernetes-events"}
    if only:
        attributes["namespaces"] = list(only)
    yield Block(
        "loki.source.kubernetes_events",
        "events",
        attributes | {"forward_to": to("loki.process.events.receiver")},
        comment="Kubernetes events (collector.sources.events).",
    )
    yield Block(
        "loki.process",
        "events",
        {"forward_to": to_lines()},
        (
            *(_dropped(f'{{namespace="{name}"}}', "namespaces_never") for name in collector.namespaces.never),
            Block("stage.static_labels", attributes={"values": {SOURCE: facts.EVENTS.name}}),
        ),
    )


def _dropped(selector: str, reason: str) -> Block:
    return Block("stage.match", attributes={"selector": selector, "action": "drop", "drop_counter_reason": reason})


def _describe(_sources: Sources) -> Iterator[str]:
    yield "Kubernetes events, once, from a pod of their own"


_FIELDS = {"level": "type", "kind": "", "name": "", "reason": ""}
EVENTS = LogSource(
    facts.EVENTS,
    blocks=_blocks,
    describe=_describe,
    format=SourceFormat((Block("stage.logfmt", attributes={"mapping": _FIELDS}),), metadata=("kind", "name", "reason")),
    api_resources=lambda _: ("events",),
    component="loki.source.kubernetes_events",
)
