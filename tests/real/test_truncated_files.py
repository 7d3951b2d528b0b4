"""A file that is truncated in place, as logrotate's copytruncate does, or renamed, as `create` and the kubelet do.

Alloy compares a file's size with its position (loki.source.file: internal/tail/block.go). It compares the first bytes
only of a file that it opens again: it does not notice a file that was emptied and has grown beyond its position.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from logstack.localrun.client import Loki
from logstack.localrun.collector import Collector
from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.settings.load.stack_file import Value
from tests.support.collector import discarded, handled, loki, stack
from tests.support.real import binary

pytestmark = pytest.mark.prove

PATIENCE_SECONDS = 90
STILL_SECONDS = 5
COUNT = 2000
SOURCES: Value = {"pods": "none", "nodeFiles": [{"path": "/var/log/app/*.log", "job": "app"}]}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    binary("alloy")
    with loki(tmp_path_factory.mktemp("loki"), stack("truncated", {})) as running:
        yield running


@dataclass
class Rig:
    """A file of the node, and the collector that reads it."""

    collector: Collector
    platform: Platform
    path: Path
    cluster: str
    began: int
    log: Path

    def write(self, lines: Sequence[str]) -> None:
        with self.path.open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    def wait(self, lines: int) -> None:
        """Wait until the collector has sent so many lines."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (done := handled(self.collector)) < lines:
            assert time.monotonic() < deadline, f"{done} of {lines} lines"
            time.sleep(0.3)

    def found(self) -> list[str]:
        """Return the lines that Loki has when no more come."""
        query, lines, moved = f'{{cluster="{self.cluster}"}}', list[str](), time.monotonic()
        while time.monotonic() - moved < STILL_SECONDS:
            rows = Loki([], self.platform.loki.reader, None).rows(query, self.began, time.time_ns())
            if len(now := [row.entry.line for row in rows]) > len(lines):
                lines, moved = now, time.monotonic()
            time.sleep(0.5)
        return lines

    def says_nothing(self) -> bool:
        """Return whether neither a counter nor a message of the collector, or of Loki, is about lost lines."""
        metrics = self.collector.metrics()
        lost = metrics.total("loki_process_dropped_lines_total") + metrics.total("loki_write_dropped_entries_total")
        words = re.search(r"truncat|level=(warn|error)", self.log.read_text())
        return not lost and not words and not discarded(self.platform)


@contextmanager
def rig(root: Path, name: str, platform: Platform) -> Iterator[Rig]:
    settings = stack(name, {"collector": {"sources": SOURCES}})
    with Fleet(root / "out") as fleet:
        push = f"{platform.writers[0].url}/loki/api/v1/push"
        collector = Collector(settings, binary("alloy"), root, fleet, push, [])
        path = collector.logs / "app" / "x.log"
        path.parent.mkdir(parents=True)
        path.touch()
        yield Rig(collector, platform, path, name, time.time_ns(), root / "out" / "alloy.log")


def numbered(count: int, word: str) -> list[str]:
    return [f"{word} line {number:05d} of a program of the node" for number in range(count)]


def test_every_line_arrives_when_the_file_is_renamed_and_a_new_one_made(platform: Platform, tmp_path: Path) -> None:
    with rig(tmp_path, "renamed", platform) as running:
        running.write(numbered(COUNT, "first"))
        running.collector.start()
        running.wait(COUNT)
        running.path.rename(running.path.with_suffix(".log.1"))
        running.write(numbered(COUNT + 1, "second, longer"))
        running.wait(2 * COUNT + 1)
        assert sorted(running.found()) == sorted([*numbered(COUNT, "first"), *numbered(COUNT + 1, "second, longer")])


def test_every_line_arrives_when_a_truncated_file_is_shorter_until_alloy_looks(
    platform: Platform, tmp_path: Path
) -> None:
    with rig(tmp_path, "shorter", platform) as running:
        running.write(numbered(COUNT, "first"))
        running.collector.start()
        running.wait(COUNT)
        os.truncate(running.path, 0)
        running.write(numbered(COUNT // 2, "second"))
        running.wait(COUNT + COUNT // 2)
        assert sorted(running.found()) == sorted([*numbered(COUNT, "first"), *numbered(COUNT // 2, "second")])


def test_lines_are_lost_in_silence_when_a_truncated_file_grows_beyond_alloys_position(
    platform: Platform, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    first, second = numbered(COUNT, "first"), numbered(COUNT + 1, "second, longer")
    with rig(tmp_path, "grown", platform) as running:
        running.write(first)
        running.collector.start()
        running.wait(COUNT)
        # An Alloy that restarts looks later than one that runs, which does every 250 ms.
        running.collector.stop()
        os.truncate(running.path, 0)
        running.write(second)
        running.collector.start()
        running.write(["the last line"])
        running.wait(1)
        found = running.found()
        assert running.says_nothing()
    assert "the last line" in found
    lost = set(second) - set(found)
    mangled = set(found) - {*first, *second, "the last line"}
    measured(f"truncated and grown again: {len(lost)} of {len(second)} lines lost, of them {len(mangled)} mangled")
    position = sum(len(line) + 1 for line in first)
    assert len(lost) == -(-position // (len(second[0]) + 1))
    assert len(mangled) == 1


def test_lines_are_lost_in_silence_when_a_file_is_truncated_before_alloy_reads_them(
    platform: Platform, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    turns = [numbered(COUNT, word) for word in ("first", "second", "third")]
    with rig(tmp_path, "unread", platform) as running:
        for lines in turns:
            os.truncate(running.path, 0)
            running.write(lines)
        running.collector.start()
        running.wait(COUNT)
        found = running.found()
        assert running.says_nothing()
    assert sorted(found) == turns[-1]
    measured(f"truncated before it was read: {2 * COUNT} of {3 * COUNT} lines lost")
