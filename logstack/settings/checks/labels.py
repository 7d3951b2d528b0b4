"""Labels: which ones the sources give, and which make a stream."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from logstack.settings.checks.check import reads
from logstack.settings.checks.sources import WITHOUT_SOURCE
from logstack.settings.model.collector import KNOWN_LABELS, NODE, CollectorSettings
from logstack.settings.model.sources import OTLP, PODS, SOURCES, SourceFacts, label_of
from logstack.settings.problems import Problem, Rule, listed, nearest
from logstack.settings.tree import Settings

# A label of Kubernetes: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
_POD_LABEL = re.compile(r"([a-z0-9][-a-z0-9.]{0,252}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_POD_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_OF_LOKI = "service_name"
MOST_LABELS = 15
"""Loki's default of max_label_names_per_series (pkg/validation/limits.go)."""
OWN_PREFIX = "logstack_"
"""Labels between the parts of one collector begin so; they never leave it."""

LABEL_BUDGET = Rule(
    "label-budget",
    "each index label multiplies the streams, and Loki keeps every active stream in a writer's memory",
    "warning",
)
LABELS_ABOVE_LIMIT = Rule(
    "labels-above-limit", 'Loki refuses each of these lines ("label names per series", max_label_names_per_series)'
)
PODS_SHARE_STREAMS = Rule(
    "pods-share-streams",
    "Loki refuses lines of a pod that wait for over an hour, as after an outage of its node, when another pod of the "
    "stream has later ones; it may answer 204 all the same",
    "warning",
)
LABEL_TWICE = Rule("label-twice", "the second entry has no effect: another label was probably meant")
LABEL_OF_NOBODY = Rule("label-of-nobody", "no line has this label, so a query for it finds nothing")
LABEL_TAKEN = Rule("label-taken", "it would replace the collector's own label")
POD_LABEL = Rule("pod-label", "Kubernetes refuses such a label, so no pod has it")


def available_labels(collector: CollectorSettings) -> tuple[str, ...]:
    """Return the labels that the sources give their lines; see `any_label` for further ones."""
    sources = collector.sources
    labels = {"cluster", *(label for source in sources.active for label in source.labels)}
    labels -= {*sources.unknown_labels}
    labels |= {*collector.labels} if PODS in sources.active else set()
    labels |= {*sources.further_labels}
    return tuple(label for label in collector.known_labels if label in labels)


def any_label(collector: CollectorSettings) -> bool:
    """Return whether senders may give lines labels that the settings do not name."""
    return any(source.gives_any_label for source in collector.sources.active)


def missing_label(path: str, label: str, available: Sequence[str], collector: CollectorSettings, rule: Rule) -> Problem:
    """Return the problem of an unknown label; the message shows it only if it cannot be a secret."""
    is_known = label in KNOWN_LABELS
    fix = f"use one of {listed(available)}" if available else "turn on a source"
    fix = f"{fix}, or add this one to logstack:collector: {{labels: ...}}"
    givers = [source for source in SOURCES if label in source.labels]
    if label in collector.sources.unknown_labels:
        fix = "remove it: the Kubernetes API does not provide it; or logstack:collector: {sources: {pods: files}}"
    elif len(givers) == 1:
        fix = f"remove it, or logstack:collector: {{sources: {{{givers[0].example}}}}}"
    elif similar := nearest(label, available):
        fix = f"did you mean {similar}? To add a pod label: logstack:collector: {{labels: ...}}"
    return rule.problem(path, f"no active source sets {f'the label {label}' if is_known else 'this label'}", fix)


@reads("collector.index_labels", "collector.label_budget", "collector.labels", "collector.sources")
def index_labels(settings: Settings) -> Iterator[Problem]:
    """Check that index labels are few and unique, and that a source sets each; the default ones never fail."""
    collector = settings.collector
    used, budget = collector.stream_labels + ((NODE,) if collector.node_streams else ()), collector.label_budget
    if twice := [label for label, count in Counter(used).items() if count > 1]:
        what = f"duplicate labels: {listed(twice, 'and')}"
        yield LABEL_TWICE.problem("collector.indexLabels", what, "write each label once")
    if len(set(used)) > budget:
        what = f"{len(set(used))} index labels, above the labelBudget of {budget}"
        fix = f"remove labels, or logstack:collector: {{labelBudget: {len(set(used))}}}"
        yield LABEL_BUDGET.problem("collector.indexLabels", what, fix)
    if "index_labels" not in collector.model_fields_set or any_label(collector):
        return
    available = available_labels(collector)
    for index, label in enumerate(collector.index_labels):
        if label not in available:
            yield missing_label(f"collector.indexLabels[{index}]", label, available, collector, LABEL_OF_NOBODY)


@reads("collector.index_labels", "collector.sources")
def own_streams(settings: Settings) -> Iterator[Problem]:
    """Check that each pod has streams of its own: Loki compares the times of the lines of one stream."""
    collector = settings.collector
    if PODS in collector.sources.active and "pod" not in collector.index_labels:
        fix = "add pod to logstack:collector: {indexLabels: ...}"
        yield PODS_SHARE_STREAMS.problem(
            "collector.indexLabels", "several pods are one stream: no index label pod", fix
        )


