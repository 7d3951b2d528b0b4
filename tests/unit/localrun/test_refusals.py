"""Lines that Loki's processes have refused: which of them a run did not intend."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import httpx
import pytest

from logstack.localrun.checks import CheckError, Run, refuses_no_line
from logstack.localrun.layout import layout
from logstack.localrun.platform import Platform
from logstack.localrun.refusals import Refusals
from tests.support.stacks import settings_of

Counters = dict[str, dict[str, int]]


class StandIn:
    """Loki processes whose counters a test sets, by the processes' names."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.layout = layout(settings_of("distributed"), root)
        self.refusals = Refusals(self.layout.nodes)
        self.counters: Counters = {}
        self.first, self.second = self.layout.nodes[:2]
        monkeypatch.setattr("logstack.localrun.refusals.httpx.get", self.get)

    def get(self, url: str, timeout: float) -> httpx.Response:
        assert timeout
        node = next(node for node in self.layout.nodes if url == f"{node.url}/metrics")
        if node.name not in self.counters:
            raise httpx.ConnectError("nobody listens")
        text = "".join(_sample(reason, count) for reason, count in self.counters[node.name].items())
        return httpx.Response(200, text=text, request=httpx.Request("GET", url))

    def count(self, counters: Mapping[str, int], node: int = 0) -> None:
        self.counters[self.layout.nodes[node].name] = dict(counters)

    def check(self) -> str:
        return refuses_no_line(Run(cast("Platform", self), []))


def _sample(reason: str, count: int) -> str:
    return f'loki_discarded_samples_total{{format="json",policy="",reason="{reason}",tenant="fake"}} {count}\n'


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    return StandIn(tmp_path, monkeypatch)


def test_check_passes_when_no_process_has_refused_a_line(platform: StandIn) -> None:
    platform.count({})
    assert platform.check() == f"0 by loki_discarded_samples_total of {len(platform.layout.nodes)} processes"


def test_check_fails_with_the_reason_its_count_and_where_to_look(platform: StandIn) -> None:
    platform.count({"too_far_behind": 100})
    platform.count({"too_far_behind": 100, "stream_limit": 3}, node=1)
    with pytest.raises(CheckError) as failure:
        platform.check()
    assert str(failure.value) == (
        "Loki refused lines, and nobody sends them again: 200 too_far_behind (see"
        " docs/concepts/collector.md#late-lines), 3 stream_limit (see limits.maxStreams)"
    )


def test_check_names_the_page_of_errors_for_an_unknown_reason(platform: StandIn) -> None:
    platform.count({"a_new_reason": 1})
    with pytest.raises(CheckError, match=r"1 a_new_reason \(see \S+errors\.md\)"):
        platform.check()


def test_check_counts_what_a_process_refused_before_it_was_restarted(platform: StandIn) -> None:
    platform.count({"too_far_behind": 5})
    platform.refusals.end(platform.first)
    platform.count({"too_far_behind": 7})
    with pytest.raises(CheckError, match="12 too_far_behind"):
        platform.check()


def test_check_passes_when_all_refused_lines_were_sent_for_that_purpose(platform: StandIn) -> None:
    platform.refusals.intend("line_too_long", 2)
    platform.count({"line_too_long": 2})
    assert platform.check().endswith("; on purpose: 2 line_too_long (see limits.maxLineSize)")
    platform.count({"line_too_long": 3})
    with pytest.raises(CheckError, match="1 line_too_long"):
        platform.check()


def test_check_passes_when_the_sender_sends_the_push_again(platform: StandIn) -> None:
    platform.count({"rate_limited": 40})
    assert platform.check().endswith("; sent again after 429: 40 rate_limited (see limits.ingestionRate)")


def test_check_does_not_count_a_process_twice_that_is_read_twice(platform: StandIn) -> None:
    platform.count({"too_far_behind": 5})
    platform.refusals.read()
    with pytest.raises(CheckError, match="again: 5 too_far_behind"):
        platform.check()


@pytest.mark.parametrize("reason", ["too_far_behind", "too_far_in_future", "a_new_reason"])
def test_page_that_the_check_names_exists(reason: str, platform: StandIn) -> None:
    platform.count({reason: 1})
    with pytest.raises(CheckError) as failure:
        platform.check()
    page, _, anchor = str(failure.value).partition("(see ")[2].rstrip(")").partition("#")
    text = (Path(__file__).parents[3] / page).read_text()
    assert not anchor or f"## {anchor.replace('-', ' ').capitalize()}\n" in text
