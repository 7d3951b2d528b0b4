"""Dropping lines, rate limits, and tenants' namespaces."""

from collections.abc import Hashable, Iterator, Sequence

from logstack.settings.checks.check import reads
from logstack.settings.model.loki import SINGLE_TENANT
from logstack.settings.model.patterns import finds
from logstack.settings.model.processing import Drop
from logstack.settings.model.tenants import CANARY_TENANT
from logstack.settings.problems import Problem, Rule, listed
from logstack.settings.tree import Settings

DROP_TWICE = Rule("drop-name-twice", "the metric counts both rules as one")
DROP_ALL = Rule("drop-everything", "no line of any source reaches Loki")
RATE_TWICE = Rule("rate-limit-twice", "the lower of the two limits applies")
TENANT_TWICE = Rule("tenant-twice", "a tenant has one entry: another tenant was probably meant")
TENANT_NAME = Rule("tenant-name", "the tenant would not have its lines for itself")
TENANT_EMPTY = Rule(
    "tenant-without-namespaces", "the tenant would get every line without a namespace, such as the nodes' own"
)
NAMESPACE_OF_TWO = Rule(
    "namespace-of-two-tenants", "the later tenant gets the namespace's lines, the earlier one does not"
)

_RESERVED = {
    SINGLE_TENANT: "the tenant of all other lines",
    CANARY_TENANT: "the canary's own tenant",
    ".": "refused by Loki",
    "..": "refused by Loki",
}


@reads("collector.drop")
def drops(settings: Settings) -> Iterator[Problem]:
    """Check that each drop rule has a unique name and does not drop every line."""
    rules = settings.collector.drop
    for index, first in _again([rule.name for rule in rules]):
        what = f"drop[{first}] has the same name"
        yield DROP_TWICE.problem(f"collector.drop[{index}].name", what, "give each rule a name of its own")
    for index, rule in enumerate(rules):
        if not rule.keep and _is_of_all(rule):
            fix = "add a match or a pattern, or keep a share of the lines: keep: 0.1"
            yield DROP_ALL.problem(f"collector.drop[{index}]", "the rule matches every line and keeps none", fix)


def _is_of_all(rule: Drop) -> bool:
    matches_all = all(text and not text.strip("*") for text in rule.match.values())
    return matches_all and (not rule.pattern or finds(rule.pattern, ""))


@reads("collector.rate_limits")
def rates(settings: Settings) -> Iterator[Problem]:
    """Check that each namespace, and the group of all others, has one rate limit at most."""
    for index, first in _again([limit.namespace for limit in settings.collector.rate_limits]):
        scope = "the same namespace" if settings.collector.rate_limits[index].namespace else "all namespaces as well"
        fix = "keep one limit for each namespace, and one without a namespace"
        yield RATE_TWICE.problem(f"collector.rateLimits[{index}]", f"rateLimits[{first}] is of {scope}", fix)


@reads("tenants")
def tenants(settings: Settings) -> Iterator[Problem]:
    """Check that tenants are unique and have namespaces, and that Loki accepts their names."""
    for index, tenant in enumerate(settings.tenants):
        if reserved := _RESERVED.get(tenant.name):
            what = f'"{tenant.name}" is {reserved}'
            yield TENANT_NAME.problem(f"tenants[{index}].name", what, "choose another name")
        if not tenant.namespaces:
            fix = "name its namespaces, or remove the tenant"
            yield TENANT_EMPTY.problem(f"tenants[{index}].namespaces", "namespaces is empty", fix)
    for index, first in _again([tenant.name for tenant in settings.tenants]):
        what = f"tenants[{first}] has the same name"
        yield TENANT_TWICE.problem(f"tenants[{index}].name", what, "write all namespaces of a tenant in one entry")
    owners: dict[str, set[int]] = {}
    for index, tenant in enumerate(settings.tenants):
        for name in tenant.namespaces:
            owners.setdefault(name, set()).add(index)
    for name, indexes in owners.items():
        if len(indexes) > 1:
            what = f"{name} is in {listed([f'tenants[{index}]' for index in sorted(indexes)], 'and')}"
            yield NAMESPACE_OF_TWO.problem(f"tenants[{max(indexes)}].namespaces", what, "write each namespace once")


def _again(values: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """Yield the index of each repeated value, and of its first occurrence."""
    return ((index, values.index(value)) for index, value in enumerate(values) if values.index(value) < index)


CHECKS = (drops, rates, tenants)
