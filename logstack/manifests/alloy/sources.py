"""Where lines come in: each source brings its lines, in their own format, to the one place that treats them all."""

from collections.abc import Iterator

from logstack.manifests.alloy.environment import Place
from logstack.manifests.alloy.labels import SOURCE, discovery, pattern_of, relabelling
from logstack.manifests.alloy.syntax import Block, Expression, Value
from logstack.manifests.loki.intake import Intake
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.quantities import loki_duration

LINES = "loki.process.lines.receiver"
_NODE = Expression('sys.env("HOSTNAME")')
# Lines that a container runtime has cut at 16 KiB are put together again, up to this many times the longest line: what
# is redacted first is cut afterwards.
_JOINED = 2
_NEWLINE = Block("stage.replace", attributes={"expression": r"(\r?\n)$", "replace": ""})


def node_sources(collector: CollectorSettings, place: Place, intake: Intake) -> Iterator[Block]:
    """The sources of every node's collector."""
    sources = collector.sources
    if sources.pods != "none":
        yield from discovery(collector) if place.pods is None else []
        yield relabelling(collector, place)
        yield from _pod_files(intake.max_line_size) if sources.pods == "files" else _pod_api()
    if sources.journal.enabled:
        yield from _journal(collector)
    if sources.node_files:
        yield from _node_files(collector, place)
    if sources.otlp.enabled:
        yield from _otlp(collector, place)
    if sources.push:
        yield _push(place)


def _to(receiver: str) -> list[Value]:
    return [Expression(receiver)]


def _pod_files(max_line_size: int) -> Iterator[Block]:
    yield Block("local.file_match", "pods", {"path_targets": Expression("discovery.relabel.pods.output")})
    yield Block(
        "loki.source.file",
        "pods",
        {"targets": Expression("local.file_match.pods.targets"), "forward_to": _to("loki.process.pods.receiver")},
        comment="Files of pods (collector.sources.pods). Positions are kept on the node: a restart goes on.",
    )
    joined = {"max_partial_line_size": _JOINED * max_line_size, "max_partial_line_size_truncate": True}
    yield Block(
        "loki.process",
        "pods",
        {"forward_to": _to(LINES)},
        (
            _match(f'{{{SOURCE}="pods", container_runtime!="docker"}}', Block("stage.cri", attributes=joined)),
            # Docker keeps the newline in its JSON.
            _match('{container_runtime="docker"}', Block("stage.docker"), _NEWLINE),
        ),
        comment="Time, stream and text from the container runtime's format.",
    )


def _pod_api() -> Iterator[Block]:
    yield Block(
        "loki.source.kubernetes",
        "pods",
        {"targets": Expression("discovery.relabel.pods.output"), "forward_to": _to("loki.process.pods.receiver")},
        comment="Lines of pods from the Kubernetes API (collector.sources.pods).",
    )
    yield Block(
        "loki.process",
        "pods",
        {"forward_to": _to(LINES)},
        (_NEWLINE,),
        comment="Alloy 1.19.0 leaves the newline at the end of a line from the API (seen on Kubernetes 1.34).",
    )


def _match(selector: str, *stages: Block) -> Block:
    return Block("stage.match", attributes={"selector": selector}, blocks=stages)


def _journal(collector: CollectorSettings) -> Iterator[Block]:
    journal = collector.sources.journal
    unit = "__journal__systemd_unit"
    only: dict[str, Value] = {
        "source_labels": [unit],
        "regex": "|".join(pattern_of(name) for name in journal.units),
        "action": "keep",
    }
    yield Block(
        "loki.relabel",
        "journal",
        {"forward_to": []},
        (
            *([Block("rule", attributes=only)] if journal.units else []),
            Block("rule", attributes={"source_labels": [unit], "target_label": "unit"}),
            Block("rule", attributes={"source_labels": ["__journal_priority_keyword"], "target_label": "level"}),
        ),
        comment="Unit and level of the node's journal (collector.sources.journal).",
    )
    labels: Value = {"job": "systemd-journal", "node": _NODE, SOURCE: "journal"}
    yield Block(
        "loki.source.journal",
        "journal",
        {
            "max_age": loki_duration(journal.max_age),
            "relabel_rules": Expression("loki.relabel.journal.rules"),
            "labels": labels,
            "forward_to": _to(LINES),
        },
    )


