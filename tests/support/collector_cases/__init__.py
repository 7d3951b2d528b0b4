"""The collector's cases: lines as containers and shippers write them, and the entries that Loki then has.

A file of this folder is a group: settings as a stack file has them, and the cases that one Alloy carries out under
them. A case is a pod with the lines that it has `written`, and what is `expected`, line by line (see `Expectation`).
Without `expected` each line arrives as it is, with the time that the container runtime gave it, to the nanosecond, and
with no structured metadata but the node's name.

In texts <now> is the time of the line itself, <tomorrow> and <last-year> are dates, and what has a % is an hour ago as
strftime writes it: <%H:%M>, or <+9 %H:%M> nine time zones to the east. <unix> is <%H>:30 of that hour in seconds, and
<80 x> a text of 80 x.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import yaml

from logstack.localrun.client import Pairs, Row
from logstack.localrun.cri import cri_lines, moment, time_of
from logstack.localrun.pods import Pod
from logstack.manifests.alloy.lines import CUT
from logstack.settings.load.stack_file import Value
from tests.support.real import shared

FOLDER = Path(__file__).parent
# Of the stack of the cases: limits.maxLineSize.
LONGEST = 256 * 1024
Source = Literal["pods", "node-file", "push", "otlp-http", "otlp-grpc"]
# Structured metadata that Loki or every line has; a case that is about it names it.
_EVERYWHERE = frozenset({"detected_level", "node"})
# Loki's own label (limits_config.discover_service_name).
_LOKI_LABELS = frozenset({"service_name"})
_MILLISECOND = 1_000_000
# Not a round one: times are to arrive to the nanosecond.
_ODD = 123_457
_TOKEN = re.compile(r"<(now|tomorrow|last-year|unix|(?:\+(\d) )?([^<>]*%[^<>]*))>")
_REPEATED = re.compile(r"<(\d+) (\w)>")
_HOUR = 3600
_LONG = 600


@dataclass(frozen=True)
class Moments:
    """The times of one run: the lines of a case are a millisecond apart, from `began`."""

    began: int

    def of(self, number: int) -> int:
        """Return the time of a case's line."""
        return self.began + number * _MILLISECOND + _ODD

    def fill(self, text: str, number: int) -> str:
        """Return a text with its placeholders replaced by the times."""
        return _TOKEN.sub(lambda match: self._named(number, match[1], int(match[2] or 0), match[3]), text)

    def _named(self, number: int, name: str, zones: int, form: str | None) -> str:
        now = datetime.fromtimestamp(self.began // 10**9, UTC)
        ago = now - timedelta(hours=1)
        match name:
            case "now":
                return moment(self.of(number))
            case "tomorrow":
                return f"{now + timedelta(days=1):%Y-%m-%d}"
            case "last-year":
                return f"{now - timedelta(days=365):%Y-%m-%d}"
            case "unix":
                return str(int(ago.timestamp()) // _HOUR * _HOUR + _HOUR // 2)
        return (ago + timedelta(hours=zones)).strftime(form or "")


@dataclass(frozen=True)
class Written:
    """One line, or with `row` one row of a log file as it is."""

    text: str | bytes
    stream: str = "stdout"
    at: str = "<now>"
    row: bool = False

    @property
    def shown(self) -> str:
        """Return the text as Loki may have it: Alloy removes a carriage return at the end."""
        text = self.text if isinstance(self.text, str) else replaced(self.text)
        return text.removesuffix("\r")


@dataclass(frozen=True)
class Expectation:
    """What is expected of the next line, or of the next `joins` lines."""

    line: str | None = None
    """The entry's line; without it the written one."""
    joins: int = 1
    """How many lines are this entry."""
    cut: bool = False
    """Whether only the beginning arrives, with the collector's notice after it."""
    level: str | None = None
    """`level` in the structured metadata."""
    detected: str | None = None
    """The level that Loki detects (detected_level)."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """All other structured metadata."""
    labels: Mapping[str, str] | None = None
    """All labels of the stream; without it they are not compared. <pod> is the name of the case's pod."""
    at: int | None = None
    """Which line's time it has, from 0, if that is not the next one."""
    time: str | None = None
    """The entry's time, or `read` for the time at which the collector read it; without it that of its first line."""
    dropped: str | None = None
    """The reason in loki_process_dropped_lines_total, if the collector drops the line."""
    refused: str | None = None
    """The reason in loki_discarded_samples_total, if Loki refuses the line."""

    held: bool = False
    """Whether the collector still waits for the end of the entry."""

    @property
    def arrives(self) -> bool:
        """Return whether Loki has an entry for it."""
        return not (self.dropped or self.refused or self.held)


@dataclass(frozen=True)
class StoredEntry:
    """An entry of Loki, with the parts that a case compares."""

    time: str
    line: str
    metadata: Pairs
    labels: Pairs | None

    def __str__(self) -> str:
        details = [dict(pairs) for pairs in (self.metadata, self.labels) if pairs]
        return " ".join([self.time, *(_shortened(part) for part in (self.line, *details))])


@dataclass(frozen=True)
class CasePod(Pod):
    """A pod under any container runtime."""

    runtime: str = "containerd"
    mirrored: bool = False
    """Whether it is a static pod: its folder is named after its manifest."""

    @property
    def meta(self) -> dict[str, str]:
        """Return the labels with which Kubernetes' discovery describes the pod."""
        pod = "__meta_kubernetes_pod"
        labels = super().meta | {f"{pod}_container_id": f"{self.runtime}://{sha256(self.uid.encode()).hexdigest()}"}
        if self.mirrored:
            labels |= {f"{pod}_annotation_kubernetes_io_config_mirror": self.uid, f"{pod}_uid": "0-of-the-mirror"}
        return labels


@dataclass(frozen=True)
class Case:
    """A pod or another source, its lines, and what is expected of them."""

    title: str
    name: str
    source: Source
    written: tuple[Written, ...]
    expectations: tuple[Expectation, ...]
    declared: Mapping[str, Any]
    """The case as its file has it."""
    bounds: tuple[int, int] | None
    """The least and the most lines that arrive, where chance decides; the collector drops all others."""
    drop_reason: str | None
    """Why it drops them."""
    tenant: str | None

    @property
    def is_collected(self) -> bool:
        """Return whether a collector reads the pod's log."""
        return bool(self.declared.get("collected", True))

    @property
    def is_read(self) -> bool:
        """Return whether the lines are in a file that a collector reads."""
        return self.source in ("pods", "node-file") and self.is_collected

    @cached_property
    def pod(self) -> CasePod:
        """Return the pod that writes the lines."""
        pod = self.declared.get("pod", {})
        return CasePod(
            pod.get("namespace", "shop"),
            self.name,
            pod.get("container", "app"),
            pod.get("labels", {}),
            pod.get("annotations", {}),
            runtime=pod.get("runtime", "containerd"),
            mirrored=pod.get("static", False),
        )

    @property
    def path(self) -> str:
        """Return the path of the node's file, below /var/log."""
        return str(self.declared["path"])

    @property
    def labels(self) -> dict[str, str]:
        """Return the labels that a shipper sends with its lines."""
        return {name: str(value) for name, value in self.declared.get("labels", {}).items()}

    def file(self, moments: Moments) -> bytes:
        """Return the log file as the container runtime writes it; a node's file as its program does."""
        return b"".join(self._row(number, line, moments) for number, line in enumerate(self.written))

    def _row(self, number: int, line: Written, moments: Moments) -> bytes:
        text = line.text if isinstance(line.text, bytes) else moments.fill(line.text, number).encode()
        if line.row or self.source == "node-file":
            return text + b"\n"
        at = moments.fill(line.at, number)
        if self.pod.runtime == "docker":
            return json.dumps({"log": text.decode() + "\n", "stream": line.stream, "time": at}).encode() + b"\n"
        return cri_lines(time_of(at), line.stream, text)

    def entries(self, moments: Moments) -> Iterator[tuple[int, str]]:
        """Yield times (nanoseconds) and lines, as shippers push them."""
        for number, line in enumerate(self.written):
            yield time_of(moments.fill(line.at, number)), moments.fill(line.shown, number)

    def expected(self, moments: Moments) -> list[StoredEntry]:
        """Return the entries that Loki should have."""
        entries, first = [], 0
        for expectation in self.expectations:
            lines = [
                moments.fill(line.shown, first + n) for n, line in enumerate(self.written[first:][: expectation.joins])
            ]
            index = first if expectation.at is None else expectation.at
            at = moments.fill(expectation.time or self.written[index].at, index)
            first += expectation.joins
            if not expectation.arrives:
                continue
            line = "\n".join(lines) if expectation.line is None else moments.fill(expectation.line, first - 1)
            if expectation.cut:
                line = replaced(line.encode()[: LONGEST - len(CUT)]) + CUT
            extra = {name: moments.fill(value, first - 1) for name, value in self._own(expectation.metadata).items()}
            extra |= {"level": expectation.level} if expectation.level else {}
            extra |= {"detected_level": expectation.detected} if expectation.detected else {}
            when = at if expectation.time == "read" else moment(time_of(at))
            labels = None if expectation.labels is None else _pairs(self._own(expectation.labels))
            entries.append(
                StoredEntry(when, line, _pairs({name: _repeated(value) for name, value in extra.items()}), labels)
            )
        return entries

    def arrived(self, rows: Sequence[Row], since: int) -> list[StoredEntry]:
        """Return Loki's rows as this case compares them; `since` is when the collector began to read."""
        named = {name for expectation in self.expectations for name in expectation.metadata}
        named |= {"detected_level"} if any(expectation.detected for expectation in self.expectations) else set()
        hidden = _EVERYWHERE - named
        about_labels = any(expectation.labels is not None for expectation in self.expectations)
        reads = any(expectation.time == "read" for expectation in self.expectations)
        entries = []
        for row in rows:
            when = "read" if reads and row.entry.time >= since else moment(row.entry.time)
            metadata = tuple(pair for pair in row.metadata if pair[0] not in hidden)
            labels = tuple(pair for pair in row.labels if pair[0] not in _LOKI_LABELS)
            entries.append(StoredEntry(when, row.entry.line, metadata, labels if about_labels else None))
        return entries

    def _own(self, labels: Mapping[str, str]) -> dict[str, str]:
        return {name: value.replace("<pod>", self.name) for name, value in labels.items()}

    def owns(self, row: Row) -> bool:
        """Return whether a row belongs to this case."""
        about = dict(row.metadata) | dict(row.labels)
        if self.source == "pods":
            return about.get("pod") == self.name
        return all(about.get(name) == str(value) for name, value in self.declared["found_by"].items())


@dataclass(frozen=True)
class Group:
    """Cases under the same settings."""

    name: str
    title: str
    settings: Mapping[str, Value]
    """Keys of the stack file, besides those of every group's stack."""
    events: bool
    """Whether the collector of Kubernetes events gets the lines."""
    cases: tuple[Case, ...]

    @property
    def dropped(self) -> Counter[str]:
        """Return how many lines the collector drops, by reason, without those that chance decides."""
        return Counter(
            expectation.dropped for case in self.cases for expectation in case.expectations if expectation.dropped
        )

    @property
    def cut(self) -> Counter[str]:
        """Return how many lines and values of structured metadata the collector cuts."""
        every = [expectation for case in self.cases for expectation in case.expectations]
        values = [value for expectation in every for value in (expectation.level or "", *expectation.metadata.values())]
        return +Counter(line=sum(w.cut for w in every), structured_metadata=sum(v.endswith(CUT) for v in values))

    @property
    def refused(self) -> Counter[str]:
        """Return how many lines Loki refuses, by reason."""
        return Counter(
            expectation.refused for case in self.cases for expectation in case.expectations if expectation.refused
        )


def _pairs(names: Mapping[str, str]) -> Pairs:
    return tuple(sorted(names.items()))


def _shortened(value: object) -> str:
    """Return a value as JSON, without the middle of a long text."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONG else f"{text[: _LONG // 2]} … {text[-_LONG // 4 :]} ({len(text)} long)"


def _repeated(text: str) -> str:
    return _REPEATED.sub(lambda match: match[2] * int(match[1]), text)


def replaced(text: bytes) -> str:
    """Return a text as Loki answers it: with a replacement character for each byte that is not UTF-8."""
    return re.sub("[\udc80-\udcff]", "\ufffd", text.decode(errors="surrogateescape"))


def names() -> list[str]:
    """Return the names of all groups."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def group(name: str) -> Group:
    """Return a group; skip the test where a log file of its cases is not on this machine."""
    page = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    cases = tuple(case_of(f"{name}-{number}", declared) for number, declared in enumerate(page["cases"], start=1))
    return Group(name, page["title"], page.get("settings", {}), bool(page.get("events")), cases)


def case_of(name: str, declared: Mapping[str, Any]) -> Case:
    """Return a case as a file of this folder declares it."""
    written = tuple(_written(declared["written"]))
    bounds = declared.get("kept")
    has_expectations = not bounds and declared.get("collected", True)
    expectations = tuple(_expectations(declared.get("expected", {}), len(written))) if has_expectations else ()
    return Case(
        declared["title"],
        declared.get("name", name),
        declared.get("source", "pods"),
        written,
        expectations,
        declared,
        (bounds["least"], bounds["most"]) if bounds else None,
        bounds["dropped"] if bounds else None,
        declared.get("tenant"),
    )


def _written(declared: str | Sequence[str | dict[str, Any]]) -> Iterator[Written]:
    lines = declared.removesuffix("\n").split("\n") if isinstance(declared, str) else declared
    for each in lines:
        yield from [Written(each)] if isinstance(each, str) else _special(each)


def _special(declared: Mapping[str, Any]) -> Iterator[Written]:
    options = {name: declared[name] for name in ("stream", "at") if name in declared}
    match declared:
        case {"lines": int(count), "text": text}:
            yield from (Written(text.replace("{n}", str(number)), **options) for number in range(count))
        case {"times": int(times), "text": text}:
            yield Written(f"{declared.get('head', '')}{text * times}{declared.get('tail', '')}", **options)
        case {"file": file}:
            yield from (Written(line) for line in shared(file).read_bytes().decode().split("\n") if line)
        case {"bytes": text}:
            yield Written(text.encode("latin-1"), **options)
        case {"row": text}:
            yield Written(text, row=True, **options)
        case _:
            yield Written(declared["text"], **options)


def _expectations(declared: Mapping[str, Any] | Sequence[str | Mapping[str, Any]], count: int) -> Iterator[Expectation]:
    """Yield an expectation for each written line; a mapping is the expectation of every line."""
    if isinstance(declared, Mapping):
        yield from [Expectation(**declared)] * (count // declared.get("joins", 1))
        return
    count_so_far = 0
    for each in declared:
        match each:
            case "same":
                expectation = Expectation()
            case str():
                expectation = Expectation(line=each)
            case _:
                expectation = Expectation(**each)
        count_so_far += expectation.joins
        yield expectation
    assert count_so_far == count, f"{declared}: {count_so_far} lines of {count}"
