"""Whether the schema's history stays as it was applied: Loki finds a line only by the schema of its day."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from settings.problems import Problem

Section = Mapping[str, object]
_DAY = timedelta(days=1)
# An update may still be rolling pods when the new day begins, and those with the old configuration write its lines by
# the old schema. A writer may take five minutes to stop (the chart's terminationGracePeriodSeconds), one after another.
_ROLL_OUT = timedelta(hours=2)


@dataclass(frozen=True)
class Period:
    """One period of the schema, as loki.yaml has it."""

    begin: date
    """Its first day, in UTC."""
    store: str
    schema: str
    prefix: str
    """Of the index tables."""

    def __str__(self) -> str:
        return f'{{from: "{self.begin}", store: {self.store}, schema: {self.schema}, indexPrefix: {self.prefix}}}'


def periods_of(config: Section) -> tuple[Period, ...]:
    """The periods of a loki.yaml."""
    section = config.get("schema_config")
    configs = section.get("configs") if isinstance(section, Mapping) else None
    return tuple(_period(each) for each in configs or [])


def _period(said: Mapping[str, object]) -> Period:
    index = said["index"]
    prefix = str(index["prefix"]) if isinstance(index, Mapping) else ""
    return Period(date.fromisoformat(str(said["from"])), str(said["store"]), str(said["schema"]), prefix)


def next_safe_day(now: datetime) -> date:
    """The first day that leaves a whole day for review and roll-out; `now` has a time zone."""
    return now.astimezone(UTC).date() + 2 * _DAY


def broken_history(
    applied: Sequence[Period], written: Sequence[Period], longest: timedelta, now: datetime
) -> Iterator[Problem]:
    """What a change of the periods does to lines that are there.

    `longest` is the longest retention, before and after the change: lines that are older are gone. `now` has a time
    zone. Nothing was applied where there is no applied period, and nothing is held against what is written then.
    """
    if not applied:
        return
    today = now.astimezone(UTC).date()
    ends = [*(after.begin for _, after in pairwise(applied)), None]
    begins = {period.begin: (number, period) for number, period in enumerate(written)}
    for period, end in zip(applied, ends, strict=True):
        has_lines = _is_late(period.begin, now) and (end is None or end > today - longest - _DAY)
        number, now_written = begins.get(period.begin, (0, None))
        if has_lines and now_written != period:
            yield _changed(period, now_written, number, end)
    known = {period.begin for period in applied}
    for number, period in enumerate(written):
        follower = written[number + 1].begin if number + 1 < len(written) else None
        is_older = follower is not None and follower <= applied[0].begin
        if period.begin not in known and not is_older and _is_late(period.begin, now):
            yield _late(period, number, now)


def _changed(applied: Period, written: Period | None, number: int, end: date | None) -> Problem:
    days = f"from {applied.begin} to {end}" if end else f"since {applied.begin}"
    as_now = f"written now: {written}" if written else "it is not there any more"
    return Problem(
        "schema-period-edited" if written else "schema-period-removed",
        f"logstack:schemaPeriods[{number}]" if written else "logstack:schemaPeriods",
        f"applied: {applied}\n{as_now}",
        f"Loki looks for the lines {days} under another index and does not find them, though they are in the store",
        f"put it back as it was applied: {applied}\nanother schema is a new period below it: logstack schema add",
    )


def _is_late(begin: date, now: datetime) -> bool:
    midnight = datetime(begin.year, begin.month, begin.day, tzinfo=UTC)
    return midnight - now < _ROLL_OUT


def _late(period: Period, number: int, now: datetime) -> Problem:
    today = now.astimezone(UTC).date()
    has_begun = period.begin <= today
    what = f"written now, and not among the applied periods: {period}; it is {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    then = (
        f"lines since {period.begin} that are written already are under the old index: Loki does not find them any more"
        if has_begun
        else f"pods that still wait for their restart at midnight write lines of {period.begin} under the old index, "
        "where Loki does not find them"
    )
    return Problem(
        "schema-period-back-dated" if has_begun else "schema-period-too-soon",
        f"logstack:schemaPeriods[{number}].from",
        what,
        then,
        f'let it begin on a day to come, such as from: "{next_safe_day(now)}" (UTC); logstack schema add writes it',
    )
