"""Moves, with the real Loki: lines written before, during and after are all found, and none twice.

Each test runs the stages that `logstack migrate` prints, with the stack files that it prints. What Kubernetes does in
between is done by hand here: pods of the old mode run on beside the new ones, and are told to stop one by one.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from logstack.localrun.bucket import open_bucket
from logstack.localrun.deletion import FAST_COMPACTOR, NO_DELAY
from logstack.localrun.layout import LOOPBACK
from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.manifests.loki.leader import is_elected
from logstack.settings.tree import Settings
from tests.support.moving import RESYNC_SECONDS, Joining, Talker, as_it_is, before_the_move
from tests.support.real import binary

pytestmark = pytest.mark.prove

CLUSTER = {"name": "moving", "context": "moving", "apiServer": "https://10.0.0.2:6443"}
STORE = {"kind": "s3-compatible", "endpoint": "http://10.0.0.1:9000", "bucket": "old", "credentialsSecret": "old"}
NEW_STORE = {**STORE, "endpoint": "http://10.0.0.3:9000", "bucket": "new", "credentialsSecret": "new"}
MODES: Mapping[str, dict[str, Any]] = {
    "simple-scalable": {"replicas": {"write": 3, "read": 2, "backend": 2}},
    "monolithic": {"replicas": {"monolithic": 3}},
    "distributed": {"replicas": {"querier": 1, "queryFrontend": 1, "queryScheduler": 1, "indexGateway": 1}},
}
COUNT = 1_200
_RETENTION_SECONDS = 300
# As the chart has it for writers (terminationGracePeriodSeconds): who is killed earlier has not flushed everything.
_GRACE_SECONDS = 300
# Measured: the ring's new leader compacts within ten seconds.
_LEADER_SECONDS = 180


def stack(**said: object) -> Settings:
    return Settings.model_validate({"cluster": CLUSTER, "objectStore": STORE, **said})


@pytest.fixture
def binaries() -> dict[str, Path]:
    return {name: binary(name) for name in ("loki", "versitygw")}


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(tmp_path / "logs") as running:
        yield running


# --- from one mode to another


def expect_soon(holds: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < _LEADER_SECONDS
        time.sleep(1)


@pytest.mark.parametrize(
    ("old", "new"),
    [("simple-scalable", "monolithic"), ("simple-scalable", "distributed"), ("monolithic", "simple-scalable")],
)
def test_a_mode_moves_with_every_line_found_once_while_the_old_pods_leave(
    old: str, new: str, tmp_path: Path, binaries: dict[str, Path], fleet: Fleet, measured: Callable[[str], None]
) -> None:
    talker = Talker()
    runs = Platform(stack(deploymentMode=old, **MODES[old]), binaries, tmp_path / "old", fleet)
    (tmp_path / "old").mkdir()
    runs.config = as_it_is(runs)
    runs.start()
    talker.say(runs.loki, "before", COUNT)

    joins = Joining(stack(deploymentMode=new, **MODES[new]), binaries, tmp_path / "new", fleet, runs)
    (tmp_path / "new").mkdir()
    joins.start()
    both = joins.loki.ring(joins.distributors[0].url)
    assert both == ["ACTIVE"] * len(runs.writers + joins.writers)
    assert talker.missing_and_twice(joins.loki) == (0, 0), "nothing of before is flushed: the old writers are asked"
    talker.say(joins.loki, "both", COUNT)

    others = [node for node in runs.layout.nodes if node not in runs.writers]
    for node in (*others, *reversed(runs.writers)):  # the order of the second stage
        fleet.stop(node.name, seconds=_GRACE_SECONDS)
        talker.say(joins.loki, f"without {node.name}", COUNT // 4)
        assert talker.missing_and_twice(joins.loki) == (0, 0), f"after {node.name} has left"
    ring = joins.loki.ring(joins.distributors[0].url)
    assert ring == ["ACTIVE"] * len(joins.writers), "who has left is not waited for"
    leader = joins.layout.compactors[0]
    if is_elected(joins.settings):
        # While both were there, both first pods had one token: the new one has none until it comes again.
        joins.restart(leader)
    expect_soon(lambda: [node for node in joins.layout.compactors if joins.loki.compacts(node.url)] == [leader])

    talker.say(joins.loki, "after", COUNT)
    joins.restart(*joins.layout.nodes)
    assert talker.missing_and_twice(joins.loki) == (0, 0)
    measured(
        f"{old} to {new}: 0 of {len(talker.said)} lines missing, 0 twice; {len(others)} pods and {len(runs.writers)} "
        f"writers left; a query had every line after {talker.waited:.1f} s at most, with index files looked for every "
        f"{RESYNC_SECONDS} s"
    )


# --- from one store to another


def chunks(platform: Platform, port: int, name: str) -> int:
    """How many chunks a bucket has."""
    found = open_bucket(f"http://{LOOPBACK}:{port}", name, "us-east-1", platform._key, platform._secret)
    return len(found.chunks())


def of_earlier_days(platform: Platform, kind: str, root: Path) -> int:
    """How many chunks the former store has."""
    if kind == "filesystem":
        files = (root / "shared" / "chunks").rglob("*")
        return sum(path.is_file() and "index" not in path.parts for path in files)
    return chunks(platform, platform.layout.former_port, "old")


@pytest.mark.parametrize("kind", ["s3-compatible", "filesystem"])
def test_a_store_moves_with_every_line_found_once_and_the_old_one_is_read_and_emptied(
    kind: str, tmp_path: Path, binaries: dict[str, Path], fleet: Fleet, measured: Callable[[str], None]
) -> None:
    # One moment for both: a run that begins before midnight may come to this test after it.
    now = datetime.now(UTC)
    day = now.date().isoformat()
    alone = {"deploymentMode": "monolithic", "replicas": {"monolithic": 1}, "replicationFactor": 1}
    former = STORE if kind == "s3-compatible" else {"kind": "filesystem"}
    periods = [{"from": "2024-04-01"}, {"from": day}]
    was = stack(**alone, objectStore=former)
    moving = {
        **alone,
        "schemaPeriods": periods,
        "objectStore": NEW_STORE,
        "formerObjectStore": {"before": day, "store": former},
    }
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = (now - midnight) / timedelta(hours=1)
    talker = Talker()

    platform = Platform(stack(**moving), binaries, tmp_path, fleet)
    moved = platform.config
    platform.config = before_the_move(platform, was)
    platform.start()
    talker.say(platform.loki, "before", COUNT, ago_hours=today + 50)
    platform.config = moved
    platform.write_config({})
    platform.restart(*platform.layout.nodes)

    talker.say(platform.loki, "late", COUNT, ago_hours=today + 1)
    talker.say(platform.loki, "after", COUNT)
    platform.restart(*platform.layout.nodes)  # what is flushed is read from the stores alone
    assert talker.missing_and_twice(platform.loki) == (0, 0)
    assert chunks(platform, platform.layout.store_port, "new")
    full = of_earlier_days(platform, kind, tmp_path)

    # Two days of retention: what is older goes, from the former store as well.
    platform.config = {**moved, "limits_config": {**moved["limits_config"], "retention_period": "48h"}}
    platform.write_config(FAST_COMPACTOR | NO_DELAY)
    platform.restart(*platform.layout.nodes)
    began = time.monotonic()
    while (left := of_earlier_days(platform, kind, tmp_path)) > full // 2:
        assert time.monotonic() - began < _RETENTION_SECONDS, f"{left} of {full} chunks are still in the former store"
        time.sleep(2)
    seconds = time.monotonic() - began
    talker.said = [entry for entry in talker.said if not entry.line.startswith("before")]
    assert talker.missing_and_twice(platform.loki) == (0, 0)
    measured(
        f"{kind} to another store: 0 of {3 * COUNT} lines missing, 0 twice; "
        f"{full - left} of {full} chunks of the former store expired, after {seconds:.0f} s"
    )
