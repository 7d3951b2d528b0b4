"""Deletion by the real compactor: by each retention rule and by request, while the compactor's leader changes."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from logstack.localrun.aged import Aged, aged
from logstack.localrun.checks import Run, deep_labels, expect, expect_found
from logstack.localrun.client import Entry, Loki, selector
from logstack.localrun.layout import Node
from logstack.manifests.loki.config import MARKERS
from logstack.settings.model.loki import SINGLE_TENANT
from logstack.settings.model.quantities import loki_duration

_SECOND = 1_000_000_000
# The delays of the compactor, and nothing else: what a week does takes a minute.
# Loki itself adds a minute to the time in which a request can be cancelled.
FAST_COMPACTOR = {"compaction_interval": "5s", "apply_retention_interval": "5s", "delete_request_cancel_period": "-1m"}
# For the second leader alone: the first one only marks what is to be deleted.
NO_DELAY = {"retention_delete_delay": "1s"}
# Loki refuses lines older than the retention; while the check sends some, it accepts them.
TAKES_OLD_LINES = {"reject_old_samples": False}
# Measured: what is marked is deleted at the leader's first look, or a minute later.
_RETENTION_SECONDS = 300
_RELOAD_SECONDS = 30
_UNWANTED = "unwanted"

Chunks = Mapping[str, tuple[str, int]]
"""The tenant and the last line's time, in nanoseconds, of each chunk."""


@dataclass(frozen=True)
class _Sent:
    """The lines to delete and the lines to keep, and the keys of their chunks."""

    cases: Sequence[Aged]
    untested: Sequence[str]
    """Rules that could not be tried, with the reason."""
    unwanted: Sequence[Entry]
    """The lines of a delete request."""
    doomed: frozenset[str]
    young: frozenset[str]


def deletes_what_has_expired(run: Run) -> str:
    """Check each rule: lines older than its period leave the bucket; younger ones stay, and queries find them.

    Lines of a delete request leave the bucket too. The leading compactor marks the lines and stops before the deletion
    delay is over; the next leader deletes them.
    """
    if not run.platform.has_store:
        return "not exercised: the stack has no bucket"
    now = time.time_ns()
    sent = _sent(run, now)
    leader, *followers = run.platform.layout.compactors
    _mark(run, leader, sent)
    seconds = _delete(run, leader, followers, sent)
    gone = sent.young - _chunks(run, sent.cases).keys()
    expect(not gone, f"{len(gone)} chunks younger than their retention were deleted")
    for case in sent.cases:
        _expect_answers(run, case)
    lines = len(sent.cases) * len(sent.unwanted)
    deleted = f"{lines} lines older than their retention and {len(sent.unwanted)} of a delete request"
    how = "by the next leader" if followers else "after its restart"
    longer = sum(now - case.young_at > _nanoseconds(run.platform.settings.retention) for case in sent.cases)
    return "; ".join(
        [
            f"{deleted}: marked by {leader.name}, deleted {how} within {seconds:.0f} s ({len(sent.doomed)} chunks)",
            f"{lines} younger lines found, {len(sent.young)} chunks still stored",
            *([f"{longer} rules store lines that the default retention would delete"] if longer else []),
            f"by rule: {', '.join(f'{_name(case)} {loki_duration(case.period)}' for case in sent.cases)}",
            *(f"not exercised: {each}" for each in sent.untested),
        ]
    )


