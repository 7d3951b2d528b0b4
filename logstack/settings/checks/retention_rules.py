"""Retention of single streams and tenants, and a bucket's own lifecycle beside it."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import combinations

from logstack.settings.checks.check import reads
from logstack.settings.checks.labels import any_label, given
from logstack.settings.model.quantities import plain_duration
from logstack.settings.model.retention import RetentionStream
from logstack.settings.model.selectors import Matcher, Selector, are_disjoint, covers, parse_selector
from logstack.settings.model.tenants import Tenant
from logstack.settings.model.tree import Settings
from logstack.settings.problems import Problem, Rule, listed, nearest

_DAY = timedelta(days=1)
# Loki's default (pkg/validation/limits.go, discover_service_name): its distributor gives each stream this label.
_OF_LOKI = "service_name"
# What the canary names when it pushes by itself (pkg/canary/writer).
_OF_THE_CANARY = ("pod", "stream")

SELECTOR = Rule("retention-selector", "Loki does not start, or takes no overrides: 'invalid labels matchers'")
LABEL = Rule("retention-label-of-nobody", "the rule matches no stream: its lines are kept as all others are")
VALUE = Rule("retention-value-of-nobody", "the rule matches no stream: its lines are kept as all others are")
TIE = Rule(
    "retention-tie",
    "of two rules with one priority Loki takes the shorter period for a stream that both match: it deletes its lines",
)
UNUSED = Rule("retention-rule-unused", "another rule always comes first: this one keeps nothing")
STREAM_TOO_SHORT = Rule(
    "retention-stream-too-short", "Loki does not start, or takes no overrides: 'retention period must be >= 24h'"
)
REPLACED = Rule(
    "retention-rules-replaced",
    "a tenant with rules of its own has those alone: the stack's rules say nothing of this tenant's lines any more",
    "warning",
)
LIFECYCLE = Rule(
    "lifecycle-below-retention",
    "the bucket deletes chunks that the index still names: queries over these days fail, and their lines are gone",
)
# The compactor's delays and one of its rounds (Loki's defaults: 2h and 10m), and lifecycles count whole days.
_COMPACTORS_DAY = timedelta(days=1)


@dataclass(frozen=True)
class _Rule:
    """A rule at its place in the stack file."""

    path: str
    said: RetentionStream

    @cached_property
    def selector(self) -> Selector:
        """What it matches; nothing where it cannot be read."""
        with suppress(ValueError):
            return parse_selector(self.said.selector)
        return ()


def _rules(settings: Settings) -> Iterator[tuple[Tenant | None, Sequence[_Rule]]]:
    """The stack's rules, then those of each tenant."""
    yield None, _placed("retentionStreams", settings.retention_streams)
    for number, tenant in enumerate(settings.tenants):
        yield tenant, _placed(f"tenants[{number}].retentionStreams", tenant.retention_streams)


def _placed(path: str, rules: Sequence[RetentionStream]) -> list[_Rule]:
    return [_Rule(f"{path}[{number}]", rule) for number, rule in enumerate(rules)]


@reads("retention_streams", "tenants")
def selectors(settings: Settings) -> Iterator[Problem]:
    """A selector is label matchers, as Loki reads them."""
    for rule in (rule for _, rules in _rules(settings) for rule in rules):
        try:
            parse_selector(rule.said.selector)
        except ValueError as error:
            fix = """write label matchers, such as '{namespace="airflow", container=~"scheduler|worker"}'"""
            yield SELECTOR.problem(f"{rule.path}.selector", f"this is no selector: {error}", fix)


@reads(
    "canary.enabled",
    "canary.route",
    "collector.index_labels",
    "collector.labels",
    "collector.sources",
    "retention_streams",
    "tenants",
)
def labels(settings: Settings) -> Iterator[Problem]:
    """A rule asks for index labels that lines come with."""
    collector = settings.collector
    if any_label(collector):
        return
    sent = given(collector)
    known = [label for label in sent if label in collector.stream_labels]
    if settings.canary.enabled and settings.canary.route == "direct":
        known += [label for label in _OF_THE_CANARY if label not in known]
    known.append(_OF_LOKI)
    for rule in (rule for _, rules in _rules(settings) for rule in rules):
        for label in dict.fromkeys(matcher.label for matcher in rule.selector):
            if label in known:
                continue
            what, fix = f"no stream has the label {label}", f"ask for one of {listed(known)}"
            if label in sent:
                what = f"{label} is no index label here: lines have it as structured metadata"
                fix = f"add it to logstack:collector: {{indexLabels: ...}}, or {fix}"
            elif meant := nearest(label, known):
                fix = f"did you mean {meant}? There are {listed(known, 'and')}"
            yield LABEL.problem(f"{rule.path}.selector", what, fix)


