"""Retention rules, read from Loki's configuration as the compactor reads it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from logstack.settings.checks.acknowledgements import SHORTENED
from logstack.settings.model.quantities import parse_duration, plain_duration
from logstack.settings.model.selectors import Selector, SelectorIndex, are_disjoint, covers, parse_selector, selects

Section = Mapping[str, object]


@dataclass(frozen=True)
class RetentionRule:
    """A rule for the streams of a selector; without matchers it is the default, for all streams."""

    selector: Selector
    text: str
    """The selector as in the configuration; empty for the default."""
    period: timedelta
    priority: int = 0


@dataclass(frozen=True)
class Policy:
    """One tenant's rules in the order of decision; the last is the default."""

    rules: tuple[RetentionRule, ...]

    def rule_of(self, labels: Mapping[str, str]) -> RetentionRule:
        """Return the rule that decides for a stream."""
        return next(rule for rule in self.rules if selects(rule.selector, labels))

    def rules_near(self, selector: Selector) -> Iterator[tuple[int, RetentionRule]]:
        """Yield the rules that may match a stream of a selector, with their ranks in the order of decision."""
        return ((rank, self.rules[rank]) for rank in self._index.candidates(selector))

    def decides_among(self, rank: int, neighbour: RetentionRule) -> bool:
        """Return whether the rule of a rank may decide for a stream that its and the neighbour's selectors match."""
        rule = self.rules[rank]
        both = (*rule.selector, *neighbour.selector)
        return not are_disjoint(rule.selector, neighbour.selector) and not any(
            earlier < rank and covers(each.selector, both) for earlier, each in self.rules_near(both)
        )

    @cached_property
    def _index(self) -> SelectorIndex:
        return SelectorIndex([rule.selector for rule in self.rules])


@dataclass(frozen=True)
class Retention:
    """The retention policies, by tenant."""

    default: Policy
    tenants: Mapping[str, Policy]
    """Tenants with a period or rules of their own."""

    def of(self, tenant: str) -> Policy:
        """Return a tenant's policy."""
        return self.tenants.get(tenant, self.default)

    @property
    def longest(self) -> timedelta:
        """Return the longest period of any rule."""
        return max(rule.period for policy in (self.default, *self.tenants.values()) for rule in policy.rules)


@dataclass(frozen=True)
class Shortened:
    """Lines with a shorter retention than before."""

    tenant: str | None
    """The lines' tenant; None for every tenant without its own policy."""
    selector: str
    """The streams; empty for streams without a rule."""
    before: timedelta
    after: timedelta

    @property
    def acknowledgement(self) -> str:
        """Return the acknowledgement for a stack file; it contains the values, so it accepts no other loss."""
        words = f"{SHORTENED}{plain_duration(self.before)}-to-{plain_duration(self.after)}"
        return " ".join(filter(None, (words, self.tenant, self.selector)))

    @property
    def lines(self) -> str:
        """Return a description of the lines."""
        lines = f"the tenant {self.tenant}'s lines" if self.tenant else "lines"
        return f"{lines} of {self.selector}" if self.selector else f"{lines} without a rule"


def retention_of(config: Section, overrides: Section) -> Retention:
    """Read loki.yaml and the runtime overrides; a tenant's rules replace the rules of loki.yaml (measured)."""
    limits = section(config.get("limits_config"))
    own = section(overrides.get("overrides"))
    tenants = {
        tenant: _policy({**limits, **section(limits_of_tenant)})
        for tenant, limits_of_tenant in own.items()
        if section(limits_of_tenant).keys() & {"retention_period", "retention_stream"}
    }
    return Retention(_policy(limits), tenants)


def _policy(limits: Section) -> Policy:
    streams = limits.get("retention_stream")
    rules = [_rule(section(each)) for each in streams] if isinstance(streams, Sequence) else []
    # The highest priority, and among equals the shortest period (pkg/compactor/retention/expiration.go).
    rules.sort(key=lambda rule: (-rule.priority, rule.period))
    return Policy((*rules, RetentionRule((), "", parse_duration(limits["retention_period"]))))


def _rule(entry: Section) -> RetentionRule:
    text = str(entry["selector"])
    return RetentionRule(
        parse_selector(text), text, parse_duration(entry["period"]), int(str(entry.get("priority", 0)))
    )


def section(value: object) -> Section:
    """Return the value if it is a mapping; otherwise an empty one."""
    return value if isinstance(value, Mapping) else {}


def shortened(before: Retention, after: Retention) -> list[Shortened]:
    """Return all lines that the change deletes; rules that may match the same stream count as matching."""
    losses = list(_shortened(None, before.default, after.default))
    for tenant in sorted({*before.tenants, *after.tenants}):
        losses += _shortened(tenant, before.of(tenant), after.of(tenant))
    return losses


def _shortened(tenant: str | None, before: Policy, after: Policy) -> Iterator[Shortened]:
    seen = set()
    for old_rank, old in enumerate(before.rules):
        for rank, new in after.rules_near(old.selector):
            if new.period < old.period and before.decides_among(old_rank, new) and after.decides_among(rank, old):
                texts = dict.fromkeys(filter(None, (old.text, new.text)))
                loss = Shortened(tenant, " and ".join(texts), old.period, new.period)
                if loss not in seen:
                    seen.add(loss)
                    yield loss