def _sent(run: Run, now: int) -> _Sent:
    """Expired, young and unwanted lines, all of them in the bucket."""
    platform = run.platform
    cases, untested = aged(platform.settings, deep_labels(run, "aged", 0), now)
    shortest = _nanoseconds(min(case.period for case in cases))
    # Half a minute beside every rule's lines: a chunk is known by its time.
    unwanted = Aged.entries(now - shortest // 3 - 30 * _SECOND)
    _open_for_old_lines(run, min(case.expired_at for case in cases))
    for case in cases:
        for stream, begin in ((case.expired, case.expired_at), (case.young, case.young_at)):
            _send(_as(run, case), stream, case.entries(begin), _name(case))
    _send(platform.loki, deep_labels(run, _UNWANTED, 0), unwanted, "a delete request")
    platform.restart(*platform.writers)
    platform.write_overrides({})
    chunks = _chunks(run, cases)
    old = _of_times(chunks, {(case.tenant, case.expired_at) for case in cases})
    keys_of_unwanted = _of_times(chunks, {(SINGLE_TENANT, unwanted[0].time)})
    expect(len(old) >= len(cases) and keys_of_unwanted, "the lines to delete did not reach the bucket")
    young = _of_times(chunks, {(case.tenant, case.young_at) for case in cases})
    recent = {key for key, (_, through) in chunks.items() if through > now - shortest}
    return _Sent(
        cases, untested, unwanted, frozenset(old | keys_of_unwanted), frozenset(young | recent) - keys_of_unwanted
    )


def _mark(run: Run, leader: Node, sent: _Sent) -> None:
    """Let the leader mark the lines to delete; check that it does not delete them yet."""
    platform, (first, *_, last) = run.platform, sent.unwanted
    platform.write_config(FAST_COMPACTOR)
    platform.restart(leader)
    _expect_leader(run, leader)
    platform.loki.delete(leader.url, deep_labels(run, _UNWANTED, 0), first.time, last.time)
    _wait(
        run, lambda: platform.loki.deletes(leader.url) == ["processed"], "the leader has not marked the requested lines"
    )
    expect(platform.bucket().objects(MARKERS), "the leader's marks are not in the bucket")
    early = sent.doomed - _chunks(run, sent.cases).keys()
    expect(not early, "the compactor deleted chunks before the deletion delay was over")


def _delete(run: Run, leader: Node, followers: Sequence[Node], sent: _Sent) -> float:
    """Let the next leader, or the only one after a restart, delete without delay; return the seconds it took."""
    platform = run.platform
    platform.write_config(FAST_COMPACTOR | NO_DELAY)
    began = time.monotonic()
    if followers:
        platform.restart(*followers)
        platform.stop(leader)
        _expect_leader(run, *followers)
    else:
        platform.restart(leader)
    _wait(
        run,
        lambda: not sent.doomed & _chunks(run, sent.cases).keys(),
        "expired or unwanted chunks are still in the bucket",
    )
    seconds = time.monotonic() - began
    if followers:
        platform.restart(leader)
        _expect_leader(run, leader)
    return seconds


def _expect_answers(run: Run, case: Aged) -> None:
    """Check that a query finds the young lines and no expired one."""
    loki = _as(run, case)
    young = [(dict(case.young), entry) for entry in case.entries(case.young_at)]
    expect_found(run, young, f"young lines of {_name(case)}", loki)
    expired = case.entries(case.expired_at)
    back = list(loki.entries(selector(case.expired), expired[0].time, expired[-1].time + 1))
    expect(not back, f"queries still find {len(back)} expired lines of {_name(case)}")


def _wait(run: Run, is_true: Callable[[], bool], detail: str) -> None:
    began = time.monotonic()
    while not is_true():
        run.platform.fleet.check()
        expect(time.monotonic() - began < _RETENTION_SECONDS, f"{detail} after {_RETENTION_SECONDS} s")
        time.sleep(1)


def _expect_leader(run: Run, *nodes: Node) -> None:
    """Wait until exactly one of these nodes compacts."""

    def leads() -> bool:
        running = [node for node in run.platform.layout.compactors if run.platform.loki.compacts(node.url)]
        return len(running) == 1 and running[0] in nodes

    _wait(run, leads, "no such compactor leads")


def _nanoseconds(period: timedelta) -> int:
    return int(period.total_seconds()) * _SECOND


def _name(case: Aged) -> str:
    return " ".join(filter(None, (case.tenant, case.selector)))


def _as(run: Run, case: Aged) -> Loki:
    return run.platform.loki_as(case.tenant if run.platform.settings.tenants else None)


def _send(loki: Loki, labels: Mapping[str, str], entries: Sequence[Entry], origin: str) -> None:
    for push in loki.push(labels, entries):
        expect(push.acknowledged, f"lines of {origin}: {push.status} {push.reason[:300]}")


def _chunks(run: Run, cases: Sequence[Aged]) -> Chunks:
    bucket = run.platform.bucket()
    tenants = {SINGLE_TENANT, *(case.tenant for case in cases)}
    return {chunk.key: (tenant, chunk.through) for tenant in tenants for chunk in bucket.chunks(tenant)}


def _of_times(chunks: Chunks, begins: set[tuple[str, int]]) -> set[str]:
    """The chunks of lines that were sent by these tenants from these times on, within a second."""
    return {
        key
        for key, (tenant, through) in chunks.items()
        if any(tenant == sender and begin <= through < begin + _SECOND for sender, begin in begins)
    }


def _open_for_old_lines(run: Run, when: int) -> None:
    """Change the runtime overrides and wait until every writer takes a line of long ago."""
    run.platform.write_overrides(TAKES_OLD_LINES)
    deadline = time.monotonic() + _RELOAD_SECONDS
    for node in run.platform.distributors:
        while not run.platform.loki.push(deep_labels(run, "probe", 0), [Entry(when, "probe")], node.url)[
            0
        ].acknowledged:
            run.platform.refusals.intend("greater_than_max_sample_age", 1)
            expect(time.monotonic() < deadline, f"{node.name} has not read the overrides after {_RELOAD_SECONDS} s")
            time.sleep(0.5)
