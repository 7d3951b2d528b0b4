"""The derivation of sizes from the stated ingest, line by line, and the storage that the lines take."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from logstack.plan.prices import Cost, monthly_cost
from logstack.plan.section import Section
from logstack.settings.load.loader import Stack
from logstack.settings.model.quantities import plain_ingest
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
from logstack.settings.tree import Settings
from logstack.text.blocks import Heading, Labelled
from logstack.text.words import Facts, spoken_duration, spoken_size

_GB, _TB = 10**9, 10**12
_COPIES = ": replicas write the same objects where streams fill their chunks, and others where age cuts them (measured)"
# With three digits, a size rounds to a thousand of the smaller unit from here on.
_ROUNDED = 0.9995


@dataclass(frozen=True)
class Value:
    """One key of the stack file."""

    key: str
    derived: str
    """From the ingest."""
    used: str
    """In the deployed stack."""
    because: str
    is_stated: bool
    """Whether the stack file states it, which has precedence."""


@dataclass(frozen=True)
class Storage:
    """The storage that the lines take."""

    codec: str
    share: float
    """Bytes stored for each byte of lines, of one copy; measured."""
    daily_bytes: tuple[int, int]
    """With full chunks, which replicas share as objects, and with chunks that age cuts."""
    whole_bytes: tuple[int, int]
    """Once lines are deleted as fast as they come in."""
    counted_for: timedelta | None
    """The longest retention, which the total assumes for every line; None where all have the same."""
    puts_daily: tuple[int, int] | None
    """PUT requests, with full chunks and with small ones; None without a bucket."""
    volume_bytes: int | None
    """Of the volume that stores the lines; None with a bucket outside the stack."""
    full_after: timedelta | None
    """None where the volume holds the whole retention."""
    cost: Cost | None
    """For the larger numbers; None outside AWS, and in regions without a price here."""


@dataclass(frozen=True)
class Sizing:
    """The derivation of a stack from an ingest."""

    ingest: str
    bytes_a_day: int
    bytes_a_second: int
    mode: str
    row_up_to: str
    source: str
    values: tuple[Value, ...]
    replay_ceiling_bytes: int
    log_bytes: int
    """Of the write-ahead log of one writer."""
    storage: Storage


def sizing_section(stack: Stack) -> Section:
    """Plan the sizes that follow from the ingest, and the storage."""
    sizing = plan_sizing(stack.settings)
    if sizing is None:
        return Section("Sizing: the stack file states no ingest", "sizing", None, facts=())
    derivation, storage = _sizing_facts(sizing), _storage_facts(sizing.storage, stack.settings.object_store.unpriced)
    keys_shown = ("stored in total", "volume", "cost")
    stored = [(label, text) for label, text in storage if label in keys_shown]
    return Section(
        title=f"Sizing from {sizing.ingest}",
        key="sizing",
        data=sizing,
        facts=[*derivation, *storage],
        layout=(Labelled(derivation), Heading(f"Storage for {sizing.ingest}"), Labelled(storage)),
        summary=(Labelled([*derivation[:1], *stored]),),
    )


def plan_sizing(settings: Settings) -> Sizing | None:
    """Derive sizes from the ingest; None without one."""
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
    from_ingest = _field_text(with_value(settings.complete, path, each.value), path)
    return Value(".".join(map(to_camel, path)), from_ingest, _used(settings, path), each.rule, each.is_stated)


def _used(settings: Settings, path: Sequence[str]) -> str:
    """Return the deployed value: the stack file's `size` decides the resources that it does not state."""
    group, name = path[0], path[-1]
    if group == "resources" and dict(settings.resources)[name] is None:
        return _field_text(with_value(settings.complete, path, settings.resources_of(name.replace("_", "-"))), path)
    return _field_text(settings.complete, path)


def _field_text(tree: BaseModel, path: Sequence[str]) -> str:
    """Return a key as a stack file would state it."""
    name, *below = path
    if below:
        group: BaseModel = dict(tree)[name]
        return _field_text(group, below)
    value = tree.model_dump(mode="json", include={name})[name]
    if isinstance(value, dict):
        words = {"cpu": "CPU ", "memory_limit": "limit "}
        return ", ".join(f"{words.get(key, '')}{amount}" for key, amount in value.items() if amount)
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


def _sizing_facts(sizing: Sizing) -> Facts:
    ceiling, log = spoken_size(sizing.replay_ceiling_bytes), spoken_size(sizing.log_bytes)
    return [
        ("ingest", f"{sizing.ingest}, {sizing.bytes_a_second / 1e6:.3g} MB/s on average"),
        ("row", f"{sizing.mode} up to {sizing.row_up_to}"),
        ("source", sizing.source),
        *((value.key, _value_words(value)) for value in sizing.values),
        ("WAL", f"takes {log} of a writer's volume (Loki's documentation); replay may take {ceiling} of memory"),
    ]


def _value_words(value: Value) -> str:
    if not value.is_stated:
        return f"{value.used}: {value.because}"
    return f"{value.used}: stated in the stack file; the ingest gives {value.derived}: {value.because}"


def _storage_facts(storage: Storage, unpriced: str) -> Facts:
    daily, whole = _span(storage.daily_bytes), _span(storage.whole_bytes)
    longest = f", if every line stays {spoken_duration(storage.counted_for)}" if storage.counted_for else ""
    return [
        ("ratio", f"{storage.share:g} bytes stored for each byte of lines: {storage.codec}, measured; lines differ"),
        ("stored a day", f"{daily}{'' if len(set(storage.daily_bytes)) == 1 else _COPIES}"),
        ("stored in total", f"{whole}, once Loki deletes lines as fast as they arrive{longest}"),
        *([("volume", _volume_words(storage, storage.volume_bytes))] if storage.volume_bytes else []),
        *([("PUT requests", _requests_words(storage.puts_daily))] if storage.puts_daily else []),
        *([("cost", _cost_words(storage.cost))] if storage.cost else []),
        *([("cost", f"unknown: logstack has no prices of {unpriced}")] if unpriced else []),
    ]


def _requests_words(puts: tuple[int, int]) -> str:
    return f"{_span(puts, '{:,}'.format)} a day, with full chunks or with small ones (measured)"


def _span(both: tuple[int, int], spell: Callable[[int], str] | None = None) -> str:
    words = [(spell or _decimal)(each) for each in both]
    return words[0] if words[0] == words[1] else f"{words[0]} to {words[1]}"


def _decimal(size: int) -> str:
    """Return a size as disks and clouds count: GB and TB are powers of 1000."""
    return f"{size / _TB:.3g} TB" if size >= _TB * _ROUNDED else f"{size / _GB:.3g} GB"


def _volume_words(storage: Storage, volume: int) -> str:
    if storage.full_after is None:
        return f"{spoken_size(volume)} holds the whole retention"
    return (
        f"{spoken_size(volume)}: full after {spoken_duration(storage.full_after)}, before Loki deletes the first line"
    )


def _cost_words(cost: Cost) -> str:
    cheaper = "; AWS is expected to charge less above 50 TB" if cost.above_first_tier else ""
    total = cost.storage + cost.puts
    return (
        f"expected ${total:,.0f} a month at most in {cost.region}: ${cost.storage:,.0f} for storage, ${cost.puts:,.0f} "
        f"for writes{cheaper}; reads cost extra (AWS's list prices of {cost.as_of})"
    )
