"""Rings of several programs in one cluster: Kubernetes gives the address of a pod that is gone to another one.

loki#10172, tempo#2766 and mimir#6187: after a restart Loki's ring had Tempo's or Mimir's pods as members, or those of a
second Loki.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from logstack.localrun.client import Entry
from logstack.localrun.layout import LOOPBACK, Node
from logstack.localrun.localise import flags
from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.manifests.loki.ring import LABEL_KEY, UNVERIFIED_KEY, RingLabel, own_label, ring_label
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.tree import Settings
from tests.support.real import binary

pytestmark = pytest.mark.prove

SETTLED_SECONDS = 10
# A pod that stops gets no more requests from a moment before.
DRAINED_SECONDS = 0.3


def settings_of(cluster: str, pods: int) -> Settings:
    """A ring of so many pods that do everything."""
    return Settings.model_validate(
        {
            "cluster": {"name": cluster, "context": cluster},
            "deploymentMode": "monolithic",
            "replicas": {"monolithic": pods},
            "replicationFactor": min(pods, 3),
            "objectStore": {"kind": "filesystem"},
        }
    )


def write(platform: Platform, label: RingLabel, joined: Sequence[Node]) -> None:
    """Write loki.yaml with a ring label, and with those that its processes join."""
    memberlist = platform.config["memberlist"]
    for key in (LABEL_KEY, UNVERIFIED_KEY):
        memberlist.pop(key, None)
    memberlist |= {**label.memberlist, "join_members": [f"{LOOPBACK}:{node.gossip_port}" for node in joined]}
    platform.write_config({})


@contextmanager
def two_stacks(root: Path, *labels: RingLabel) -> Iterator[list[Platform]]:
    """Two stacks of one process each; the second one joins the first one's address as well as its own."""
    with ExitStack() as fleets:
        platforms: list[Platform] = []
        for name, label in zip(("first", "second"), labels, strict=True):
            fleet = fleets.enter_context(Fleet(root / name / "logs"))
            platforms.append(Platform(settings_of(name, 1), {"loki": binary("loki")}, root / name, fleet))
            write(platforms[-1], label, [node for each in platforms for node in each.layout.nodes])
            start_as(platforms[-1], name)
        time.sleep(SETTLED_SECONDS)
        yield platforms


def start_as(platform: Platform, stack: str) -> None:
    """Start a stack's only process under a name that no other stack's process has."""
    platform.write_overrides({})
    (node,) = platform.layout.nodes
    node.directory.mkdir()
    own = [
        f"{flag}-{stack}" if flag.endswith(f"={node.name}") else flag
        for flag in flags(node, node.directory.parent / "loki.yaml")
    ]
    platform.fleet.start(node.name, [str(binary("loki")), *own], {"HOSTNAME": node.pod})
    platform.wait_ready((node,))


def members(platform: Platform) -> int:
    """How many writers the ring of a stack's first process has."""
    return len(platform.loki.ring(platform.layout.nodes[0].url))


def label_of(stack: str) -> RingLabel:
    return ring_label(ClusterSettings(name=stack, context=stack))


def test_two_rings_without_labels_become_one(tmp_path: Path) -> None:
    without = RingLabel("", is_verified=True)
    with two_stacks(tmp_path, without, without) as platforms:
        assert [members(each) for each in platforms] == [2, 2]


def test_two_rings_with_their_stacks_labels_stay_apart(tmp_path: Path) -> None:
    with two_stacks(tmp_path, label_of("first"), label_of("second")) as platforms:
        assert [members(each) for each in platforms] == [1, 1]


def test_ring_with_a_label_refuses_one_without(tmp_path: Path) -> None:
    with two_stacks(tmp_path, label_of("first"), RingLabel("", is_verified=True)) as platforms:
        assert [members(each) for each in platforms] == [1, 1]


class Pushes:
    """Pushes all the while to the processes that Kubernetes would send them to, and counts the answers."""

    def __init__(self, platform: Platform) -> None:
        """It begins with the context, and ends with it."""
        self.stopping: set[str] = set()
        self.acknowledged = 0
        self.refused: Counter[str] = Counter()
        self._platform = platform
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._push)

    def __enter__(self) -> "Pushes":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _push(self) -> None:
        count = 0
        while not self._end.is_set():
            ready = [node for node in self._platform.layout.nodes if node.name not in self.stopping]
            entry = Entry(time.time_ns(), "a line")
            for pushed in self._platform.loki.push({"app": f"a{count % 20}"}, [entry], ready[count % len(ready)].url):
                if pushed.acknowledged:
                    self.acknowledged += 1
                else:
                    self.refused[pushed.reason.splitlines()[0]] += 1
            count += 1
            time.sleep(0.02)


def roll(platform: Platform, pushes: Pushes, label: RingLabel) -> None:
    """Give every process another ring label, one after the other, as a StatefulSet does."""
    write(platform, label, platform.layout.nodes)
    for node in platform.layout.nodes:
        pushes.stopping.add(node.name)
        time.sleep(DRAINED_SECONDS)
        platform.restart(node)
        pushes.stopping.discard(node.name)
        time.sleep(1)


@contextmanager
def ring_without_label(root: Path) -> Iterator[Platform]:
    """Three processes as code before the ring label started them."""
    with Fleet(root / "logs") as fleet:
        platform = Platform(settings_of("prod", 3), {"loki": binary("loki")}, root, fleet)
        write(platform, RingLabel("", is_verified=True), platform.layout.nodes)
        platform.write_overrides({})
        for node in platform.layout.nodes:
            platform.start_node(node)
        platform.wait_ready(platform.layout.nodes)
        deadline = time.monotonic() + 60
        while members(platform) < len(platform.layout.nodes):
            assert time.monotonic() < deadline, "no ring of three"
            time.sleep(0.5)
        yield platform


def test_no_push_is_refused_while_a_ring_gets_its_label_in_stages(
    tmp_path: Path, measured: Callable[[str], None]
) -> None:
    cluster = settings_of("prod", 3).cluster
    stages = [
        ring_label(cluster.model_copy(update={"ring_label": stage})) for stage in ("tolerated", "sent", "verified")
    ]
    assert stages[-1] == RingLabel(own_label(cluster), is_verified=True)
    with ring_without_label(tmp_path) as platform, Pushes(platform) as pushes:
        for stage in stages:
            roll(platform, pushes, stage)
        assert members(platform) == len(platform.layout.nodes)
    measured(f"ring label in stages: {pushes.acknowledged} pushes acknowledged, {pushes.refused.total()} refused")
    assert pushes.acknowledged > 500
    assert pushes.refused == {}


def test_in_one_step_pushes_are_refused(tmp_path: Path, measured: Callable[[str], None]) -> None:
    """Which is why it is refused before it begins (preflight/ring_label.py)."""
    with ring_without_label(tmp_path) as platform, Pushes(platform) as pushes:
        roll(platform, pushes, ring_label(settings_of("prod", 3).cluster))
    measured(f"ring label in one step: {pushes.acknowledged} pushes acknowledged, {pushes.refused.total()} refused")
    assert pushes.refused["at least 2 live replicas required, could only find 1"] > pushes.acknowledged / 20
