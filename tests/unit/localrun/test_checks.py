"""A check that cannot fail proves nothing: each one is shown what it must not accept."""

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
    redactions,
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
    """A stand-in for a running platform: it answers what a test wants Loki to answer."""

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
        return [Pushed(entries, self.answers["status"], "said Loki")] if entries else []

    def bucket(self) -> Any:
        chunks = self.answers.get("chunks", [])
        return type("Bucket", (), {"chunks": lambda _: chunks, "objects": lambda _, _prefix: {"i.tsdb.gz": 1}})()


def run(lines: tuple[str, ...] = ("a", "b"), **answers: Any) -> Run:
    file = LogFile(Path("x.log"), lines, None, 0)
    return Run(cast("Platform", StandIn(**answers)), [file], [Sent({"app": "x", "cluster": "here"}, ENTRIES)])


@pytest.mark.parametrize(
    ("found", "seen"),
    [
        (ENTRIES[:1], "1 missing, 0 not sent, of 2"),
        ([*ENTRIES, ENTRIES[0]], "0 missing, 1 not sent, of 2"),
        ([ENTRIES[0], Entry(2, "B")], "1 missing, 1 not sent, of 2"),
        ([ENTRIES[0], Entry(3, "b")], "1 missing, 1 not sent, of 2"),
    ],
    ids=["a line is lost", "a line is doubled", "a line is changed", "a time is changed"],
)
def test_lines_out_fails_when(found: list[Entry], seen: str) -> None:
    with pytest.raises(CheckError, match=seen):
        gives_lines_back(run(entries=found))


def test_lines_out_passes_when_all_are_there_in_any_order() -> None:
    assert gives_lines_back(run(entries=ENTRIES[::-1])) == "2 of 2 lines, each as it was sent"


@pytest.mark.parametrize("found", [["app"], ["app", "cluster", "filename"]], ids=["one is missing", "one is too many"])
def test_labels_fail_when(found: list[str]) -> None:
    with pytest.raises(CheckError, match="expected"):
        has_the_labels(run(labels=found))


def test_the_labels_that_loki_adds_are_no_surprise() -> None:
    assert has_the_labels(run(labels=["app", "cluster", "service_name", "__stream_shard__"])) == "app, cluster"


@pytest.mark.parametrize("view", [["ACTIVE"] * 2, ["ACTIVE", "ACTIVE", "LEAVING"]], ids=["one is away", "one leaves"])
def test_the_ring_is_not_whole_when_one_writer_sees_that(view: list[str]) -> None:
    whole = ["ACTIVE"] * 3
    with pytest.raises(CheckError, match="loki-write-2 sees"):
        ring_is_whole(run(ring=[whole, whole, view]))


def test_a_refused_push_fails_with_lokis_own_words() -> None:
    with pytest.raises(CheckError, match="x-0: 429 said Loki"):
        takes_lines_in(run(status=429))


def test_a_line_above_the_limit_must_be_refused() -> None:
    with pytest.raises(CheckError, match="Loki accepted a line longer than 27"):
        takes_lines_in(run(lines=("short", "far too long for such a small limit"), status=204))


def test_an_empty_bucket_fails() -> None:
    with pytest.raises(CheckError, match="no chunk in the bucket"):
        fills_the_bucket(run())


def test_chunks_of_the_canary_are_not_counted() -> None:
    made = run(chunks=[Chunk("fake/a/0:1:c", 10), Chunk("fake/b/0:ffffffffffff:c", 90)])
    made.end = ENTRIES[-1].time
    assert fills_the_bucket(made).startswith("1 chunks, 1 index files; 10 bytes stored for 2 raw")


def test_a_failed_check_does_not_hide_the_ones_after_it() -> None:
    def unreachable(_: Run) -> str:
        raise httpx.ConnectError("refused")

    outcomes = list(carry_out([("first", unreachable), ("second", lambda _: "fine")], run()))
    assert [(outcome.name, outcome.passed, outcome.detail) for outcome in outcomes] == [
        ("first", False, "refused"),
        ("second", True, "fine"),
    ]


