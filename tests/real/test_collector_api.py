"""Lines by the Kubernetes API: the real Alloy with a stack's configuration, and where it continues after a restart."""

import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from logstack.localrun.client import Entry, Row
from logstack.localrun.collector import Collector
from logstack.localrun.platform import Platform
from logstack.localrun.pods import Pod
from logstack.localrun.processes import Fleet
from tests.support.api_server import ApiServer, serving
from tests.support.real import binary
from tests.support.stacks import settings_of

pytestmark = pytest.mark.prove

POD = Pod("shop", "cart-0", "app", {"app.kubernetes.io/component": "api"})
_PATIENCE_SECONDS = 180


def entries(first: int, last: int) -> list[Entry]:
    """Return numbered lines from now on, a millisecond apart."""
    now = time.time_ns()
    return [Entry(now + number * 10**6, f"line {number:04d}") for number in range(first, last)]


@dataclass
class Rig:
    """A Loki, an Alloy and an API server."""

    platform: Platform
    collector: Collector
    api: ApiServer
    root: Path

    def wait_for_rows(self, count: int) -> Sequence[Row]:
        """Return Loki's rows of the pod when it has `count` lines, or after the deadline those that it has."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            now = time.time_ns()
            rows = list(self.platform.loki.rows('{namespace="shop"}', now - 3600 * 10**9, now + 3600 * 10**9))
            if len(rows) >= count or time.monotonic() > deadline:
                return rows
            time.sleep(0.5)

    def sent(self) -> int:
        """Return how many entries this run of Alloy has sent to Loki."""
        return int(self.collector.metrics().total("loki_write_sent_entries_total"))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with running(tmp_path) as rig:
        yield rig


@contextmanager
def running(root: Path) -> Iterator[Rig]:
    """Run the stack `longhorn`, whose collector has no host path, with another address of the API server."""
    settings = settings_of("longhorn")
    with Fleet(root / "out") as fleet, serving(entries(0, 500)) as api:
        platform = Platform(settings, {"loki": binary("loki")}, root, fleet)
        platform.start()
        push = f"{platform.writers[0].url}/loki/api/v1/push"
        collector = Collector(settings, binary("alloy"), root, fleet, push, [POD])
        client = f'\\1\tclient {{\n\t\tapi_server = "{api.url}"\n\t}}\n'
        collector.config, count = re.subn(r'(loki\.source\.kubernetes "pods" \{\n)', client, collector.config)
        assert count == 1
        collector.start()
        yield Rig(platform, collector, api, root)


def test_collector_by_api_sends_each_line_once_with_the_labels_of_the_stack(rig: Rig) -> None:
    rows = rig.wait_for_rows(500)
    assert sorted(row.entry.line for row in rows) == [f"line {number:04d}" for number in range(500)]
    labels = dict(rows[0].labels)
    assert {key: labels.get(key) for key in ("namespace", "pod", "component", "node", "stream")} == {
        "namespace": "shop",
        "pod": "cart-0",
        "component": "api",
        "node": "this-machine",
        "stream": None,
    }


def test_collector_by_api_continues_after_a_restart_and_reads_all_again_in_a_new_pod_without_duplicates(
    rig: Rig, measured: Callable[[str], None]
) -> None:
    rig.wait_for_rows(500)
    rig.collector.stop()
    rig.api.log += entries(500, 600)
    rig.collector.start()
    rig.wait_for_rows(600)
    sent_after_restart = rig.sent()
    rig.collector.stop()
    rig.platform.loki.flush(rig.platform.writers[0].url)  # repeated lines go to another chunk
    shutil.rmtree(rig.root / "alloy")  # a new pod has an empty emptyDir
    rig.api.log += entries(600, 700)
    rig.collector.start()
    rows = rig.wait_for_rows(700)
    sent_by_new_pod = rig.sent()
    measured(
        f"lines by the Kubernetes API: {sent_after_restart} of 600 sent after a restart, "
        f"{sent_by_new_pod} of 700 by a new pod"
    )
    assert 100 <= sent_after_restart <= 101, "the last line may come again"
    assert sent_by_new_pod == 700
    assert [since is None for since in rig.api.asked_since] == [True, False, True]
    assert sorted(row.entry.line for row in rows) == [f"line {number:04d}" for number in range(700)]
