"""What takes minutes: a writer killed under load, a process of each other role, and deletion in the real compactor."""

import time
from collections import Counter
from collections.abc import Callable, Sequence

import httpx

from components.loki.config import MARKERS
from ops.local.checks import Check, Run, expect
from ops.local.client import Entry, selector
from ops.local.layout import Node
from ops.local.losses import loss_checks
from settings.quantities import loki_duration
from settings.tree import Settings

_DAY = 86_400_000_000_000
_HOUR = _DAY // 24
# The delays of the compactor, and nothing else: what a week does takes a minute.
# Loki itself adds a minute to the time in which a request can be cancelled.
FAST_COMPACTOR = {"compaction_interval": "5s", "apply_retention_interval": "5s", "delete_request_cancel_period": "-1m"}
# For the second leader alone: the first one only marks what is to be deleted.
NO_DELAY = {"retention_delete_delay": "1s"}
# Lines older than the retention are refused at the door; to have some, the door is open while they are sent.
TAKES_OLD_LINES = {"reject_old_samples": False}
# Measured: what is marked is deleted at the leader's first look, or a minute later.
_RETENTION_SECONDS = 300
_RELOAD_SECONDS = 30
_LINES = 300
_STREAMS = 60
_PUSHES = 900
_PER_PUSH = 5


def deep_checks(settings: Settings) -> list[Check]:
    """The checks of DEEP=1, after the standard ones."""
    # Retention is last, as it restarts the backends: for some seconds after that a reader may hand a query to a
    # scheduler that all readers are leaving, and there it waits for ever (measured: one run of three).
    return [
        ("one writer killed under load", survives_as_the_budget_says),
        *loss_checks(settings),
        ("retention", deletes_what_has_expired),
    ]


