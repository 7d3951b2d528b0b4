"""What lines take in the store: by codec, and with three copies among the writers; told, and held to what is said."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import httpx
import pytest

from logstack.localrun.client import Entry
from logstack.localrun.layout import Node
from logstack.localrun.metrics import Metrics, parse_metrics
from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.settings.resolve.storage import CODEC, STORED_SHARES, puts_daily, stored_daily
from logstack.settings.tree import Settings
from tests.support.cluster_lines import pushes, streams
from tests.support.real import binary

pytestmark = pytest.mark.prove

_QUERIES = {
    "line filter": 'sum(count_over_time({app=~".+"} |= "timeout" [6h]))',
    "rate over all": 'sum(rate({app=~".+"}[6h]))',
    "json": 'sum(count_over_time({app=~".+"} | json | level="error" [6h]))',
}
_TRIES = 3
# Loki waits more than it works: for its ring, for flushes, for its end.
_AT_ONCE = 2
_HOURS = 6


@dataclass(frozen=True)
class Stored:
    """What a run came to."""

    raw: int
    chunks: int
    chunk_bytes: int
    index_bytes: int
    puts: float
    seconds: Mapping[str, float]
    """Of CPU: the least of several runs of each query over all lines, from the store."""
    reasons: Mapping[str, float]
    """Why chunks were flushed, and how many."""
    cpu_seconds: float
    memory: float
    """Bytes that the largest process held before its chunks were flushed."""

    @property
    def share(self) -> float:
        """Bytes in the bucket for each byte of lines."""
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


def stack(writers: int) -> Settings:
    return Settings.model_validate(
        {
            "cluster": {"name": "sizing", "context": "here", "singleNode": True},
            "deploymentMode": "monolithic",
            "replicas": {"monolithic": writers},
            "replicationFactor": writers,
            "objectStore": {"kind": "embedded"},
            "limits": dict.fromkeys(("ingestionRate", "ingestionBurst", "perStreamRate", "perStreamBurst"), "1Gi"),
        }
    )


@contextmanager
def loki(root: Path, writers: int, ingester: Mapping[str, object]) -> Iterator[Platform]:
    binaries = {name: binary(name) for name in ("loki", "versitygw")}
    root.mkdir()
    with Fleet(root / "out") as fleet:
        platform = Platform(stack(writers), binaries, root, fleet)
        platform.config["ingester"] |= ingester
        platform.start()
        yield platform


def stored(
    root: Path, writers: int, of: Mapping[str, Sequence[Entry]], ingester: Mapping[str, object], at_once: int
) -> Stored:
    """`at_once` lines of each stream are in one push."""
    with loki(root, writers, ingester) as platform:
        with httpx.Client(timeout=60) as client:
            for node, streams_ in zip(cycle(platform.writers), pushes(of, at_once), strict=False):
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
        seconds = {name: min(asked(platform, query) for _ in range(_TRIES)) for name, query in _QUERIES.items()}
        platform.fleet.stop(*(node.name for node in platform.writers), seconds=300)
        bucket = platform.bucket()
        chunks, index = bucket.chunks(), bucket.objects("index/")
    raw = sum(len(entry.line.encode()) for entries in of.values() for entry in entries)
    return Stored(
        raw, len(chunks), sum(chunk.size for chunk in chunks), sum(index.values()), puts, seconds, reasons, cpu, memory
    )


def asked(platform: Platform, query: str) -> float:
    """Seconds of CPU that a query takes."""
    before = cpu_seconds(platform)
    platform.loki.get("/loki/api/v1/query", query=query, time=time.time_ns())
    return cpu_seconds(platform) - before


def cpu_seconds(platform: Platform) -> float:
    return sum(scraped(node).total("process_cpu_seconds_total") for node in platform.writers)


def scraped(node: Node) -> Metrics:
    return parse_metrics(httpx.get(f"{node.url}/metrics").text)


def lines(number: int, each: int, hours: int = _HOURS) -> Mapping[str, Sequence[Entry]]:
    start = (int(time.time()) - hours * 3600) * 10**9
    return streams(number, each, start, hours * 3600)


def test_what_each_codec_stores(tmp_path: Path, measured: Callable[[str], None]) -> None:
    of = lines(30, 10_000)
    with ThreadPoolExecutor(_AT_ONCE) as two:
        runs = two.map(lambda codec: stored(tmp_path / codec, 1, of, {"chunk_encoding": codec}, 200), STORED_SHARES)
        found = dict(zip(STORED_SHARES, runs, strict=True))
    for codec, each in found.items():
        measured(f"{codec}: {each}")
        assert each.chunk_bytes / each.raw == pytest.approx(STORED_SHARES[codec], rel=0.05)
    assert found[CODEC].share < min(each.share for each in found.values()) * 1.05


@dataclass(frozen=True)
class Regime:
    """Why chunks of its streams are cut, and what makes them so."""

    name: str
    streams: int
    lines: int
    hours: int
    at_once: int


# A stream has a line every few seconds, and chunks are looked at every 30 s: both are as much faster here.
_REGIMES = (
    Regime("full chunks", 3, 100_000, 1, 500),
    Regime("hourly cuts", 30, 8_000, 6, 4),
    Regime("old chunks", 100, 2_000, 6, 1),
)


@pytest.mark.parametrize("regime", _REGIMES, ids=lambda regime: regime.name)
def test_what_three_copies_store(regime: Regime, tmp_path: Path, measured: Callable[[str], None]) -> None:
    of = lines(regime.streams, regime.lines, regime.hours)
    often = {"flush_check_period": "30ms"}
    with ThreadPoolExecutor(_AT_ONCE) as two:
        one, three = two.map(lambda copies: stored(tmp_path / str(copies), copies, of, often, regime.at_once), (1, 3))
    measured(f"{regime.name}, 1 copy: {one}")
    measured(f"{regime.name}, 3 copies: {three}; {three.share / one.share:.2f} times the bytes")
    # `stored_daily` reckons with the most, `puts_daily` with each writer's own requests.
    assert 0.99 < three.share / one.share < stored_daily(one.raw, 3) / stored_daily(one.raw, 1) * 1.1
    assert three.puts < puts_daily(three.raw, 3, regime.streams)[1] * 1.1


def test_a_volume_that_is_full_refuses_lines_and_answers_queries(tmp_path: Path) -> None:
    """Loki looks at its volume every ten seconds; its limit of 90 % is below what any volume here has, for this."""
    full = {"wal": {"disk_full_threshold": 0.001}}
    with loki(tmp_path / "full", 1, full) as platform:
        (pushed,) = platform.loki.push({"app": "a"}, [Entry(time.time_ns(), "a line")])
        assert (pushed.status, "shutting down" in pushed.reason) == (500, True)
        assert platform.loki.get("/loki/api/v1/labels")["status"] == "success"
        (writer,) = platform.writers
        assert scraped(writer).total("loki_ingester_wal_disk_full_failures_total") == 1
