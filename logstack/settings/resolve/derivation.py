"""From a stack file to all settings: the value that a rule gives a key, and the keys that the rule reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import ceil
from typing import TypeVar

from pydantic import BaseModel

from logstack.settings.model.loki import Caches, Limits, Replicas, SizeOverrides
from logstack.settings.model.sizes import SIZES, Resources, SizeName
from logstack.settings.model.sources import NO_SOURCE
from logstack.settings.model.stack_file import StackFile
from logstack.settings.resolve.sizing import (
    ALLOY_CPU_PER_MIB,
    ALLOY_MEMORY_PER_MIB,
    BURST,
    MONOLITHIC,
    PEAK,
    SizingRow,
    row_of,
)
from logstack.settings.resolve.storage import FULL, stored_in_all

_DAY_SECONDS = 86400
_MIB, _GIB = 1024**2, 1024**3
_CPU_STEP = 50
# As the size tables say it: what a collector holds at 1 MiB/s is in its least memory already.
_MEMORY_STEP = 128 * _MIB
_DISK_STEP = 5 * _GIB
# The fewest replicas of which one may be lost, and the nodes that they need.
_AVAILABLE = 3
_PAIR = 2
# Keys that rules read: of the row, and of the room that lines take.
_ROW = ("ingest", "deployment_mode")
_ROOM = ("ingest", "replication_factor", "retention", "retention_streams", "tenants")

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Derivation:
    """One key of the stack file, and the value that a rule derives for it."""

    key: str
    """The path of fields below `Settings`, such as `size` or `replicas.query_frontend`."""
    value: object
    """The derived value."""
    rule: str
    """The rule or the row of the table."""
    reads: tuple[str, ...]
    """The keys that the rule reads."""
    is_stated: bool = False
    """Whether the stack file decides the key itself, which wins."""
    is_of_ingest: bool = True
    """Whether the ingest decides it; else the size alone."""


def average_rate(ingest: int) -> Fraction:
    """Return the bytes a second of an ingest."""
    return Fraction(ingest, _DAY_SECONDS)


def resolve(stated: StackFile) -> StackFile:
    """Return a stack file that states every key: stated values, derived values and defaults."""
    sized = stated if stated.size else with_value(stated, ("size",), SizeName.SMALL)
    derived = (each for each in derivations(stated) if not each.is_stated)
    return reduce(lambda tree, each: with_value(tree, each.key.split("."), each.value), derived, sized)


def derivations(stated: StackFile) -> tuple[Derivation, ...]:
    """Return the derived values of a stack file, for stated keys too; without an ingest only disks."""
    if stated.ingest is None:
        return (*_disks(stated), *_without_collector(stated))
    row = row_of(stated.deployment_mode, stated.ingest)
    return (
        *_replicas(stated, row),
        *_resources(stated, stated.ingest, row),
        *_volumes(stated, stated.ingest),
        *_caches(stated, row),
        *_limits(stated.limits, stated.ingest, row),
        *_disks(stated),
        *_without_collector(stated),
    )


def with_value(group: Model, path: Sequence[str], value: object) -> Model:
    """Return the group with another value at a path below it, and with the same stated keys."""
    name, *below = path
    values = dict(group)
    inner = values[name]
    values[name] = with_value(inner, below, value) if below and isinstance(inner, BaseModel) else value
    return type(group).model_construct(_fields_set=group.model_fields_set, **values)


def _disks(stated: StackFile) -> Iterator[Derivation]:
    """Derive the disk of components with stated CPU and memory: without a disk, the chart would make a volume of its
    own size, and delete its claims with the StatefulSet."""
    name_of_size = stated.size or SizeName.SMALL
    rows: dict[str, tuple[Resources, str, tuple[str, ...]]] = {
        part: (size, f"size {name_of_size}", _ROW) for part, size in SIZES[name_of_size].items()
    }
    if stated.ingest is not None and not _is_sized(stated):
        row = row_of(stated.deployment_mode, stated.ingest)
        rows |= {part: (size, why, reads) for part, size, why, reads in _sizes(stated, stated.ingest, row)}
    resources: dict[str, Resources | None] = dict(stated.resources)
    for part, (size, why, reads) in rows.items():
        name = part.replace("-", "_")
        stated_size = resources[name]
        if stated_size and not stated_size.disk and size.disk:
            key = f"resources.{name}.disk"
            yield Derivation(key, size.disk, f"{why}: no disk is stated", (*reads, "size"), is_of_ingest=False)


def _without_collector(stated: StackFile) -> Iterator[Derivation]:
    """Derive that no source is read, and that the canary pushes its lines itself."""
    if stated.collector.enabled:
        return
    for key, value, group in (
        *((f"collector.sources.{name}", value, stated.collector.sources) for name, value in NO_SOURCE.items()),
        ("canary.route", "direct", stated.canary),
    ):
        is_stated = key.rpartition(".")[2] in group.model_fields_set
        yield Derivation(key, value, "no collector runs", ("collector.enabled",), is_stated, is_of_ingest=False)


def _is_sized(stated: StackFile) -> bool:
    """Whether the stack file names the size of every part."""
    return bool(stated.size) and "size" in stated.model_fields_set


def _replicas(stated: StackFile, row: SizingRow) -> Iterator[Derivation]:
    for role, pods in row.roles.items():
        name = role.replace("-", "_")
        if name in Replicas.model_fields:
            count, why = _count(stated, role, pods.replicas)
            reads = (*_ROW, "object_store.kind", "replication_factor")
            is_stated = name in stated.replicas.model_fields_set
            yield Derivation(f"replicas.{name}", count, why or "the row", reads, is_stated)


def _count(stated: StackFile, role: str, replicas: int) -> tuple[int, str]:
    """The row's pods, or as many writers as there are copies of a line; a directory has one user."""
    if stated.object_store.on_loki_volume:
        return 1, "one user of a directory"
    copies = stated.replication_factor
    if role != stated.writer or copies <= replicas:
        return replicas, ""
    enough = _AVAILABLE if role == MONOLITHIC and copies == _PAIR else copies
    return enough, f"a writer for each of {copies} copies"


