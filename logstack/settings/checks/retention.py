"""How long lines are kept, and whether a query can reach all of them."""

from collections.abc import Iterator
from datetime import timedelta

from logstack.settings.checks.check import reads
from logstack.settings.model.quantities import plain_duration
from logstack.settings.model.tree import Settings
from logstack.settings.problems import Problem, Rule

_DAY = timedelta(days=1)

TOO_SHORT = Rule(
    "retention-too-short",
    "Loki starts without a word, but its documentation knows no retention below 24h: the index tables cover whole days",
)
NO_WHOLE_DAYS = Rule(
    "retention-no-whole-days",
    "index tables cover whole days (UTC): the day in which lines expire is rewritten until it is over",
    "warning",
)
LENGTH = Rule(
    "query-length-below-retention",
    "lines are kept that no single query spans: Loki answers 'the query time range exceeds the limit' "
    "(grafana/loki#4509)",
    "warning",
)
LOOKBACK = Rule(
    "query-lookback-below-retention",
    "older lines are kept and paid for, but every query leaves them out without a word (grafana/loki#14056)",
    "warning",
)


def _tenants(settings: Settings) -> Iterator[tuple[str, timedelta]]:
    """The stack's and the tenants' own retention, and where it stands."""
    yield "retention", settings.retention
    for number, tenant in enumerate(settings.tenants):
        if tenant.retention is not None:
            yield f"tenants[{number}].retention", tenant.retention


def _periods(settings: Settings) -> Iterator[tuple[str, timedelta]]:
    """Those, and the periods of all rules for streams."""
    yield from _tenants(settings)
    for number, rule in enumerate(settings.retention_streams):
        yield f"retentionStreams[{number}].period", rule.period
    for number, tenant in enumerate(settings.tenants):
        for place, rule in enumerate(tenant.retention_streams):
            yield f"tenants[{number}].retentionStreams[{place}].period", rule.period


@reads("retention", "tenants")
def at_least_a_day(settings: Settings) -> Iterator[Problem]:
    """Retention has a smallest value that Loki does not enforce."""
    for path, kept in _tenants(settings):
        if kept < _DAY:
            what = f"retention is {plain_duration(kept)}"
            yield TOO_SHORT.problem(path, what, f"logstack:{path}: 1d, or longer")


@reads("retention", "retention_streams", "tenants")
def whole_days(settings: Settings) -> Iterator[Problem]:
    """Retention in days, as the index has it."""
    for path, kept in _periods(settings):
        days, rest = divmod(kept, _DAY)
        if rest and days:
            what = f"retention is {plain_duration(kept)}, between {days} and {days + 1} days"
            yield NO_WHOLE_DAYS.problem(path, what, f"logstack:{path}: {days + 1}d")


@reads("limits.max_query_length", "limits.max_query_lookback", "retention", "retention_streams", "tenants")
def queries_reach_everything(settings: Settings) -> Iterator[Problem]:
    """What is kept can be asked for; a limit of 0s is none."""
    limits, kept = settings.limits, settings.longest_retention
    for rule, key, limit in (
        (LENGTH, "maxQueryLength", limits.max_query_length),
        (LOOKBACK, "maxQueryLookback", limits.max_query_lookback),
    ):
        if limit and limit < kept:
            what = f"{key} is {plain_duration(limit)}, and lines are kept for {plain_duration(kept)}"
            yield rule.problem(f"limits.{key}", what, f"remove {key}: without it a query reaches the whole retention")


CHECKS = (at_least_a_day, whole_days, queries_reach_everything)
