"""The schema's periods: dates, order, store and version."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

from logstack.settings.checks.check import reads
from logstack.settings.model.loki import SchemaPeriod
from logstack.settings.model.quantities import plain_duration
from logstack.settings.problems import Problem, Rule
from logstack.settings.tree import Settings

_LITERAL_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

NO_PERIOD = Rule("schema-no-period", "Loki does not start without a schema")
NO_DATE = Rule(
    "schema-no-date",
    "Loki does not start; a computed date would also move at every deployment, away from data already written",
)
IN_FUTURE = Rule(
    "schema-begins-in-future",
    "Loki starts, but refuses every push with 'no schema config found for time'",
)
UNORDERED = Rule("schema-unordered", "Loki does not start: each period ends where the next one begins")
INDEX_PERIOD = Rule("schema-index-period", "Loki does not start: the tsdb index and retention need tables of 24h")
OUTDATED = Rule(
    "schema-outdated",
    "Loki does not start: structured metadata needs the store tsdb and the schema v13 in the active period; "
    "without it, and for past periods, it takes tsdb and boltdb-shipper, v9 to v13 (loki 3.7.8 -verify-config)",
)

# What Loki 3 still takes in periods that are over, and without structured metadata
# (pkg/storage/config/schema_config.go).
_READABLE_STORES = ("tsdb", "boltdb-shipper")
_READABLE_SCHEMAS = ("v9", "v10", "v11", "v12", "v13")


@reads("schema_periods")
def at_least_one(settings: Settings) -> Iterator[Problem]:
    """Check that there is a schema period."""
    if not settings.schema_periods:
        yield NO_PERIOD.problem(
            "schemaPeriods", "schemaPeriods is empty", 'logstack:schemaPeriods: [{from: "2024-04-01"}]'
        )


@reads("schema_periods")
def literal_dates(settings: Settings) -> Iterator[Problem]:
    """Check that each period begins on a valid date."""
    for number, period in enumerate(settings.schema_periods):
        if _begin(period) is None:
            fix = 'write the day on which the period begins, such as from: "2024-04-01"'
            yield NO_DATE.problem(f"schemaPeriods[{number}].from", "from is not a date of the form YYYY-MM-DD", fix)


@reads("schema_periods")
def in_order(settings: Settings) -> Iterator[Problem]:
    """Check that the periods are in the order of their dates."""
    begins = [_begin(period) for period in settings.schema_periods]
    for number, (before, begin) in enumerate(pairwise(begins), start=1):
        if before and begin and begin <= before:
            what = f"the period from {begin} comes after the period from {before}"
            yield UNORDERED.problem(
                f"schemaPeriods[{number}].from", what, "sort the periods oldest first, each with its own day"
            )


@reads("schema_periods")
def daily_index(settings: Settings) -> Iterator[Problem]:
    """Check that each index table covers a day."""
    for number, period in enumerate(settings.schema_periods):
        if period.index_period != timedelta(days=1):
            what = f"indexPeriod is {plain_duration(period.index_period)}"
            yield INDEX_PERIOD.problem(f"schemaPeriods[{number}].indexPeriod", what, "remove it: the default is 24h")


@reads("schema_periods")
def begun(settings: Settings, today: date) -> Iterator[Problem]:
    """Check that the first period has begun; `today` is in UTC."""
    begins = [_begin(period) for period in settings.schema_periods[:1]]
    if begins and begins[0] and begins[0] >= today:
        what = f"the first period begins on {begins[0]}, and today is {today} (UTC)"
        yield IN_FUTURE.problem("schemaPeriods[0].from", what, 'write a day in the past: from: "2024-04-01"')


@reads("schema_periods", "structured_metadata")
def up_to_date(settings: Settings, today: date) -> Iterator[Problem]:
    """Check that Loki can read past periods, and use current and future ones: tsdb and v13 for structured metadata."""
    begins = [_begin(period) for period in settings.schema_periods]
    for number, period in enumerate(settings.schema_periods):
        is_over = any(begin and begin <= today for begin in begins[number + 1 :])
        for key, value, current, readable in (
            ("store", period.store, "tsdb", _READABLE_STORES),
            ("schema", period.schema_version, "v13", _READABLE_SCHEMAS),
        ):
            may_be_older = is_over or not settings.structured_metadata
            if value != current and not (may_be_older and value in readable):
                fix = _WAY_AROUND if value not in readable and may_be_older else _way_to_v13(today)
                yield OUTDATED.problem(f"schemaPeriods[{number}].{key}", f"{key} is not {current}", fix)


# Of a period that Loki 3.7 has no reader for (BoltDB on a disk, schemas before v9).
_WAY_AROUND = "keep the Loki that has these lines until they have expired, and remove the period here"


def _way_to_v13(today: date) -> str:
    later = today + timedelta(days=2)
    return (
        "for a new bucket write store: tsdb, schema: v13; where there is data already, keep this period, add\n"
        f'- {{from: "{later}", store: tsdb, schema: v13}}\n'
        "below it here (logstack schema add STACK --write) and in the Loki that runs now, and move here once that day "
        "has begun;\nor store no structured metadata until then: logstack:structuredMetadata: false"
    )


def _begin(period: SchemaPeriod) -> date | None:
    return day(period.start)


def day(text: str) -> date | None:
    """Return a day of the form YYYY-MM-DD; None for any other text."""
    try:
        return date.fromisoformat(text) if _LITERAL_DATE.fullmatch(text) else None
    except ValueError:
        return None


CHECKS = (at_least_one, literal_dates, in_order, daily_index)
DATED_CHECKS = (begun, up_to_date)
