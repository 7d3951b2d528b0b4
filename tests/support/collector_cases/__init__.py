"""The collector's cases: lines as containers and shippers write them, and what stands in Loki then.

A file of this folder is a group: settings as a stack file has them, and the cases that one Alloy carries out under
them. A case is a pod with the lines that it has `written`, and what is `expected`, line by line (see `Wanted`). Without
`expected` each line arrives as it is, with the time that the container runtime gave it, to the nanosecond, and with no
structured metadata but the node's name.

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
_OF_LOKI = frozenset({"service_name"})
_MILLISECOND = 1_000_000
# Not a round one: times are to arrive to the nanosecond.
_ODD = 123_457
_TOKEN = re.compile(r"<(now|tomorrow|last-year|unix|(?:\+(\d) )?([^<>]*%[^<>]*))>")
_REPEATED = re.compile(r"<(\d+) (\w)>")
_HOUR = 3600
_SHOWN = 600


@dataclass(frozen=True)
class Moments:
    """The times of one run: the lines of a case are a millisecond apart, from `began`."""

    began: int

    def of(self, number: int) -> int:
        """The time of a case's line."""
        return self.began + number * _MILLISECOND + _ODD

    def said(self, text: str, number: int) -> str:
        """A text with the times in it."""
        return _TOKEN.sub(lambda found: self._named(number, found[1], int(found[2] or 0), found[3]), text)

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
    """One line, or one row of a log file as it stands there."""

    text: str | bytes
    stream: str = "stdout"
    at: str = "<now>"
    row: bool = False

    @property
    def shown(self) -> str:
        """The text as it may stand in Loki: Alloy takes the carriage return off a row's end."""
        text = self.text if isinstance(self.text, str) else replaced(self.text)
        return text.removesuffix("\r")


@dataclass(frozen=True)
class Wanted:
    """What is expected of the next line, or of the next `joins` lines."""

    line: str | None = None
    """The entry's line; without it that which was written."""
    joins: int = 1
    """How many lines are this entry."""
    cut: bool = False
    """Whether only the beginning arrives, with the collector's words behind it."""
    level: str | None = None
    """In the structured metadata."""
    detected: str | None = None
    """What Loki has found out about the level (detected_level)."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """All other structured metadata."""
    labels: Mapping[str, str] | None = None
    """The stream's labels, all of them; without it they are not looked at. <pod> is the name of the case's pod."""
    at: int | None = None
    """Which line's time it has, from 0, if that is not the next one."""
    time: str | None = None
    """The entry's time, or `read` for the time at which the collector read it; without it that of its first line."""
    dropped: str | None = None
    """The reason for which there is nothing, in loki_process_dropped_lines_total."""
    refused: str | None = None
    """The reason for which Loki takes none, in loki_discarded_samples_total."""

    held: bool = False
    """Whether the collector still waits for the rest of it."""

    @property
    def arrives(self) -> bool:
        """Whether there is an entry."""
        return not (self.dropped or self.refused or self.held)


@dataclass(frozen=True)
class Found:
    """An entry as a case sees it."""

    time: str
    line: str
    metadata: Pairs
    labels: Pairs | None

    def __str__(self) -> str:
        rest = [dict(part) for part in (self.metadata, self.labels) if part]
        return " ".join([self.time, *(_shown(part) for part in (self.line, *rest))])


@dataclass(frozen=True)
class CasePod(Pod):
    """A pod under any container runtime."""

    runtime: str = "containerd"
    mirrored: bool = False
    """Whether it is a static pod, whose folder is named after its manifest."""

    @property
    def meta(self) -> dict[str, str]:
        """As Kubernetes says it."""
        pod = "__meta_kubernetes_pod"
        said = super().meta | {f"{pod}_container_id": f"{self.runtime}://{sha256(self.uid.encode()).hexdigest()}"}
        if self.mirrored:
            said |= {f"{pod}_annotation_kubernetes_io_config_mirror": self.uid, f"{pod}_uid": "0-of-the-mirror"}
        return said


