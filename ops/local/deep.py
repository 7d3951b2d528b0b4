"""What takes minutes: a writer killed under load, and retention in the real compactor."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence

import httpx

from ops.local.aged import Aged, aged
from ops.local.checks import Check, Run, expect
from ops.local.client import Entry, Loki, selector
from ops.local.layout import Node
from settings.quantities import loki_duration
from settings.tree import Settings

# The delays of the compactor, and nothing else: what a week does takes a minute.
FAST_COMPACTOR = {"compaction_interval": "5s", "retention_delete_delay": "1s", "apply_retention_interval": "5s"}
# Lines older than the retention are refused at the door; to have some, the door is open while they are sent.
TAKES_OLD_LINES = {"reject_old_samples": False}
# Measured: the index table of an expired day goes at the first compaction, its chunks about 60 s later.
_RETENTION_SECONDS = 300
_RELOAD_SECONDS = 30
_STREAMS = 60
_PUSHES = 900
_PER_PUSH = 5


def deep_checks() -> list[Check]:
    """The checks of DEEP=1, after the standard ones."""
    # Retention is last, as it restarts the backends: for some seconds after that a reader may hand a query to a
    # scheduler that all readers are leaving, and there it waits for ever (measured: one run of three).
    return [("one writer killed under load", survives_as_the_budget_says), ("retention", deletes_what_has_expired)]


def deletes_what_has_expired(run: Run) -> str:
    """Of each rule: lines older than its period vanish from the bucket, younger ones stay and are found."""
    platform = run.platform
    if not platform.has_store:
        return "not exercised: there is no bucket to look into"
    now = time.time_ns()
    cases, left_out = aged(platform.settings, _labels(run, "aged", 0), now)
    _open_for_old_lines(run, min(case.expired_at for case in cases))
    for case in cases:
        _send(run, case)
    platform.restart(*platform.writers)
    before = _chunks(run, cases)
    old = _of_times(before, {(case.tenant, case.expired_at) for case in cases})
    expect(len(old) >= len(cases), "the expired lines never reached the bucket")
    kept = _of_times(before, {(case.tenant, case.young_at) for case in cases})
    shortest = min(case.period for case in cases)
    kept |= {key for key, through in before.items() if through[1] > now - int(shortest.total_seconds()) * 10**9}
    platform.write_overrides({})
    platform.write_config(FAST_COMPACTOR)
    compactor, *idle = platform.layout.of("backend")
    if compactor.role == "backend":
        # While backends join, one takes the compactor's place from another; what the other has marked for deletion is
        # on its own volume and waits for its next turn.
        platform.fleet.stop(*(node.name for node in idle), seconds=20)
    platform.restart(compactor)
    began = time.monotonic()
    while left := old & _chunks(run, cases).keys():
        platform.fleet.check()
        seconds = time.monotonic() - began
        expect(
            seconds < _RETENTION_SECONDS, f"{len(left)} of {len(old)} expired chunks still there after {seconds:.0f} s"
        )
        time.sleep(1)
    seconds = time.monotonic() - began
    gone = kept - _chunks(run, cases).keys()
    expect(not gone, f"{len(gone)} chunks younger than their retention were deleted")
    for case in cases:
        loki = _as(run, case)
        young = [(dict(case.young), entry) for entry in case.entries(case.young_at)]
        _expect_found(run, young, f"young lines of {_name(case)}", loki)
        expired = case.entries(case.expired_at)
        found = list(loki.entries(selector(case.expired), expired[0].time, expired[-1].time + 1))
        expect(not found, f"{len(found)} expired lines of {_name(case)} are still found")
    if compactor.role == "backend":
        platform.restart(*idle)
    periods = ", ".join(f"{_name(case)} {loki_duration(case.period)}" for case in cases)
    lines = len(cases) * len(cases[0].entries(0))
    longer = sum(now - case.young_at > _nanoseconds(platform.settings) for case in cases)
    return "; ".join(
        [
            f"{lines} lines older than their retention gone from the bucket after {seconds:.0f} s ({len(old)} chunks)",
            f"{lines} younger lines found, {len(kept)} chunks kept",
            *([f"of {longer} rules such that the default would have deleted"] if longer else []),
            f"by rule: {periods}",
            *(f"not exercised: {each}" for each in left_out),
        ]
    )


def _nanoseconds(settings: Settings) -> int:
    return int(settings.retention.total_seconds()) * 10**9


def _name(case: Aged) -> str:
    return " ".join(filter(None, (case.tenant, case.selector)))


def _as(run: Run, case: Aged) -> Loki:
    return run.platform.loki_as(case.tenant if run.platform.settings.tenants else None)


def _send(run: Run, case: Aged) -> None:
    for stream, begin in ((case.expired, case.expired_at), (case.young, case.young_at)):
        for push in _as(run, case).push(stream, case.entries(begin)):
            expect(push.acknowledged, f"lines of {_name(case)}: {push.status} {push.reason[:300]}")


def _chunks(run: Run, cases: Sequence[Aged]) -> dict[str, tuple[str, int]]:
    """The tenant and the last line's time, in nanoseconds, of each chunk."""
    bucket = run.platform.bucket()
    tenants = {case.tenant for case in cases}
    return {chunk.key: (tenant, chunk.through) for tenant in tenants for chunk in bucket.chunks(tenant)}


def _of_times(chunks: Mapping[str, tuple[str, int]], begins: set[tuple[str, int]]) -> set[str]:
    """The chunks of lines that were sent by these tenants from these times on, within a second."""
    return {
        key
        for key, (tenant, through) in chunks.items()
        if any(tenant == whose and begin <= through < begin + 10**9 for whose, begin in begins)
    }


def survives_as_the_budget_says(run: Run) -> str:
    """One writer is killed while lines come in; what is refused and found is what the failure budget promises."""
    platform = run.platform
    settings = platform.settings
    killed, *others = reversed(platform.writers)
    if not others:
        return "not exercised: the only writer cannot be spared"
    survives = settings.lost_writers_survived > 0
    acknowledged, refused = _under_load(run, killed, others)
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
    for node in run.platform.writers:
        while not run.platform.loki.push(_labels(run, "probe", 0), [Entry(when, "probe")], node.url)[0].acknowledged:
            expect(time.monotonic() < deadline, f"{node.name} has not read the overrides after {_RELOAD_SECONDS} s")
            time.sleep(0.5)


def _labels(run: Run, app: str, pod: int) -> dict[str, str]:
    return {**run.labels, "namespace": "try-deep", "app": app, "pod": f"{app}-{pod}"}


def _under_load(run: Run, killed: Node, others: Sequence[Node]) -> tuple[list[tuple[dict[str, str], Entry]], int]:
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
        for push in run.platform.loki.push(labels, entries, others[number % len(others)].url):
            if push.acknowledged:
                acknowledged += [(labels, entry) for entry in push.entries]
            else:
                refused += 1
    return acknowledged, refused


def _expect_found(run: Run, sent: Sequence[tuple[dict[str, str], Entry]], what: str, loki: Loki | None = None) -> None:
    """Every line is found; a push that was refused may be there as well, which is no loss."""
    times = [entry.time for _, entry in sent]
    query = selector({name: value for name, value in sent[0][0].items() if name != "pod"})
    try:
        found = Counter((loki or run.platform.loki).entries(query, min(times), max(times) + 1))
    except httpx.HTTPError as error:
        expect(condition=False, seen=f"{what}: {error}")
        return
    missing = Counter(entry for _, entry in sent) - found
    expect(not missing, f"{missing.total()} of {len(sent)} {what} missing")
