"""What the stated ingest makes of the stack, line by line, and what its lines take where they are kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from logstack.plan.prices import Cost, monthly_cost
from logstack.settings.model.quantities import plain_ingest
from logstack.settings.model.tree import Settings
from logstack.settings.resolve.derivation import Derivation, average_rate, with_value
from logstack.settings.resolve.sizing import WAL_SECONDS, row_of
from logstack.settings.resolve.storage import (
    CODEC,
    STORED_SHARES,
    filled_after,
    puts_daily,
    stored_daily,
    stored_in_all,
)
from logstack.text.words import Facts, spoken_duration, spoken_size

_GB, _TB = 10**9, 10**12
_COPIES = ": copies are the same objects where streams fill their chunks, and are not where age cuts them (measured)"
# What is said with three digits is a thousand of the smaller unit from here on.
_ROUNDED = 0.9995


@dataclass(frozen=True)
class Value:
    """One key of the stack file."""

    key: str
    derived: str
    """What the ingest makes of it."""
    used: str
    """What is deployed."""
    because: str
    is_stated: bool
    """Whether the stack file says it, which wins."""


@dataclass(frozen=True)
class Storage:
    """What the lines take where they are kept."""

    codec: str
    share: float
    """Bytes stored for each byte of lines, of one copy; measured."""
    daily_bytes: tuple[int, int]
    """Where the writers' chunks are the same objects, and where they are cut by age."""
    whole_bytes: tuple[int, int]
    """Once lines are deleted as fast as they come in."""
    counted_for: timedelta | None
    """The longest period, for which all lines are counted; None where there is no other."""
    puts_daily: tuple[int, int] | None
    """Requests that write, with full chunks and with small ones; None where there is no bucket."""
    volume_bytes: int | None
    """Of the volume that lines are kept on; None with a bucket of somebody else's."""
    full_after: timedelta | None
    """None where the retention ends before that."""
    cost: Cost | None
    """Of the larger numbers; None outside of AWS, and in regions without a price here."""


@dataclass(frozen=True)
class Sizing:
    """From an ingest to a stack."""

    ingest: str
    bytes_a_day: int
    bytes_a_second: int
    mode: str
    row_up_to: str
    source: str
    values: tuple[Value, ...]
    replay_ceiling_bytes: int
    log_bytes: int
    """What the write-ahead log of one writer takes."""
    storage: Storage


def sizing(settings: Settings) -> Sizing | None:
    """What follows from the ingest; None without one."""
    if settings.ingest is None:
        return None
    row = row_of(settings.deployment_mode, settings.ingest)
    average = average_rate(settings.ingest)
    return Sizing(
        ingest=plain_ingest(settings.ingest),
        bytes_a_day=settings.ingest,
        bytes_a_second=round(average),
        mode=settings.deployment_mode,
        row_up_to=plain_ingest(row.up_to),
        source=row.source,
        values=tuple(
            _value(settings, origin.derivation)
            for origin in settings.provenance.values()
            if origin.derivation and origin.derivation.is_of_ingest
        ),
        replay_ceiling_bytes=settings.replay_ceiling,
        log_bytes=round(average * settings.replication_factor / settings.writers * WAL_SECONDS),
        storage=_storage(settings, settings.ingest),
    )


def _value(settings: Settings, each: Derivation) -> Value:
    path = each.key.split(".")
    would = _said(with_value(settings.complete, path, each.value), path)
    return Value(".".join(map(to_camel, path)), would, _used(settings, path), each.rule, each.is_stated)


def _used(settings: Settings, path: Sequence[str]) -> str:
    """A size that the stack file names decides the resources that it does not name."""
    group, name = path[0], path[-1]
    if group == "resources" and dict(settings.resources)[name] is None:
        return _said(with_value(settings.complete, path, settings.resources_of(name.replace("_", "-"))), path)
    return _said(settings.complete, path)


def _said(tree: BaseModel, path: Sequence[str]) -> str:
    """A key as the stack file would say it."""
    name, *below = path
    if below:
        inner: BaseModel = dict(tree)[name]
        return _said(inner, below)
    value = tree.model_dump(mode="json", include={name})[name]
    if isinstance(value, dict):
        words = (f"{'CPU ' if key == 'cpu' else ''}{said}" for key, said in value.items() if said)
        return ", ".join(words)
    return "none" if value is None else str(value)


