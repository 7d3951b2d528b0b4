"""Checks that the applied schema history is unchanged: Loki finds a line only by the schema and store of its day."""

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
    """One schema period of a loki.yaml."""

    begin: date
    """Its first day, in UTC."""
    store: str
    schema: str
    prefix: str
    """Of the index tables."""
    location: str
    """The object store: its endpoint and bucket, or `filesystem`."""

    def __str__(self) -> str:
        return f'{{from: "{self.begin}", store: {self.store}, schema: {self.schema}, indexPrefix: {self.prefix}}}'


@dataclass(frozen=True)
class AbandonedLines:
    """Lines in a store that Loki no longer reads."""

    days: str
    before: str
    """The store with the lines."""
    after: str

    @property
    def acknowledgement(self) -> str:
        """Return the acknowledgement that accepts the loss in a stack file."""
        return f"{LEFT}{self.before}"

    def problem(self) -> Problem:
        """Return the problem: the store with the lines, and the two ways out."""
        return Problem(
            "object-store-left",
            "logstack:objectStore",
            f"the lines {self.days} are in {self.before}, but Loki would look for them in {self.after}",
            "no query finds them, and nothing deletes them when their retention ends",
            "move in stages, so that Loki reads both stores until then: logstack migrate STACK --to FILE\n"
            "if both addresses reach one store, or you can lose the lines, accept it:",
        )


def periods_of(config: Section) -> tuple[Period, ...]:
    """Return the schema periods of a loki.yaml."""
    configs = section(config.get("schema_config")).get("configs")
    locations = _locations(config)
    return tuple(_period(section(each), locations) for each in (configs if isinstance(configs, Sequence) else ()))


def _period(entry: Mapping[str, object], locations: Mapping[str, str]) -> Period:
    index, store = entry["index"], str(entry["object_store"])
    prefix = str(section(index).get("prefix", ""))
    begin = date.fromisoformat(str(entry["from"]))
    return Period(begin, str(entry["store"]), str(entry["schema"]), prefix, locations.get(store, store))


def _locations(config: Section) -> dict[str, str]:
    """The location of each store that a period can name; a directory's location is its name."""
    storage = section(config.get("storage_config"))
    stores = dict(section(section(config.get("common")).get("storage")))
    stores |= section(section(storage.get("named_stores")).get("aws"))
    found = {name: _location(section(s3)) for name, s3 in stores.items() if "bucketnames" in section(s3)}
    by_kind = section(storage.get("object_store"))
    named = section(by_kind.get("named_stores"))
    thanos = [(kind, kind, store) for kind, store in by_kind.items() if kind != "named_stores"]
    thanos += [(name, kind, store) for kind, stores in named.items() for name, store in section(stores).items()]
    return found | {name: _thanos_location(kind, section(store)) for name, kind, store in thanos}


def _location(s3: Section) -> str:
    return f"{str(s3.get('endpoint') or 's3:/').rstrip('/')}/{s3['bucketnames']}"


def _thanos_location(kind: str, store: Section) -> str:
    """Return the same location for S3 as with the other client; a directory's is its kind."""
    names = "/".join(str(store[key]) for key in ("account_name", "bucket_name", "container_name") if key in store)
    if "endpoint" in store:
        return f"{'http' if store.get('insecure') else 'https'}://{str(store['endpoint']).rstrip('/')}/{names}"
    return f"{kind}://{names}" if names else kind


def next_safe_day(now: datetime) -> date:
    """Return the first day that leaves a whole day for review and roll-out; `now` has a time zone."""
    return now.astimezone(UTC).date() + 2 * _DAY


def broken_history(
    applied: Sequence[Period], declared: Sequence[Period], longest: timedelta, now: datetime
) -> Iterator[Problem]:
    """Yield a problem for each change of the periods after which Loki does not find existing lines.

    `longest` is the longest retention, before and after the change: older lines are gone. `now` has a time zone.
    Without applied periods there are no lines, so every written period is fine.
    """
    if not applied:
        return
    begins = {period.begin: (number, period) for number, period in enumerate(declared)}
    for period, end in _with_lines(applied, longest, now):
        number, period_now = begins.get(period.begin, (0, None))
        if period_now is None or replace(period_now, location=period.location) != period:
            yield _changed(period, period_now, number, end)
    applied_begins = {period.begin for period in applied}
    for number, period in enumerate(declared):
        follower = declared[number + 1].begin if number + 1 < len(declared) else None
        is_older = follower is not None and follower <= applied[0].begin
        if period.begin not in applied_begins and not is_older and _is_late(period.begin, now):
            yield _late(period, number, now)


def abandoned_lines(
    applied: Sequence[Period], declared: Sequence[Period], longest: timedelta, now: datetime
) -> Iterator[AbandonedLines]:
    """Yield the lines that a change leaves in a store that Loki no longer reads; arguments as in broken_history."""
    locations = {period.begin: period.location for period in declared}
    for period, end in _with_lines(applied, longest, now):
        location = locations.get(period.begin, period.location)
        if location != period.location:
            yield AbandonedLines(_days(period, end), period.location, location)


def _with_lines(applied: Sequence[Period], longest: timedelta, now: datetime) -> Iterator[tuple[Period, date | None]]:
    """The begun periods that still have lines, each with the first day of the next one."""
    oldest = now.astimezone(UTC).date() - longest - _DAY
    ends = [*(after.begin for after in applied[1:]), None]
    for period, end in zip(applied, ends, strict=True):
        if _is_late(period.begin, now) and (end is None or end > oldest):
            yield period, end


def _changed(applied: Period, declared: Period | None, number: int, end: date | None) -> Problem:
    stated = f"in the stack file: {declared}" if declared else "the stack file no longer has this period"
    return Problem(
        "schema-period-edited" if declared else "schema-period-removed",
        f"logstack:schemaPeriods[{number}]" if declared else "logstack:schemaPeriods",
        f"applied: {applied}\n{stated}",
        f"Loki looks for the lines {_days(applied, end)} under another index and does not find them, "
        "although they are in the store",
        f"restore the applied period: {applied}\n"
        "for another schema, add a new period below it: logstack schema add STACK",
    )


def _days(period: Period, end: date | None) -> str:
    return f"from {period.begin} to {end}" if end else f"since {period.begin}"


def _is_late(begin: date, now: datetime) -> bool:
    midnight = datetime(begin.year, begin.month, begin.day, tzinfo=UTC)
    return midnight - now < _ROLL_OUT


def _late(period: Period, number: int, now: datetime) -> Problem:
    today = now.astimezone(UTC).date()
    has_begun = period.begin <= today
    what = f"the period is new: {period}; the time is {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    then = (
        f"existing lines since {period.begin} are under the old index: Loki no longer finds them"
        if has_begun
        else f"pods that have not restarted by midnight write lines of {period.begin} under the old index, "
        "and Loki does not find them"
    )
    return Problem(
        "schema-period-back-dated" if has_begun else "schema-period-too-soon",
        f"logstack:schemaPeriods[{number}].from",
        what,
        then,
        f'start it on a future day, such as from: "{next_safe_day(now)}" (UTC): logstack schema add STACK --write',
    )