def _node_files(collector: CollectorSettings, place: Place) -> Iterator[Block]:
    targets: list[Value] = [
        {
            "__path__": place.logs + file.path.removeprefix("/var/log"),
            "job": file.job,
            "node": _NODE,
            SOURCE: "node-files",
        }
        for file in collector.sources.node_files
    ]
    yield Block(
        "local.file_match",
        "node_files",
        {"path_targets": targets},
        comment="Files of the node (collector.sources.nodeFiles).",
    )
    yield Block(
        "loki.source.file",
        "node_files",
        {"targets": Expression("local.file_match.node_files.targets"), "forward_to": _to(LINES)},
    )


def _otlp(collector: CollectorSettings, place: Place) -> Iterator[Block]:
    otlp = collector.sources.otlp
    servers = []
    if otlp.grpc:
        servers.append(Block("grpc", attributes={"endpoint": f"{place.listen}:{place.otlp_grpc_port}"}))
    if otlp.http:
        servers.append(Block("http", attributes={"endpoint": f"{place.listen}:{place.otlp_http_port}"}))
    yield Block(
        "otelcol.receiver.otlp",
        "otlp",
        blocks=(*servers, Block("output", attributes={"logs": _to("otelcol.exporter.loki.otlp.input")})),
        comment="Logs by OTLP (collector.sources.otlp). A line is the whole record as JSON: redaction sees all of it.",
    )
    yield Block("otelcol.exporter.loki", "otlp", {"forward_to": _to("loki.process.otlp.receiver")})
    labels = {
        "namespace": 'resources."k8s.namespace.name"',
        "pod": 'resources."k8s.pod.name"',
        "container": 'resources."k8s.container.name"',
        "app": 'resources."service.name"',
        "node": 'resources."k8s.node.name"',
    }
    yield Block(
        "loki.process",
        "otlp",
        {"forward_to": _to(LINES)},
        (
            Block("stage.json", attributes={"expressions": labels}),
            Block("stage.labels", attributes={"values": dict.fromkeys(labels, "")}),
            Block("stage.static_labels", attributes={"values": {SOURCE: "otlp"}}),
        ),
        comment="Labels from the resource's attributes, by OpenTelemetry's names.",
    )


def _push(place: Place) -> Block:
    return Block(
        "loki.source.api",
        "push",
        {
            "use_incoming_timestamp": True,
            "labels": {SOURCE: "push"},
            "forward_to": _to(LINES),
        },
        (Block("http", attributes={"listen_address": place.listen, "listen_port": place.push_port}),),
        comment="Loki's push API for other shippers (collector.sources.push).",
    )


def event_source(collector: CollectorSettings) -> Iterator[Block]:
    """Kubernetes events, for the one collector that has them."""
    only = collector.namespaces.only
    attributes: dict[str, Value] = {"job_name": "kubernetes-events"}
    if only:
        attributes["namespaces"] = list(only)
    yield Block(
        "loki.source.kubernetes_events",
        "events",
        attributes | {"forward_to": _to("loki.process.events.receiver")},
        comment="Events of the cluster (collector.sources.events).",
    )
    yield Block(
        "loki.process",
        "events",
        {"forward_to": _to(LINES)},
        (
            *(_dropped(f'{{namespace="{name}"}}', "namespaces_never") for name in collector.namespaces.never),
            Block("stage.static_labels", attributes={"values": {SOURCE: "events"}}),
        ),
    )


def _dropped(selector: str, reason: str) -> Block:
    return Block("stage.match", attributes={"selector": selector, "action": "drop", "drop_counter_reason": reason})
