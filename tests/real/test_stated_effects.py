"""Loki does what checks and plan say would happen: a lost writer of three, and objects that a bucket deleted."""

import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from logstack.localrun.client import Entry
from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.manifests.loki.budget import refused_share
from tests.support.measuring import running, unlimited_stack
from tests.support.real import binary

pytestmark = pytest.mark.prove

STREAMS = 90
# Measured: 0.37 for a third and 0.70 for two thirds; the ring's random tokens decide.
NEAR = 0.2
SECONDS = 60
# Seconds. Younger results are not cached (max_cache_freshness_per_query is 10m).
AGE = 2 * 60 * 60


@pytest.fixture(params=[1, 2])
def three_writers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    replicas = {"write": 3, "read": 1, "backend": 1}
    with running(tmp_path / "run", unlimited_stack("simple-scalable", replicas, request.param), {}) as platform:
        yield platform


def test_loki_refuses_the_calculated_share_of_pushes_without_one_of_three_writers(three_writers: Platform) -> None:
    loki, now = three_writers.loki, time.time_ns()
    survivor, _, killed = three_writers.writers
    acknowledged = {f"before {number}" for number in range(STREAMS)}
    for number in range(STREAMS):
        (pushed,) = loki.push({"app": f"a{number}"}, [Entry(now, f"before {number}")], survivor.url)
        assert pushed.acknowledged
    three_writers.fleet.kill(killed.name)
    refused = 0
    for number in range(STREAMS):
        (pushed,) = loki.push({"app": f"a{number}"}, [Entry(now + 1, f"after {number}")], survivor.url)
        refused += not pushed.acknowledged
        acknowledged |= {f"after {number}"} if pushed.acknowledged else set()
    settings = three_writers.settings
    assert refused / STREAMS == pytest.approx(float(refused_share(settings, 1)), abs=NEAR)
    if settings.replication_factor == 1:
        with pytest.raises(httpx.HTTPStatusError) as answer:
            list(loki.entries('{app=~"a.+"}', now - 10**9, now + 10**9))
        assert answer.value.response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    else:
        # Lines of pushes that one writer of two took are there too, though they were refused.
        assert acknowledged <= {entry.line for entry in loki.entries('{app=~"a.+"}', now - 10**9, now + 10**9)}


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[tuple[Platform, int]]:
    """Run a Loki whose only line is in the store alone, neither in its memory nor in a cache; yield its time, too."""
    settings = unlimited_stack("monolithic", {"monolithic": 1}, 1)
    changes = {"ingester": {"chunk_retain_period": "0s", "wal": {"enabled": False}}}
    with running(tmp_path / "run", settings, changes) as platform:
        now = time.time_ns() - AGE * 10**9
        (pushed,) = platform.loki.push({"app": "a"}, [Entry(now, "stored")])
        assert pushed.acknowledged
        (node,) = platform.writers
        platform.loki.flush(node.url)
        deadline = time.monotonic() + SECONDS
        while not platform.bucket().chunks():
            assert time.monotonic() < deadline
            time.sleep(0.5)
        platform.restart(node)
        yield platform, now


def found(platform: Platform, at: int) -> list[str]:
    """Return the lines of a query, which must be answered with 200."""
    return [entry.line for entry in platform.loki.entries('{app="a"}', at - 10**9, at + 10**9)]


def test_query_is_answered_without_the_lines_of_chunks_that_the_bucket_deleted(
    stored: tuple[Platform, int], tmp_path: Path
) -> None:
    platform, at = stored
    names = {Path(chunk.key).name for chunk in platform.bucket().chunks()}
    for file in [file for file in (tmp_path / "run").rglob("*") if file.name in names]:
        file.unlink()
    assert platform.bucket().chunks() == []
    assert found(platform, at) == []


def test_query_is_answered_without_flushed_lines_while_the_store_is_away(stored: tuple[Platform, int]) -> None:
    platform, at = stored
    # The index is here already; a query that needs a table of it waits for the store first.
    stats = platform.loki.get("/loki/api/v1/index/stats", query='{app="a"}', start=at - 10**9, end=at + 10**9)
    assert stats["entries"] > 0
    platform.fleet.kill("versitygw")
    assert found(platform, at) == []


def counted(platform: Platform, at: int, query: str) -> float:
    """Return the sum of a metric query's values around a time; it must be answered with 200."""
    start = at // 10**9 - 600
    answer = platform.loki.get("/loki/api/v1/query_range", query=query, start=start, end=start + 1200, step=60)
    return sum(float(value) for series in answer["data"]["result"] for _, value in series["values"])


def test_results_cache_keeps_an_answer_without_the_lines_that_could_not_be_loaded(
    stored: tuple[Platform, int], tmp_path: Path
) -> None:
    platform, at = stored
    (chunk,) = platform.bucket().chunks()
    (file,) = [file for file in (tmp_path / "run").rglob("*") if file.name == Path(chunk.key).name]
    query = 'sum(count_over_time({app="a"}[1m]))'
    away = file.rename(tmp_path / "chunk")
    assert counted(platform, at, query) == 0
    away.rename(file)
    assert counted(platform, at, 'sum(count_over_time({app="a"} |= "stored" [1m]))') > 0
    assert counted(platform, at, query) == 0


def test_line_of_these_tests_is_found_in_the_store(stored: tuple[Platform, int]) -> None:
    assert found(*stored) == ["stored"]


def test_loki_refuses_every_push_before_its_first_schema_period(tmp_path: Path) -> None:
    settings = unlimited_stack("monolithic", {"monolithic": 1}, 1)
    with Fleet(tmp_path / "out") as fleet:
        platform = Platform(settings, {name: binary(name) for name in ("loki", "versitygw")}, tmp_path, fleet)
        for period in platform.config["schema_config"]["configs"]:
            period["from"] = "2999-01-01"
        platform.start()
        (pushed,) = platform.loki.push({"app": "a"}, [Entry(time.time_ns(), "early")])
    assert not pushed.acknowledged
    assert "no schema config found for time" in pushed.reason
