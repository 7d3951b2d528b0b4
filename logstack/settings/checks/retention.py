"""Retention, and whether queries can reach all stored lines."""

from collections.abc import Iterator
from datetime import timedelta

from logstack.settings.checks.check import reads
from logstack.settings.model.quantities import plain_duration
from logstack.settings.problems import Problem, Rule
from logstack.settings.tree import Settings

_DAY = timedelta(days=1)

TOO_SHORT = Rule(
    "retention-too-short",
    "Loki starts, and its documentation sets no minimum here; index tables cover whole days, and no test of logstack "
    "has a shorter retention",
)
NO_WHOLE_DAYS = Rule(
    "retention-no-whole-days",
    "index tables cover whole days (UTC): the compactor rewrites the day in which lines expire until it is over",
    "warning",
)
LENGTH = Rule(
    "query-length-below-retention",
    "no single query can span all lines: Loki answers 'the query time range exceeds the limit' (grafana/loki#4509)",
    "warning",
)
LOOKBACK = Rule(
    "query-lookback-below-retention",
    "Loki stores older lines, but every query silently leaves them out (grafana/loki#14056)",
    "warning",
)


def _tenants(settings: Settings) -> Iterator[tuple[str, timedelta]]:
    """Yield the stack's and the tenants' own retention, and its key."""
    yield "retention", settings.retention
    for number, tenant in enumerate(settings.tenants):
        if tenant.retention is not None:
            yield f"tenants[{number}].retention", tenant.retention


def _periods(settings: Settings) -> Iterator[tuple[str, timedelta]]:
    """Yield those, and the periods of all rules for streams."""
    yield from _tenants(settings)
    for number, rule in enumerate(settings.retention_streams):
        yield f"retentionStreams[{number}].period", rule.period
    for number, tenant in enumerate(settings.tenants):
        for index, rule in enumerate(tenant.retention_streams):
            yield f"tenants[{number}].retentionStreams[{index}].period", rule.period


def _line(path: str) -> str:
    """Return the key as a line of the stack file begins with it."""
    return f"logstack:{path}:" if "." not in path else f"{path.rsplit('.', 1)[-1]}:"


@reads("retention", "tenants")
def at_least_a_day(settings: Settings) -> Iterator[Problem]:
    """Check that the retention is at least 24h; Loki does not enforce it."""
    for path, retention in _tenants(settings):
        if retention < _DAY:
            what = f"retention is too short: {plain_duration(retention)} (at least 1d)"
            yield TOO_SHORT.problem(path, what, f"{_line(path)} 1d")


@reads("retention", "retention_streams", "tenants")
def whole_days(settings: Settings) -> Iterator[Problem]:
    """Check that the retention is in whole days, as index tables are."""
    for path, retention in _periods(settings):
        days, remainder = divmod(retention, _DAY)
        if remainder and days:
            what = f"{plain_duration(retention)} is not a whole number of days"
            yield NO_WHOLE_DAYS.problem(path, what, f"{_line(path)} {days + 1}d")


@reads("limits.max_query_length", "limits.max_query_lookback", "retention", "retention_streams", "tenants")
def queries_reach_everything(settings: Settings) -> Iterator[Problem]:
    """Check that the query limits cover the retention; 0s means no limit."""
    limits, longest = settings.limits, settings.longest_retention
    for rule, key, limit in (
        (LENGTH, "maxQueryLength", limits.max_query_length),
        (LOOKBACK, "maxQueryLookback", limits.max_query_lookback),
    ):
        if limit and limit < longest:
            what = f"{key} is {plain_duration(limit)}, below the longest retention of {plain_duration(longest)}"
            yield rule.problem(f"limits.{key}", what, f"remove {key}: without it queries reach the whole retention")


CHECKS = (at_least_a_day, whole_days, queries_reach_everything)
