"""Moves with the real Loki: queries find every line written before, during and after the move, and none twice.

Each test runs the stages that `logstack migrate` prints, with the stack files that it prints. The test does what
Kubernetes does in between: pods of the old mode run beside the new ones, and stop one by one.
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
from tests.support.moving import RESYNC_SECONDS, Joining, Talker, config_before_move, stack_config
from tests.support.real import binary

pytestmark = pytest.mark.prove

CLUSTER = {"name": "moving", "context": "moving", "apiServer": "https://10.0.0.2:6443"}
STORE = {"kind": "s3-compatible", "endpoint": "http://10.0.0.1:9000", "bucket": "old", "credentialsSecret": "old"}
NEW_STORE = {**STORE, "endpoint": "http://10.0.0.3:9000", "bucket": "new", "credentialsSecret": "new"}
# Behind Thanos' clients, which all of Loki's stores then use; here a local S3 server takes its place.
GOOGLE = {
    "kind": "gcs",
    "bucket": "new",
    "project": "acme-production",
    "location": "EU",
    "identity": {"projectNumber": "123456789012"},
}
MODES: Mapping[str, dict[str, Any]] = {
    "simple-scalable": {"replicas": {"write": 3, "read": 2, "backend": 2}},
    "monolithic": {"replicas": {"monolithic": 3}},
    "distributed": {"replicas": {"querier": 1, "queryFrontend": 1, "queryScheduler": 1, "indexGateway": 1}},
}
COUNT = 1_200
_RETENTION_SECONDS = 300
# The chart's terminationGracePeriodSeconds of writers: one that is killed earlier has not flushed everything.
_GRACE_SECONDS = 300
# Measured: the ring's new leader compacts within ten seconds.
_LEADER_SECONDS = 180


def stack(**settings: object) -> Settings:
    return Settings.model_validate({"cluster": CLUSTER, "objectStore": STORE, **settings})


@pytest.fixture
def binaries() -> dict[str, Path]:
    return {name: binary(name) for name in ("loki", "versitygw")}


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(tmp_path / "logs") as running:
        yield running


# --- from one mode to another


def wait_until(what: str, holds: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < _LEADER_SECONDS, f"not after {_LEADER_SECONDS} s: {what}"
        time.sleep(1)


@pytest.mark.parametrize(
    ("old", "new"),
    [("simple-scalable", "monolithic"), ("simple-scalable", "distributed"), ("monolithic", "simple-scalable")],
)
def test_move_to_another_mode_finds_every_line_once_while_the_old_pods_leave(
    old: str, new: str, tmp_path: Path, binaries: dict[str, Path], fleet: Fleet, measured: Callable[[str], None]
) -> None:
    talker = Talker()
    old_platform = Platform(stack(deploymentMode=old, **MODES[old]), binaries, tmp_path / "old", fleet)
    (tmp_path / "old").mkdir()
    old_platform.config = stack_config(old_platform)
    old_platform.start()
    talker.push(old_platform.loki, "before", COUNT)

    new_platform = Joining(stack(deploymentMode=new, **MODES[new]), binaries, tmp_path / "new", fleet, old_platform)
    (tmp_path / "new").mkdir()
    new_platform.start()
    ring_states = new_platform.loki.ring(new_platform.distributors[0].url)
    assert ring_states == ["ACTIVE"] * len(old_platform.writers + new_platform.writers)
    assert talker.missing_and_twice(new_platform.loki) == (0, 0), (
        "the old writers, which flushed nothing, do not answer"
    )
    talker.push(new_platform.loki, "both", COUNT)

    non_writers = [node for node in old_platform.layout.nodes if node not in old_platform.writers]
    for node in (*non_writers, *reversed(old_platform.writers)):  # the order of the second stage
        fleet.stop(node.name, seconds=_GRACE_SECONDS)
        talker.push(new_platform.loki, f"without {node.name}", COUNT // 4)
        assert talker.missing_and_twice(new_platform.loki) == (0, 0), f"after {node.name} has left"
    ring = new_platform.loki.ring(new_platform.distributors[0].url)
    assert ring == ["ACTIVE"] * len(new_platform.writers), "a writer that left is still in the ring"
    leader = new_platform.layout.compactors[0]
    if is_elected(new_platform.settings):
        # Both first pods had the same token while both ran: the new one has none until it restarts.
        new_platform.restart(leader)
    compactors = new_platform.layout.compactors
    wait_until(
        f"{leader.name} alone compacts",
        lambda: [node for node in compactors if new_platform.loki.compacts(node.url)] == [leader],
    )

    talker.push(new_platform.loki, "after", COUNT)
    new_platform.restart(*new_platform.layout.nodes)
    assert talker.missing_and_twice(new_platform.loki) == (0, 0)
    measured(
        f"{old} to {new}: 0 of {len(talker.acknowledged)} lines missing, 0 twice; {len(non_writers)} pods and "
        f"{len(old_platform.writers)} writers left; a query had every line after {talker.waited:.1f} s at most, with "
        f"index files looked for every {RESYNC_SECONDS} s"
    )


# --- from one store to another


def count_chunks(platform: Platform, port: int, name: str) -> int:
    """Return how many chunks a bucket has."""
    bucket = open_bucket(f"http://{LOOPBACK}:{port}", name, "us-east-1", platform._key, platform._secret)
    return len(bucket.chunks())


def count_former_chunks(platform: Platform, kind: str, root: Path) -> int:
    """Return how many chunks the former store has."""
    if kind == "filesystem":
        files = (root / "shared" / "chunks").rglob("*")
        return sum(path.is_file() and "index" not in path.parts for path in files)
    return count_chunks(platform, platform.layout.former_port, "old")


@pytest.mark.parametrize("new_store", [NEW_STORE, GOOGLE], ids=lambda store: store["kind"])
@pytest.mark.parametrize("kind", ["s3-compatible", "filesystem"])
def test_move_to_another_store_finds_every_line_once_and_empties_the_old_store(
    kind: str,
    new_store: Mapping[str, object],
    tmp_path: Path,
    binaries: dict[str, Path],
    fleet: Fleet,
    measured: Callable[[str], None],
) -> None:
    # One time for both: midnight may pass between two calls.
    now = datetime.now(UTC)
    day = now.date().isoformat()
    single_binary = {"deploymentMode": "monolithic", "replicas": {"monolithic": 1}, "replicationFactor": 1}
    former_store = STORE if kind == "s3-compatible" else {"kind": "filesystem"}
    periods = [{"from": "2024-04-01"}, {"from": day}]
    settings_before = stack(**single_binary, objectStore=former_store)
    moving = {
        **single_binary,
        "schemaPeriods": periods,
        "objectStore": new_store,
        "formerObjectStore": {"before": day, "store": former_store},
    }
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = (now - midnight) / timedelta(hours=1)
    talker = Talker()

    platform = Platform(stack(**moving), binaries, tmp_path, fleet)
    config_after = platform.config
    platform.config = config_before_move(platform, settings_before)
    platform.start()
    talker.push(platform.loki, "before", COUNT, ago_hours=today + 50)
    platform.config = config_after
    platform.write_config({})
    platform.restart(*platform.layout.nodes)

    talker.push(platform.loki, "late", COUNT, ago_hours=today + 1)
    talker.push(platform.loki, "after", COUNT)
    platform.restart(*platform.layout.nodes)  # afterwards only the stores have the flushed lines
    assert talker.missing_and_twice(platform.loki) == (0, 0)
    assert count_chunks(platform, platform.layout.store_port, "new")
    chunks_before = count_former_chunks(platform, kind, tmp_path)

    # Two days of retention: older lines leave the former store too.
    platform.config = {**config_after, "limits_config": {**config_after["limits_config"], "retention_period": "48h"}}
    platform.write_config(FAST_COMPACTOR | NO_DELAY)
    platform.restart(*platform.layout.nodes)
    began = time.monotonic()
    while (remaining := count_former_chunks(platform, kind, tmp_path)) > chunks_before // 2:
        assert time.monotonic() - began < _RETENTION_SECONDS, (
            f"{remaining} of {chunks_before} chunks are still in the former store"
        )
        time.sleep(2)
    seconds = time.monotonic() - began
    talker.acknowledged = [entry for entry in talker.acknowledged if not entry.line.startswith("before")]
    assert talker.missing_and_twice(platform.loki) == (0, 0)
    measured(
        f"{kind} to {new_store['kind']}: 0 of {3 * COUNT} lines missing, 0 twice; "
        f"{chunks_before - remaining} of {chunks_before} chunks of the former store expired, after {seconds:.0f} s"
    )
