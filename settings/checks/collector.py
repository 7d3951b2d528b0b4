"""Labels, namespaces, and what the canary needs to find its own lines."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from settings.problems import Problem, Rule, listed
from settings.quantities import plain_duration
from settings.tree import Settings

# loki-canary looks for its lines by these (pkg/canary/reader).
_CANARY_LABELS = ("pod", "stream")
# Our loki.yaml refuses lines older than the retention, and at most a week, Loki's default, is let in.
_OLDEST_LINE = timedelta(days=7)

LABEL_BUDGET = Rule(
    "label-budget",
    "every further index label multiplies the streams, and Loki keeps each active stream in a writer's memory",
    "warning",
)
LABEL_TWICE = Rule("label-twice", "one of the two is without effect: another label was probably meant")
CANARY_LABELS = Rule("canary-labels", "the canary finds none of its lines and reports every one as lost")
CANARY_DROPPED = Rule(
    "canary-not-collected", "the canary's lines never reach Loki, and it reports every one of them as lost"
)
NAMESPACE_TWICE = Rule("namespace-wanted-and-refused", "`never` wins: the namespace's lines are missing without a word")
TOO_OLD = Rule(
    "collector-age-above-loki",
    "the collector sends lines that Loki refuses for their age, or deletes with the next compaction",
)


def labels(settings: Settings) -> Iterator[Problem]:
    """Few labels, each once."""
    used, budget = settings.collector.index_labels, settings.collector.label_budget
    if twice := [label for label, count in Counter(used).items() if count > 1]:
        what = f"written more than once: {listed(twice, 'and')}"
        yield LABEL_TWICE.problem("collector.indexLabels", what, "write each label once")
    if len(set(used)) > budget:
        what = f"there are {len(set(used))} index labels, and the budget is {budget}"
        fix = f"remove labels, or logstack:collector: {{labelBudget: {len(set(used))}}}"
        yield LABEL_BUDGET.problem("collector.indexLabels", what, fix)


def canary_labels(settings: Settings) -> Iterator[Problem]:
    """The canary's query can match."""
    missing = [label for label in _CANARY_LABELS if label not in settings.collector.index_labels]
    if _canary_is_collected(settings) and missing:
        what = f"not among the index labels: {listed(missing, 'and')}; the canary's lines go through the collector"
        fix = f"add {listed(missing, 'and')}, or logstack:canary: {{route: direct}}"
        yield CANARY_LABELS.problem("collector.indexLabels", what, fix)


def canary_namespace(settings: Settings) -> Iterator[Problem]:
    """The canary's own namespace is collected."""
    if not _canary_is_collected(settings):
        return
    own, namespaces = settings.cluster.namespace, settings.collector.namespaces
    if own in namespaces.never:
        fix = f"remove {own} from never, or logstack:canary: {{route: direct}}"
        yield CANARY_DROPPED.problem("collector.namespaces.never", f"{own}, the canary's namespace, is refused", fix)
    if namespaces.only and own not in namespaces.only:
        fix = f"add {own} to only, or logstack:canary: {{route: direct}}"
        yield CANARY_DROPPED.problem("collector.namespaces.only", f"{own}, the canary's namespace, is left out", fix)


def namespace_lists(settings: Settings) -> Iterator[Problem]:
    """No namespace is wanted and refused."""
    namespaces = settings.collector.namespaces
    if both := sorted(set(namespaces.only) & set(namespaces.never)):
        what = f"in only and in never: {listed(both, 'and')}"
        yield NAMESPACE_TWICE.problem("collector.namespaces", what, "keep each namespace in one of the lists")


def age(settings: Settings) -> Iterator[Problem]:
    """The collector drops what Loki would not keep; nobody is held to a default that retention undercuts."""
    oldest = min(settings.retention, _OLDEST_LINE)
    if "max_age" in settings.collector.model_fields_set and settings.collector.max_age > oldest:
        sent, kept = plain_duration(settings.collector.max_age), plain_duration(oldest)
        what = f"the collector sends lines of up to {sent}, and Loki takes lines of up to {kept}"
        yield TOO_OLD.problem("collector.maxAge", what, f"logstack:collector: {{maxAge: {kept}}}")


def _canary_is_collected(settings: Settings) -> bool:
    return settings.canary.enabled and settings.canary.route == "collector"


CHECKS = (labels, canary_labels, canary_namespace, namespace_lists, age)