@dataclass(frozen=True)
class Case:
    """A pod, or another source, and what becomes of its lines."""

    title: str
    name: str
    source: Source
    written: tuple[Written, ...]
    wanted: tuple[Wanted, ...]
    said: Mapping[str, Any]
    kept: tuple[int, int] | None
    """Bounds of how many lines arrive, where that is a matter of chance; all others are dropped for one reason."""
    why_not_kept: str | None
    tenant: str | None

    @property
    def is_collected(self) -> bool:
        """Whether anybody reads the pod's log."""
        return bool(self.said.get("collected", True))

    @property
    def is_read(self) -> bool:
        """Whether the lines stand in a file that is read."""
        return self.source in ("pods", "node-file") and self.is_collected

    @cached_property
    def pod(self) -> CasePod:
        """The pod of the lines."""
        pod = self.said.get("pod", {})
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
        """The node's file, below /var/log."""
        return str(self.said["path"])

    @property
    def labels(self) -> dict[str, str]:
        """What a shipper says of its lines."""
        return {name: str(value) for name, value in self.said.get("labels", {}).items()}

    def file(self, moments: Moments) -> bytes:
        """The log file, as the container runtime writes it; a node's file as its program does."""
        return b"".join(self._row(number, line, moments) for number, line in enumerate(self.written))

    def _row(self, number: int, line: Written, moments: Moments) -> bytes:
        text = line.text if isinstance(line.text, bytes) else moments.said(line.text, number).encode()
        if line.row or self.source == "node-file":
            return text + b"\n"
        at = moments.said(line.at, number)
        if self.pod.runtime == "docker":
            return json.dumps({"log": text.decode() + "\n", "stream": line.stream, "time": at}).encode() + b"\n"
        return cri_lines(time_of(at), line.stream, text)

    def entries(self, moments: Moments) -> Iterator[tuple[int, str]]:
        """Times and lines, as shippers push them."""
        for number, line in enumerate(self.written):
            yield time_of(moments.said(line.at, number)), moments.said(line.shown, number)

    def expected(self, moments: Moments) -> list[Found]:
        """What is to stand in Loki."""
        found, place = [], 0
        for wanted in self.wanted:
            lines = [moments.said(line.shown, place + n) for n, line in enumerate(self.written[place:][: wanted.joins])]
            of = place if wanted.at is None else wanted.at
            at = moments.said(wanted.time or self.written[of].at, of)
            place += wanted.joins
            if not wanted.arrives:
                continue
            line = "\n".join(lines) if wanted.line is None else moments.said(wanted.line, place - 1)
            if wanted.cut:
                line = replaced(line.encode()[: LONGEST - len(CUT)]) + CUT
            extra = {name: moments.said(value, place - 1) for name, value in self._own(wanted.metadata).items()}
            extra |= {"level": wanted.level} if wanted.level else {}
            extra |= {"detected_level": wanted.detected} if wanted.detected else {}
            when = at if wanted.time == "read" else moment(time_of(at))
            labels = None if wanted.labels is None else _pairs(self._own(wanted.labels))
            found.append(Found(when, line, _pairs({name: _repeated(value) for name, value in extra.items()}), labels))
        return found

    def found(self, rows: Sequence[Row], since: int) -> list[Found]:
        """The rows as this case looks at them; `since` is when the collector began to read."""
        named = {name for wanted in self.wanted for name in wanted.metadata}
        named |= {"detected_level"} if any(wanted.detected for wanted in self.wanted) else set()
        hidden = _EVERYWHERE - named
        about_labels = any(wanted.labels is not None for wanted in self.wanted)
        reads = any(wanted.time == "read" for wanted in self.wanted)
        found = []
        for row in rows:
            when = "read" if reads and row.entry.time >= since else moment(row.entry.time)
            metadata = tuple(pair for pair in row.metadata if pair[0] not in hidden)
            labels = tuple(pair for pair in row.labels if pair[0] not in _OF_LOKI)
            found.append(Found(when, row.entry.line, metadata, labels if about_labels else None))
        return found

    def _own(self, labels: Mapping[str, str]) -> dict[str, str]:
        return {name: value.replace("<pod>", self.name) for name, value in labels.items()}

    def owns(self, row: Row) -> bool:
        """Whether a row is one of this case's."""
        about = dict(row.metadata) | dict(row.labels)
        if self.source == "pods":
            return about.get("pod") == self.name
        return all(about.get(name) == str(value) for name, value in self.said["found_by"].items())


