"""The standard checks of a run. Each returns one line, or raises CheckError with the actual result."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import httpx

from logstack.localrun.client import Entry, Loki, selector
from logstack.localrun.lines import NAMESPACE, LogFile, file_pod, stream_labels, timestamped
from logstack.localrun.platform import Platform
from logstack.localrun.pods import Pod
from logstack.localrun.redacted import redactions
from logstack.settings.model.quantities import kubernetes_size

_SECOND = 1_000_000_000
_MILLISECOND = 1_000_000
# Loki's own: limits_config.discover_service_name, and shard_streams, which splits a stream of more than 1.5 MB/s.
_OWN_LABELS = {"service_name", "__stream_shard__"}


@dataclass(frozen=True)
class Outcome:
    """One check's result."""

    name: str
    passed: bool
    detail: str
    seconds: float = 0.0


class CheckError(Exception):
    """A check failed; the message has the actual result."""


@dataclass(frozen=True)
class Source:
    """A pod that writes one file's lines, and the labels that they get."""

    pod: Pod
    labels: dict[str, str]
    entries: list[Entry]


@dataclass
class Sent:
    """The lines of one file, as they were sent."""

    labels: dict[str, str]
    entries: list[Entry]
    refused: int = 0


@dataclass
class Run:
    """The state that the checks share: the lines that were sent, and when."""

    platform: Platform
    files: Sequence[LogFile]
    sent: list[Sent] = field(default_factory=list)
    end: int = field(default_factory=time.time_ns)
    redacted: dict[Entry, Entry] = field(default_factory=dict)
    """The lines that the collector changed, as they were sent, each with the one that Loki returned last."""
    say: Callable[[str], None] = lambda _: None
    """Prints progress of a check that takes long."""

    def sources(self) -> list[Source]:
        """Return the entries of each file's pod, with the times of this run."""
        collector, cluster = self.platform.settings.collector, self.platform.settings.cluster.name
        pods = [file_pod(file, number, collector) for number, file in enumerate(self.files)]
        lines = [[Entry(when, line) for when, line in timestamped(file.lines, self.end)] for file in self.files]
        return [
            Source(pod, stream_labels(pod, cluster, collector), entries)
            for pod, entries in zip(pods, lines, strict=True)
        ]

    @property
    def cluster_selector(self) -> str:
        """Everything that the run has sent."""
        labels = self.labels
        return selector({"namespace": NAMESPACE} if "namespace" in labels else labels)

    @property
    def labels(self) -> dict[str, str]:
        """Return the labels of the first file's lines. Raises CheckError if Loki acknowledged no line."""
        expect(self.lines, "Loki acknowledged no line")
        return self.sent[0].labels

    @property
    def start(self) -> int:
        """The first line's time, in nanoseconds. Raises CheckError as `labels` does."""
        expect(self.lines, "Loki acknowledged no line")
        return min(entry.time for sent in self.sent for entry in sent.entries)

    @property
    def lines(self) -> int:
        """Return the number of lines that Loki acknowledged."""
        return sum(len(sent.entries) for sent in self.sent)

    @property
    def raw_bytes(self) -> int:
        """Return the bytes of the lines that Loki acknowledged."""
        return sum(len(entry.line.encode()) for sent in self.sent for entry in sent.entries)


Check = tuple[str, Callable[[Run], str]]


def carry_out(checks: Sequence[Check], run: Run) -> Iterator[Outcome]:
    """Yield each check's outcome as soon as it is known; a failure does not stop the next checks."""
    for name, check in checks:
        began = time.monotonic()
        try:
            detail, passed = check(run), True
        except (CheckError, httpx.HTTPError) as failure:
            detail, passed = str(failure), False
        yield Outcome(name, passed, detail, time.monotonic() - began)


def expect(condition: object, detail: str) -> None:
    """Raise CheckError with the detail unless the condition is true."""
    if not condition:
        raise CheckError(detail)


def ring_is_whole(run: Run) -> str:
    """Check that every writer sees every writer as an active member of the ring."""
    writers = run.platform.writers
    for writer in writers:
        states = run.platform.loki.ring(writer.url)
        expect(states == ["ACTIVE"] * len(writers), f"{writer.name} sees {states}, expected {len(writers)} ACTIVE")
    return f"{len(writers)} of {len(writers)} writers ACTIVE, replication {run.platform.settings.replication_factor}"


def takes_lines_in(run: Run) -> str:
    """Push the lines; check that Loki acknowledges all but those above the stack's limit."""
    settings = run.platform.settings
    longest = settings.limits.max_line_size
    for source in run.sources():
        fits = [entry for entry in source.entries if len(entry.line.encode()) <= longest]
        too_long = [entry for entry in source.entries if len(entry.line.encode()) > longest]
        for push in run.platform.loki.push(source.labels, fits):
            expect(push.acknowledged, f"{source.pod.name}: {push.status} {push.reason[:300]}")
        for push in run.platform.loki.push(source.labels, too_long):
            expect(
                not push.acknowledged, f"{source.pod.name}: Loki accepted a line longer than {kubernetes_size(longest)}"
            )
        run.platform.refusals.intend("line_too_long", len(too_long))
        run.sent.append(Sent(source.labels, fits, len(too_long)))
    refused = sum(sent.refused for sent in run.sent)
    note = f"; {refused} longer than {kubernetes_size(longest)} refused by limits.maxLineSize" if refused else ""
    return f"{run.lines} lines acknowledged{note}"


