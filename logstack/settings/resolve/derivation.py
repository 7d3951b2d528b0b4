"""From an ingest to settings: what each key is by the sizing table, and which of them the stack file says itself.

`Settings` takes what is derived when it is made, so whoever reads settings reads one resolved tree, and what was said
wins: pydantic's `model_fields_set` knows that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from pydantic import BaseModel

from logstack.settings.model.loki import Caches, Limits, LokiSettings, Replicas, SizeOverrides
from logstack.settings.model.sizes import SIZES, Resources, SizeName
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

if TYPE_CHECKING:
    from logstack.settings.model.tree import Settings

_DAY_SECONDS = 86400
_MIB, _GIB = 1024**2, 1024**3
_CPU_STEP = 50
# As the size tables say it: what a collector holds at 1 MiB/s is in its least memory already.
_MEMORY_STEP = 128 * _MIB
_DISK_STEP = 5 * _GIB
# The fewest replicas of which one may be lost, and the nodes that they need.
_AVAILABLE = 3
_PAIR = 2


@dataclass(frozen=True)
class Derived:
    """One key of the stack file and what the ingest makes of it."""

    group: str
    """The field of `Settings`; empty for a key at the top."""
    name: str
    """The field of the group."""
    value: object
    """What is derived."""
    because: str
    """Of what, by which rule or row."""
    is_stated: bool
    """Whether the stack file says the key itself, which wins."""


def average_rate(ingest: int) -> Fraction:
    """Bytes a second of an ingest."""
    return Fraction(ingest, _DAY_SECONDS)


def derived(settings: "Settings") -> tuple[Derived, ...]:
    """Everything that the ingest decides; nothing without one."""
    if settings.ingest is None:
        return ()
    row = row_of(settings.deployment_mode, settings.ingest)
    return (
        *_replicas(settings, row),
        *_resources(settings, settings.ingest, row),
        *_volumes(settings, settings.ingest),
        *_caches(settings, row),
        *_limits(settings.limits, settings.ingest, row),
    )


def resolved(settings: "Settings") -> dict[str, object]:
    """The fields of the tree that follow from others, with what the stack file says in its place."""
    changed: dict[str, object] = {} if settings.size else {"size": SizeName.SMALL}
    groups: dict[str, dict[str, object]] = {}
    for each in derived(settings):
        if not each.is_stated:
            groups.setdefault(each.group, {})[each.name] = each.value
    if disks := _disks(settings):
        groups.setdefault("resources", {}).update(disks)
    for name, values in groups.items():
        changed |= {name: with_values(getattr(settings, name), values)} if name else values
    return changed


def with_values(group: BaseModel, values: dict[str, object]) -> BaseModel:
    """The group with derived values; what was stated stays known."""
    return type(group).model_construct(_fields_set=group.model_fields_set, **{**dict(group), **values})


def _disks(settings: "Settings") -> dict[str, object]:
    """Parts whose CPU and memory are stated without a disk, with that of the row or the size: without one said the
    chart makes a volume of its own, whose claims go with the StatefulSet."""
    table = SIZES[settings.size or SizeName.SMALL]
    if settings.ingest is not None and not _is_sized(settings):
        row = row_of(settings.deployment_mode, settings.ingest)
        table = table | {part: size for part, size, _ in _sizes(settings, settings.ingest, row)}
    found: dict[str, object] = {}
    for part, size in table.items():
        name = part.replace("-", "_")
        said: Resources | None = getattr(settings.resources, name)
        if said and not said.disk and size.disk:
            found[name] = with_values(said, {"disk": size.disk})
    return found


def _is_sized(settings: "Settings") -> bool:
    """Whether the stack file names the size of every part."""
    return bool(settings.size) and "size" in settings.model_fields_set


def _replicas(settings: "Settings", row: SizingRow) -> Iterator[Derived]:
    stated = settings.replicas.model_fields_set
    for role, pods in row.roles.items():
        name = role.replace("-", "_")
        if name in Replicas.model_fields:
            count, why = _count(settings, role, pods.replicas)
            yield Derived("replicas", name, count, why or "the row", name in stated)


def _count(settings: "Settings", role: str, replicas: int) -> tuple[int, str]:
    """The row's pods, or as many writers as there are copies of a line; a directory has one user."""
    if settings.object_store.on_loki_volume:
        return 1, "one user of a directory"
    copies = settings.replication_factor
    if role != settings.writer or copies <= replicas:
        return replicas, ""
    enough = _AVAILABLE if role == MONOLITHIC and copies == _PAIR else copies
    return enough, f"a writer for each of {copies} copies"


