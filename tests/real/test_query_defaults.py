"""What queries cost by split interval, results cache and concurrency: ratios in one run, rounds taken in turn."""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from logstack.localrun.platform import Platform
from logstack.manifests.loki.config import MORE_WORKERS, SPLIT
from logstack.settings.tree import Settings
from tests.support.cluster_lines import pushes, streams
from tests.support.measuring import cpu_seconds, running, scraped, unlimited_stack

pytestmark = pytest.mark.prove

_HOURS, _STREAMS, _LINES = 24, 60, 1_000
_CHARTS_SPLIT = "15m"
_LOKIS_WORKERS = 4
_LEAST_ROUNDS, _MOST_ROUNDS = 15, 90
_SETTLED_SECONDS = 12
"""Loki reads its overrides every ten seconds."""

Parameters = dict[str, str | int]
Change = Mapping[str, Mapping[str, object]]
Cost = Mapping[str, float]
"""Seconds of CPU by process."""

_QUERIES = {
    "needle": '{app=~".+"} |= "evicted" |= "e5d1"',
    "rate": 'sum by (app) (rate({app=~".+"}[5m]))',
    "JSON": 'sum(count_over_time({app=~".+"} | json | level="error" [5m]))',
}
"""Over the whole day."""


def stack(readers: int) -> Settings:
    """Return a stack whose queries are answered by one process with every role, or by several readers."""
    if readers == 1:
        return unlimited_stack("monolithic", {"monolithic": 1}, 1)
    return unlimited_stack("simple-scalable", {"write": 1, "read": readers, "backend": 1}, 1)


@contextmanager
def day(root: Path, settings: Settings, change: Change, each: int = _LINES) -> Iterator[Platform]:
    """A stack with a day of lines in its bucket, `each` in every stream, and none in its writers."""
    span = _HOURS * 3600
    start = (int(time.time()) - span) * 10**9
    with running(root, settings, change) as platform:
        with httpx.Client(timeout=60) as client:
            (distributor,) = platform.distributors
            for batch in pushes(streams(_STREAMS, each, start, span), 50):
                client.post(f"{distributor.url}/loki/api/v1/push", json={"streams": batch}).raise_for_status()
        for node in platform.writers:
            platform.loki.flush(node.url)
        time.sleep(3)
        platform.restart(*platform.writers)
        yield platform


def ask(platform: Platform, query: str, end: int) -> Cost:
    """Ask for a day; return the seconds of CPU that each process spent on it."""
    before = cpu_seconds(platform)
    start = end - _HOURS * 3600 * 10**9
    platform.loki.get("/loki/api/v1/query_range", query=query, start=start, end=end, step="300", limit=1000)
    return {name: seconds - before[name] for name, seconds in cpu_seconds(platform).items()}


def total(cost: Cost) -> float:
    return sum(cost.values())


def median(costs: Sequence[Cost]) -> float:
    return statistics.median(map(total, costs))


def busiest_share(costs: Sequence[Cost]) -> float:
    """Return the share of the process that worked most, over all these queries."""
    by_process = [sum(cost[name] for cost in costs) for name in costs[0]]
    return max(by_process) / sum(by_process)


@pytest.mark.parametrize("readers", [1, 3])
def test_splitting_by_the_hour_costs_less_than_by_the_quarter(
    readers: int, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    end = time.time_ns()
    costs: dict[tuple[str, str], list[Cost]] = defaultdict(list)
    uncached: Change = {"query_range": {"cache_results": False}}
    with day(tmp_path / "day", stack(readers), uncached) as platform:
        for _ in range(3):
            for split in (_CHARTS_SPLIT, SPLIT):
                platform.write_overrides({"split_queries_by_interval": split})
                time.sleep(_SETTLED_SECONDS)
                for name, query in _QUERIES.items():
                    costs[name, split].append(ask(platform, query, end))
    for name in _QUERIES:
        ours, charts = costs[name, SPLIT], costs[name, _CHARTS_SPLIT]
        ratio, busiest = median(ours) / median(charts), busiest_share(ours)
        measured(
            f"{readers} readers, {name}: {ratio:.2f} of the CPU with {SPLIT} instead of {_CHARTS_SPLIT}; "
            f"the busiest process does {busiest:.0%}"
        )
        assert ratio < 0.8
        # Fewer parts are still enough for every reader.
        assert readers == 1 or busiest < 0.6


def test_results_cache_in_memory_answers_a_query_that_is_repeated(
    tmp_path: Path, measured: Callable[[str], None]
) -> None:
    with day(tmp_path / "day", stack(1), {}) as platform:
        # Whole steps, as Grafana asks: a cache has nothing for other times.
        end = time.time_ns() // (300 * 10**9) * 300 * 10**9
        for name, query in _QUERIES.items():
            first = total(ask(platform, query, end))
            again = median([ask(platform, query, end) for _ in range(5)])
            measured(f"{name}: a repeated query takes {again / first:.3f} of the CPU")
            assert again < first / 2


def test_more_workers_answer_a_small_query_sooner_after_one_that_reached_its_limit(
    tmp_path: Path, measured: Callable[[str], None]
) -> None:
    """Loki gives up the other parts of a log query that has its lines, and their workers pause.

    Whether a worker has such a part is chance: in some rounds no small query waits, so a few rounds prove nothing.
    """
    seconds: dict[int, list[float]] = defaultdict(list)
    with ExitStack() as stacks:
        platforms = {}
        for workers in (_LOKIS_WORKERS, MORE_WORKERS):
            change: Change = {"querier": {"max_concurrent": workers}, "query_range": {"cache_results": False}}
            platforms[workers] = stacks.enter_context(day(tmp_path / str(workers), stack(1), change, each=4_000))
        for _ in range(_MOST_ROUNDS):
            if len(seconds[MORE_WORKERS]) >= _LEAST_ROUNDS and _waited_longer(seconds):
                break
            for workers, platform in platforms.items():
                end = time.time_ns()
                day_ago, hour_ago = end - _HOURS * 3600 * 10**9, end - 3600 * 10**9
                with httpx.Client(base_url=platform.loki.reader, timeout=300) as client:
                    large: Parameters = {
                        "query": '{app=~".+"} |~ "e[0-9]"',
                        "start": day_ago,
                        "end": end,
                        "limit": 1000,
                    }
                    client.get("/loki/api/v1/query_range", params=large).raise_for_status()
                    began = time.perf_counter()
                    small: Parameters = {"query": '{app="app-0"}', "start": hour_ago, "end": end, "limit": 10}
                    client.get("/loki/api/v1/query_range", params=small).raise_for_status()
                    seconds[workers].append(time.perf_counter() - began)
        for workers, platform in platforms.items():
            memory = max(scraped(node).total("process_resident_memory_bytes") for node in platform.layout.nodes)
            measured(
                f"{workers} workers: {len(seconds[workers])} small queries after "
                f"{statistics.median(seconds[workers]):.2f} s in the median, {statistics.mean(seconds[workers]):.2f} s "
                f"on average, {max(seconds[workers]):.2f} s at worst; {memory / 2**20:.0f} MiB resident"
            )
    assert _waited_longer(seconds)


def _waited_longer(seconds: Mapping[int, Sequence[float]]) -> bool:
    """Return whether small queries waited twice as long in all with Loki's number of workers."""
    return sum(seconds[_LOKIS_WORKERS]) > 2 * sum(seconds[MORE_WORKERS])
