"""The checks of a local run: each one fails for what it must not accept."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from logstack.localrun.bucket import Chunk
from logstack.localrun.checks import (
    CheckError,
    Run,
    Sent,
    answers_a_rate,
    answers_the_volume,
    carry_out,
    fills_the_bucket,
    gives_lines_back,
    has_the_labels,
    ring_is_whole,
    takes_lines_in,
)
from logstack.localrun.client import Entry, Loki, Pushed, Row, _batches, selector
from logstack.localrun.lines import LogFile
from logstack.localrun.platform import Platform
from logstack.settings.tree import Settings

SETTINGS = Settings.model_validate(
    {
        "cluster": {"name": "here", "context": "here"},
        "objectStore": {"kind": "embedded"},
        "limits": {"maxLineSize": "27B"},
    }
)
ENTRIES = [Entry(1, "a"), Entry(2, "b")]


class StandIn:
    """A stand-in for a running platform, with the answers of Loki that a test needs."""

    settings = SETTINGS

    def __init__(self, **answers: Any) -> None:
        self.loki = self
        self.answers = answers
        self.writers = [type("Writer", (), {"name": f"loki-write-{n}", "url": str(n)}) for n in range(3)]

    def entries(self, _selector: str, _start: int, _end: int) -> Iterator[Entry]:
        return iter(self.answers["entries"])

    def get(self, _path: str, **_parameters: object) -> Any:
        return {"data": self.answers["labels"]}

    def ring(self, url: str) -> list[str]:
        return cast("list[str]", self.answers["ring"][int(url)])

    def push(self, _labels: object, entries: list[Entry]) -> list[Pushed]:
        return [Pushed(entries, self.answers["status"], "refused by Loki")] if entries else []

    def bucket(self) -> Any:
        chunks = self.answers.get("chunks", [])
        return type("Bucket", (), {"chunks": lambda _: chunks, "objects": lambda _, _prefix: {"i.tsdb.gz": 1}})()


def make_run(lines: tuple[str, ...] = ("a", "b"), **answers: Any) -> Run:
    file = LogFile(Path("x.log"), lines, None, 0)
    return Run(cast("Platform", StandIn(**answers)), [file], [Sent({"app": "x", "cluster": "here"}, ENTRIES)])


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (ENTRIES[:1], "1 missing, 0 not sent, of 2"),
        ([*ENTRIES, ENTRIES[0]], "0 missing, 1 not sent, of 2"),
        ([ENTRIES[0], Entry(2, "B")], "1 missing, 1 not sent, of 2"),
        ([ENTRIES[0], Entry(3, "b")], "1 missing, 1 not sent, of 2"),
    ],
    ids=["a line is lost", "a line is doubled", "a line is changed", "a time is changed"],
)
def test_gives_lines_back_fails_when(entries: list[Entry], message: str) -> None:
    with pytest.raises(CheckError, match=message):
        gives_lines_back(make_run(entries=entries))


def test_gives_lines_back_passes_with_lines_in_any_order() -> None:
    assert gives_lines_back(make_run(entries=ENTRIES[::-1])) == "2 of 2 lines, each as it was sent"


@pytest.mark.parametrize("labels", [["app"], ["app", "cluster", "filename"]], ids=["one is missing", "one is too many"])
def test_has_the_labels_fails_when(labels: list[str]) -> None:
    with pytest.raises(CheckError, match="expected"):
        has_the_labels(make_run(labels=labels))


def test_has_the_labels_accepts_labels_that_loki_adds() -> None:
    assert has_the_labels(make_run(labels=["app", "cluster", "service_name", "__stream_shard__"])) == "app, cluster"


@pytest.mark.parametrize("view", [["ACTIVE"] * 2, ["ACTIVE", "ACTIVE", "LEAVING"]], ids=["one is away", "one leaves"])
def test_ring_is_whole_fails_when_one_writer_sees_a_gap(view: list[str]) -> None:
    complete = ["ACTIVE"] * 3
    with pytest.raises(CheckError, match="loki-write-2 sees"):
        ring_is_whole(make_run(ring=[complete, complete, view]))


def test_takes_lines_in_fails_with_lokis_message_when_a_push_is_refused() -> None:
    with pytest.raises(CheckError, match="x-0: 429 refused by Loki"):
        takes_lines_in(make_run(status=429))


def test_takes_lines_in_fails_when_loki_accepts_a_line_above_the_limit() -> None:
    with pytest.raises(CheckError, match="Loki accepted a line longer than 27"):
        takes_lines_in(make_run(lines=("short", "far too long for such a small limit"), status=204))


def test_fills_the_bucket_fails_when_the_bucket_is_empty() -> None:
    with pytest.raises(CheckError, match="no chunk in the bucket"):
        fills_the_bucket(make_run())


def test_fills_the_bucket_does_not_count_chunks_of_the_canary() -> None:
    checked_run = make_run(chunks=[Chunk("fake/a/0:1:c", 10), Chunk("fake/b/0:ffffffffffff:c", 90)])
    checked_run.end = ENTRIES[-1].time
    assert fills_the_bucket(checked_run).startswith("1 chunks, 1 index files; 10 bytes stored for 2 raw")


def test_carry_out_continues_after_a_failed_check() -> None:
    def unreachable(_: Run) -> str:
        raise httpx.ConnectError("refused")

    outcomes = list(carry_out([("first", unreachable), ("second", lambda _: "fine")], make_run()))
    assert [(outcome.name, outcome.passed, outcome.detail) for outcome in outcomes] == [
        ("first", False, "refused"),
        ("second", True, "fine"),
    ]


def loki_with(*streams: dict[str, Any]) -> Loki:
    """Return a client whose server answers query_range as Loki does: the first entries over all streams."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["X-Loki-Response-Encoding-Flags"] == "categorize-labels"
        start, end, limit = (int(request.url.params[name]) for name in ("start", "end", "limit"))
        rows = [(stream["stream"], value) for stream in streams for value in stream["values"]]
        matching = sorted((row for row in rows if start <= int(row[1][0]) < end), key=lambda row: int(row[1][0]))
        result = [{"stream": labels, "values": [value]} for labels, value in matching[:limit]]
        return httpx.Response(200, json={"data": {"result": result}})

    loki = Loki(["http://writer"], "http://reader")
    loki._http = httpx.Client(transport=httpx.MockTransport(answer))
    return loki


