"""How long Loki keeps which lines, read from its configuration as the compactor reads it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from logstack.settings.checks.acknowledgements import SHORTENED
from logstack.settings.model.quantities import parse_duration, plain_duration
from logstack.settings.model.selectors import Selector, are_disjoint, covers, parse_selector, selects

Section = Mapping[str, object]


@dataclass(frozen=True)
class RetentionRule:
    """A rule for the streams of a selector; without matchers it is the default, for all streams."""

    selector: Selector
    text: str
    """The selector as it was written; empty for the default."""
    period: timedelta
    priority: int = 0


@dataclass(frozen=True)
class Policy:
    """One tenant's rules, the one that decides first at the beginning; the last is the default."""

    rules: tuple[RetentionRule, ...]

    def rule_of(self, labels: Mapping[str, str]) -> RetentionRule:
        """The rule that decides for a stream."""
        return next(rule for rule in self.rules if selects(rule.selector, labels))

    def decides_among(self, rule: RetentionRule, other: RetentionRule) -> bool:
        """Whether `rule` can be the one that decides for streams of its own and of another rule's selector."""
        both = (*rule.selector, *other.selector)
        first = self.rules[: self.rules.index(rule)]
        return not are_disjoint(rule.selector, other.selector) and not any(
            covers(each.selector, both) for each in first
        )


@dataclass(frozen=True)
class Retention:
    """What is kept how long, by tenant."""

    default: Policy
    tenants: Mapping[str, Policy]
    """Tenants with a period or rules of their own."""

    def of(self, tenant: str) -> Policy:
        """A tenant's policy."""
        return self.tenants.get(tenant, self.default)

    @property
    def longest(self) -> timedelta:
        """The longest period of any rule."""
        return max(rule.period for policy in (self.default, *self.tenants.values()) for rule in policy.rules)


@dataclass(frozen=True)
class Shortened:
    """Lines that are kept for a shorter time than before."""

    tenant: str | None
    """The tenant whose lines they are; None for those of every tenant without a policy of its own."""
    selector: str
    """Which streams; empty for those that no rule is for."""
    before: timedelta
    after: timedelta

    @property
    def acknowledgement(self) -> str:
        """What a stack file says to accept it: its value is part of it, so that it accepts nothing else."""
        words = f"{SHORTENED}{plain_duration(self.before)}-to-{plain_duration(self.after)}"
        return " ".join(filter(None, (words, self.tenant, self.selector)))

    @property
    def lines(self) -> str:
        """Whose lines, in words."""
        whose = f"the tenant {self.tenant}'s lines" if self.tenant else "lines"
        return f"{whose} of {self.selector}" if self.selector else f"{whose} that no rule is for"


def retention_of(config: Section, overrides: Section) -> Retention:
    """From loki.yaml and the runtime overrides; a tenant's rules replace those of loki.yaml (measured)."""
    limits = section(config.get("limits_config"))
    own = section(overrides.get("overrides"))
    tenants = {
        tenant: _policy({**limits, **section(said)})
        for tenant, said in own.items()
        if section(said).keys() & {"retention_period", "retention_stream"}
    }
    return Retention(_policy(limits), tenants)


def _policy(limits: Section) -> Policy:
    said = limits.get("retention_stream")
    rules = [_rule(section(each)) for each in said] if isinstance(said, Sequence) else []
    # The highest priority, and among equals the shortest period (pkg/compactor/retention/expiration.go).
    rules.sort(key=lambda rule: (-rule.priority, rule.period))
    return Policy((*rules, RetentionRule((), "", parse_duration(limits["retention_period"]))))


def _rule(said: Section) -> RetentionRule:
    text = str(said["selector"])
    return RetentionRule(parse_selector(text), text, parse_duration(said["period"]), int(str(said.get("priority", 0))))


def section(value: object) -> Section:
    """A mapping of loki.yaml, empty where it has none."""
    return value if isinstance(value, Mapping) else {}


def shortened(before: Retention, after: Retention) -> list[Shortened]:
    """All lines that the change deletes; where it cannot be known whether two rules meet, they do."""
    found = list(_shortened(None, before.default, after.default))
    for tenant in sorted({*before.tenants, *after.tenants}):
        found += _shortened(tenant, before.of(tenant), after.of(tenant))
    return found


def _shortened(tenant: str | None, before: Policy, after: Policy) -> Iterator[Shortened]:
    told = set()
    for old in before.rules:
        for new in after.rules:
            if new.period < old.period and before.decides_among(old, new) and after.decides_among(new, old):
                texts = dict.fromkeys(filter(None, (old.text, new.text)))
                loss = Shortened(tenant, " and ".join(texts), old.period, new.period)
                if loss not in told:
                    told.add(loss)
                    yield loss