@reads(
    "collector.index_labels",
    "collector.label_budget",
    "collector.labels",
    "collector.parsers",
    "collector.sources",
    "loki",
)
def number_of_labels(settings: Settings) -> Iterator[Problem]:
    """Check that no source gives its lines more index labels than Loki takes, or than the budget beside its own."""
    collector, limit = settings.collector, _most_labels(settings)
    for source in collector.sources.active:
        further, labels = source.further_labels(collector.sources), _labels_of(source, collector)
        path = f"collector.sources.{source.key}.indexLabels" if further else "collector.indexLabels"
        # Loki gives each stream this label where it lacks it, and does not count it.
        number = len(labels - {_OF_LOKI})
        if number > limit:
            what = f"lines of {source.key} have {number} index labels, and Loki takes {limit}"
            counted = sorted(labels - {_OF_LOKI})
            yield LABELS_ABOVE_LIMIT.problem(path, what, f"remove {number - limit} of {listed(counted, 'and')}")
        elif further and len(chosen := labels - {*collector.order_labels}) > collector.label_budget:
            what = f"lines of {source.key} have {len(chosen)} index labels, above the labelBudget of "
            is_possible = len(chosen) <= MOST_LABELS
            fix = f"remove labels{f', or logstack:collector: {{labelBudget: {len(chosen)}}}' if is_possible else ''}"
            yield LABEL_BUDGET.problem(path, f"{what}{collector.label_budget}", fix)


def _labels_of(source: SourceFacts, collector: CollectorSettings) -> set[str]:
    """Return the index labels that lines of a source can have."""
    own = {"cluster", *source.labels, *(collector.labels if source is PODS else ())}
    labels = {label for label in collector.stream_labels if source.gives_any_label or label in own}
    labels |= {*source.further_labels(collector.sources), *collector.order_labels_of([source])}
    return labels | ({NODE} if source in collector.node_streams else set())


def _most_labels(settings: Settings) -> int:
    """Return how many index labels Loki takes: its default, or the number that the stack passes on."""
    limits = settings.loki.config.get("limits_config")
    most = limits.get("max_label_names_per_series") if isinstance(limits, Mapping) else None
    return most if isinstance(most, int) else MOST_LABELS


def _is_own(label: str, collector: CollectorSettings) -> bool:
    """Return whether the collector sets the label itself."""
    return label in (*KNOWN_LABELS, *collector.order_labels, "level") or label.startswith(OWN_PREFIX)


@reads("collector.labels", "collector.parsers", "collector.sources")
def attributes(settings: Settings) -> Iterator[Problem]:
    """Check that each resource attribute becomes a label of its own."""
    collector = settings.collector
    otlp = collector.sources.otlp
    path = "collector.sources.otlp.indexLabels"
    if otlp.index_labels and not otlp.enabled:
        what = "no OTLP port is on, but the stack sets indexLabels"
        fix = f"logstack:collector: {{sources: {{{OTLP.example}}}}}, or remove indexLabels"
        yield WITHOUT_SOURCE.problem("collector.sources.otlp", what, fix)
    for index, attribute in enumerate(otlp.index_labels):
        label = label_of(attribute)
        if label in collector.labels or _is_own(label, collector):
            yield LABEL_TAKEN.problem(f"{path}[{index}]", f"the collector sets {label} itself", "remove it")
        elif label in map(label_of, otlp.index_labels[:index]):
            yield LABEL_TWICE.problem(f"{path}[{index}]", f"another entry gives the label {label} too", "remove one")


@reads("collector.labels", "collector.parsers", "collector.sources")
def further_labels(settings: Settings) -> Iterator[Problem]:
    """Check that each entry of `labels` reads a label that a pod can have."""
    for label, key in settings.collector.labels.items():
        path = f"collector.labels.{label}"
        if _is_own(label, settings.collector):
            yield LABEL_TAKEN.problem(path, f"the collector sets {label} itself", "choose another name")
        if not _POD_LABEL.fullmatch(key):
            yield _no_pod_label(path)


@reads("collector.pods")
def pod_labels(settings: Settings) -> Iterator[Problem]:
    """Check that `pods` names labels and values that a pod can have."""
    pods = settings.collector.pods
    lists: Mapping[str, Mapping[str, str]] = {"only": pods.only, "never": pods.never}
    for name, labels in lists.items():
        for key, text in labels.items():
            path = f"collector.pods.{name}.{key}"
            if not _POD_LABEL.fullmatch(key):
                yield _no_pod_label(path)
            elif not _POD_LABEL_VALUE.fullmatch(text):
                what = "this is not a valid value of a Kubernetes label"
                fix = "write the pods' whole value without *: at most 63 letters, digits, -, _ and ."
                yield POD_LABEL.problem(path, what, fix)


def _no_pod_label(path: str) -> Problem:
    fix = "write it as the pods do, such as team or example.com/team"
    return POD_LABEL.problem(path, "this is not a valid name of a Kubernetes label", fix)


CHECKS = (index_labels, own_streams, number_of_labels, attributes, further_labels, pod_labels)