def _storage(settings: Settings, ingest: int) -> Storage:
    copies, periods, store = settings.replication_factor, settings.retention_periods, settings.object_store
    volume = store.line_volume(settings.writer, settings.resources_of(settings.writer).disk)
    puts = puts_daily(ingest, copies, settings.limits.max_streams * max(1, len(settings.tenant_names)))
    whole = tuple(round(stored_in_all(ingest, number, periods)) for number in (1, copies))
    return Storage(
        codec=CODEC,
        share=STORED_SHARES[CODEC],
        daily_bytes=(round(stored_daily(ingest, 1)), round(stored_daily(ingest, copies))),
        whole_bytes=(whole[0], whole[1]),
        counted_for=None if settings.has_one_period else settings.longest_retention,
        puts_daily=None if store.on_loki_volume else puts,
        volume_bytes=volume.size if volume else None,
        full_after=filled_after(volume.size, ingest, copies, periods) if volume and volume.size else None,
        cost=monthly_cost(store.in_aws.region, whole[1], puts[1]) if store.in_aws else None,
    )


def sizing_facts(found: Sizing) -> Facts:
    """The derivation, line by line."""
    ceiling, log = spoken_size(found.replay_ceiling_bytes), spoken_size(found.log_bytes)
    return [
        ("ingest", f"{found.ingest}, {found.bytes_a_second / 1e6:.3g} MB/s on average"),
        ("row", f"{found.mode} up to {found.row_up_to}"),
        ("source", found.source),
        *((value.key, _value_words(value)) for value in found.values),
        ("log", f"takes {log} of a writer's volume (Loki's documentation); replaying it may take {ceiling} of memory"),
    ]


def _value_words(value: Value) -> str:
    if not value.is_stated:
        return f"{value.used}: {value.because}"
    return f"{value.used}: the stack file says it; derived were {value.derived}: {value.because}"


def storage_facts(found: Storage) -> Facts:
    """What the lines take."""
    daily, whole = _span(found.daily_bytes), _span(found.whole_bytes)
    return [
        ("ratio", f"{found.share:g} bytes for each byte of lines: {found.codec}, measured; lines differ"),
        ("a day", f"{daily}{'' if len(set(found.daily_bytes)) == 1 else _COPIES}"),
        ("in all", f"{whole}, when lines are deleted as fast as they come in{_counted_words(found.counted_for)}"),
        *([("volume", _volume_words(found, found.volume_bytes))] if found.volume_bytes else []),
        *([("requests", _requests_words(found.puts_daily))] if found.puts_daily else []),
        *([("cost", _cost_words(found.cost))] if found.cost else []),
    ]


def _counted_words(period: timedelta | None) -> str:
    return f", were all kept for {spoken_duration(period)}" if period else ""


def _requests_words(puts: tuple[int, int]) -> str:
    return f"{_span(puts, '{:,}'.format)} PUTs a day, of full chunks or of small ones (measured)"


def _span(both: tuple[int, int], said: Callable[[int], str] | None = None) -> str:
    words = [(said or _decimal)(each) for each in both]
    return words[0] if words[0] == words[1] else f"{words[0]} to {words[1]}"


def _decimal(size: int) -> str:
    """As disks and clouds count: GB and TB are powers of 1000."""
    return f"{size / _TB:.3g} TB" if size >= _TB * _ROUNDED else f"{size / _GB:.3g} GB"


def _volume_words(found: Storage, volume: int) -> str:
    if found.full_after is None:
        return f"{spoken_size(volume)} holds the whole retention"
    return f"{spoken_size(volume)}: full after {spoken_duration(found.full_after)}, before the first line is deleted"


def _cost_words(cost: Cost) -> str:
    cheaper = "; less, for AWS asks less above 50 TB" if cost.above_first_tier else ""
    total = cost.storage + cost.puts
    return (
        f"${total:,.0f} a month at most in {cost.region}: ${cost.storage:,.0f} for storage, ${cost.puts:,.0f} for "
        f"writes{cheaper}; reads come on top (AWS's list prices of {cost.as_of})"
    )