@reads("cluster.name", "collector.namespaces", "collector.sources", "retention_streams", "tenants")
def values(settings: Settings) -> Iterator[Problem]:
    """A rule asks for values that its labels can have, as far as that is known."""
    for tenant, rules in _rules(settings):
        for rule in rules:
            for matcher in rule.selector:
                if not matcher.matches("") and (problem := _impossible(matcher, rule, tenant, settings)):
                    yield problem


def _impossible(matcher: Matcher, rule: _Rule, tenant: Tenant | None, settings: Settings) -> Problem | None:
    collector = settings.collector
    path, names = f"{rule.path}.selector", collector.namespaces
    possible: Sequence[str] | None = None
    if matcher.label == "cluster":
        possible = [settings.cluster.name]
    elif any_label(collector):
        return None
    elif matcher.label == "stream":
        possible = ["stdout", "stderr"]
    elif matcher.label == "namespace" and not collector.sources.otlp.enabled:
        if tenant:
            possible = tenant.namespaces
        elif names.only:
            possible = [name for name in names.only if name not in names.never]
        elif matcher.values and matcher.values <= set(names.never):
            what = f"{listed(sorted(matcher.values), 'and')} is not collected (collector.namespaces.never)"
            return VALUE.problem(path, what, "collect the namespace, or remove the rule")
    if possible is None or any(matcher.matches(value) for value in possible):
        return None
    whose = f"the tenant {tenant.name}'s lines" if tenant and matcher.label == "namespace" else "lines"
    what = f"{matcher.label}{matcher.operator}{matcher.text!r} matches none of what {whose} have: {listed(possible)}"
    return VALUE.problem(path, what, f"ask for {listed(possible)}, or remove the rule")


@reads("retention_streams", "tenants")
def periods(settings: Settings) -> Iterator[Problem]:
    """Loki refuses shorter periods of streams by itself, and only when it starts."""
    for rule in (rule for _, rules in _rules(settings) for rule in rules):
        if rule.said.period < _DAY:
            what = f"the period is {plain_duration(rule.said.period)}"
            yield STREAM_TOO_SHORT.problem(f"{rule.path}.period", what, "1d, or longer")


@reads("retention_streams", "tenants")
def precedence(settings: Settings) -> Iterator[Problem]:
    """It is said which of two rules comes first, and each has something to say."""
    for _, rules in _rules(settings):
        for one, other in combinations([rule for rule in rules if rule.selector], 2):
            high, low = sorted((one, other), key=lambda rule: rule.said.priority, reverse=True)
            if covers(high.selector, low.selector) and high.said.priority > low.said.priority:
                what = f"each of its streams is one of {high.said.selector} too, which has the higher priority"
                yield UNUSED.problem(low.path, what, "remove the rule, or give it the higher priority")
            elif (
                one.said.priority == other.said.priority
                and one.said.period != other.said.period
                and not are_disjoint(one.selector, other.selector)
            ):
                what = (
                    f"{one.said.selector} for {plain_duration(one.said.period)} and {other.said.selector} for "
                    f"{plain_duration(other.said.period)} can match one stream, both with the priority "
                    f"{one.said.priority}"
                )
                fix = f"give the one that decides a higher priority, such as {one.said.priority + 1}"
                yield TIE.problem(f"{other.path}.priority", what, fix)


@reads("retention_streams", "tenants")
def replaced(settings: Settings) -> Iterator[Problem]:
    """Loki does not join a tenant's rules with the stack's."""
    for number, tenant in enumerate(settings.tenants):
        own = [rule.selector for rule in tenant.retention_streams]
        lost = [rule.selector for rule in settings.retention_streams if rule.selector not in own]
        if own and lost:
            what = f"the tenant {tenant.name} has rules of its own, and not the stack's for {listed(lost, 'and')}"
            fix = "repeat the stack's rules among the tenant's"
            yield REPLACED.problem(f"tenants[{number}].retentionStreams", what, fix)


@reads("object_store.expire_after", "object_store.kind", "retention", "retention_streams", "tenants")
def lifecycle(settings: Settings) -> Iterator[Problem]:
    """A bucket that expires objects by itself does so after the compactor."""
    expiry, longest = settings.object_store.bucket_expiry, settings.longest_retention
    if expiry is not None:
        needed = longest + _COMPACTORS_DAY
        if expiry < needed:
            what = (
                f"the bucket expires objects after {plain_duration(expiry)}, and lines are kept for up to "
                f"{plain_duration(longest)}"
            )
            days = -(-needed // _DAY)
            fix = f"change the bucket's rule to {days} days or more, or remove it: the compactor deletes what is over"
            yield LIFECYCLE.problem("objectStore.expireAfter", what, fix)


CHECKS = (selectors, labels, values, periods, precedence, replaced, lifecycle)
