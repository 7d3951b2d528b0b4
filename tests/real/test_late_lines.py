"""How far a line may be behind the newest one of its stream, in the real Loki with a stack's own loki.yaml."""

import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest

from logstack.localrun.client import Entry, Pushed
from logstack.localrun.platform import Platform
from logstack.manifests.loki.config import latest_behind
from tests.support.measuring import running, unlimited_stack
from tests.support.stacks import changed

pytestmark = pytest.mark.prove

_NAMES = count()


@pytest.fixture(
    scope="module", params=[{}, {"config": {"ingester": {"max_chunk_age": "1h"}}}], ids=["own", "passed on"]
)
def platform(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    settings = changed(unlimited_stack("monolithic", {"monolithic": 1}, 1), loki=request.param)
    with running(tmp_path_factory.mktemp("late") / "run", settings, {}) as platform:
        yield platform


def push_behind(platform: Platform, behind: timedelta, *, same_stream: bool = True) -> Pushed:
    """Push a line of now, then one that is behind it."""
    name, now = f"app-{next(_NAMES)}", time.time_ns()
    (newest,) = platform.loki.push({"app": name}, [Entry(now, "newest")])
    assert newest.acknowledged
    late = Entry(now - int(behind.total_seconds()) * 10**9, "late")
    (pushed,) = platform.loki.push({"app": name if same_stream else f"{name}-other"}, [late])
    return pushed


def test_loki_accepts_a_line_that_is_just_less_behind_than_the_limit(platform: Platform) -> None:
    assert push_behind(platform, latest_behind(platform.config) - timedelta(minutes=1)).acknowledged


def test_loki_refuses_a_line_that_is_further_behind_its_stream(platform: Platform) -> None:
    pushed = push_behind(platform, latest_behind(platform.config) + timedelta(minutes=1))
    assert pushed.status == 400
    assert "entry too far behind" in pushed.reason


def test_loki_accepts_the_same_line_in_another_stream(platform: Platform) -> None:
    assert push_behind(platform, timedelta(days=2), same_stream=False).acknowledged