def deletes_what_has_expired(run: Run) -> str:
    """Lines that are too old or asked to be deleted vanish from the bucket, though the compactor's leader changes.

    The leader marks them, and before the delay of a deletion is over it goes: what it has marked, the next one deletes.
    """
    platform = run.platform
    if not platform.has_store:
        return "not exercised: there is no bucket to look into"
    retention = int(platform.settings.retention.total_seconds()) * 1_000_000_000
    now = time.time_ns()
    limit = now - retention
    _open_for_old_lines(run, limit - 2 * _DAY)
    expired, young = _aged(run, "expired", limit - 2 * _DAY), _aged(run, "young", limit + 2 * _DAY)
    unwanted = _aged(run, "unwanted", limit + _DAY // 2)
    platform.restart(*platform.writers)
    before = {chunk.key: chunk for chunk in platform.bucket().chunks()}
    old = {key for key, chunk in before.items() if chunk.through < limit}
    asked = {key for key, chunk in before.items() if abs(chunk.through - unwanted[-1][1].time) < _HOUR}
    expect(old and asked, "the lines to delete never reached the bucket")
    platform.write_overrides({})
    leader, *others = platform.layout.compactors
    platform.write_config(FAST_COMPACTOR)
    platform.restart(leader)
    _expect_leader(run, leader)
    platform.loki.delete(leader.url, _labels(run, "unwanted", 0), unwanted[0][1].time, unwanted[-1][1].time)
    _wait(
        run, lambda: platform.loki.deletes(leader.url) == ["processed"], "the leader has not marked what was asked for"
    )
    expect(platform.bucket().objects(MARKERS), "the leader's marks are not in the bucket")
    expect(not (old | asked) - _chunks(run), "chunks were deleted before the delay of a deletion was over")
    # The same again in the hands of another, or of the only one anew, for whom the delay is over.
    platform.write_config(FAST_COMPACTOR | NO_DELAY)
    began = time.monotonic()
    if others:
        platform.restart(*others)
        platform.fleet.stop(leader.name, seconds=20)
        _expect_leader(run, *others)
    else:
        platform.restart(leader)
    _wait(run, lambda: not (old | asked) & _chunks(run), "expired or unwanted chunks are still there")
    seconds = time.monotonic() - began
    if others:
        platform.restart(leader)
        _expect_leader(run, leader)
    kept = before.keys() - old - asked
    gone = kept - _chunks(run)
    expect(not gone, f"{len(gone)} chunks younger than the retention were deleted")
    _expect_found(run, young, "young lines")
    age, hands = loki_duration(platform.settings.retention), "by the next leader" if others else "after its restart"
    return (
        f"{len(expired)} lines older than {age} and {len(unwanted)} of a delete request: marked by {leader.name}, "
        f"deleted {hands} within {seconds:.0f} s ({len(old) + len(asked)} chunks); {len(young)} younger lines found, "
        f"{len(kept)} chunks kept"
    )


def _chunks(run: Run) -> set[str]:
    return {chunk.key for chunk in run.platform.bucket().chunks()}


def _wait(run: Run, holds: Callable[[], bool], seen: str) -> None:
    began = time.monotonic()
    while not holds():
        run.platform.fleet.check()
        expect(time.monotonic() - began < _RETENTION_SECONDS, f"{seen} after {_RETENTION_SECONDS} s")
        time.sleep(1)


def _expect_leader(run: Run, *nodes: Node) -> None:
    """One of these alone compacts."""

    def running() -> list[str]:
        return [node.name for node in run.platform.layout.compactors if run.platform.loki.compacts(node.url)]

    _wait(run, lambda: len(running()) == 1 and running()[0] in [node.name for node in nodes], "no such leader")


def survives_as_the_budget_says(run: Run) -> str:
    """One writer is killed while lines come in; what is refused and found is what the failure budget promises."""
    platform = run.platform
    settings = platform.settings
    killed = platform.writers[-1]
    if len(platform.writers) == 1:
        return "not exercised: the only writer cannot be spared"
    survives = settings.lost_writers_survived > 0
    acknowledged, refused = _under_load(run, killed, [node for node in platform.receivers if node is not killed])
    share = f"{refused} of {_PUSHES - _PUSHES // 3} pushes refused after the kill"
    if survives:
        expect(refused == 0, f"{share}, expected none at replication {settings.replication_factor}")
        _expect_found(run, acknowledged, "acknowledged lines while the writer is lost")
    else:
        expect(refused, f"{share}, expected some at replication {settings.replication_factor}")
    platform.start_node(killed)
    platform.wait_ready((killed,))
    _expect_found(run, acknowledged, "acknowledged lines after the writer came back")
    promise = "writes go on" if survives else "writes of its streams wait for it"
    missing = f"0 of {len(acknowledged)} acknowledged lines missing"
    return f"as promised at replication {settings.replication_factor} ({promise}): {share}; {missing}"


def _open_for_old_lines(run: Run, when: int) -> None:
    """Change the runtime overrides and wait until every writer takes a line of long ago."""
    run.platform.write_overrides(TAKES_OLD_LINES)
    deadline = time.monotonic() + _RELOAD_SECONDS
    for node in run.platform.receivers:
        while not run.platform.loki.push(_labels(run, "probe", 0), [Entry(when, "probe")], node.url)[0].acknowledged:
            expect(time.monotonic() < deadline, f"{node.name} has not read the overrides after {_RELOAD_SECONDS} s")
            time.sleep(0.5)


def _labels(run: Run, app: str, pod: int) -> dict[str, str]:
    return {**run.labels, "namespace": "try-deep", "app": app, "pod": f"{app}-{pod}"}


def _aged(run: Run, app: str, when: int) -> list[tuple[dict[str, str], Entry]]:
    labels = _labels(run, app, 0)
    entries = [Entry(when + index * 1_000_000, f"{app} line {index}") for index in range(_LINES)]
    for push in run.platform.loki.push(labels, entries):
        expect(push.acknowledged, f"{app} lines: {push.status} {push.reason[:300]}")
    return [(labels, entry) for entry in entries]


def _under_load(run: Run, killed: Node, receivers: Sequence[Node]) -> tuple[list[tuple[dict[str, str], Entry]], int]:
    """The acknowledged lines, and how many pushes were refused after the kill."""
    acknowledged: list[tuple[dict[str, str], Entry]] = []
    refused = 0
    start = time.time_ns() - _PUSHES * _PER_PUSH * 1_000_000
    for number in range(_PUSHES):
        if number == _PUSHES // 3:
            run.platform.fleet.kill(killed.name)
        labels = _labels(run, "under-load", number % _STREAMS)
        first = start + number * _PER_PUSH * 1_000_000
        entries = [Entry(first + n * 1_000_000, f"push {number} line {n}") for n in range(_PER_PUSH)]
        # The gateway would send to ready pods only.
        for push in run.platform.loki.push(labels, entries, receivers[number % len(receivers)].url):
            if push.acknowledged:
                acknowledged += [(labels, entry) for entry in push.entries]
            else:
                refused += 1
    return acknowledged, refused


def _expect_found(run: Run, sent: Sequence[tuple[dict[str, str], Entry]], what: str) -> None:
    """Every line is found; a push that was refused may be there as well, which is no loss."""
    times = [entry.time for _, entry in sent]
    query = selector({name: value for name, value in sent[0][0].items() if name != "pod"})
    try:
        found = Counter(run.platform.loki.entries(query, min(times), max(times) + 1))
    except httpx.HTTPError as error:
        expect(condition=False, seen=f"{what}: {error}")
        return
    missing = Counter(entry for _, entry in sent) - found
    expect(not missing, f"{missing.total()} of {len(sent)} {what} missing")
