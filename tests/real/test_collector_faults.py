"""Lines of pods through the real Alloy into the real Loki, while files rotate and Alloy or Loki fail."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from logstack.localrun.client import Entry
from logstack.localrun.collector import Collector
from logstack.localrun.metrics import parse_metrics
from logstack.localrun.platform import Platform
from logstack.localrun.pods import ContainerLog, Pod
from logstack.localrun.processes import Fleet
from logstack.settings.tree import Settings
from tests.support.real import binary
from tests.support.stacks import changed, settings_of

pytestmark = pytest.mark.prove

NAMESPACE = "shop"
_QUERY = f'{{namespace="{NAMESPACE}"}}'
# Alloy's pauses between tries grow with the outage: afterwards lines come about as much later.
_PATIENCE = 300
_STILL = 150
_LINE = "line {number:06d} of a service that says what it does, and why, at some length"
_NUMBER = slice(5, 11)


@dataclass
class Rig:
    """One Loki, one Alloy, and the log files of some pods."""

    platform: Platform
    collector: Collector
    logs: Sequence[ContainerLog]
    began: int
    padding: str = ""
    """Appended to every line, to make it long."""

    @contextmanager
    def writing(self, count: int, seconds: float, turns: int = 0) -> Iterator[None]:
        """Write numbered lines to the pods in turn over some seconds, and rotate every file `turns` times meanwhile.

        The lines are written by a thread of their own: a child dies with the thread that has started it.
        """
        writer = threading.Thread(target=self._write, args=(count, seconds, turns), daemon=True)
        writer.start()
        yield
        writer.join(seconds + _PATIENCE)
        assert not writer.is_alive(), f"the lines are not written {_PATIENCE} s after the last was due"

    def _write(self, count: int, seconds: float, turns: int) -> None:
        steps = int(seconds * 20)
        start, number = time.monotonic(), 0
        for step in range(1, steps + 1):
            until = count * step // steps
            for index, log in enumerate(self.logs):
                mine = range(number + (index - number) % len(self.logs), until, len(self.logs))
                log.write(Entry(time.time_ns(), _LINE.format(number=each) + self.padding) for each in mine)
            number = until
            if turns and step < steps and step % (steps // (turns + 1)) == 0:
                for log in self.logs:
                    log.rotate()
            time.sleep(max(0.0, start + seconds * step / steps - time.monotonic()))

    def wait_for_numbers(self, expected: int, still: float = _STILL) -> Counter[int]:
        """Return each number's count in Loki, when all have come or none has come for `still` seconds."""
        began = moved = time.monotonic()
        last = -1
        while True:
            rows = self.platform.loki.entries(_QUERY, self.began, time.time_ns())
            numbers = Counter(int(entry.line[_NUMBER]) for entry in rows)
            now = time.monotonic()
            moved = now if len(numbers) > last else moved
            if len(numbers) >= expected or now - moved > still or now - began > _PATIENCE:
                return numbers
            last = len(numbers)
            time.sleep(2)

    def lines_received(self) -> int:
        """Return the number of lines that Loki received, with repetitions."""
        text = httpx.get(f"{self.platform.writers[0].url}/metrics", timeout=60).text
        return int(parse_metrics(text).total("loki_distributor_lines_received_total"))


@contextmanager
def rig(root: Path, pods: int, **collector: object) -> Iterator[Rig]:
    """Start everything, and stop it at the end."""
    base = settings_of("monolithic")
    settings: Settings = changed(base, collector=collector, canary={"enabled": False})
    binaries = {"loki": binary("loki")}
    with Fleet(root / "out") as fleet:
        platform = Platform(settings, binaries, root, fleet)
        pod_list = [Pod(NAMESPACE, f"service-{index}", "app", {"app": "service"}) for index in range(pods)]
        push = f"{platform.writers[0].url}/loki/api/v1/push"
        alloy = Collector(settings, binary("alloy"), root, fleet, push, pod_list)
        platform.start()
        alloy.start()
        yield Rig(platform, alloy, [alloy.containers[pod.name] for pod in pod_list], time.time_ns())


def test_collector_sends_a_hundred_thousand_lines_of_rotated_files_once(
    tmp_path: Path, measured: Callable[[str], None]
) -> None:
    written = 100_000
    with rig(tmp_path, pods=5) as running:
        with running.writing(written, seconds=40, turns=3):
            pass
        counts, sent_twice = running.wait_for_numbers(written), running.lines_received() - written
        names = {sample.name for sample in running.collector.metrics().samples}
    assert sorted(WATCHED - names) == [], "docs/reference/collector.md says that these are worth watching"
    measured(f"rotation, 5 pods, 3 times each: {summary(counts, written)}, {sent_twice} sent twice")
    assert missing_numbers(counts, written) == []
    assert duplicates(counts) == 0


