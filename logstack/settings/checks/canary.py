"""What the canary needs to find its own lines."""

from collections.abc import Iterator

from logstack.settings.checks.check import reads
from logstack.settings.checks.matching import Match, has_all_of
from logstack.settings.model.patterns import compile_error, finds
from logstack.settings.model.roles import Duty
from logstack.settings.problems import Problem, Rule, listed
from logstack.settings.tree import Settings

# The labels of its pods (manifests/manifest.py: labels) and one of its lines: nanoseconds, and letters to fill it up.
POD_LABELS = {
    "app.kubernetes.io/name": "loki-canary",
    "app.kubernetes.io/part-of": "logstack",
    "app.kubernetes.io/managed-by": "pulumi",
}
_LINE = "1767225600000000000 pppppppppp"
_DIRECT = "logstack:canary: {route: direct}"

CANARY_LABELS = Rule("canary-labels", "the canary does not find its lines and reports all of them as lost")
CANARY_DROPPED = Rule("canary-not-collected", "the canary's lines never reach Loki, and it reports all of them as lost")
CANARY_ONE_ADDRESS = Rule(
    "canary-needs-one-address", "Loki refuses its pushes, and it reports all of its lines as lost"
)
CANARY_JOINED = Rule(
    "canary-lines-joined",
    "many lines of the canary become one entry: it finds the first and reports the others as lost",
)


@reads("canary.enabled", "canary.route", "collector.enabled", "deployment_mode", "gateway.enabled")
def one_address(settings: Settings) -> Iterator[Problem]:
    """Check that a canary that pushes itself has one address for pushes and queries: it takes no second one."""
    pushes_itself = settings.canary.enabled and not _is_collected(settings)
    if pushes_itself and not settings.gateway.enabled and settings.receiver != settings.role_with(Duty.SPLITS):
        what = f"the canary pushes and queries at one address, which {settings.deployment_mode} mode has by its gateway"
        other = "{route: collector}, or {enabled: false}" if settings.collector.enabled else "{enabled: false}"
        fix = f"remove gateway.enabled, or logstack:canary: {other}"
        yield CANARY_ONE_ADDRESS.problem("canary.route", what, fix)


@reads("canary.enabled", "canary.route", "collector.enabled", "collector.index_labels", "collector.sources")
def labels(settings: Settings) -> Iterator[Problem]:
    """Check the labels of the canary's query: the pod, and the stream or the container (manifests/canary)."""
    pods = settings.collector.sources.pods
    if not _is_collected(settings) or pods == "none":
        return
    there = settings.collector.stream_labels
    source_label = "container" if pods == "api" or "container" in there else "stream"
    if missing := [label for label in ("pod", source_label) if label not in there]:
        what = f"indexLabels lacks {listed(missing, 'and')}, which the canary's queries need"
        fix = f"add {listed(missing, 'and')}, or {_DIRECT}"
        yield CANARY_LABELS.problem("collector.indexLabels", what, fix)


@reads(
    "canary.enabled",
    "canary.route",
    "cluster.namespace",
    "collector.enabled",
    "collector.namespaces",
    "collector.pods",
    "collector.sources",
    "metadata",
)
def collected(settings: Settings) -> Iterator[Problem]:
    """Check that the collector reads the canary's own pods."""
    if not _is_collected(settings):
        return
    collector, own = settings.collector, settings.cluster.namespace
    namespaces, pods = collector.namespaces, collector.pods
    if collector.sources.pods == "none":
        what = "no pods are collected, so the canary's are not either"
        yield CANARY_DROPPED.problem("collector.sources.pods", what, f"{_DIRECT}, or {{enabled: false}}")
        return
    if own in namespaces.never:
        fix = f"remove {own} from never, or {_DIRECT}"
        yield CANARY_DROPPED.problem("collector.namespaces.never", f"{own} is the canary's namespace", fix)
    if namespaces.only and own not in namespaces.only:
        fix = f"add {own} to only, or {_DIRECT}"
        yield CANARY_DROPPED.problem("collector.namespaces.only", f"{own}, the canary's namespace, is missing", fix)
    labels = {**settings.metadata.of("canary").pod_labels, **POD_LABELS}
    for key, text in pods.only.items():
        if labels.get(key) != text:
            what = "the canary's pods do not have this label"
            yield CANARY_DROPPED.problem(f"collector.pods.only.{key}", what, _DIRECT)
    for key, text in pods.never.items():
        if labels.get(key) == text:
            what = "the canary's pods have this label"
            yield CANARY_DROPPED.problem(f"collector.pods.never.{key}", what, f"remove it, or {_DIRECT}")


@reads(
    "canary.enabled",
    "canary.route",
    "cluster.namespace",
    "collector.drop",
    "collector.enabled",
    "collector.parsers",
)
def treated(settings: Settings) -> Iterator[Problem]:
    """Check that no rule joins or drops the canary's lines."""
    if not _is_collected(settings):
        return
    own = _own_labels(settings)
    for index, rule in enumerate(settings.collector.drop):
        if has_all_of(rule.match, own) and (not rule.pattern or finds(rule.pattern, _LINE)):
            what = "the rule also drops the canary's lines"
            fix = f"narrow its match or its pattern, or {_DIRECT}"
            yield CANARY_DROPPED.problem(f"collector.drop[{index}]", what, fix)
    for index, parser in enumerate(settings.collector.parsers):
        if parser.multiline and has_all_of(parser.match, own):
            # A language joins no line of the canary: none looks like a continuation.
            first_line = parser.multiline.first_line
            if first_line and not compile_error(first_line) and not finds(first_line, _LINE):
                what = "it matches the canary's lines, but none of them starts an entry"
                fix = f"narrow its match, or {_DIRECT}"
                yield CANARY_JOINED.problem(f"collector.parsers[{index}].multiline", what, fix)
            return  # the first that matches joins them


def _own_labels(settings: Settings) -> Match:
    """Return patterns for the labels of the canary's lines (manifests/alloy/labels.py)."""
    namespace = settings.cluster.namespace
    patterns = {"namespace": namespace, "pod": "loki-canary-*", "container": "canary", "app": "loki-canary"}
    patterns |= {"job": f"{namespace}/canary", "stream": "stdout", "container_runtime": "*", "node": "*"}
    return patterns


def _is_collected(settings: Settings) -> bool:
    return settings.canary.enabled and settings.canary.route == "collector" and settings.collector.enabled


CHECKS = (one_address, labels, collected, treated)
