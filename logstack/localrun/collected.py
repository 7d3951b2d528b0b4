"""The checks through the collector: lines from files that are rotated and truncated, and the canary's lines."""

import time
from collections import Counter
from collections.abc import Sequence
from functools import partial

from logstack.localrun.canary import LOOKS_SECONDS, WAIT_SECONDS, Canary
from logstack.localrun.checks import (
    REFUSALS,
    Check,
    Run,
    Sent,
    answers_a_rate,
    answers_the_volume,
    entries_of,
    expect,
    fills_the_bucket,
    gives_lines_back,
    has_the_labels,
    restarts_without_loss,
    ring_is_whole,
    takes_lines_in,
)
from logstack.localrun.client import Entry, Loki, selector
from logstack.localrun.collector import Collector
from logstack.localrun.entries import as_entries
from logstack.localrun.machine import Machine
from logstack.localrun.metrics import Metrics
from logstack.settings.model.quantities import kubernetes_size
from logstack.settings.tree import Settings

_SECOND = 1_000_000_000
_POLL_SECONDS = 0.5
# Alloy looks for files every 10 s, and tries again after 0.5 to 8 s: a minute without a line is no pause.
_STALLED_SECONDS = 60
_REPORT_SECONDS = 10
_CANARY_SECONDS = 30
# Alloy looks at a file every 250 ms. One that is larger than before when it looks again is not seen to be truncated.
_SEEN_SECONDS = 1.0
# The drops that are counted but are none of these lines: the canary's messages, and what is left out here already.
_ELSEWHERE = ("canary_noise", "line_too_long")
_DROPPED = "loki_process_dropped_lines_total"


def standard_checks(machine: Machine) -> list[Check]:
    """Return the checks of every run, in order."""
    collector, canary = machine.collector, machine.canary
    checks: list[Check] = [
        ("ring whole", ring_is_whole),
        ("lines in", partial(collects_lines, collector) if collector else takes_lines_in),
        ("lines out", gives_lines_back),
        ("labels", has_the_labels),
        ("rate query", answers_a_rate),
        ("volume endpoint", answers_the_volume),
        ("lines out after all writers restarted", restarts_without_loss),
    ]
    if machine.platform.has_store:
        checks.append(("chunks and index in the bucket", fills_the_bucket))
    if canary:
        checks.append(("canary through the collector", partial(canary_misses_nothing, canary)))
    return [*checks, REFUSALS]


def collects_lines(collector: Collector, run: Run) -> str:
    """Check that every line of a pod's log file reaches Loki, although the file is rotated and truncated."""
    settings = run.platform.settings
    sources = run.sources()
    thirds = [(collector.containers[source.pod.name], *_thirds(source.entries)) for source in sources]
    # The last third begins when Loki has the others: a key that is not over by then is not joined with its end.
    before = [as_entries([*first, *second], settings) for _, first, second, _ in thirds]
    after = [as_entries(third, settings) for *_, third in thirds]
    run.sent = [
        Sent(source.labels, [*earlier, *later]) for source, earlier, later in zip(sources, before, after, strict=True)
    ]
    for log, first, second, _ in thirds:
        log.write(first)
        log.rotate()
        log.write(second)
    _wait(run, collector, sum(map(len, after)))
    for log, *_ in thirds:
        log.truncate()
    time.sleep(_SEEN_SECONDS)
    for log, _, _, third in thirds:
        log.write(third)
    _wait(run, collector, 0)
    dropped = _leave_out_dropped(run, collector)
    limit = settings.limits.max_line_size
    long = sum(len(entry.line.encode()) > limit for source in sources for entry in source.entries)
    joined = sum(entry.line.count("\n") for sent in run.sent for entry in sent.entries)
    files = "the log file of 1 pod" if len(thirds) == 1 else f"the log files of {len(thirds)} pods"
    notes = [
        f"{run.lines + joined} lines by Alloy from {files}, rotated and truncated while it read",
        *([f"{joined} joined to the private key that they belong to"] if joined else []),
        *([f"{dropped} dropped by collector.drop or collector.rateLimits"] if dropped else []),
        *([_long_lines(settings, long)] if long else []),
    ]
    return "; ".join(notes)


def canary_misses_nothing(canary: Canary, run: Run) -> str:
    """Check that the canary finds all of its lines, and that Loki has them and none of its messages."""
    # After the first it knows of all that it has written before this check; the second is for a run that is over soon.
    seconds = max(WAIT_SECONDS + 2 * LOOKS_SECONDS, _CANARY_SECONDS - canary.seconds)
    run.say(f"  the canary queries its lines for another {seconds:.0f} s ...")
    _pause(run, seconds)
    metrics = canary.metrics()
    canary.stop()
    written, messages = canary.written(), canary.written("stderr")
    count = {
        name: int(metrics.total(f"loki_canary_{name}_total"))
        for name in ("entries", "missing_entries", "spot_check_missing_entries", "spot_check_entries")
    }
    expect(count["entries"] and written, "the canary wrote no line")
    for name in ("missing_entries", "spot_check_missing_entries"):
        expect(not count[name], f"{count[name]} {name.replace('_', ' ')} of {count['entries']}")
    _expect_in_loki(run, canary, written)
    return (
        f"{count['entries']} entries, 0 missing{_late(metrics)}, {_latency(metrics)};"
        f" spot checks: {count['spot_check_entries']}, 0 missing;"
        f" Loki has {len(written)} of {len(written)} written lines and none of the canary's {len(messages)} messages"
    )


