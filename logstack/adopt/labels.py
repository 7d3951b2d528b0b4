"""A collector's relabelling rules: which index labels of today the stack has, under which name, and which pods."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from logstack.adopt.reading import Entry, Reading, Verdict
from logstack.manifests.alloy.sources.pods import sources_of_labels
from logstack.settings.model.collector import DEFAULT_INDEX_LABELS
from logstack.settings.passthrough.alloy_text import AlloyBlock, literals

_POD_LABEL = "__meta_kubernetes_pod_label_"
_NAMESPACE = "__meta_kubernetes_namespace"
_NODE = "__meta_kubernetes_pod_node_name"
# Kubernetes' recommended labels, whose dots and slash discovery spells as underscores.
_RECOMMENDED = re.compile(r"app_kubernetes_io_(name|instance|version|component|part_of|managed_by)")
# A namespace, or several.
_NAMES = re.compile(r"\(?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\|[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\)?")
_OF_TARGETS = ("__meta_kubernetes_pod_phase", "__meta_kubernetes_pod_container_init", "__address__")
U, T, N = Verdict.UNDERSTOOD, Verdict.TRANSLATED, Verdict.NOT_TAKEN


@dataclass
class _Labels:
    """The labels that rules set, and what each comes from."""

    sources: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def resolved(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the meta labels that labels come from."""
        return tuple(meta for name in names for meta in self.sources.get(name, (name,)))


def relabelling(reading: Reading, name: str, block: AlloyBlock) -> None:
    """Report each rule of a block that sets labels or selects targets, and write what the stack has a key for."""
    labels = _Labels()
    for number, rule in enumerate(block.all("rule")):
        action = next(iter(literals(rule.attributes.get("action", ""))), "replace").lower()
        sources = literals(rule.attributes.get("source_labels", ""))
        target = next(iter(literals(rule.attributes.get("target_label", ""))), "")
        if action in ("replace", "lowercase", "uppercase") and target and not target.startswith("__"):
            found = labels.resolved(sources)
            labels.sources[target] = found
            _say(reading, f"{name}/rule {target}", _label(reading, target, found))
        elif action in ("keep", "drop"):
            _say(reading, f"{name}/rule {number} ({action})", _selection(reading, rule, action, sources))
        elif action in ("labelmap", "labeldrop", "labelkeep"):
            _say(reading, f"{name}/rule {number} ({action})", _mapped(action))


@dataclass(frozen=True)
class _Outcome:
    verdict: Verdict
    text: str
    key: str | None = None
    decide: bool = False


def _say(reading: Reading, path: str, outcome: _Outcome) -> None:
    reading.entries.append(Entry(path, outcome.verdict, outcome.text, outcome.key, outcome.decide, (path,)))


def _label(reading: Reading, label: str, sources: tuple[str, ...]) -> _Outcome:
    """Return what becomes of an index label of today."""
    of_pods = sources_of_labels()
    if label == "cluster":
        return _Outcome(T, "the cluster's name is on every line", "cluster.name")
    if label in of_pods:
        add_index_label(reading, label)
        if set(sources) <= set(of_pods[label]) and (len(sources) == 1 or sources == of_pods[label]):
            return _Outcome(U, "an index label of the stack too", "collector.indexLabels")
        text = f"the stack's {label} is {_spelled(of_pods[label], label)}: queries and rules by its value change"
        return _Outcome(T, text, "collector.indexLabels")
    for known, metas in of_pods.items():
        if sources and sources == metas[: len(sources)] and len(metas) == 1:
            add_index_label(reading, known)
            return _Outcome(T, f"the stack calls it {known}: change queries by {label}", "collector.indexLabels")
    if len(sources) == 1 and (key := _pod_label(sources[0])):
        reading.write(f"collector.labels.{label}", key)
        add_index_label(reading, label)
        return _Outcome(U, "an index label from the same label of the pod", "collector.labels")
    text = (
        f"write the label {label} with the pod label that it comes from, or do without it: queries by it find nothing"
    )
    return _Outcome(N, text, "collector.labels", decide=True)


def add_index_label(reading: Reading, label: str) -> None:
    """Write an index label beside the default ones, unless it is one."""
    written = reading.key_value("collector.indexLabels")
    labels = list(written) if isinstance(written, list) else list(DEFAULT_INDEX_LABELS)
    if label not in labels:
        reading.write("collector.indexLabels", [*labels, label])


def _spelled(sources: Sequence[str], label: str) -> str:
    names = [name.removeprefix("__meta_kubernetes_").removeprefix("pod_") for name in sources]
    return " + ".join(names) if label == "job" else " or ".join(names)


def _pod_label(meta: str) -> str | None:
    """Return the pod's label of a meta label, if only one label is spelled so."""
    name = meta.removeprefix(_POD_LABEL)
    if name == meta:
        return None
    if match := _RECOMMENDED.fullmatch(name):
        return f"app.kubernetes.io/{match[1].replace('_', '-')}"
    return None if "_" in name else name


def _selection(reading: Reading, rule: AlloyBlock, action: str, sources: Sequence[str]) -> _Outcome:
    pattern = next(iter(literals(rule.attributes.get("regex", ""))), "")
    if list(sources) == [_NAMESPACE] and _NAMES.fullmatch(pattern):
        key = f"collector.namespaces.{'only' if action == 'keep' else 'never'}"
        written = reading.key_value(key)
        names = pattern.strip("()").split("|")
        reading.write(key, [*(written if isinstance(written, list) else []), *names])
        return _Outcome(U, "the same namespaces", key)
    if list(sources) == [_NODE] or any(source in _OF_TARGETS for source in sources):
        return _Outcome(T, "each collector reads the running pods of its node")
    text = "write which pods to collect: without it the stack collects all"
    return _Outcome(N, text, "collector.pods", decide=True)


def _mapped(action: str) -> _Outcome:
    if action == "labelmap":
        text = "pods' labels become index labels by a pattern: write those that queries use"
        return _Outcome(N, text, "collector.labels", decide=True)
    return _Outcome(T, "collector.indexLabels lists the labels to keep", "collector.indexLabels")