def test_collector_loses_nothing_when_killed_three_times(tmp_path: Path, measured: Callable[[str], None]) -> None:
    written = 60_000
    with rig(tmp_path, pods=3) as running:
        with running.writing(written, seconds=40):
            for pause in (8.0, 10.0, 7.0):
                time.sleep(pause)
                running.collector.kill()
                time.sleep(0.5)
                running.collector.start()
        counts, sent_twice = running.wait_for_numbers(written), running.lines_received() - written
    measured(f"Alloy killed three times: {summary(counts, written)}, {sent_twice} sent twice")
    assert missing_numbers(counts, written) == []
    assert duplicates(counts) == 0


def test_collector_loses_nothing_in_an_outage_of_two_minutes(tmp_path: Path, measured: Callable[[str], None]) -> None:
    written = 50_000
    with rig(tmp_path, pods=3) as running:
        with running.writing(written, seconds=135):
            time.sleep(5)
            without_loki(running, 120)
        counts = running.wait_for_numbers(written)
        dropped = running.collector.metrics().total("loki_write_dropped_entries_total")
    measured(f"Loki away for two minutes: {summary(counts, written)}, {dropped:.0f} given up")
    assert missing_numbers(counts, written) == []
    assert duplicates(counts) == 0
    assert dropped == 0


# The metrics of docs/reference/collector.md, without those that exist only after a line was dropped or cut.
WATCHED = {
    "loki_source_file_file_bytes_total",
    "loki_source_file_read_bytes_total",
    "loki_write_batch_retries_total",
    "loki_write_dropped_entries_total",
    "loki_write_entry_propagation_latency_seconds_count",
}
READ_AHEAD = 20
"""MiB that a collector without a write-ahead log loses at most, as docs/concepts/collector.md and the plan say."""
KILLED_MEANWHILE: list[tuple[dict[str, object], str]] = [
    ({}, "without a write-ahead log"),
    ({"writeAheadLog": True, "stability": "experimental"}, "with a write-ahead log"),
]


@pytest.mark.parametrize(("collector_settings", "how"), KILLED_MEANWHILE)
def test_collector_killed_while_loki_is_away_loses_no_more_than_it_had_read(
    collector_settings: dict[str, object], how: str, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    written, seconds, away, padding = 20_000, 60, 40, "." * 2000
    with rig(tmp_path, pods=3, **collector_settings) as running:
        running.padding = padding
        with running.writing(written, seconds):
            time.sleep(5)
            without_loki(running, away, killed=running.collector)
        counts = running.wait_for_numbers(written, still=60)
    missing = missing_numbers(counts, written)
    size = len(missing) * (len(_LINE) + len(padding)) / 1024**2
    measured(f"Alloy killed while Loki is away, {how}: {summary(counts, written)} ({size:.1f} MiB)")
    # It was killed in the middle of the outage: the next collector read all later lines.
    assert len(missing) < written * (away / 2 + 2) / seconds
    if collector_settings:
        assert missing, "the write-ahead log was replayed: docs/concepts/collector.md, the plan and the check deny it"
    else:
        assert size < READ_AHEAD, "more than the plan says"


def without_loki(running: Rig, seconds: float, killed: Collector | None = None) -> None:
    """Stop Loki for some seconds; in the middle of them kill and restart the collector `killed`."""
    platform = running.platform
    platform.fleet.stop(*(node.name for node in platform.writers))
    time.sleep(seconds / 2)
    if killed:
        killed.kill()
        killed.start()
    time.sleep(seconds / 2)
    for node in platform.writers:
        platform.start_node(node)
    platform.wait_ready(platform.writers)


def missing_numbers(counts: Counter[int], written: int) -> list[int]:
    """Return the numbers that Loki does not have."""
    return [number for number in range(written) if not counts[number]]


def duplicates(counts: Counter[int]) -> int:
    """Return how many lines a query returns a second time."""
    return sum(counts.values()) - len(counts)


def summary(counts: Counter[int], written: int) -> str:
    """Return the outcome as text."""
    return f"{len(missing_numbers(counts, written))} of {written} lines lost, {duplicates(counts)} seen twice"
