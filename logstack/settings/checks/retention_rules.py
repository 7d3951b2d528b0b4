"""Retention of single streams and tenants, and a bucket's own lifecycle beside it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from logstack.settings.checks.check import reads
from logstack.settings.checks.labels import any_label, available_labels
from logstack.settings.model.quantities import plain_duration
from logstack.settings.model.retention import RetentionStream
from logstack.settings.model.selectors import Matcher, Selector, SelectorIndex, are_disjoint, covers, parse_selector
from logstack.settings.model.tenants import Tenant
from logstack.settings.problems import Problem, Rule, listed, nearest
from logstack.settings.tree import Settings

_DAY = timedelta(days=1)
# Loki's default (pkg/validation/limits.go, discover_service_name): its distributor gives each stream this label.
_OF_LOKI = "service_name"
# What the canary names when it pushes by itself (pkg/canary/writer).
_CANARY_LABELS = ("pod", "stream")

# As near as a slip of the hand: `namespce`, and not `team` for `stream`.
_TYPO = 0.85

SELECTOR = Rule("retention-selector", "Loki does not start, or does not load its overrides: 'invalid labels matchers'")
LABEL = Rule("retention-label-of-nobody", "the rule matches no stream, so the default retention applies")
LABEL_OF_OTHERS = Rule(
    "retention-label-of-others",
    "the rule matches only streams that others push to Loki with this label",
    "warning",
)
VALUE = Rule("retention-value-of-nobody", "the rule matches no stream, so the default retention applies")
TIE = Rule(
    "retention-tie",
    "for a stream that both match Loki applies the shorter period, and deletes its lines earlier",
)
UNUSED = Rule("retention-rule-unused", "another rule always wins: this one never applies")
STREAM_TOO_SHORT = Rule(
    "retention-stream-too-short",
    "Loki does not start, or does not load its overrides: 'retention period must be >= 24h'",
)
REPLACED = Rule(
    "retention-rules-replaced",
    "for a tenant with its own rules Loki ignores the stack's rules",
    "warning",
)
LIFECYCLE = Rule(
    "lifecycle-below-retention",
    "the bucket deletes chunks that the index still refers to: their lines are lost, and queries leave them out "
    "without an error",
)
# The compactor's delays and one of its rounds (Loki's defaults: 2h and 10m), and lifecycles count whole days.
_COMPACTORS_DAY = timedelta(days=1)


@dataclass(frozen=True)
class _Rule:
    """A rule and its path in the stack file."""

    path: str
    rule: RetentionStream

    @cached_property
    def selector(self) -> Selector:
        """What it matches; nothing where it cannot be read."""
        with suppress(ValueError):
            return parse_selector(self.rule.selector)
        return ()


def _rules(settings: Settings) -> Iterator[tuple[Tenant | None, Sequence[_Rule]]]:
    """Yield the stack's rules, then those of each tenant."""
    yield None, _at("retentionStreams", settings.retention_streams)
    for number, tenant in enumerate(settings.tenants):
        yield tenant, _at(f"tenants[{number}].retentionStreams", tenant.retention_streams)


def _at(path: str, rules: Sequence[RetentionStream]) -> list[_Rule]:
    return [_Rule(f"{path}[{number}]", rule) for number, rule in enumerate(rules)]


@reads("retention_streams", "tenants")
def selectors(settings: Settings) -> Iterator[Problem]:
    """Check that Loki accepts each selector."""
    for rule in (rule for _, rules in _rules(settings) for rule in rules):
        try:
            parse_selector(rule.rule.selector)
        except ValueError as error:
            fix = """write label matchers, such as '{namespace="airflow", container=~"scheduler|worker"}'"""
            yield SELECTOR.problem(f"{rule.path}.selector", f"invalid selector: {error}", fix)


