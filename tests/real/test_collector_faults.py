"""Collected is written: lines of pods through the real Alloy into the real Loki, while files, Alloy and Loki fail."""

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
# Alloy pauses as long as it has tried already, and longer: after an outage lines come as much later.
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
    """What makes the lines long."""

    @contextmanager
    def writing(self, count: int, seconds: float, turns: int = 0) -> Iterator[None]:
        """Write numbered lines to the pods in turn over some seconds, rotating every file `turns` times, meanwhile.

        The lines are written by a thread of their own: a child dies with the thread that has started it.
        """
        writer = threading.Thread(target=self._write, args=(count, seconds, turns))
        writer.start()
        yield
        writer.join()

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

    def found(self, expected: int, still: float = _STILL) -> Counter[int]:
        """Each number's count in Loki, as soon as all are there or nothing has come for `still` seconds."""
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

    def taken(self) -> int:
        """Lines that Loki has been sent, those that came twice as well."""
        text = httpx.get(f"{self.platform.writers[0].url}/metrics", timeout=60).text
        return int(parse_metrics(text).total("loki_distributor_lines_received_total"))


@contextmanager
def rig(root: Path, pods: int, **collector: object) -> Iterator[Rig]:
    """Everything started; stopped at the end."""
    base = settings_of("monolithic")
    settings: Settings = changed(base, collector=collector, canary={"enabled": False})
    binaries = {"loki": binary("loki")}
    with Fleet(root / "out") as fleet:
        platform = Platform(settings, binaries, root, fleet)
        named = [Pod(NAMESPACE, f"service-{index}", "app", {"app": "service"}) for index in range(pods)]
        push = f"{platform.writers[0].url}/loki/api/v1/push"
        alloy = Collector(settings, binary("alloy"), root, fleet, push, named)
        platform.start()
        alloy.start()
        yield Rig(platform, alloy, [alloy.containers[pod.name] for pod in named], time.time_ns())


def test_a_hundred_thousand_lines_of_rotated_files_all_arrive_once(
    tmp_path: Path, measured: Callable[[str], None]
) -> None:
    written = 100_000
    with rig(tmp_path, pods=5) as running:
        with running.writing(written, seconds=40, turns=3):
            pass
        found, again = running.found(written), running.taken() - written
        names = {sample.name for sample in running.collector.metrics().samples}
    assert sorted(WATCHED - names) == [], "docs/reference/collector.md says that these are worth watching"
    measured(f"rotation, 5 pods, 3 times each: {told(found, written)}, {again} sent twice")
    assert lost(found, written) == []
    assert twice(found) == 0


def test_a_collector_that_is_killed_three_times_loses_nothing(tmp_path: Path, measured: Callable[[str], None]) -> None:
    written = 60_000
    with rig(tmp_path, pods=3) as running:
        with running.writing(written, seconds=40):
            for pause in (8.0, 10.0, 7.0):
                time.sleep(pause)
                running.collector.kill()
                time.sleep(0.5)
                running.collector.start()
        found, again = running.found(written), running.taken() - written
    measured(f"Alloy killed three times: {told(found, written)}, {again} sent twice")
    assert lost(found, written) == []
    assert twice(found) == 0


def test_an_outage_of_two_minutes_loses_nothing(tmp_path: Path, measured: Callable[[str], None]) -> None:
    written = 50_000
    with rig(tmp_path, pods=3) as running:
        with running.writing(written, seconds=135):
            time.sleep(5)
            without_loki(running, 120)
        found = running.found(written)
        dropped = running.collector.metrics().total("loki_write_dropped_entries_total")
    measured(f"Loki away for two minutes: {told(found, written)}, {dropped:.0f} given up")
    assert lost(found, written) == []
    assert twice(found) == 0
    assert dropped == 0


# Of docs/reference/collector.md, without those that are there only when something was dropped or cut.
WATCHED = {
    "loki_source_file_file_bytes_total",
    "loki_source_file_read_bytes_total",
    "loki_write_batch_retries_total",
    "loki_write_dropped_entries_total",
    "loki_write_entry_propagation_latency_seconds_count",
}
READ_AHEAD = 20
"""MiB that a collector without a log loses at most, as docs/concepts/collector.md and the plan say."""
KILLED_MEANWHILE: list[tuple[dict[str, object], str]] = [
    ({}, "without a write-ahead log"),
    ({"writeAheadLog": True, "stability": "experimental"}, "with a write-ahead log"),
]


@pytest.mark.parametrize(("said", "how"), KILLED_MEANWHILE)
def test_a_collector_that_is_killed_while_loki_is_away_loses_no_more_than_it_had_read(
    said: dict[str, object], how: str, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    written, seconds, away, padding = 20_000, 60, 40, "." * 2000
    with rig(tmp_path, pods=3, **said) as running:
        running.padding = padding
        with running.writing(written, seconds):
            time.sleep(5)
            without_loki(running, away, killed=running.collector)
        found = running.found(written, still=60)
    missing = lost(found, written)
    size = len(missing) * (len(_LINE) + len(padding)) / 1024**2
    measured(f"Alloy killed while Loki is away, {how}: {told(found, written)} ({size:.1f} MiB)")
    # It was killed in the middle of the outage: what came after that was read by the next one.
    assert len(missing) < written * (away / 2 + 2) / seconds
    if said:
        assert missing, "the log was read again: docs/concepts/collector.md, the plan and the check say that it is not"
    else:
        assert size < READ_AHEAD, "more than the plan says"


def without_loki(running: Rig, seconds: float, killed: Collector | None = None) -> None:
    """Loki is gone for some seconds; in the middle of them the collector is killed and started again."""
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


def lost(found: Counter[int], written: int) -> list[int]:
    """The numbers that Loki has not."""
    return [number for number in range(written) if not found[number]]


def twice(found: Counter[int]) -> int:
    """How often a query shows a line again."""
    return sum(found.values()) - len(found)


def told(found: Counter[int], written: int) -> str:
    """The outcome in words."""
    return f"{len(lost(found, written))} of {written} lines lost, {twice(found)} seen twice"
