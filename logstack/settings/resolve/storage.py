"""The space of stored lines: the codec and its measured ratio, copies, and when a volume is full."""

from datetime import timedelta

from logstack.settings.model.retention import Periods

# Bytes of chunks in the bucket for each byte of lines. Measured side by side by tests/real/test_sizing.py, which holds
# them to this table: 40 MB of klog, JSON and Airflow lines full of ids, Loki 3.7.8 (docs/reference/sizing.md).
STORED_SHARES = {"gzip": 0.303, "zstd": 0.294, "lz4": 0.439, "snappy": 0.464}
CODEC = "gzip"
# Measured in the same place: chunks that three writers cut alike are the same objects (1.00 times the bytes of one
# copy, where streams fill them), and most of those that are cut by their age are not (2.29 times, and
# 2.55 on a machine so busy that writers cut them at other points).
_FURTHER_COPY = 0.8
# Measured in the same place, for one copy: chunks of streams that fill them; small chunks; chunks of one stream in a
# day where they are cut each hour.
_FULL_CHUNKS_A_GB, _SMALL_CHUNKS_A_GB, _CHUNKS_OF_A_STREAM = 378, 11_363, 17
_GB = 10**9
# Loki throttles its log when 0.9 of a volume are taken (disk_full_threshold, pkg/ingester/wal.go).
FULL = 0.9
_DAY = timedelta(days=1)


def stored_daily(ingest: int, copies: int) -> float:
    """Return the most bytes that a day's lines take: if chunks are cut by age, most copies are separate objects."""
    return ingest * STORED_SHARES[CODEC] * (1 + _FURTHER_COPY * (copies - 1))


def puts_daily(ingest: int, copies: int, streams: int) -> tuple[int, int]:
    """Return the PUT requests of a day: if streams fill their chunks, and if each stream has few lines."""
    gigabytes = ingest / _GB
    full = gigabytes * _FULL_CHUNKS_A_GB
    most = min(gigabytes * _SMALL_CHUNKS_A_GB, full + streams * _CHUNKS_OF_A_STREAM)
    return round(full * copies), round(most * copies)


def stored_after(age: timedelta, ingest: int, copies: int, periods: Periods) -> float:
    """Return the stored bytes after lines have arrived for this time."""
    daily = stored_daily(ingest, copies)
    return sum(daily * share * (min(age, period) / _DAY) for share, period in periods)


def stored_in_all(ingest: int, copies: int, periods: Periods) -> float:
    """Return the stored bytes once Loki deletes lines of every period as fast as they arrive."""
    return stored_after(timedelta.max, ingest, copies, periods)


def filled_after(volume: int, ingest: int, copies: int, periods: Periods) -> timedelta | None:
    """Return after how many whole days an empty volume is full; None if the retention ends before that."""
    if stored_in_all(ingest, copies, periods) <= volume * FULL:
        return None
    days = 0
    while stored_after((days + 1) * _DAY, ingest, copies, periods) <= volume * FULL:
        days += 1
    return days * _DAY
