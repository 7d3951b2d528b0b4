"""config.alloy: discovery, labels, the nodes' pod logs, processing, and the way to Loki."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.alloy.syntax import Block, Expression, Value, document
from settings.cluster import ClusterSettings
from settings.collector import CollectorSettings, IndexLabel
from settings.quantities import kubernetes_size, loki_duration

_POD = "__meta_kubernetes_pod"
# From which metadata each label comes: (source labels, separator, pattern, what it becomes). Of several names of an
# application the first that is there wins, as in the recommended labels of Kubernetes.
_LABEL_RULES: dict[IndexLabel, tuple[list[str], str, str, str]] = {
    "namespace": (["__meta_kubernetes_namespace"], ";", "(.+)", "$1"),
    "pod": ([f"{_POD}_name"], ";", "(.+)", "$1"),
    "container": ([f"{_POD}_container_name"], ";", "(.+)", "$1"),
    "app": (
        [f"{_POD}_label_app_kubernetes_io_name", f"{_POD}_label_app", f"{_POD}_container_name"],
        ";",
        "^;*([^;]+)(;.*)?$",
        "$1",
    ),
    "job": (["__meta_kubernetes_namespace", f"{_POD}_container_name"], "/", "(.+)", "$1"),
    "container_runtime": ([f"{_POD}_container_id"], ";", "^([^:]+)://.+$", "$1"),
    "node": ([f"{_POD}_node_name"], ";", "(.+)", "$1"),
}
# `stream` comes from the line itself, `cluster` is put on at the end.
_FROM_ELSEWHERE = ("stream", "cluster")


@dataclass(frozen=True)
class Place:
    """Where a collector runs; a local run replaces these values and nothing else."""

    push_url: str
    """Where lines go to."""
    logs: str = "/var/log"
    """The folder with the node's logs."""
    pods: Sequence[Mapping[str, str]] | None = None
    """Pods as targets with Kubernetes' meta labels, instead of those that the API server knows."""


def alloy_config(collector: CollectorSettings, cluster: ClusterSettings, place: Place) -> str:
    """config.alloy as text."""
    return document(
        [
            Block("logging", attributes={"level": "info", "format": "logfmt"}),
            *(discovery(collector) if place.pods is None else []),
            *pipeline(collector, cluster, place),
        ]
    )


def discovery(collector: CollectorSettings) -> list[Block]:
    """Which pods there are: the only part that the local run replaces."""
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
            comment="The pods of this node.",
        )
    ]


def pipeline(collector: CollectorSettings, cluster: ClusterSettings, place: Place) -> list[Block]:
    """From discovered pods to Loki."""
    return [_relabel(collector, place), *_source(), _process(collector), _write(collector, place.push_url, cluster)]


def _rule(sources: list[str], separator: str, pattern: str, target: str, replacement: str) -> Block:
    attributes: dict[str, Value] = {"source_labels": sources}
    if separator != ";":
        attributes["separator"] = separator
    attributes |= {"regex": pattern, "target_label": target, "replacement": replacement}
    return Block("rule", attributes=attributes)


def _relabel(collector: CollectorSettings, place: Place) -> Block:
    rules = [
        Block("rule", attributes={"source_labels": ["__meta_kubernetes_namespace"], "regex": name, "action": "drop"})
        for name in collector.namespaces.never
    ]
    rules += [_rule(sources, sep, regex, label, to) for label, (sources, sep, regex, to) in _LABEL_RULES.items()]
    rules += [
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
    return Block(
        "discovery.relabel",
        "pods",
        {"targets": Expression("discovery.kubernetes.pods.targets") if place.pods is None else place.pods},
        tuple(rules),
        comment="Labels and file names from what Kubernetes says of each pod.",
    )


def _source() -> list[Block]:
    return [
        Block("local.file_match", "pods", {"path_targets": Expression("discovery.relabel.pods.output")}),
        Block(
            "loki.source.file",
            "pods",
            {
                "targets": Expression("local.file_match.pods.targets"),
                "forward_to": [Expression("loki.process.pods.receiver")],
            },
            comment="Positions are kept on the node: a restart goes on where it stopped.",
        ),
    ]


def _process(collector: CollectorSettings) -> Block:
    metadata: dict[str, str] = {label: "" for label in _LABEL_RULES if label not in collector.index_labels}
    kept = [label for label in collector.index_labels if label != "cluster"]
    stages = [
        Block("stage.cri"),
        Block(
            "stage.drop",
            attributes={"older_than": loki_duration(collector.max_age), "drop_counter_reason": "older_than_max_age"},
        ),
    ]
    if metadata:
        stages.append(Block("stage.structured_metadata", attributes={"values": metadata}))
    stages.append(Block("stage.label_keep", attributes={"values": kept}))
    return Block(
        "loki.process",
        "pods",
        {"forward_to": [Expression("loki.write.default.receiver")]},
        tuple(stages),
        comment="Timestamp and stream from the container runtime's format; only index labels make streams.",
    )


def _write(collector: CollectorSettings, push_url: str, cluster: ClusterSettings) -> Block:
    endpoint: dict[str, Value] = {
        "url": push_url,
        "batch_size": f"{kubernetes_size(collector.batch_size)}B",
        "batch_wait": loki_duration(collector.batch_wait),
        "max_backoff_period": loki_duration(collector.max_backoff),
        "max_backoff_retries": collector.max_retries,
    }
    attributes: dict[str, Value] = {}
    if "cluster" in collector.index_labels:
        attributes["external_labels"] = {"cluster": cluster.name}
    return Block(
        "loki.write",
        "default",
        attributes,
        (Block("endpoint", attributes=endpoint),),
        comment="Every line of this cluster says so.",
    )
