"""Whether a killed process had the consequences that the failure budget promises: each way not to is seen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from logstack.localrun import losses
from logstack.localrun.checks import CheckError, Run
from logstack.localrun.client import Entry, Pushed
from logstack.localrun.layout import Layout, layout
from logstack.localrun.losses import loss_checks
from logstack.localrun.platform import Platform
from logstack.settings.tree import Settings


def stack(**said: object) -> Settings:
    store = {"kind": "s3-compatible", "endpoint": "http://10.0.40.10:9000", "bucket": "b"}
    place = {"name": "here", "context": "here"}
    return Settings.model_validate({"cluster": place, "objectStore": store, "deploymentMode": "distributed", **said})


class StandIn:
    """A stand-in for a running platform: it remembers what was killed and pushed, and answers what a test wants."""

    def __init__(self, settings: Settings, root: Path, status: int = 204, *, loses: bool = False) -> None:
        self.settings = settings
        self.layout: Layout = layout(settings, root)
        self.distributors = self.layout.of(settings.receiver)
        self.fleet = self.loki = self
        self.status, self.loses = status, loses
        self.events: list[str] = []
        self.taken: list[Entry] = []
        self.asked_of: set[str] = set()

    def kill(self, name: str) -> None:
        self.events.append(f"killed {name}")

    def start_node(self, node: Any) -> None:
        self.events.append(f"started {node.name}")

    def wait_ready(self, nodes: Any) -> None:
        self.events.append(f"ready {nodes[0].name}")

    def push(self, _labels: object, entries: list[Entry], url: str) -> list[Pushed]:
        self.asked_of.add(url)
        self.taken += [] if self.loses and self.taken else entries
        return [Pushed(entries, self.status, "")]

    def entries(self, *_: object) -> list[Entry]:
        return self.taken


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "_SPACED_SECONDS", 0)


def answers(monkeypatch: pytest.MonkeyPatch, *, always: bool) -> None:
    """Queries that are answered, or from the second on are not."""
    asked = iter(range(1000))

    def ask(_: Run) -> str:
        if next(asked) and not always:
            raise httpx.ReadTimeout("no scheduler")
        return ""

    monkeypatch.setattr(losses, "gives_lines_back", ask)


def outcome(platform: StandIn, role: str) -> str:
    run = Run(cast("Platform", platform), [])
    run.sent = [cast("Any", type("Sent", (), {"labels": {"app": "x"}, "entries": [Entry(1, "a")]}))]
    checks: dict[str, Callable[[Run], str]] = dict(loss_checks(platform.settings))
    return checks[f"one {role} killed"](run)


def test_every_role_but_the_writers_is_killed() -> None:
    names = [name for name, _ in loss_checks(stack())]
    assert names == [
        "one distributor killed",
        "one querier killed",
        "one query-frontend killed",
        "one query-scheduler killed",
        "one index-gateway killed",
        "one compactor killed",
        "one ruler killed",
    ]
    assert [name for name, _ in loss_checks(stack(deploymentMode="simple-scalable"))] == [
        "one read killed",
        "one backend killed",
    ]
    assert loss_checks(stack(deploymentMode="monolithic")) == []


def test_a_kept_promise_is_told_and_the_process_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, always=True)
    platform = StandIn(stack(), tmp_path)
    assert outcome(platform, "distributor") == (
        "as promised: loki-distributor-2 of 3: 0 of 120 pushes refused, 12 of 12 queries answered;"
        " 0 of 120 acknowledged lines missing"
    )
    assert platform.events == ["killed loki-distributor-2", "started loki-distributor-2", "ready loki-distributor-2"]
    assert platform.asked_of == {node.url for node in platform.distributors[:2]}


def test_of_the_compactors_the_one_that_works_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, always=True)
    platform = StandIn(stack(replicas={"compactor": 2}), tmp_path)
    outcome(platform, "compactor")
    assert platform.events[0] == "killed loki-compactor-0"


def test_refused_pushes_break_the_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, always=True)
    platform = StandIn(stack(), tmp_path, status=500)
    with pytest.raises(CheckError, match=r"120 of 120 pushes refused.*writes continue"):
        outcome(platform, "ruler")
    assert platform.events[-1] == "ready loki-ruler-0"


def test_the_only_one_that_takes_lines_in_is_promised_to_stop_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, always=True)
    platform = StandIn(stack(replicas={"distributor": 1}), tmp_path)
    assert "120 of 120 pushes refused" in outcome(platform, "distributor")


def test_unanswered_queries_break_the_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, always=False)
    with pytest.raises(
        CheckError, match=r"1 of 12 queries answered \(no scheduler\); the failure budget says that queries continue"
    ):
        outcome(StandIn(stack(), tmp_path), "query-scheduler")


def test_queries_that_go_on_without_the_only_querier_break_the_promise_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, always=True)
    with pytest.raises(CheckError, match="queries fail"):
        outcome(StandIn(stack(replicas={"querier": 1}), tmp_path), "querier")


def test_an_acknowledged_line_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, always=True)
    with pytest.raises(CheckError, match="119 of 120 acknowledged lines missing after it came back"):
        outcome(StandIn(stack(), tmp_path, loses=True), "querier")
