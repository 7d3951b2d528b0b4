"""The sizing table: the resources for an ingest, by mode and role; each row names its source.

`derivation.py` makes settings of it. Memory is request and limit in one, as in the sizes' table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from logstack.settings.model.quantities import parse_ingest, parse_size
from logstack.settings.model.roles import Role
from logstack.settings.model.sizes import SIZES, Resources, SizeName

MONOLITHIC, SIMPLE_SCALABLE, DISTRIBUTED = "monolithic", "simple-scalable", "distributed"
# Loki's documentation of the write-ahead log: 10 to 15 GB for 5 MB/s of one writer, so 3,000 s of what comes in.
WAL_SECONDS = 3000
# Alloy's documentation (estimate-resource-usage): a core and 120 MiB for each MiB/s. Measured: 4.6 MB/s of one core
# with everything that is on by default (docs/concepts/collector.md), so this leaves a factor of 4.
ALLOY_CPU_PER_MIB = 1000
ALLOY_MEMORY_PER_MIB = parse_size("120Mi")
# Of the average: logs come in waves, and what Loki refuses waits in the collectors.
PEAK = 3
BURST = 2


@dataclass(frozen=True)
class Pods:
    """The pods of one role."""

    replicas: int
    size: Resources


@dataclass(frozen=True)
class SizingRow:
    """The pods for an ingest up to a limit."""

    up_to: int
    """Bytes of lines a day."""
    roles: Mapping[Role, Pods]
    source: str
    """The source of the numbers."""
    size: SizeName = SizeName.MEDIUM
    """The size of the parts that are not named here: gateway, collector, canary, embedded store."""
    caches: Mapping[str, int] = field(default_factory=dict)
    """Sizes of the caches that there are."""
    max_streams: int = 10_000
    """Loki's guide for production; 25,000 in LokiStack's 1x.medium."""


@dataclass(frozen=True)
class Mode:
    """The table's rows for a deployment mode."""

    rows: tuple[SizingRow, ...]
    """From the least ingest to the most."""
    single_replica: int | None
    """The most bytes a day for one pod with every role; None for modes with separate roles."""
    then: str
    """The mode to use above the last row."""
    source: str
    """The source of the mode's limit."""


def _pods(replicas: int, cpu: str, memory: str, disk: str | None = None) -> Pods:
    return Pods(replicas, Resources.model_validate({"cpu": cpu, "memory": memory, "disk": disk}))


def _sized(size: SizeName, *roles: Role, replicas: int = 3) -> dict[Role, Pods]:
    return {role: Pods(replicas, SIZES[size][role]) for role in roles}


_CHARTS_CACHES = {"chunks": parse_size("8Gi"), "results": parse_size("1Gi")}
_HALF_OF_THESE = {"chunks": parse_size("4Gi"), "results": parse_size("512Mi")}
_PAGE = "Loki's size page, its tier below 3 TB a day (6 Gi for an ingester, as its sum says)"

