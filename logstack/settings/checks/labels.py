"""Labels: which ones the sources give, and which make a stream."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from logstack.settings.checks.check import reads
from logstack.settings.model.collector import KNOWN_LABELS, CollectorSettings
from logstack.settings.model.sources import PODS, SOURCES
from logstack.settings.problems import Problem, Rule, listed, nearest
from logstack.settings.tree import Settings

# A label of Kubernetes: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
_POD_LABEL = re.compile(r"([a-z0-9][-a-z0-9.]{0,252}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_POD_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
OWN_PREFIX = "logstack_"
"""Labels between the parts of one collector begin so; they never leave it."""

LABEL_BUDGET = Rule(
    "label-budget",
    "each index label multiplies the streams, and Loki keeps every active stream in a writer's memory",
    "warning",
)
LABEL_TWICE = Rule("label-twice", "the second entry has no effect: another label was probably meant")
LABEL_OF_NOBODY = Rule("label-of-nobody", "no line has this label, so a query for it finds nothing")
LABEL_TAKEN = Rule("label-taken", "the pod's label would replace the collector's own")
POD_LABEL = Rule("pod-label", "Kubernetes refuses such a label, so no pod has it")


def available_labels(collector: CollectorSettings) -> tuple[str, ...]:
    """Return the labels that the sources give their lines; see `any_label` for further ones."""
    sources = collector.sources
    labels = {"cluster", *(label for source in sources.active for label in source.labels)}
    labels -= {*sources.unknown_labels}
    labels |= {*collector.labels} if PODS in sources.active else set()
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
    used, budget = collector.all_stream_labels, collector.label_budget
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


@reads("collector.labels")
def further_labels(settings: Settings) -> Iterator[Problem]:
    """Check that each entry of `labels` reads a label that a pod can have."""
    for label, key in settings.collector.labels.items():
        path = f"collector.labels.{label}"
        if label in (*KNOWN_LABELS, "level") or label.startswith(OWN_PREFIX):
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


CHECKS = (index_labels, further_labels, pod_labels)
