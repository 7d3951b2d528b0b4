"""The loss checks of a local run: each fails when the failure budget's promise does not hold."""

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


def stack(**keys: object) -> Settings:
    store = {"kind": "s3-compatible", "endpoint": "http://10.0.40.10:9000", "bucket": "b"}
    cluster = {"name": "here", "context": "here"}
    return Settings.model_validate({"cluster": cluster, "objectStore": store, "deploymentMode": "distributed", **keys})


class StandIn:
    """A stand-in for a running platform that records kills and pushes, with the answers of a test."""

    def __init__(self, settings: Settings, root: Path, status: int = 204, *, loses: bool = False) -> None:
        self.settings = settings
        self.layout: Layout = layout(settings, root)
        self.distributors = self.layout.of(settings.receiver)
        self.fleet = self.loki = self
        self.status, self.loses = status, loses
        self.events: list[str] = []
        self.stored: list[Entry] = []
        self.pushed_to: set[str] = set()

    def kill(self, node: Any) -> None:
        self.events.append(f"killed {node.name}")

    def start_node(self, node: Any) -> None:
        self.events.append(f"started {node.name}")

    def wait_ready(self, nodes: Any) -> None:
        self.events.append(f"ready {nodes[0].name}")

    def push(self, _labels: object, entries: list[Entry], url: str) -> list[Pushed]:
        self.pushed_to.add(url)
        self.stored += [] if self.loses and self.stored else entries
        return [Pushed(entries, self.status, "")]

    def entries(self, *_: object) -> list[Entry]:
        return self.stored


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "_SPACED_SECONDS", 0)


def stub_queries(monkeypatch: pytest.MonkeyPatch, *, always: bool) -> None:
    """Let all queries succeed, or all except the first one fail."""
    queries = iter(range(1000))

    def ask(_: Run) -> str:
        if next(queries) and not always:
            raise httpx.ReadTimeout("no scheduler")
        return ""

    monkeypatch.setattr(losses, "gives_lines_back", ask)


def run_loss_check(platform: StandIn, role: str) -> str:
    run = Run(cast("Platform", platform), [])
    run.sent = [cast("Any", type("Sent", (), {"labels": {"app": "x"}, "entries": [Entry(1, "a")]}))]
    checks: dict[str, Callable[[Run], str]] = dict(loss_checks(platform.settings))
    return checks[f"one {role} killed"](run)


def test_loss_checks_kill_every_role_except_writers() -> None:
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


def test_loss_check_passes_and_restarts_the_process_when_the_promise_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub_queries(monkeypatch, always=True)
    platform = StandIn(stack(), tmp_path)
    assert run_loss_check(platform, "distributor") == (
        "as promised: loki-distributor-2 of 3: 0 of 120 pushes refused, 12 of 12 queries answered;"
        " 0 of 120 acknowledged lines missing"
    )
    assert platform.events == ["killed loki-distributor-2", "started loki-distributor-2", "ready loki-distributor-2"]
    assert platform.pushed_to == {node.url for node in platform.distributors[:2]}


def test_loss_check_kills_the_active_compactor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub_queries(monkeypatch, always=True)
    platform = StandIn(stack(replicas={"compactor": 2}), tmp_path)
    run_loss_check(platform, "compactor")
    assert platform.events[0] == "killed loki-compactor-0"


def test_loss_check_fails_when_pushes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub_queries(monkeypatch, always=True)
    platform = StandIn(stack(), tmp_path, status=500)
    with pytest.raises(CheckError, match=r"120 of 120 pushes refused.*writes continue"):
        run_loss_check(platform, "ruler")
    assert platform.events[-1] == "ready loki-ruler-0"


def test_loss_check_expects_refused_pushes_without_the_only_distributor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub_queries(monkeypatch, always=True)
    platform = StandIn(stack(replicas={"distributor": 1}), tmp_path)
    assert "120 of 120 pushes refused" in run_loss_check(platform, "distributor")


def test_loss_check_fails_when_queries_are_unanswered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub_queries(monkeypatch, always=False)
    with pytest.raises(
        CheckError, match=r"1 of 12 queries answered \(no scheduler\); the failure budget says that queries continue"
    ):
        run_loss_check(StandIn(stack(), tmp_path), "query-scheduler")


def test_loss_check_fails_when_queries_continue_without_the_only_querier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub_queries(monkeypatch, always=True)
    with pytest.raises(CheckError, match="queries fail"):
        run_loss_check(StandIn(stack(replicas={"querier": 1}), tmp_path), "querier")


def test_loss_check_fails_when_acknowledged_lines_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub_queries(monkeypatch, always=True)
    with pytest.raises(CheckError, match="119 of 120 acknowledged lines missing after it came back"):
        run_loss_check(StandIn(stack(), tmp_path, loses=True), "querier")
