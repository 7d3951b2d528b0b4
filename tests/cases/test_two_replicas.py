"""Two replicas as owners run them: the plan says what the loss of one takes, and the real Loki does that."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from logstack.localrun.client import Entry
from logstack.localrun.platform import Platform
from logstack.plan.failures import CONTINUE, Loss, plan_failures
from logstack.settings.checks import problems_of
from logstack.settings.tree import Settings
from tests.support.measuring import running, unlimited_stack

pytestmark = pytest.mark.real

MODES = {"monolithic": "monolithic", "simple-scalable": "write"}
STREAMS = 40


def stack(mode: str, factor: int) -> Settings:
    return unlimited_stack(mode, {MODES[mode]: 2}, factor)


def lost(settings: Settings) -> Loss:
    """What the plan says of the loss of one writer."""
    (loss,) = [each for each in plan_failures(settings).losses if each.lost in ("1 of 2 Loki pods", "1 of 2 writers")]
    return loss


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("factor", [1, 2])
def test_two_writers_are_no_error(mode: str, factor: int) -> None:
    assert [problem.name for problem in problems_of(stack(mode, factor)) if problem.severity == "error"] == []


@pytest.mark.parametrize("mode", MODES)
def test_plan_says_that_two_replicas_of_a_line_survive_no_lost_writer(mode: str) -> None:
    loss = lost(stack(mode, 2))
    assert (loss.budget, loss.writes, loss.queries) == ("beyond", "refused until it is back", CONTINUE)
    loss = lost(stack(mode, 1))
    assert loss.writes == "refused for about 50 % of the streams until it is back"
    assert loss.queries == "fail until it is back"


@pytest.fixture(params=[1, 2])
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    with running(tmp_path / "run", stack("monolithic", request.param), {}) as platform:
        yield platform


def test_real_loki_refuses_and_answers_as_the_plan_says(platform: Platform) -> None:
    survivor, killed = platform.writers
    now = time.time_ns()
    before = [platform.loki.push({"app": f"a{number}"}, [Entry(now, "x")], survivor.url) for number in range(STREAMS)]
    assert all(each.acknowledged for pushed in before for each in pushed)
    platform.fleet.kill(killed.name)
    after = [
        platform.loki.push({"app": f"a{number}"}, [Entry(now + 1, "y")], survivor.url) for number in range(STREAMS)
    ]
    refused = sum(not each.acknowledged for pushed in after for each in pushed)
    try:
        found = {entry.line for entry in platform.loki.entries('{app=~"a.+"}', now - 10**9, now + 10**9)}
    except httpx.HTTPStatusError:
        found = set()
    if platform.settings.replication_factor == 1:
        assert 0 < refused < STREAMS
        assert not found
    else:
        assert refused == STREAMS
        assert "x" in found
