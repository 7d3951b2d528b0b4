"""Pods: their lines from the nodes' files or the Kubernetes API, with labels from Kubernetes' metadata."""

import re
from collections.abc import Iterator, Mapping, Sequence

from logstack.manifests.alloy.environment import Environment
from logstack.manifests.alloy.labels import AIRFLOW_IDS, FORMAT, MULTILINE, READ_AT, SOURCE, pattern_of, within
from logstack.manifests.alloy.sources.record import LogSource, to, to_lines
from logstack.manifests.alloy.syntax import Block, Expression, Value
from logstack.manifests.loki.intake import Intake
from logstack.settings.model import sources as facts
from logstack.settings.model.collector import CollectorSettings, LabelName
from logstack.settings.model.sources import Sources

_NAMESPACE = "__meta_kubernetes_namespace"
_POD = "__meta_kubernetes_pod"
# Each label's relabelling rule: (source labels, separator, regex, replacement). Of several labels that name an
# application the first non-empty one wins; Kubernetes' recommended labels come first.
_LABEL_RULES: Mapping[LabelName, tuple[Sequence[str], str, str, str]] = {
    "namespace": ((_NAMESPACE,), ";", "(.+)", "$1"),
    "pod": ((f"{_POD}_name",), ";", "(.+)", "$1"),
    "container": ((f"{_POD}_container_name",), ";", "(.+)", "$1"),
    "app": (
        (f"{_POD}_label_app_kubernetes_io_name", f"{_POD}_label_app", f"{_POD}_container_name"),
        ";",
        "^;*([^;]+)(;.*)?$",
        "$1",
    ),
    "component": (
        (f"{_POD}_label_app_kubernetes_io_component", f"{_POD}_label_component"),
        ";",
        "^;*([^;]+)(;.*)?$",
        "$1",
    ),
    "job": ((_NAMESPACE, f"{_POD}_container_name"), "/", "(.+)", "$1"),
    "container_runtime": ((f"{_POD}_container_id",), ";", "^([^:]+)://.+$", "$1"),
    "node": ((f"{_POD}_node_name",), ";", "(.+)", "$1"),
}


def discovery(collector: CollectorSettings) -> list[Block]:
    """Return the discovery of this node's pods by the API server; a local run has a list of targets instead."""
    only = collector.namespaces.only
    return [
        Block(
            "discovery.kubernetes",
            "pods",
            {"role": "pod"},
            (
                # Without this selector every node's Alloy would tail the pods of the whole cluster.
                Block(
                    "selectors",
                    attributes={"role": "pod", "field": Expression('"spec.nodeName=" + sys.env("HOSTNAME")')},
                ),
                *([Block("namespaces", attributes={"names": list(only)})] if only else []),
            ),
            comment="The pods of this node" + (" (collector.namespaces.only)." if only else "."),
        )
    ]


def relabelling(collector: CollectorSettings, environment: Environment) -> Block:
    """Return the rules that select pods and set labels and file paths from Kubernetes' metadata."""
    rules = [
        *_pod_selection(collector),
        *(_rule(sources, sep, regex, label, to) for label, (sources, sep, regex, to) in _LABEL_RULES.items()),
        *(_copied(_meta("label", key), label) for label, key in collector.labels.items()),
        *(_airflow_id(name, collector) for name in AIRFLOW_IDS),
        _copied(_FORMAT, FORMAT),
        _copied(_meta("annotation", "logstack/multiline"), MULTILINE),
        Block("rule", attributes={"target_label": SOURCE, "replacement": facts.PODS.name}),
        *(_paths(environment) if collector.sources.pods == "files" else []),
    ]
    targets: Value = Expression("discovery.kubernetes.pods.targets") if environment.pods is None else environment.pods
    return Block(
        "discovery.relabel",
        "pods",
        {"targets": targets},
        tuple(rules),
        comment="Which pods, and their labels (collector.namespaces, pods, labels; annotations logstack/...).",
    )


def _pod_selection(collector: CollectorSettings) -> list[Block]:
    rules = [_drop([_NAMESPACE], name) for name in collector.namespaces.never]
    rules += [_drop([_meta("label", key)], pattern_of(text)) for key, text in collector.pods.never.items()]
    rules += [_drop([_meta("label", key)], pattern_of(text), "keep") for key, text in collector.pods.only.items()]
    return [*rules, _drop([_meta("annotation", "logstack/collect")], "false|no")]


def _drop(sources: list[str], pattern: str, action: str = "drop") -> Block:
    return Block("rule", attributes={"source_labels": sources, "regex": pattern, "action": action})


def _rule(sources: Sequence[str], separator: str, pattern: str, target: str, replacement: str) -> Block:
    attributes: dict[str, Value] = {"source_labels": sources}
    if separator != ";":
        attributes["separator"] = separator
    attributes |= {"regex": pattern, "target_label": target, "replacement": replacement}
    return Block("rule", attributes=attributes)


def _copied(source: str, target: str) -> Block:
    return _rule([source], ";", "(.+)", target, "$1")


