"""The size of lines in the store by codec, and with replication factor 3; measured, and compared with the plan's."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import httpx
import pytest

from logstack.localrun.client import Entry
from logstack.localrun.platform import Platform
from logstack.settings.resolve.storage import CODEC, STORED_SHARES, puts_daily, stored_daily
from tests.support.cluster_lines import pushes, streams
from tests.support.measuring import cpu_seconds, running, scraped, unlimited_stack

pytestmark = pytest.mark.prove

_QUERIES = {
    "line filter": 'sum(count_over_time({app=~".+"} |= "timeout" [6h]))',
    "rate over all": 'sum(rate({app=~".+"}[6h]))',
    "json": 'sum(count_over_time({app=~".+"} | json | level="error" [6h]))',
}
_TRIES = 3
# Loki mostly waits: for its ring, for flushes, for its end.
_AT_ONCE = 2
_HOURS = 6


@dataclass(frozen=True)
class Stored:
    """The measurements of a run."""

    raw: int
    chunks: int
    chunk_bytes: int
    index_bytes: int
    puts: float
    seconds: Mapping[str, float]
    """CPU of each query over all lines in the store: the least of several runs."""
    reasons: Mapping[str, float]
    """How many chunks were flushed, by reason."""
    cpu_seconds: float
    memory: float
    """Resident bytes of the largest process before its chunks were flushed."""

    @property
    def share(self) -> float:
        """Return the bytes in the bucket for each byte of lines."""
        return (self.chunk_bytes + self.index_bytes) / self.raw

    def __str__(self) -> str:
        megabytes = self.raw / 1e6
        queries = (f"{name} {seconds:.2f} s" for name, seconds in self.seconds.items())
        flushed = (f"{number:.0f} {reason}" for reason, number in sorted(self.reasons.items()))
        return (
            f"{megabytes:.0f} MB raw, {self.chunks} chunks of {self.chunk_bytes / self.chunks / 1e3:.0f} kB, "
            f"stored/raw {self.chunk_bytes / self.raw:.3f} and index {self.index_bytes / self.raw:.4f}, "
            f"{self.puts / megabytes * 1000:.0f} PUTs a GB, {megabytes / self.cpu_seconds:.1f} MB/s of one core, "
            f"{self.memory / 1e6:.0f} MB resident; CPU of queries: {', '.join(queries)}; flushed: {', '.join(flushed)}"
        )


def loki(root: Path, writers: int, ingester: Mapping[str, object]) -> AbstractContextManager[Platform]:
    settings = unlimited_stack("monolithic", {"monolithic": writers}, writers)
    return running(root, settings, {"ingester": ingester})


def store_lines(
    root: Path,
    writers: int,
    entries_by_stream: Mapping[str, Sequence[Entry]],
    ingester: Mapping[str, object],
    at_once: int,
) -> Stored:
    """Push all lines, flush, query and measure; one push has `at_once` lines of each stream."""
    with loki(root, writers, ingester) as platform:
        with httpx.Client(timeout=60) as client:
            for node, streams_ in zip(cycle(platform.writers), pushes(entries_by_stream, at_once), strict=False):
                answer = client.post(f"{node.url}/loki/api/v1/push", json={"streams": streams_})
                assert answer.status_code == 204, answer.text
        memory = max(scraped(node).total("process_resident_memory_bytes") for node in platform.writers)
        for node in platform.writers:
            platform.loki.flush(node.url)
        time.sleep(3)
        metrics = [scraped(node) for node in platform.writers]
        puts = sum(each.total("loki_s3_request_duration_seconds_count", operation="S3.PutObject") for each in metrics)
        reasons: dict[str, float] = defaultdict(float)
        for sample in (sample for each in metrics for sample in each.of("loki_ingester_chunks_flushed_total")):
            reasons[sample.labels["reason"]] += sample.value
        cpu = sum(each.total("process_cpu_seconds_total") for each in metrics)
        platform.restart(*platform.writers)
        seconds = {
            name: min(query_cpu_seconds(platform, query) for _ in range(_TRIES)) for name, query in _QUERIES.items()
        }
        platform.fleet.stop(*(node.name for node in platform.writers), seconds=300)
        bucket = platform.bucket()
        chunks, index = bucket.chunks(), bucket.objects("index/")
    raw = sum(len(entry.line.encode()) for entries in entries_by_stream.values() for entry in entries)
    return Stored(
        raw, len(chunks), sum(chunk.size for chunk in chunks), sum(index.values()), puts, seconds, reasons, cpu, memory
    )


def query_cpu_seconds(platform: Platform, query: str) -> float:
    """Return the seconds of CPU that a query takes."""
    before = cpu_seconds(platform)
    platform.loki.get("/loki/api/v1/query", query=query, time=time.time_ns())
    return sum(cpu_seconds(platform).values()) - sum(before.values())


def lines(number: int, each: int, hours: int = _HOURS) -> Mapping[str, Sequence[Entry]]:
    start = (int(time.time()) - hours * 3600) * 10**9
    return streams(number, each, start, hours * 3600)


def test_codecs_store_the_shares_of_the_plan(tmp_path: Path, measured: Callable[[str], None]) -> None:
    entries_by_stream = lines(30, 10_000)
    with ThreadPoolExecutor(_AT_ONCE) as two:
        runs = two.map(
            lambda codec: store_lines(tmp_path / codec, 1, entries_by_stream, {"chunk_encoding": codec}, 200),
            STORED_SHARES,
        )
        stored_by_codec = dict(zip(STORED_SHARES, runs, strict=True))
    for codec, each in stored_by_codec.items():
        measured(f"{codec}: {each}")
        assert each.chunk_bytes / each.raw == pytest.approx(STORED_SHARES[codec], rel=0.05)
    assert stored_by_codec[CODEC].share < min(each.share for each in stored_by_codec.values()) * 1.05


@dataclass(frozen=True)
class Regime:
    """A reason for which Loki cuts chunks, and the streams that cause it."""

    name: str
    streams: int
    lines: int
    hours: int
    at_once: int


# In a cluster a stream has a line every few seconds and chunks are checked every 30 s: here both are equally faster.
_REGIMES = (
    Regime("full chunks", 3, 100_000, 1, 500),
    Regime("hourly cuts", 30, 8_000, 6, 4),
    Regime("old chunks", 100, 2_000, 6, 1),
)


@pytest.mark.parametrize("regime", _REGIMES, ids=lambda regime: regime.name)
def test_replication_factor_3_stores_no_more_than_the_plan_says(
    regime: Regime, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    entries_by_stream = lines(regime.streams, regime.lines, regime.hours)
    often = {"flush_check_period": "30ms"}
    with ThreadPoolExecutor(_AT_ONCE) as two:
        one, three = two.map(
            lambda copies: store_lines(tmp_path / str(copies), copies, entries_by_stream, often, regime.at_once), (1, 3)
        )
    measured(f"{regime.name}, 1 copy: {one}")
    measured(f"{regime.name}, 3 copies: {three}; {three.share / one.share:.2f} times the bytes")
    # `stored_daily` assumes the most, `puts_daily` the requests of each writer.
    assert 0.99 < three.share / one.share < stored_daily(one.raw, 3) / stored_daily(one.raw, 1) * 1.1
    assert three.puts < puts_daily(three.raw, 3, regime.streams)[1] * 1.1


def test_loki_refuses_lines_and_answers_queries_when_its_volume_is_full(tmp_path: Path) -> None:
    """Loki checks its volume every ten seconds; here its limit is 0.1 % instead of 90 %, so any volume is full."""
    full = {"wal": {"disk_full_threshold": 0.001}}
    with loki(tmp_path / "full", 1, full) as platform:
        (pushed,) = platform.loki.push({"app": "a"}, [Entry(time.time_ns(), "a line")])
        assert (pushed.status, "shutting down" in pushed.reason) == (500, True)
        assert platform.loki.get("/loki/api/v1/labels")["status"] == "success"
        (writer,) = platform.writers
        assert scraped(writer).total("loki_ingester_wal_disk_full_failures_total") == 1