def loki_that_has(*streams: dict[str, Any]) -> Loki:
    """Answers query_range as Loki does: the first entries from a time on, over all streams."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["X-Loki-Response-Encoding-Flags"] == "categorize-labels"
        start, end, limit = (int(request.url.params[name]) for name in ("start", "end", "limit"))
        rows = [(stream["stream"], value) for stream in streams for value in stream["values"]]
        wanted = sorted((row for row in rows if start <= int(row[1][0]) < end), key=lambda row: int(row[1][0]))
        result = [{"stream": labels, "values": [value]} for labels, value in wanted[:limit]]
        return httpx.Response(200, json={"data": {"result": result}})

    loki = Loki(["http://writer"], "http://reader")
    loki._http = httpx.Client(transport=httpx.MockTransport(answer))
    return loki


def test_rows_have_labels_and_structured_metadata() -> None:
    value = ["5", "line", {"structuredMetadata": {"node": "n", "level": "info"}}]
    loki = loki_that_has({"stream": {"pod": "p", "app": "a"}, "values": [value, ["6", "bare", {}]]})
    assert list(loki.rows("{}", 0, 10)) == [
        Row(Entry(5, "line"), (("app", "a"), ("pod", "p")), (("level", "info"), ("node", "n"))),
        Row(Entry(6, "bare"), (("app", "a"), ("pod", "p")), ()),
    ]


def test_pages_lose_and_double_no_entry_though_streams_have_the_same_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logstack.localrun.client._PAGE", 4)
    streams = [
        {"stream": {"pod": pod}, "values": [[str(time), f"{pod} {time}", {}] for time in range(1, 8)]} for pod in "abc"
    ]
    found = list(loki_that_has(*streams).entries("{}", 0, 100))
    assert len(found) == len(set(found)) == 21


def test_batches_stay_below_half_a_mebibyte_and_lose_nothing() -> None:
    entries = [Entry(n, "x" * 200_000) for n in range(5)] + [Entry(9, "y" * 600_000)]
    batches = list(_batches(entries))
    assert [len(batch) for batch in batches] == [2, 2, 1, 1]
    assert [entry for batch in batches for entry in batch] == entries


def test_a_selector_quotes_what_needs_it() -> None:
    assert selector({"app": 'a"b\\c', "pod": "x"}) == '{app="a\\"b\\\\c", pod="x"}'


@pytest.mark.parametrize("check", [gives_lines_back, has_the_labels, answers_a_rate, answers_the_volume])
@pytest.mark.parametrize("sent", [[], [Sent({"app": "x"}, [], refused=2)]], ids=["all refused", "all too long"])
def test_a_check_that_needs_lines_fails_and_does_not_break_when_none_was_taken(
    check: Callable[[Run], str], sent: list[Sent]
) -> None:
    nothing = run(entries=[], labels=[])
    nothing.sent = sent
    with pytest.raises(CheckError, match="Loki acknowledged no line"):
        check(nothing)


REDACTED = [
    ("password=hunter2 ok", "password=<redacted:passwords> ok", True),
    ("a=1 b=2", "a=<redacted:x> b=<redacted:y>", True),
    ("password=hunter2 ok", "password=<redacted:passwords> no", False),
    ("password=hunter2", "something else", False),
    ("", "<redacted:x>", False),
]


@pytest.mark.parametrize(("sent", "found", "is_it"), REDACTED)
def test_a_redacted_line_is_known_by_all_that_is_around_its_secrets(sent: str, found: str, *, is_it: bool) -> None:
    was, now = Entry(1, sent), Entry(1, found)
    assert redactions([was], [now]) == ({was: now} if is_it else {})
    assert redactions([Entry(2, sent)], [now]) == {}