def gives_lines_back(run: Run) -> str:
    """Check that Loki returns exactly the sent lines with their times, except for redacted parts."""
    expect(run.lines, "Loki acknowledged no line")
    custom = run.platform.settings.collector.redact.custom
    count = redacted = 0
    for sent in run.sent:
        if not sent.entries:
            continue
        back = entries_of(run, sent)
        missing, extra = Counter(sent.entries) - Counter(back), Counter(back) - Counter(sent.entries)
        pairs = redactions(list(missing.elements()), list(extra.elements()), custom)
        missing, extra = missing - Counter(pairs.keys()), extra - Counter(pairs.values())
        run.redacted |= pairs
        redacted += len(pairs)
        expect(
            not missing and not extra,
            f"{selector(sent.labels)}: {missing.total()} missing, {extra.total()} not sent, of {len(sent.entries)}",
        )
        count += len(back)
    note = f"; {redacted} with redacted secrets" if redacted else ""
    return f"{count} of {run.lines} lines, each as it was sent{note}"


def entries_of(run: Run, sent: Sent) -> list[Entry]:
    """Return the entries that Loki has of one file."""
    first, last = sent.entries[0].time, sent.entries[-1].time
    return list(run.platform.loki.entries(selector(sent.labels), first, last + 1))


def has_the_labels(run: Run) -> str:
    """Check that the labels are the stack's, besides those that Loki adds."""
    loki = run.platform.loki
    expected = set(run.labels)
    times = {"start": run.start, "end": run.end + _SECOND}
    labels = set(loki.get("/loki/api/v1/labels", query=run.cluster_selector, **times)["data"])
    actual = labels - _OWN_LABELS
    expect(actual == expected, f"found {sorted(actual)}, expected {sorted(expected)}")
    return ", ".join(sorted(expected))


def answers_a_rate(run: Run) -> str:
    """Check that a metric query counts exactly the sent lines."""
    seconds = (run.end - run.start) // _SECOND + 2
    query = f"sum(count_over_time({run.cluster_selector}[{seconds}s]))"
    counted = run.platform.loki.value(query, run.end + _SECOND)
    expect(counted == run.lines, f"{query} = {counted:g}, expected {run.lines}")
    rate = run.platform.loki.value(f"sum(rate({run.cluster_selector}[{seconds}s]))", run.end + _SECOND)
    expect(abs(rate * seconds - run.lines) < 1, f"rate is {rate:g}/s over {seconds} s, expected {run.lines} lines")
    return f"{rate:.1f} lines/s over {seconds} s"


def answers_the_volume(run: Run) -> str:
    """Check that the volume endpoint counts the lines; Loki counts those in memory 2 to 4 times (measured)."""
    answer = run.platform.loki.get(
        "/loki/api/v1/index/volume", query=run.cluster_selector, start=run.start, end=run.end + _SECOND, limit=100
    )
    volume = sum(int(series["value"][1]) for series in answer["data"]["result"])
    expect(volume >= run.raw_bytes, f"the volume endpoint returns {volume} bytes, but {run.raw_bytes} were sent")
    return f"{volume} bytes by Loki's count, which includes lines in memory more than once; {run.raw_bytes} were sent"


def restarts_without_loss(run: Run) -> str:
    """Restart all writers as a rollout does, then check the lines again."""
    run.platform.restart(*run.platform.writers)
    # The writers' memory no longer has the lines, so the answer comes from the store.
    return gives_lines_back(run)


def fills_the_bucket(run: Run) -> str:
    """Check that chunks and index are objects in the bucket."""
    bucket = run.platform.bucket()
    # The canary's lines are younger than those that were sent; a chunk's times are whole milliseconds.
    chunks = [chunk for chunk in bucket.chunks() if chunk.through < run.end + _MILLISECOND]
    index = [key for key in bucket.objects("index/") if key.endswith(".tsdb.gz")]
    expect(chunks, "no chunk in the bucket")
    expect(index, "no TSDB index in the bucket")
    stored = sum(chunk.size for chunk in chunks)
    return (
        f"{len(chunks)} chunks, {len(index)} index files; {stored} bytes stored for {run.raw_bytes} raw"
        f" = {stored / run.raw_bytes:.3f}"
    )


def refuses_no_line(run: Run) -> str:
    """Check that Loki has refused only lines that a check sent for that purpose; its answer to a push may hide others.

    Each of a line's writers counts it.
    """
    refusals = run.platform.refusals
    refusals.read()
    lost = refusals.lost()
    expect(not lost, f"Loki refused lines, and nobody sends them again: {lost}")
    notes = [
        f"0 by loki_discarded_samples_total of {len(run.platform.layout.nodes)} processes",
        *([f"on purpose: {refusals.intended()}"] if refusals.intended() else []),
        *([f"sent again after 429: {refusals.sent_again()}"] if refusals.sent_again() else []),
    ]
    return "; ".join(notes)


REFUSALS: Check = ("lines refused", refuses_no_line)


def deep_labels(run: Run, app: str, pod: int) -> dict[str, str]:
    """Return the labels of a stream of the deep checks."""
    return {**run.labels, "namespace": "try-deep", "app": app, "pod": f"{app}-{pod}"}


def expect_found(run: Run, sent: Sequence[tuple[dict[str, str], Entry]], what: str, loki: Loki | None = None) -> None:
    """Check that Loki returns every line; lines of refused pushes may be there too, which is not a loss."""
    times = [entry.time for _, entry in sent]
    query = selector({name: value for name, value in sent[0][0].items() if name != "pod"})
    try:
        back = Counter((loki or run.platform.loki).entries(query, min(times), max(times) + 1))
    except httpx.HTTPError as error:
        expect(condition=False, detail=f"{what}: {error}")
        return
    missing = Counter(entry for _, entry in sent) - back
    expect(not missing, f"{missing.total()} of {len(sent)} {what} missing")