def _airflow_id(name: str, collector: CollectorSettings) -> Block:
    """Return the rule for an id of a task's pod, which a parser or the pod's own annotation says to be Airflow's."""
    is_airflow = any(parser.format == "airflow" for parser in collector.parsers)
    own, pattern = ([], "") if is_airflow else ([_FORMAT], "airflow;")
    sources = [*own, _meta("annotation", name), _meta("label", name)]
    return _rule(sources, ";", f"^{pattern};*([^;]+)(;.*)?$", name, "$1")


def _meta(kind: str, key: str) -> str:
    """Return the meta label of a pod's label or annotation, as Prometheus' discovery spells it."""
    return f"{_POD}_{kind}_{re.sub('[^a-zA-Z0-9_]', '_', key)}"


_FORMAT = _meta("annotation", "logstack/format")


def _paths(environment: Environment) -> list[Block]:
    return [
        _rule([f"{_POD}_uid", f"{_POD}_container_name"], "/", "(.+)", "__path__", f"{environment.logs}/pods/*$1/*.log"),
        # The directory of a static pod is named by the hash of its manifest instead of its uid.
        _rule(
            [f"{_POD}_annotation_kubernetes_io_config_mirror", f"{_POD}_container_name"],
            "/",
            "(.+)/(.+)",
            "__path__",
            f"{environment.logs}/pods/*$1/$2/*.log",
        ),
    ]


# Container runtimes split lines at 16 KiB. Alloy joins the pieces up to this many times limits.maxLineSize: the line is
# redacted before it is cut to that limit.
_JOINED = 2
_NEWLINE = Block("stage.replace", attributes={"expression": r"(\r?\n)$", "replace": ""})


# The kubelet has the files of a container's latest two runs, named by the number of restarts, and Alloy reads both at
# once: in one stream Loki would refuse the lines of the earlier run as too far behind.
_ODD_RESTARTS = within(
    '{filename=~".*[13579][.]log"}',
    Block("stage.static_labels", attributes={"values": {facts.RESTARTS: "odd"}}),
    comment="A container's latest two runs are streams of their own: Alloy reads their files at the same time.",
)


def _pod_files(collector: CollectorSettings, max_line_size: int) -> Iterator[Block]:
    yield Block("local.file_match", "pods", {"path_targets": Expression("discovery.relabel.pods.output")})
    yield Block(
        "loki.source.file",
        "pods",
        {"targets": Expression("local.file_match.pods.targets"), "forward_to": to("loki.process.pods.receiver")},
        comment="Log files of pods (collector.sources.pods). Positions are on the node: a restart reads on.",
    )
    limits = {"max_partial_line_size": _JOINED * max_line_size, "max_partial_line_size_truncate": True}
    selector = f'{{{SOURCE}="{facts.PODS.name}", container_runtime!="docker"}}'
    yield Block(
        "loki.process",
        "pods",
        {"forward_to": to_lines()},
        (
            within(selector, Block("stage.cri", attributes=limits), *_reading_time(collector, "time")),
            # Docker's JSON contains the newline.
            within(
                '{container_runtime="docker"}', Block("stage.docker"), _NEWLINE, *_reading_time(collector, "timestamp")
            ),
            _ODD_RESTARTS,
        ),
        comment="Timestamp, stream and text from the container runtime's format.",
    )


def _reading_time(collector: CollectorSettings, field: str) -> Iterator[Block]:
    """Yield the stage that passes the runtime's time on to the parsers that read a line's own time."""
    if collector.reads_times:
        yield Block("stage.structured_metadata", attributes={"values": {READ_AT: field}})


def _pod_api() -> Iterator[Block]:
    yield Block(
        "loki.source.kubernetes",
        "pods",
        {"targets": Expression("discovery.relabel.pods.output"), "forward_to": to("loki.process.pods.receiver")},
        comment="Log lines of pods from the Kubernetes API (collector.sources.pods).",
    )
    yield Block(
        "loki.process",
        "pods",
        {"forward_to": to_lines()},
        (_NEWLINE,),
        comment="Alloy 1.19.0 leaves the newline at the end of a line from the API (seen on Kubernetes 1.34).",
    )


def _blocks(collector: CollectorSettings, environment: Environment, intake: Intake) -> Iterator[Block]:
    yield from discovery(collector) if environment.pods is None else []
    yield relabelling(collector, environment)
    yield from _pod_files(collector, intake.max_line_size) if collector.sources.pods == "files" else _pod_api()


def _describe(sources: Sources) -> Iterator[str]:
    if sources.pods == "files":
        yield "pod logs from each node's /var/log/pods (read-only, as root)"
    else:
        yield (
            "pod logs from the Kubernetes API (no host path, not root). The API does not name a line's stream. A "
            "new collector pod has no positions: it reads again what the kubelet still has."
        )


PODS = LogSource(
    facts.PODS,
    blocks=_blocks,
    describe=_describe,
    takes_any_format=True,
    needs_var_log=lambda sources: sources.pods == "files",
    needs_docker_folder=lambda sources: sources.pods == "files",
    api_resources=lambda sources: ("pods", "pods/log") if sources.pods == "api" else ("pods",),
    runs_locally=True,
)


def sources_of_labels() -> dict[LabelName, tuple[str, ...]]:
    """Return the labels of pods, and the meta labels of Kubernetes' discovery that each comes from."""
    return {label: tuple(sources) for label, (sources, *_) in _LABEL_RULES.items()}