def _thirds(entries: Sequence[Entry]) -> tuple[Sequence[Entry], Sequence[Entry], Sequence[Entry]]:
    """Split entries: before the file is rotated, before it is truncated, and after; the last is the shortest."""
    first, second = (len(entries) + 1) // 2, (5 * len(entries) + 5) // 6
    return entries[:first], entries[first:second], entries[second:]


def _wait(run: Run, collector: Collector, later: int) -> None:
    """Wait until Loki has all lines but the `later` ones. Raises CheckError when no more lines arrive."""
    expected = run.lines - later
    last_count, last_change, reported = -1, time.monotonic(), time.monotonic()
    while True:
        run.platform.fleet.check()
        metrics = collector.metrics()
        count = _in_loki(run) + _dropped(metrics)
        if count >= expected:
            return
        now = time.monotonic()
        if count != last_count:
            last_count, last_change = count, now
        expect(
            now - last_change < _STALLED_SECONDS,
            f"{count} of {expected} lines in Loki, and no more for {_STALLED_SECONDS} s; {_alloy_counts(metrics)}",
        )
        if now - reported > _REPORT_SECONDS:
            reported = now
            run.say(f"  {count} of {expected} lines are in Loki ...")
        time.sleep(_POLL_SECONDS)


def _in_loki(run: Run) -> int:
    seconds = (run.end - run.start) // _SECOND + 2
    query = f"sum(count_over_time({run.cluster_selector}[{seconds}s]))"
    return int(run.platform.loki.value(query, run.end + _SECOND))


def _dropped(metrics: Metrics) -> int:
    return int(sum(each.value for each in metrics.of(_DROPPED) if each.labels.get("reason") not in _ELSEWHERE))


def _alloy_counts(metrics: Metrics) -> str:
    read, sent = (metrics.total(f"loki_{name}_total") for name in ("source_file_read_lines", "write_sent_entries"))
    return f"Alloy has read {read:.0f} lines of these files, sent {sent:.0f} entries, dropped {_dropped(metrics)}"


def _leave_out_dropped(run: Run, collector: Collector) -> int:
    """Stop expecting lines that the stack's rules drop: the missing ones, if Alloy counts as many drops."""
    dropped = _dropped(collector.metrics())
    if not dropped:
        return 0
    missing = [Counter(sent.entries) - Counter(entries_of(run, sent)) for sent in run.sent]
    total = sum(each.total() for each in missing)
    expect(total == dropped, f"{total} lines are missing, but Alloy counted {dropped} dropped lines")
    for sent, gone in zip(run.sent, missing, strict=True):
        sent.entries = list((Counter(sent.entries) - gone).elements())
    return dropped


def _long_lines(settings: Settings, count: int) -> str:
    limit = kubernetes_size(settings.limits.max_line_size)
    action = "dropped" if settings.collector.long_lines == "drop" else "cut"
    return f"{count} longer than {limit} {action} by collector.longLines"


def _pause(run: Run, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        run.platform.fleet.check()
        time.sleep(_POLL_SECONDS)


def _expect_in_loki(run: Run, canary: Canary, written: Sequence[Entry]) -> None:
    """Check that Loki has every line that the canary wrote, and no other line of its pod."""
    query, tenant = selector({"pod": canary.pod.name}), run.platform.settings.canary_tenant
    loki = Loki([], run.platform.loki.reader, tenant) if tenant else run.platform.loki
    deadline = time.monotonic() + _STALLED_SECONDS
    first, last = written[0].time, time.time_ns()
    while True:
        back = Counter(loki.entries(query, first - _SECOND, last))
        missing, extra = Counter(written) - back, back - Counter(written)
        expect(
            not extra, f"Loki has {extra.total()} lines of its pod that are not its entries: {next(iter(extra), None)}"
        )
        if not missing:
            return
        expect(time.monotonic() < deadline, f"{missing.total()} of {len(written)} entries are not in Loki")
        _pause(run, _POLL_SECONDS)


def _late(metrics: Metrics) -> str:
    late = metrics.total("loki_canary_websocket_missing_entries_total")
    return (
        f" ({late:.0f} found by a query, because the tail did not deliver them within {WAIT_SECONDS} s)" if late else ""
    )


def _latency(metrics: Metrics) -> str:
    name = "loki_canary_response_latency_seconds"
    if not (count := metrics.total(f"{name}_count")):
        return "no latency: the tail delivered no entry"
    mean = metrics.total(f"{name}_sum") / count
    return f"latency {mean:.1f} s on average, 95 % below {metrics.quantile(name, 0.95):g} s"
