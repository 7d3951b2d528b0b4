"""What lines take in the store: by codec, and with three copies among the writers; told, and held to what is said."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import httpx
import pytest

from ops.local.client import Entry
from ops.local.metrics import parse_metrics
from ops.local.platform import Platform
from ops.local.processes import Fleet
from settings.tree import Settings
from tests.support.corpus import pushes, streams
from tests.support.real import binary

pytestmark = pytest.mark.prove

_CODECS = ("gzip", "snappy", "zstd", "lz4")
_HOURS = 6


@dataclass(frozen=True)
class Stored:
    """What a run came to."""

    raw: int
    chunks: int
    chunk_bytes: int
    index_bytes: int
    puts: float
    reasons: Mapping[str, float]
    """Why chunks were flushed, and how many."""
    cpu_seconds: float

    @property
    def share(self) -> float:
        """Bytes in the bucket for each byte of lines."""
        return (self.chunk_bytes + self.index_bytes) / self.raw

    def __str__(self) -> str:
        megabytes = self.raw / 1e6
        return (
            f"{megabytes:.0f} MB raw, {self.chunks} chunks of {self.chunk_bytes / self.chunks / 1e3:.0f} kB, "
            f"stored/raw {self.chunk_bytes / self.raw:.3f} and index {self.index_bytes / self.raw:.4f}, "
            f"{self.puts / megabytes * 1000:.0f} PUTs a GB, {megabytes / self.cpu_seconds:.1f} MB/s of one core; "
            + ", ".join(f"{reason} {number:.0f}" for reason, number in sorted(self.reasons.items()))
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
        for node in platform.writers:
            platform.loki.flush(node.url)
        time.sleep(3)
        metrics = [parse_metrics(httpx.get(f"{node.url}/metrics").text) for node in platform.writers]
        puts = sum(each.total("loki_s3_request_duration_seconds_count", operation="S3.PutObject") for each in metrics)
        reasons: dict[str, float] = defaultdict(float)
        for sample in (sample for each in metrics for sample in each.of("loki_ingester_chunks_flushed_total")):
            reasons[sample.labels["reason"]] += sample.value
        cpu = sum(each.total("process_cpu_seconds_total") for each in metrics)
        platform.fleet.stop(*(node.name for node in platform.writers), seconds=60)
        bucket = platform.bucket()
        chunks, index = bucket.chunks(), bucket.objects("index/")
    raw = sum(len(entry.line.encode()) for entries in of.values() for entry in entries)
    return Stored(raw, len(chunks), sum(chunk.size for chunk in chunks), sum(index.values()), puts, reasons, cpu)


def lines(number: int, each: int, hours: int = _HOURS) -> Mapping[str, Sequence[Entry]]:
    start = (int(time.time()) - hours * 3600) * 10**9
    return streams(number, each, start, hours * 3600)


def test_what_each_codec_stores(tmp_path: Path, measured: Callable[[str], None]) -> None:
    of = lines(30, 10_000)
    found = {codec: stored(tmp_path / codec, 1, of, {"chunk_encoding": codec}, 200) for codec in _CODECS}
    for codec, each in found.items():
        measured(f"{codec}: {each}")
    assert found


@pytest.mark.parametrize(
    ("regime", "number", "each", "hours", "at_once"),
    # A stream has a line every few seconds, and chunks are looked at every 30 s: both are as much faster here.
    [("full chunks", 3, 100_000, 1, 500), ("hourly cuts", 30, 8_000, 6, 4), ("old chunks", 100, 2_000, 6, 1)],
)
def test_what_three_copies_store(
    regime: str, number: int, each: int, hours: int, at_once: int, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    of = lines(number, each, hours)
    often = {"flush_check_period": "30ms"}
    one, three = (stored(tmp_path / str(copies), copies, of, often, at_once) for copies in (1, 3))
    measured(f"{regime}, 1 copy: {one}")
    measured(f"{regime}, 3 copies: {three}; {three.share / one.share:.2f} times the bytes")
    assert three.share >= one.share * 0.99
