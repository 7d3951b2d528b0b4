"""Whether the schema's history stays as it was applied: Loki finds a line only by the schema and store of its day."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from logstack.manifests.loki.retention import Section, section
from logstack.settings.checks.acknowledgements import LEFT
from logstack.settings.problems import Problem

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
    place: str
    """The object store: where its bucket is, or `filesystem`."""

    def __str__(self) -> str:
        return f'{{from: "{self.begin}", store: {self.store}, schema: {self.schema}, indexPrefix: {self.prefix}}}'


@dataclass(frozen=True)
class Left:
    """Lines that stay where Loki does not look for them any more."""

    days: str
    before: str
    """The store that they are in."""
    after: str

    @property
    def acknowledgement(self) -> str:
        """What a stack file says to accept it."""
        return f"{LEFT}{self.before}"

    def problem(self) -> Problem:
        """Where the lines are, and the two ways on."""
        return Problem(
            "object-store-left",
            "logstack:objectStore",
            f"the lines {self.days} are in {self.before}, and Loki would look for them in {self.after}",
            "nobody finds them any more, and nothing deletes them when their retention is over",
            "move in stages, which reads both until then: logstack migrate STACK --to FILE\n"
            "where it is one store under two addresses, or the lines may be lost, accept it:\n"
            f"logstack:acknowledge: ['{self.acknowledgement}']",
        )


def periods_of(config: Section) -> tuple[Period, ...]:
    """The periods of a loki.yaml."""
    configs = section(config.get("schema_config")).get("configs")
    places = _places(config)
    return tuple(_period(section(each), places) for each in (configs if isinstance(configs, Sequence) else ()))


def _period(said: Mapping[str, object], places: Mapping[str, str]) -> Period:
    index, store = said["index"], str(said["object_store"])
    prefix = str(section(index).get("prefix", ""))
    begin = date.fromisoformat(str(said["from"]))
    return Period(begin, str(said["store"]), str(said["schema"]), prefix, places.get(store, store))


def _places(config: Section) -> dict[str, str]:
    """Where each store is that a period can name; that of a directory is its name."""
    stores = dict(section(section(config.get("common")).get("storage")))
    stores |= section(section(section(config.get("storage_config")).get("named_stores")).get("aws"))
    return {name: _place(section(said)) for name, said in stores.items() if "bucketnames" in section(said)}


def _place(s3: Section) -> str:
    return f"{str(s3.get('endpoint') or 's3:/').rstrip('/')}/{s3['bucketnames']}"


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
    begins = {period.begin: (number, period) for number, period in enumerate(written)}
    for period, end in _with_lines(applied, longest, now):
        number, now_written = begins.get(period.begin, (0, None))
        if now_written is None or replace(now_written, place=period.place) != period:
            yield _changed(period, now_written, number, end)
    known = {period.begin for period in applied}
    for number, period in enumerate(written):
        follower = written[number + 1].begin if number + 1 < len(written) else None
        is_older = follower is not None and follower <= applied[0].begin
        if period.begin not in known and not is_older and _is_late(period.begin, now):
            yield _late(period, number, now)


def left_behind(
    applied: Sequence[Period], written: Sequence[Period], longest: timedelta, now: datetime
) -> Iterator[Left]:
    """The lines that a change leaves in a store where Loki does not look for them; as broken_history."""
    places = {period.begin: period.place for period in written}
    for period, end in _with_lines(applied, longest, now):
        place = places.get(period.begin, period.place)
        if place != period.place:
            yield Left(_days(period, end), period.place, place)


def _with_lines(applied: Sequence[Period], longest: timedelta, now: datetime) -> Iterator[tuple[Period, date | None]]:
    """The periods that have begun and whose lines have not all expired, each with the day on which the next begins."""
    oldest = now.astimezone(UTC).date() - longest - _DAY
    ends = [*(after.begin for after in applied[1:]), None]
    for period, end in zip(applied, ends, strict=True):
        if _is_late(period.begin, now) and (end is None or end > oldest):
            yield period, end


def _changed(applied: Period, written: Period | None, number: int, end: date | None) -> Problem:
    as_now = f"written now: {written}" if written else "it is not there any more"
    return Problem(
        "schema-period-edited" if written else "schema-period-removed",
        f"logstack:schemaPeriods[{number}]" if written else "logstack:schemaPeriods",
        f"applied: {applied}\n{as_now}",
        f"Loki looks for the lines {_days(applied, end)} under another index and does not find them, "
        "though they are in the store",
        f"put it back as it was applied: {applied}\nanother schema is a new period below it: logstack schema add",
    )


def _days(period: Period, end: date | None) -> str:
    return f"from {period.begin} to {end}" if end else f"since {period.begin}"


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
