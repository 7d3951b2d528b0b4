"""Lines of each of the stack's retention rules: some that are over, and some that are not."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from logstack.localrun.client import Entry
from logstack.manifests.loki.config import loki_config
from logstack.manifests.loki.overrides import loki_overrides
from logstack.manifests.loki.retention import Retention, retention_of
from logstack.manifests.stores.kinds import store_access
from logstack.settings.model.loki import SINGLE_TENANT
from logstack.settings.model.selectors import Matcher
from logstack.settings.tree import Settings

_SECOND = 1_000_000_000
_MARGIN = timedelta(days=2)
_LINES = 300
# Two rules' lines are never of one time: a chunk is known by its tenant and its time.
_APART = 60 * _SECOND


@dataclass(frozen=True)
class Aged:
    """The streams to send for one rule of one tenant."""

    tenant: str
    selector: str
    """The rule's selector; empty for the default."""
    period: timedelta
    """How long Loki stores them."""
    expired: Mapping[str, str]
    """The stream whose lines are older than the rule's period by two days."""
    young: Mapping[str, str]
    """The stream whose lines are younger by two days, or by half of a shorter period."""
    expired_at: int
    """The time of its first line, in nanoseconds."""
    young_at: int

    @staticmethod
    def entries(begin: int) -> list[Entry]:
        """The lines of one stream."""
        return [Entry(begin + number * 1_000_000, f"line {number} of {begin}") for number in range(_LINES)]


def stack_retention(settings: Settings) -> Retention:
    """Return the stack's retention rules."""
    store = store_access(settings.object_store, settings.cluster)
    return retention_of(loki_config(settings, store, settings.cluster), loki_overrides(settings))


def aged(settings: Settings, labels: Mapping[str, str], now: int) -> tuple[list[Aged], list[str]]:
    """Return the streams that test each rule, and the untested rules with the reason; `now` in nanoseconds.

    `labels` are those of any stream, which a rule's selector changes as far as it has to.
    """
    retention = stack_retention(settings)
    # Tenants of one policy are tried by one of them.
    policies = {retention.of(tenant): tenant for tenant in (*retention.tenants, SINGLE_TENANT)}
    streams: list[Aged] = []
    untested: list[str] = []
    begin = datetime.fromisoformat(settings.schema_periods[0].start).replace(tzinfo=UTC)
    for policy, tenant in reversed(policies.items()):
        # A tenant with rules of its own has those alone: streams of the stack's rules are tried as well.
        for rule_of_stack in dict.fromkeys([*policy.rules, *retention.default.rules[:-1]]):
            stream = _example({**labels, "namespace": f"try-deep-{tenant.lower()}"}, rule_of_stack.selector)
            rule = policy.rule_of(stream) if stream else None
            name = f"{rule_of_stack.text or 'the default'} of {tenant}"
            if stream is None or rule is None or (rule_of_stack in policy.rules and rule != rule_of_stack):
                untested.append(f"{name}: no stream found to which it applies")
                continue
            moment = now + len(streams) * _APART
            over = moment - _nanoseconds(rule.period + _MARGIN)
            if over < int(begin.timestamp()) * _SECOND:
                untested.append(f"{name}: its period starts before the schema's first day")
                continue
            young = moment - _nanoseconds(max(rule.period - _MARGIN, rule.period / 2))
            old_stream, young_stream = ({**stream, "age": age} for age in ("expired", "young"))
            streams.append(Aged(tenant, rule_of_stack.text, rule.period, old_stream, young_stream, over, young))
    return streams, untested


def _nanoseconds(period: timedelta) -> int:
    return int(period.total_seconds()) * _SECOND


def _example(labels: Mapping[str, str], selector: Sequence[Matcher]) -> dict[str, str] | None:
    """Return a stream that the selector selects, or None if the example values do not match it."""
    stream = dict(labels)
    for label in {matcher.label for matcher in selector}:
        matchers = [matcher for matcher in selector if matcher.label == label]
        values = (
            value for value in _values(stream.get(label, ""), matchers) if all(m.matches(value) for m in matchers)
        )
        value = next(values, None)
        if value is None:
            return None
        stream[label] = value
    return {label: value for label, value in stream.items() if value}


def _values(there: str, matchers: Sequence[Matcher]) -> Iterator[str]:
    yield there
    for matcher in matchers:
        yield from sorted(matcher.values or ())
        yield re.sub(r"\.[*+]", "x", matcher.text)
    yield ""