def test_rows_have_labels_and_structured_metadata() -> None:
    value = ["5", "line", {"structuredMetadata": {"node": "n", "level": "info"}}]
    loki = loki_with({"stream": {"pod": "p", "app": "a"}, "values": [value, ["6", "bare", {}]]})
    assert list(loki.rows("{}", 0, 10)) == [
        Row(Entry(5, "line"), (("app", "a"), ("pod", "p")), (("level", "info"), ("node", "n"))),
        Row(Entry(6, "bare"), (("app", "a"), ("pod", "p")), ()),
    ]


def test_entries_are_complete_and_unique_when_streams_share_timestamps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logstack.localrun.client._PAGE", 4)
    streams = [
        {"stream": {"pod": pod}, "values": [[str(time), f"{pod} {time}", {}] for time in range(1, 8)]} for pod in "abc"
    ]
    entries = list(loki_with(*streams).entries("{}", 0, 100))
    assert len(entries) == len(set(entries)) == 21


def test_batches_stay_below_half_a_mebibyte_and_lose_no_entry() -> None:
    entries = [Entry(n, "x" * 200_000) for n in range(5)] + [Entry(9, "y" * 600_000)]
    batches = list(_batches(entries))
    assert [len(batch) for batch in batches] == [2, 2, 1, 1]
    assert [entry for batch in batches for entry in batch] == entries


def test_selector_escapes_quotes_and_backslashes() -> None:
    assert selector({"app": 'a"b\\c', "pod": "x"}) == '{app="a\\"b\\\\c", pod="x"}'


@pytest.mark.parametrize("check", [gives_lines_back, has_the_labels, answers_a_rate, answers_the_volume])
@pytest.mark.parametrize("sent", [[], [Sent({"app": "x"}, [], refused=2)]], ids=["all refused", "all too long"])
def test_check_that_needs_lines_fails_when_loki_acknowledged_none(
    check: Callable[[Run], str], sent: list[Sent]
) -> None:
    empty_run = make_run(entries=[], labels=[])
    empty_run.sent = sent
    with pytest.raises(CheckError, match="Loki acknowledged no line"):
        check(empty_run)
