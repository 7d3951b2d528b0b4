"""Logs by OpenTelemetry's protocol."""

from collections.abc import Iterator

from logstack.manifests.alloy.environment import Environment
from logstack.manifests.alloy.labels import SOURCE
from logstack.manifests.alloy.levels import LEVEL
from logstack.manifests.alloy.sources.record import LogSource, SourceFormat, to, to_lines
from logstack.manifests.alloy.syntax import Block
from logstack.manifests.loki.intake import Intake
from logstack.settings.model import sources as facts
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.sources import Sources
from logstack.settings.problems import listed

OWN_ATTRIBUTES = {
    "namespace": "k8s.namespace.name",
    "pod": "k8s.pod.name",
    "container": "k8s.container.name",
    "app": "service.name",
    "node": "k8s.node.name",
}
"""The resource attributes of the collector's own labels."""
# Alloy's block of each port, and the protocol's name.
_SERVERS = {"otlp-grpc": ("grpc", "gRPC"), "otlp-http": ("http", "HTTP")}


def _blocks(collector: CollectorSettings, environment: Environment, _intake: Intake) -> Iterator[Block]:
    servers = [
        Block(
            _SERVERS[port.name][0],
            attributes={"endpoint": f"{environment.listen_before_port}:{environment.ports[port.name]}"},
        )
        for port in facts.OTLP.ports
        if port.is_open(collector.sources)
    ]
    yield Block(
        "otelcol.receiver.otlp",
        "otlp",
        blocks=(*servers, Block("output", attributes={"logs": to("otelcol.exporter.loki.otlp.input")})),
        comment="OTLP logs (collector.sources.otlp). A line is the whole record as JSON, so redaction reads all of it.",
    )
    yield Block("otelcol.exporter.loki", "otlp", {"forward_to": to("loki.process.otlp.receiver")})
    attributes = {**OWN_ATTRIBUTES, **collector.sources.otlp.attributes}
    labels = {label: f'resources."{attribute}"' for label, attribute in attributes.items()}
    yield Block(
        "loki.process",
        "otlp",
        {"forward_to": to_lines()},
        (
            Block("stage.json", attributes={"expressions": labels}),
            Block("stage.labels", attributes={"values": dict.fromkeys(labels, "")}),
            Block("stage.static_labels", attributes={"values": {SOURCE: facts.OTLP.name}}),
        ),
        comment="Labels from resource attributes, by the names of OpenTelemetry.",
    )


def _describe(sources: Sources) -> Iterator[str]:
    ports = [f"{_SERVERS[port.name][1]} on {port.number}" for port in facts.OTLP.ports if port.is_open(sources)]
    yield f"OTLP logs over {listed(ports, 'and')}"


_FIELDS = {LEVEL: "severity", "trace_id": "traceid", "span_id": "spanid"}
OTLP = LogSource(
    facts.OTLP,
    blocks=_blocks,
    describe=_describe,
    format=SourceFormat((Block("stage.json", attributes={"expressions": _FIELDS}),), metadata=("trace_id", "span_id")),
)
