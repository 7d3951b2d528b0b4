"""Files that Alloy reads at the same time: in one stream, Loki refuses the lines of those that are an hour behind.

Alloy reads every file of a node at once. After an outage, or when a collector starts on a node for the first time, one
file's lines are of now and another one's hours old.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from logstack.localrun.client import Entry
from logstack.localrun.collector import Collector
from logstack.localrun.cri import cri_lines
from logstack.localrun.platform import Platform
from logstack.localrun.pods import Pod
from logstack.localrun.processes import Fleet
from logstack.settings.load.stack_file import Value
from logstack.settings.tree import Settings
from tests.support.collector import discarded, handled, loki, stack
from tests.support.real import binary

pytestmark = pytest.mark.prove

SECOND = 10**9
PATIENCE_SECONDS = 90
AGO = timedelta(hours=7)
EARLIER, LATEST = 20_000, 500
WITHOUT_POD: Value = {"indexLabels": ["cluster", "namespace", "container", "app", "job", "stream"]}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    binary("alloy")
    with loki(tmp_path_factory.mktemp("loki"), stack("files", {})) as running:
        yield running


def lines(ago: timedelta, count: int) -> list[Entry]:
    """Return lines a tenth of a second apart, the first one so long ago."""
    first = time.time_ns() - int(ago.total_seconds()) * SECOND
    return [Entry(first + number * SECOND // 10, f"line {number:05d}") for number in range(count)]


def read_all(collector: Collector) -> None:
    collector.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (done := handled(collector)) < EARLIER + LATEST:
        assert time.monotonic() < deadline, f"{done} of {EARLIER + LATEST} lines"
        time.sleep(0.3)


def collector_for(root: Path, settings: Settings, platform: Platform, fleet: Fleet, pods: Sequence[Pod]) -> Collector:
    return Collector(settings, binary("alloy"), root, fleet, f"{platform.writers[0].url}/loki/api/v1/push", pods)


def restarted(root: Path, name: str, platform: Platform, earlier: int, *, broken: bool) -> Counter[str]:
    """Read the files of a container's latest two runs; return what Loki has refused."""
    before = discarded(platform)
    pod = Pod("shop", "cart-0", "app")
    with Fleet(root / "out") as fleet:
        collector = collector_for(root, stack(name, {}), platform, fleet, [pod])
        if broken:
            collector.config, count = re.subn(r', "restarts"\]', "]", collector.config)
            assert count == 1
        folder = collector.containers[pod.name].path.parent
        for number, entries in ((earlier, lines(AGO, EARLIER)), (earlier + 1, lines(timedelta(minutes=1), LATEST))):
            rows = (cri_lines(entry.time, "stdout", entry.line.encode()) for entry in entries)
            (folder / f"{number}.log").write_bytes(b"".join(rows))
        read_all(collector)
    return discarded(platform) - before


@pytest.mark.parametrize("earlier", [0, 1, 9, 10])
def test_loki_accepts_every_line_of_a_container_that_restarted_hours_ago(
    earlier: int, platform: Platform, tmp_path: Path
) -> None:
    assert restarted(tmp_path, f"restarted-{earlier}", platform, earlier, broken=False) == {}


def test_loki_refuses_lines_of_the_earlier_run_when_both_runs_share_a_stream(
    platform: Platform, tmp_path: Path
) -> None:
    refused = restarted(tmp_path, "one-stream", platform, 0, broken=True)
    assert refused.keys() == {"too_far_behind"}


def of_two_pods(root: Path, name: str, platform: Platform, collector_keys: Value) -> Counter[str]:
    """Read a pod whose lines waited for hours, and another one of its app; return what Loki has refused."""
    before = discarded(platform)
    pods = [Pod("shop", f"cart-{number}", "app", {"app": "cart"}) for number in range(2)]
    with Fleet(root / "out") as fleet:
        collector = collector_for(root, stack(name, {"collector": collector_keys}), platform, fleet, pods)
        collector.containers["cart-0"].write(lines(AGO, EARLIER))
        collector.containers["cart-1"].write(lines(timedelta(minutes=1), LATEST))
        read_all(collector)
    return discarded(platform) - before


def test_loki_accepts_every_line_of_a_pod_whose_node_was_away_for_hours(platform: Platform, tmp_path: Path) -> None:
    assert of_two_pods(tmp_path, "two-pods", platform, {}) == {}


def test_loki_refuses_lines_of_that_pod_when_pod_is_no_index_label(platform: Platform, tmp_path: Path) -> None:
    assert of_two_pods(tmp_path, "shared", platform, WITHOUT_POD).keys() == {"too_far_behind"}
