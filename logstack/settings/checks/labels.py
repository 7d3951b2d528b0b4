"""Labels: which ones the sources give, and which make a stream."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from logstack.settings.checks.check import reads
from logstack.settings.model.collector import KNOWN_LABELS, NOT_BY_API, CollectorSettings
from logstack.settings.model.sources import Sources
from logstack.settings.model.tree import Settings
from logstack.settings.problems import Problem, Rule, listed, nearest

# What each source says of its lines (manifests/alloy: labels, sources).
_OF_PODS = ("namespace", "pod", "container", "app", "component", "job", "stream", "container_runtime", "node")
_OF_EVENTS = ("namespace", "job")
_OF_THE_JOURNAL = ("job", "node", "unit")
_OF_NODE_FILES = ("job", "node")
_OF_OTLP = ("namespace", "pod", "container", "app", "job", "node")
# A label of Kubernetes: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
_POD_LABEL = re.compile(r"([a-z0-9][-a-z0-9.]{0,252}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_POD_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
OWN_PREFIX = "logstack_"
"""Labels between the parts of one collector begin so; they never leave it."""

LABEL_BUDGET = Rule(
    "label-budget",
    "every further index label multiplies the streams, and Loki keeps each active stream in a writer's memory",
    "warning",
)
LABEL_TWICE = Rule("label-twice", "one of the two is without effect: another label was probably meant")
LABEL_OF_NOBODY = Rule("label-of-nobody", "no line has it: it tells no streams apart, and a query for it finds nothing")
LABEL_TAKEN = Rule("label-taken", "a line has one label of a name: the pod's would replace the collector's own")
POD_LABEL = Rule("pod-label", "Kubernetes takes no such label, so no pod has it")


def given(collector: CollectorSettings) -> tuple[str, ...]:
    """The labels that the sources give their lines; what is pushed may have any other as well (`any_label`)."""
    sources = collector.sources
    found = {"cluster"}
    found |= {*_of_pods(sources), *collector.labels} if sources.pods != "none" else set()
    found |= set(_OF_EVENTS) if sources.events else set()
    found |= set(_OF_THE_JOURNAL) if sources.journal.enabled else set()
    found |= set(_OF_NODE_FILES) if sources.node_files else set()
    found |= set(_OF_OTLP) if sources.otlp.enabled else set()
    return tuple(label for label in collector.known_labels if label in found)


def _of_pods(sources: Sources) -> Iterator[str]:
    return (label for label in _OF_PODS if sources.pods == "files" or label not in NOT_BY_API)


def any_label(collector: CollectorSettings) -> bool:
    """Whether lines may come with labels that nobody here knows."""
    return collector.sources.push


def nobody_gives(path: str, label: str, known: Sequence[str], collector: CollectorSettings, rule: Rule) -> Problem:
    """A label that is not among the known ones, which is only named when it cannot be a secret."""
    is_known = label in KNOWN_LABELS
    fix = f"name one of {listed(known)}" if known else "turn on a source"
    fix = f"{fix}, or add this one to logstack:collector: {{labels: ...}}"
    if label in NOT_BY_API and collector.sources.pods == "api":
        fix = f"remove it: the Kubernetes API does not say it; with sources: {{pods: files}} there is a {label}"
    elif label == "unit":
        fix = "remove it, or logstack:collector: {sources: {journal: {enabled: true}}}"
    elif meant := nearest(label, known):
        fix = f"did you mean {meant}? A label of the pods' is added by logstack:collector: {{labels: ...}}"
    return rule.problem(path, f"no source gives {label if is_known else 'a label of this name'}", fix)


@reads("collector.index_labels", "collector.label_budget", "collector.labels", "collector.sources")
def index_labels(settings: Settings) -> Iterator[Problem]:
    """Few labels, each once, and each of some source; nobody is held to the default ones."""
    collector = settings.collector
    used, budget = collector.stream_labels, collector.label_budget
    if twice := [label for label, count in Counter(used).items() if count > 1]:
        what = f"written more than once: {listed(twice, 'and')}"
        yield LABEL_TWICE.problem("collector.indexLabels", what, "write each label once")
    if len(set(used)) > budget:
        what = f"there are {len(set(used))} index labels, and the budget is {budget}"
        fix = f"remove labels, or logstack:collector: {{labelBudget: {len(set(used))}}}"
        yield LABEL_BUDGET.problem("collector.indexLabels", what, fix)
    if "index_labels" not in collector.model_fields_set or any_label(collector):
        return
    known = given(collector)
    for index, label in enumerate(collector.index_labels):
        if label not in known:
            yield nobody_gives(f"collector.indexLabels[{index}]", label, known, collector, LABEL_OF_NOBODY)


@reads("collector.labels")
def further_labels(settings: Settings) -> Iterator[Problem]:
    """`labels` adds labels, each from a label that a pod can have."""
    for label, key in settings.collector.labels.items():
        path = f"collector.labels.{label}"
        if label in (*KNOWN_LABELS, "level") or label.startswith(OWN_PREFIX):
            yield LABEL_TAKEN.problem(path, f"the collector gives {label} itself", "choose another name")
        if not _POD_LABEL.fullmatch(key):
            yield _no_pod_label(path)


@reads("collector.pods")
def pod_labels(settings: Settings) -> Iterator[Problem]:
    """`pods` names labels and values that a pod can have."""
    pods = settings.collector.pods
    lists: Mapping[str, Mapping[str, str]] = {"only": pods.only, "never": pods.never}
    for name, labels in lists.items():
        for key, text in labels.items():
            path = f"collector.pods.{name}.{key}"
            if not _POD_LABEL.fullmatch(key):
                yield _no_pod_label(path)
            elif not _POD_LABEL_VALUE.fullmatch(text):
                what = "the text is no value of a label"
                fix = "write the whole value as the pods have it, without *: at most 63 letters, digits, -, _ and ."
                yield POD_LABEL.problem(path, what, fix)


def _no_pod_label(path: str) -> Problem:
    fix = "write it as the pods have it, such as team or example.com/team"
    return POD_LABEL.problem(path, "this is no name of a label of Kubernetes", fix)


CHECKS = (index_labels, further_labels, pod_labels)