SIZING: dict[str, Mode] = {
    MONOLITHIC: Mode(
        rows=(
            SizingRow(
                parse_ingest("7GB/day"),
                _sized(SizeName.SMALL, Role.MONOLITHIC, replicas=1),
                "size small: one stack runs such a pod for 50 GB a week, another gives it 500m and 2Gi",
                SizeName.SMALL,
            ),
            SizingRow(
                parse_ingest("20GB/day"),
                _sized(SizeName.MEDIUM, Role.MONOLITHIC, replicas=1),
                "size medium; Loki's page on deployment modes ends one pod at about 20 GB a day",
            ),
            SizingRow(
                parse_ingest("50GB/day"),
                _sized(SizeName.MEDIUM, Role.MONOLITHIC, replicas=3),
                "size medium, three of them; the chart ends the mode at a few tens of GB a day",
                caches={"chunks": parse_size("512Mi"), "results": parse_size("128Mi")},
            ),
        ),
        single_replica=parse_ingest("20GB/day"),
        then=SIMPLE_SCALABLE,
        source="the chart's values: up to a few tens of GB a day",
    ),
    SIMPLE_SCALABLE: Mode(
        rows=(
            SizingRow(
                parse_ingest("25GB/day"),
                _sized(SizeName.SMALL, Role.WRITE, Role.READ, Role.BACKEND),
                "size small: half of medium's writers and readers for a quarter of the lines",
                SizeName.SMALL,
            ),
            SizingRow(
                parse_ingest("110GB/day"),
                _sized(SizeName.MEDIUM, Role.WRITE, Role.READ, Role.BACKEND),
                "size medium: a sizing plan for 110 GB a day; caches of the production stack",
                caches={"chunks": parse_size("1Gi"), "results": parse_size("256Mi")},
            ),
            SizingRow(
                parse_ingest("500GB/day"),
                {
                    Role.WRITE: _pods(3, "3500m", "6656Mi", "100Gi"),
                    Role.READ: _pods(3, "2", "2560Mi"),
                    Role.BACKEND: _pods(3, "2", "8Gi", "20Gi"),
                },
                "half the pods of the row for 1 TB a day, so each takes in as much; half the chart's caches",
                caches=_HALF_OF_THESE,
            ),
            SizingRow(
                parse_ingest("1000GB/day"),
                {
                    # Ingester and a sixth of the distributors; querier and a sixth of the frontends; each backend may
                    # be the compactor, and has a third of index gateways and schedulers.
                    Role.WRITE: _pods(6, "3500m", "6656Mi", "100Gi"),
                    Role.READ: _pods(6, "2", "2560Mi"),
                    Role.BACKEND: _pods(3, "3500m", "13Gi", "50Gi"),
                },
                f"{_PAGE}, its parts put together as the mode does; the chart's caches; volumes by the log's rate",
                max_streams=25_000,
                caches=_CHARTS_CACHES,
            ),
        ),
        single_replica=None,
        then=DISTRIBUTED,
        source="the chart's values: up to about 1 TB a day",
    ),
    DISTRIBUTED: Mode(
        rows=(
            SizingRow(
                parse_ingest("1000GB/day"),
                {
                    Role.DISTRIBUTOR: _pods(2, "2", "512Mi"),
                    Role.INGESTER: _pods(3, "2", "6Gi", "150Gi"),
                    Role.QUERIER: _pods(5, "1", "1Gi"),
                    Role.QUERY_FRONTEND: _pods(2, "1", "2Gi"),
                    Role.QUERY_SCHEDULER: _pods(2, "1", "512Mi"),
                    Role.INDEX_GATEWAY: _pods(2, "500m", "2Gi", "10Gi"),
                    Role.COMPACTOR: _pods(1, "2", "10Gi", "50Gi"),
                    Role.RULER: _pods(1, "1", "1Gi", "10Gi"),
                },
                f"half the pods of {_PAGE}, for a third of the lines; LokiStack's volumes for the log",
                caches=_HALF_OF_THESE,
            ),
            SizingRow(
                parse_ingest("3000GB/day"),
                {
                    Role.DISTRIBUTOR: _pods(4, "2", "512Mi"),
                    Role.INGESTER: _pods(6, "2", "6Gi", "150Gi"),
                    Role.QUERIER: _pods(10, "1", "1Gi"),
                    Role.QUERY_FRONTEND: _pods(2, "1", "2Gi"),
                    Role.QUERY_SCHEDULER: _pods(2, "1", "512Mi"),
                    Role.INDEX_GATEWAY: _pods(4, "500m", "2Gi", "10Gi"),
                    Role.COMPACTOR: _pods(1, "2", "10Gi", "50Gi"),
                    Role.RULER: _pods(1, "1", "1Gi", "10Gi"),
                },
                f"{_PAGE}; the chart's caches; LokiStack's volumes for the log; a ruler, which it leaves out",
                max_streams=25_000,
                caches=_CHARTS_CACHES,
            ),
        ),
        single_replica=None,
        then="",
        source="Loki's size page, whose next tier begins with 90 ingesters",
    ),
}


def row_of(mode: str, ingest: int) -> SizingRow:
    """The row for an ingest; the last one for whatever is above it."""
    rows = SIZING[mode].rows
    return next((each for each in rows if ingest <= each.up_to), rows[-1])