def _resources(stated: StackFile, ingest: int, row: SizingRow) -> Iterator[Derivation]:
    whole = _is_sized(stated)
    yield Derivation("size", row.size, "the row's other parts", _ROW, whole)
    for part, size, why, reads in _sizes(stated, ingest, row):
        name = part.replace("-", "_")
        if name in SizeOverrides.model_fields:
            is_stated = whole or name in stated.resources.model_fields_set
            yield Derivation(f"resources.{name}", size, why, (*reads, "size"), is_stated)


def _sizes(stated: StackFile, ingest: int, row: SizingRow) -> Iterator[tuple[str, Resources, str, tuple[str, ...]]]:
    """Yield components, the resources of a pod of each, the reason, and the keys that these depend on."""
    for role, pods in row.roles.items():
        if role == stated.writer and stated.object_store.on_loki_volume:
            size, why = _with_store(stated, ingest, pods.size), "the row, and room for the retention"
            yield role, size, why, (*_ROW, *_ROOM, "object_store.kind")
        else:
            yield role, pods.size, "the row", (*_ROW, "object_store.kind")
    nodes = _node_count(stated, row)
    over = f"over {nodes} node{'s' if nodes > 1 else ''}"
    why = f"a core and 120Mi for each MiB/s {over}, size {row.size}'s at least"
    yield "alloy", _alloy(ingest, row, nodes), why, (*_ROW, "cluster.single_node")


def _alloy(ingest: int, row: SizingRow, nodes: int) -> Resources:
    """One node's share of the lines."""
    share = average_rate(ingest) / _MIB / nodes
    least = SIZES[row.size]["alloy"]
    cpu = _up(share * ALLOY_CPU_PER_MIB, _CPU_STEP)
    memory = _up(share * ALLOY_MEMORY_PER_MIB, _MEMORY_STEP)
    return Resources.model_construct(cpu=max(least.cpu, cpu), memory=least.memory + memory - _MEMORY_STEP)


def _node_count(stated: StackFile, row: SizingRow) -> int:
    """At least as many nodes as the largest role has pods, for no two of them share one."""
    return 1 if stated.cluster.single_node else max(_AVAILABLE, *(pods.replicas for pods in row.roles.values()))


def _with_store(stated: StackFile, ingest: int, size: Resources) -> Resources:
    """Return the resources with a volume for the write-ahead log and for the stored lines."""
    disk = (size.disk or 0) + _room(stated, ingest)
    return Resources.model_construct(cpu=size.cpu, memory=size.memory, disk=disk)


def _room(stated: StackFile, ingest: int) -> int:
    return _up(stored_in_all(ingest, stated.replication_factor, stated.retention_periods) / FULL, _DISK_STEP)


def _volumes(stated: StackFile, ingest: int) -> Iterator[Derivation]:
    store = stated.object_store
    if store.default_volume:
        size = max(_room(stated, ingest), store.default_volume)
        is_stated = "size" in store.model_fields_set
        yield Derivation("object_store.size", size, "room for the retention", _ROOM, is_stated)


def _caches(stated: StackFile, row: SizingRow) -> Iterator[Derivation]:
    for name in Caches.model_fields:
        is_stated = name in stated.caches.model_fields_set
        yield Derivation(f"caches.{name}", row.caches.get(name), "the row", _ROW, is_stated)


def _limits(limits: Limits, ingest: int, row: SizingRow) -> Iterator[Derivation]:
    """Never below the defaults."""
    stated, least = limits.model_fields_set, {name: field.default for name, field in Limits.model_fields.items()}
    rate = max(least["ingestion_rate"], _up(average_rate(ingest) * PEAK, _MIB))
    why = f"{PEAK} times the average, the default at least"
    yield Derivation("limits.ingestion_rate", rate, why, ("ingest",), "ingestion_rate" in stated)
    rate_limit = limits.ingestion_rate if "ingestion_rate" in stated else rate
    burst = max(least["ingestion_burst"], BURST * rate_limit)
    why = f"{BURST} times ingestionRate, the default at least"
    reads = ("ingest", "limits.ingestion_rate")
    yield Derivation("limits.ingestion_burst", burst, why, reads, "ingestion_burst" in stated)
    yield Derivation("limits.max_streams", row.max_streams, "the row", _ROW, "max_streams" in stated)


def _up(value: Fraction | float, step: int) -> int:
    """The next whole multiple of a step."""
    return ceil(value / step) * step