def _resources(settings: "Settings", ingest: int, row: SizingRow) -> Iterator[Derived]:
    whole = _is_sized(settings)
    yield Derived("", "size", row.size, "the row's other parts", whole)
    for part, size, why in _sizes(settings, ingest, row):
        name = part.replace("-", "_")
        if name in SizeOverrides.model_fields:
            yield Derived("resources", name, size, why, whole or name in settings.resources.model_fields_set)


def _sizes(settings: "Settings", ingest: int, row: SizingRow) -> Iterator[tuple[str, Resources, str]]:
    """Parts, what a pod of each needs, and why."""
    for role, pods in row.roles.items():
        if role == settings.writer and settings.object_store.on_loki_volume:
            yield role, _with_store(settings, ingest, pods.size), "the row, and room for the retention"
        else:
            yield role, pods.size, "the row"
    nodes = _node_count(settings, row)
    over = f"over {nodes} node{'s' if nodes > 1 else ''}"
    why = f"a core and 120Mi for each MiB/s {over}, size {row.size}'s at least"
    yield "alloy", _alloy(ingest, row, nodes), why


def _alloy(ingest: int, row: SizingRow, nodes: int) -> Resources:
    """One node's share of the lines."""
    share = average_rate(ingest) / _MIB / nodes
    least = SIZES[row.size]["alloy"]
    cpu = _up(share * ALLOY_CPU_PER_MIB, _CPU_STEP)
    memory = _up(share * ALLOY_MEMORY_PER_MIB, _MEMORY_STEP)
    return Resources.model_construct(cpu=max(least.cpu, cpu), memory=least.memory + memory - _MEMORY_STEP)


def _node_count(settings: "Settings", row: SizingRow) -> int:
    """At least as many nodes as the largest role has pods, for no two of them share one."""
    return 1 if settings.cluster.single_node else max(_AVAILABLE, *(pods.replicas for pods in row.roles.values()))


def _with_store(settings: "Settings", ingest: int, size: Resources) -> Resources:
    """The log's volume, and on it what is kept."""
    disk = (size.disk or 0) + _room(settings, ingest)
    return Resources.model_construct(cpu=size.cpu, memory=size.memory, disk=disk)


def _room(settings: "Settings", ingest: int) -> int:
    return _up(stored_in_all(ingest, settings.replication_factor, settings.retention_periods) / FULL, _DISK_STEP)


def _volumes(settings: "Settings", ingest: int) -> Iterator[Derived]:
    store = settings.object_store
    if store.default_volume:
        size = max(_room(settings, ingest), store.default_volume)
        yield Derived("object_store", "size", size, "room for the retention", "size" in store.model_fields_set)


def _caches(settings: LokiSettings, row: SizingRow) -> Iterator[Derived]:
    stated = settings.caches.model_fields_set
    for name in Caches.model_fields:
        yield Derived("caches", name, row.caches.get(name), "the row", name in stated)


def _limits(limits: Limits, ingest: int, row: SizingRow) -> Iterator[Derived]:
    """Never below the defaults."""
    stated, least = limits.model_fields_set, {name: field.default for name, field in Limits.model_fields.items()}
    rate = max(least["ingestion_rate"], _up(average_rate(ingest) * PEAK, _MIB))
    yield Derived(
        "limits", "ingestion_rate", rate, f"{PEAK} times the average, the default at least", "ingestion_rate" in stated
    )
    taken = limits.ingestion_rate if "ingestion_rate" in stated else rate
    burst = max(least["ingestion_burst"], BURST * taken)
    why = f"{BURST} times ingestionRate, the default at least"
    yield Derived("limits", "ingestion_burst", burst, why, "ingestion_burst" in stated)
    yield Derived("limits", "max_streams", row.max_streams, "the row", "max_streams" in stated)


def _up(value: Fraction | float, step: int) -> int:
    """The next whole multiple of a step."""
    return ceil(value / step) * step