@reads(
    "canary.enabled",
    "canary.route",
    "collector.enabled",
    "collector.index_labels",
    "collector.labels",
    "collector.parsers",
    "collector.sources",
    "ingress",
    "loki.config",
    "retention_streams",
    "structured_metadata",
    "tenants",
)
def labels(settings: Settings) -> Iterator[Problem]:
    """Check that each rule matches index labels that lines have."""
    collector = settings.collector
    if not collector.enabled or any_label(collector):
        return
    sent = available_labels(collector)
    available = [label for label in sent if label in collector.all_stream_labels]
    if settings.canary.enabled and settings.canary.route == "direct":
        available += [label for label in _CANARY_LABELS if label not in available]
    available += [_OF_LOKI, *_otlp_labels(settings)]
    for rule in (rule for _, rules in _rules(settings) for rule in rules):
        for label in dict.fromkeys(matcher.label for matcher in rule.selector):
            if label in available:
                continue
            if settings.ingress and label not in sent and not nearest(label, available, _TYPO):
                what = f'the stack\'s collector gives no stream the label "{label}"'
                fix = f"use one of {listed(available)}, if the rule is for lines of the collector"
                yield LABEL_OF_OTHERS.problem(f"{rule.path}.selector", what, fix)
                continue
            what, fix = f'no stream has the label "{label}"', f"use one of {listed(available)}"
            if label in sent:
                kind = "structured metadata" if settings.structured_metadata else "not sent"
                what = f'"{label}" is {kind} in this stack, not an index label'
                fix = f"add it to logstack:collector: {{indexLabels: ...}}, or {fix}"
            elif similar := nearest(label, available):
                fix = f"did you mean {similar}? The index labels are {listed(available, 'and')}"
            yield LABEL.problem(f"{rule.path}.selector", what, fix)


def _otlp_labels(settings: Settings) -> Iterator[str]:
    """Yield the index labels that Loki's own OTLP endpoint makes of attributes, by `loki.config`.

    Loki writes a label for an attribute with _ for every other character (pkg/loghttp/push/otlp.go, otlptranslator).
    """
    groups = settings.loki.config
    distributor, limits = groups.get("distributor"), groups.get("limits_config")
    listed_attributes: list[object] = []
    if isinstance(distributor, Mapping) and isinstance(otlp := distributor.get("otlp_config"), Mapping):
        listed_attributes += _as_list(otlp.get("default_resource_attributes_as_index_labels"))
    if isinstance(limits, Mapping) and isinstance(otlp := limits.get("otlp_config"), Mapping):
        resources = otlp.get("resource_attributes")
        for rule in _as_list(resources.get("attributes_config") if isinstance(resources, Mapping) else None):
            if isinstance(rule, Mapping) and rule.get("action") == "index_label":
                listed_attributes += _as_list(rule.get("attributes"))
    for name in listed_attributes:
        yield re.sub(r"\W", "_", str(name), flags=re.ASCII)


def _as_list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


@reads("cluster.name", "collector.enabled", "collector.namespaces", "collector.sources", "retention_streams", "tenants")
def values(settings: Settings) -> Iterator[Problem]:
    """Check that each rule matches values that its labels can have, as far as these are known."""
    for tenant, rules in _rules(settings):
        for rule in rules:
            for matcher in rule.selector:
                if not matcher.matches("") and (problem := _impossible(matcher, rule, tenant, settings)):
                    yield problem


def _impossible(matcher: Matcher, rule: _Rule, tenant: Tenant | None, settings: Settings) -> Problem | None:
    collector = settings.collector
    path, names = f"{rule.path}.selector", collector.namespaces
    possible: Sequence[str] | None = None
    if not collector.enabled:
        return None  # the senders decide
    if matcher.label == "cluster":
        possible = [settings.cluster.name]
    elif any_label(collector):
        return None
    elif matcher.label == "stream":
        possible = ["stdout", "stderr"]
    elif matcher.label == "namespace" and not any(source.names_any_namespace for source in collector.sources.active):
        if tenant:
            possible = tenant.namespaces
        elif names.only:
            possible = [name for name in names.only if name not in names.never]
        elif matcher.values and matcher.values <= set(names.never):
            what = f"{listed(sorted(matcher.values), 'and')} is not collected (collector.namespaces.never)"
            return VALUE.problem(path, what, "collect the namespace, or remove the rule")
    if possible is None or any(matcher.matches(value) for value in possible):
        return None
    subject = f"the tenant {tenant.name}'s lines" if tenant and matcher.label == "namespace" else "lines"
    what = f"{matcher.label}{matcher.operator}{matcher.text!r} matches no value that {subject} have: {listed(possible)}"
    return VALUE.problem(path, what, f"use {listed(possible)}, or remove the rule")