@dataclass(frozen=True)
class Group:
    """Cases under the same settings."""

    name: str
    title: str
    settings: Mapping[str, Value]
    """As the stack file has them, besides what makes the stack of the cases."""
    events: bool
    """Whether it is the collector of Kubernetes events that has the lines."""
    cases: tuple[Case, ...]

    @property
    def dropped(self) -> Counter[str]:
        """How many lines are dropped for which reason, where that is no matter of chance."""
        return Counter(wanted.dropped for case in self.cases for wanted in case.wanted if wanted.dropped)

    @property
    def cut(self) -> Counter[str]:
        """How many lines and values of structured metadata are cut."""
        every = [wanted for case in self.cases for wanted in case.wanted]
        values = [value for wanted in every for value in (wanted.level or "", *wanted.metadata.values())]
        return +Counter(line=sum(w.cut for w in every), structured_metadata=sum(v.endswith(CUT) for v in values))

    @property
    def refused(self) -> Counter[str]:
        """How many lines Loki refuses for which reason."""
        return Counter(wanted.refused for case in self.cases for wanted in case.wanted if wanted.refused)


def _pairs(names: Mapping[str, str]) -> Pairs:
    return tuple(sorted(names.items()))


def _shown(value: object) -> str:
    """As JSON, with the middle of a long text left out."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 2]} … {text[-_SHOWN // 4 :]} ({len(text)} long)"


def _repeated(text: str) -> str:
    return _REPEATED.sub(lambda found: found[2] * int(found[1]), text)


def replaced(text: bytes) -> str:
    """A text as Loki answers it: a replacement character for each byte that is no UTF-8."""
    return re.sub("[\udc80-\udcff]", "\ufffd", text.decode(errors="surrogateescape"))


def names() -> list[str]:
    """The names of all groups."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def group(name: str) -> Group:
    """A group; skips the test that asks for it where a log file of its cases is not on this machine."""
    page = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    cases = tuple(_case(f"{name}-{number}", said) for number, said in enumerate(page["cases"], start=1))
    return Group(name, page["title"], page.get("settings", {}), bool(page.get("events")), cases)


def _case(name: str, said: Mapping[str, Any]) -> Case:
    written = tuple(_written(said["written"]))
    kept = said.get("kept")
    wanted = () if kept or not said.get("collected", True) else tuple(_wanted(said.get("expected", {}), len(written)))
    return Case(
        said["title"],
        said.get("name", name),
        said.get("source", "pods"),
        written,
        wanted,
        said,
        (kept["least"], kept["most"]) if kept else None,
        kept["dropped"] if kept else None,
        said.get("tenant"),
    )


def _written(said: str | Sequence[str | dict[str, Any]]) -> Iterator[Written]:
    lines = said.removesuffix("\n").split("\n") if isinstance(said, str) else said
    for each in lines:
        yield from [Written(each)] if isinstance(each, str) else _special(each)


def _special(said: Mapping[str, Any]) -> Iterator[Written]:
    rest = {name: said[name] for name in ("stream", "at") if name in said}
    match said:
        case {"lines": int(count), "text": text}:
            yield from (Written(text.replace("{n}", str(number)), **rest) for number in range(count))
        case {"times": int(times), "text": text}:
            yield Written(f"{said.get('head', '')}{text * times}{said.get('tail', '')}", **rest)
        case {"file": file}:
            yield from (Written(line) for line in shared(file).read_bytes().decode().split("\n") if line)
        case {"bytes": text}:
            yield Written(text.encode("latin-1"), **rest)
        case {"row": text}:
            yield Written(text, row=True, **rest)
        case _:
            yield Written(said["text"], **rest)


def _wanted(said: Mapping[str, Any] | Sequence[str | Mapping[str, Any]], count: int) -> Iterator[Wanted]:
    """One for each line that is written; a mapping holds for each of them."""
    if isinstance(said, Mapping):
        yield from [Wanted(**said)] * (count // said.get("joins", 1))
        return
    place = 0
    for each in said:
        wanted = Wanted() if each == "same" else Wanted(**each) if isinstance(each, Mapping) else Wanted(line=each)
        place += wanted.joins
        yield wanted
    assert place == count, f"{said}: {place} lines of {count}"
