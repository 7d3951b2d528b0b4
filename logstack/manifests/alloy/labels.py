"""Which pods there are, and the labels that Kubernetes' metadata gives their lines."""

import re
from collections.abc import Mapping, Sequence

from logstack.manifests.alloy.environment import Place
from logstack.manifests.alloy.syntax import Block, Expression, Value, quoted
from logstack.settings.model.collector import NOT_BY_API, CollectorSettings, LabelName

# Labels of our own, between the components of one collector; they never leave it.
SOURCE, FORMAT, MULTILINE = "logstack_source", "logstack_format", "logstack_multiline"
# What Airflow says of a task's pod (KubernetesExecutor: annotations, and labels that are cut to Kubernetes' form).
AIRFLOW_IDS = ("dag_id", "task_id", "run_id")

_NAMESPACE = "__meta_kubernetes_namespace"
_POD = "__meta_kubernetes_pod"
# From which metadata each label comes: (source labels, separator, pattern, what it becomes). Of several names of an
# application the first that is there wins, as in the recommended labels of Kubernetes.
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
    """The pods of this node, from the API server; a local run has a list instead."""
    only = collector.namespaces.only
    return [
        Block(
            "discovery.kubernetes",
            "pods",
            {"role": "pod"},
            (
                # Each node's Alloy watches its own pods: without this, every node tails the whole cluster.
                Block(
                    "selectors",
                    attributes={"role": "pod", "field": Expression('"spec.nodeName=" + sys.env("HOSTNAME")')},
                ),
                *([Block("namespaces", attributes={"names": list(only)})] if only else []),
            ),
            comment="The pods of this node" + (" (collector.namespaces.only)." if only else "."),
        )
    ]


def relabelling(collector: CollectorSettings, place: Place) -> Block:
    """Labels and file names from what Kubernetes says of each pod."""
    rules = [
        *_unwanted(collector),
        *(_rule(sources, sep, regex, label, to) for label, (sources, sep, regex, to) in _LABEL_RULES.items()),
        *(_copied(_meta("label", key), label) for label, key in collector.labels.items()),
        *(_first_of(name) for name in AIRFLOW_IDS if reads_airflow(collector)),
        _copied(_meta("annotation", "logstack/format"), FORMAT),
        _copied(_meta("annotation", "logstack/multiline"), MULTILINE),
        Block("rule", attributes={"target_label": SOURCE, "replacement": "pods"}),
        *(_paths(place) if collector.sources.pods == "files" else []),
    ]
    targets: Value = Expression("discovery.kubernetes.pods.targets") if place.pods is None else place.pods
    return Block(
        "discovery.relabel",
        "pods",
        {"targets": targets},
        tuple(rules),
        comment="Which pods, and their labels (collector.namespaces, pods, labels; annotations logstack/...).",
    )


def metadata_labels(collector: CollectorSettings) -> list[LabelName]:
    """The labels that make no stream: they become structured metadata."""
    given = [label for label in collector.known_labels if label not in _unknown(collector)]
    given += AIRFLOW_IDS if reads_airflow(collector) else ()
    return [label for label in given if label not in collector.stream_labels]


def _unknown(collector: CollectorSettings) -> tuple[LabelName, ...]:
    """The labels that no line has here: the cluster's name is loki.write's, and some sources do not say all."""
    return ("cluster", *(NOT_BY_API if collector.sources.pods == "api" else ()))


def reads_airflow(collector: CollectorSettings) -> bool:
    """Whether a parser is for Airflow: its tasks' names are taken from their pods as well."""
    return any(parser.format == "airflow" for parser in collector.parsers)


def selector(match: Mapping[LabelName, str], **more: str) -> str:
    """A LogQL selector of labels; `*` stands for any text. `more` are texts as they are."""
    parts = [_matcher(label, text) for label, text in match.items()]
    parts += [f"{label}={quoted(text)}" for label, text in more.items()]
    # A selector must name something that is there: every line has a source.
    return "{" + ", ".join(parts or [f'{SOURCE}=~".+"']) + "}"


def _matcher(label: LabelName, text: str) -> str:
    if "*" not in text:
        return f"{label}={quoted(text)}"
    return f"{label}=~{quoted('.*'.join(map(pattern_of, text.split('*'))))}"


def pattern_of(text: str) -> str:
    """The regular expression that matches a text and nothing else, as Go's QuoteMeta writes it."""
    return re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", text)


def _unwanted(collector: CollectorSettings) -> list[Block]:
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


def _first_of(name: str) -> Block:
    return _rule([_meta("annotation", name), _meta("label", name)], ";", "^;*([^;]+)(;.*)?$", name, "$1")


def _meta(kind: str, key: str) -> str:
    """The label of a pod's label or annotation, as Prometheus' discovery writes it."""
    return f"{_POD}_{kind}_{re.sub('[^a-zA-Z0-9_]', '_', key)}"


def _paths(place: Place) -> list[Block]:
    return [
        _rule([f"{_POD}_uid", f"{_POD}_container_name"], "/", "(.+)", "__path__", f"{place.logs}/pods/*$1/*.log"),
        # A static pod's directory carries the hash of its manifest instead of its uid.
        _rule(
            [f"{_POD}_annotation_kubernetes_io_config_mirror", f"{_POD}_container_name"],
            "/",
            "(.+)/(.+)",
            "__path__",
            f"{place.logs}/pods/*$1/$2/*.log",
        ),
    ]
