"""Lines that Loki refuses while it answers 204: only its metric and `logstack try` say so.

Loki answers with the error of the last stream of a push (pkg/ingester/instance.go: Push).
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

import httpx
import pytest

from logstack.localrun.checks import CheckError, Run, refuses_no_line
from logstack.localrun.platform import Platform
from logstack.settings.load.stack_file import Value
from logstack.settings.tree import Settings
from tests.support.collector import discarded, loki, stack
from tests.support.real import PATIENCE

pytestmark = pytest.mark.prove

SECOND = 10**9
HOUR = 3600 * SECOND
_NAMES = count()
Stream = tuple[str, Sequence[tuple[int, str]]]
KEYS: Mapping[str, Value] = {
    "late": {},
    "rate": {"limits": {"perStreamRate": "64Ki", "perStreamBurst": "64Ki"}},
    "streams": {"limits": {"maxStreams": 3}},
    "past": {"loki": {"config": {"limits_config": {"shard_streams": {"time_sharding_enabled": True}}}}},
}


def settings_of(name: str) -> Settings:
    keys = KEYS[name]
    assert isinstance(keys, Mapping)
    return stack(name, keys)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with loki(tmp_path_factory.mktemp("loki"), settings_of("late")) as running:
        yield running


def push(platform: Platform, *streams: Stream) -> int:
    """Push streams in one request; return Loki's status."""
    values = [
        {"stream": {"app": app}, "values": [[str(when), line] for when, line in entries]} for app, entries in streams
    ]
    url = f"{platform.writers[0].url}/loki/api/v1/push"
    return httpx.post(url, json={"streams": values}, timeout=PATIENCE).status_code


def entries(newest: int, number: int = 1, line: str = "of an app") -> list[tuple[int, str]]:
    return [(newest - index * 1000, f"{line} {index}") for index in range(number)]


@pytest.mark.parametrize("late_ones_place", [0, 4, 8])
def test_loki_answers_204_when_one_late_pod_is_before_the_last_of_ten(late_ones_place: int, platform: Platform) -> None:
    name, now, before = f"app-{next(_NAMES)}", time.time_ns(), discarded(platform)
    pods = [f"{name}-{index}" for index in range(9)]
    assert push(platform, (f"{name}-late", entries(now))) == httpx.codes.NO_CONTENT
    streams = [(pod, entries(now, 100)) for pod in pods]
    streams.insert(late_ones_place, (f"{name}-late", entries(now - 2 * HOUR, 100)))
    assert push(platform, *streams) == httpx.codes.NO_CONTENT
    assert discarded(platform) - before == {"too_far_behind": 100}


def test_loki_answers_400_when_the_late_pod_is_the_last_one(platform: Platform) -> None:
    name, now, before = f"app-{next(_NAMES)}", time.time_ns(), discarded(platform)
    late = f"{name}-late"
    push(platform, (late, entries(now)))
    assert push(platform, (name, entries(now)), (late, entries(now - 2 * HOUR, 100))) == httpx.codes.BAD_REQUEST
    assert discarded(platform) - before == {"too_far_behind": 100}


def test_loki_answers_204_when_a_stream_before_the_last_is_above_its_rate(tmp_path: Path) -> None:
    with loki(tmp_path / "loki", settings_of("rate")) as platform:
        now, long = time.time_ns(), "x" * 100_000
        assert push(platform, ("loud", entries(now, 3, long)), ("quiet", entries(now))) == httpx.codes.NO_CONTENT
        assert discarded(platform).keys() == {"per_stream_rate_limit"}


def test_loki_answers_204_when_a_stream_before_the_last_is_above_the_number_of_streams(tmp_path: Path) -> None:
    with loki(tmp_path / "loki", settings_of("streams")) as platform:
        now = time.time_ns()
        for index in range(3):
            assert push(platform, (f"app-{index}", entries(now))) == httpx.codes.NO_CONTENT
        assert push(platform, ("one-more", entries(now, 7)), ("app-0", entries(now + 1))) == httpx.codes.NO_CONTENT
        assert discarded(platform) == {"stream_limit": 7}
        # Loki's answer to a push of that stream alone.
        assert push(platform, ("one-more", entries(now))) == httpx.codes.TOO_MANY_REQUESTS


def test_try_fails_when_loki_has_refused_lines_in_silence(platform: Platform) -> None:
    name, now = f"app-{next(_NAMES)}", time.time_ns()
    push(platform, (name, entries(now)))
    assert push(platform, (name, entries(now - 2 * HOUR, 5)), (f"{name}-b", entries(now))) == httpx.codes.NO_CONTENT
    with pytest.raises(CheckError, match=r"\d+ too_far_behind \(see \S+#late-lines\)"):
        refuses_no_line(Run(platform, []))


def test_try_counts_what_loki_refused_before_a_restart(tmp_path: Path) -> None:
    with loki(tmp_path / "loki", settings_of("late")) as platform:
        now = time.time_ns()
        push(platform, ("app", entries(now)))
        push(platform, ("app", entries(now - 2 * HOUR, 5)), ("b", entries(now)))
        platform.restart(*platform.writers)
        assert discarded(platform) == Counter()
        with pytest.raises(CheckError, match="again: 5 too_far_behind "):
            refuses_no_line(Run(platform, []))


def streams_after(platform: Platform, days: int) -> int:
    """Push a line of every hour of some days, in one stream, the newest first; return Loki's number of streams."""
    now = time.time_ns()
    lines = [(now - hour * HOUR, f"line {hour}") for hour in range(days * 24)]
    for line in lines:
        push(platform, ("old", [line]), ("new", entries(now)))
    text = httpx.get(f"{platform.writers[0].url}/metrics", timeout=PATIENCE).text
    return next(int(line.split()[-1]) for line in text.splitlines() if line.startswith("loki_ingester_memory_streams{"))


def test_loki_accepts_old_lines_of_any_order_with_time_sharding_and_makes_a_stream_of_each_hour(tmp_path: Path) -> None:
    days = 6
    with loki(tmp_path / "loki", settings_of("past")) as platform:
        assert streams_after(platform, days) >= days * 24
        assert discarded(platform) == Counter()


def test_loki_refuses_such_lines_without_time_sharding(platform: Platform) -> None:
    before = discarded(platform)
    streams_after(platform, 1)
    assert discarded(platform) - before == {"too_far_behind": 22}