@reads("retention_streams", "tenants")
def periods(settings: Settings) -> Iterator[Problem]:
    """Check that each period is at least a day; Loki refuses shorter ones only when it starts."""
    for rule in (rule for _, rules in _rules(settings) for rule in rules):
        if rule.rule.period < _DAY:
            what = f"period is too short: {plain_duration(rule.rule.period)} (at least 1d)"
            yield STREAM_TOO_SHORT.problem(f"{rule.path}.period", what, "period: 1d")


@reads("retention_streams", "tenants")
def precedence(settings: Settings) -> Iterator[Problem]:
    """Check that overlapping rules differ in priority, and that each rule applies to some stream."""
    for _, rules in _rules(settings):
        for first, second in _pairs([rule for rule in rules if rule.selector]):
            high, low = sorted((first, second), key=lambda rule: rule.rule.priority, reverse=True)
            if covers(high.selector, low.selector) and high.rule.priority > low.rule.priority:
                what = f"{high.rule.selector} matches all of its streams, with a higher priority"
                yield UNUSED.problem(low.path, what, "remove the rule, or give it the higher priority")
            elif (
                first.rule.priority == second.rule.priority
                and first.rule.period != second.rule.period
                and not are_disjoint(first.selector, second.selector)
            ):
                what = (
                    f"{first.rule.selector} for {plain_duration(first.rule.period)} and {second.rule.selector} for "
                    f"{plain_duration(second.rule.period)} can match the same stream, both with priority "
                    f"{first.rule.priority}"
                )
                fix = f"give the rule that should win a higher priority: priority: {first.rule.priority + 1}"
                yield TIE.problem(f"{second.path}.priority", what, fix)


def _pairs(rules: Sequence[_Rule]) -> Iterator[tuple[_Rule, _Rule]]:
    """Return each two rules that may share a stream; a stack may have thousands of rules."""
    index = SelectorIndex([rule.selector for rule in rules])
    for number, rule in enumerate(rules):
        for candidate in index.candidates(rule.selector):
            if candidate > number:
                yield rule, rules[candidate]


@reads("retention_streams", "tenants")
def replaced(settings: Settings) -> Iterator[Problem]:
    """Check that a tenant with rules of its own repeats the stack's: Loki does not merge them."""
    for number, tenant in enumerate(settings.tenants):
        own = [rule.selector for rule in tenant.retention_streams]
        lost = [rule.selector for rule in settings.retention_streams if rule.selector not in own]
        if own and lost:
            what = f"tenant {tenant.name} has its own rules, without the stack's for {listed(lost, 'and')}"
            fix = "repeat the stack's rules in the tenant's retentionStreams"
            yield REPLACED.problem(f"tenants[{number}].retentionStreams", what, fix)


@reads("object_store.expire_after", "object_store.kind", "retention", "retention_streams", "tenants")
def lifecycle(settings: Settings) -> Iterator[Problem]:
    """Check that the bucket's own lifecycle deletes objects only after the retention."""
    expiry, longest = settings.object_store.bucket_expiry, settings.longest_retention
    if expiry is not None:
        needed = longest + _COMPACTORS_DAY
        if expiry < needed:
            what = (
                f"the bucket expires objects after {plain_duration(expiry)}, but the longest retention is "
                f"{plain_duration(longest)}"
            )
            days = -(-needed // _DAY)
            fix = f"change the bucket's rule to {days} days or more, or remove it: the compactor deletes expired lines"
            yield LIFECYCLE.problem("objectStore.expireAfter", what, fix)


CHECKS = (selectors, labels, values, periods, precedence, replaced, lifecycle)
