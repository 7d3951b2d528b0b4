"""Lines whose own time (a parser's `timestamp`) is far from the time at which they were read.

Loki refuses a line that is more than an hour behind the newest one of its stream, or more than ten minutes ahead of
Loki's clock; if a later stream of the same push is fine it answers 204, so Alloy counts the refused lines as sent.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from logstack.localrun.client import Entry, Loki, Row
from logstack.localrun.collector import Collector
from logstack.localrun.platform import Platform
from logstack.localrun.pods import Pod
from logstack.localrun.processes import Fleet
from logstack.manifests.alloy.times import window
from logstack.settings.load.stack_file import Value
from logstack.settings.tree import Settings
from tests.support.collector import discarded, handled, loki, stack
from tests.support.real import binary

pytestmark = pytest.mark.prove

SECOND = 10**9
PATIENCE_SECONDS = 90
NAMESPACE = "batch"
PER_POD = 50
BEHIND = [timedelta(minutes=30), timedelta(minutes=90), timedelta(hours=2), timedelta(hours=7), timedelta(days=1)]
BEFORE, AFTER = window(timedelta(hours=1))


@dataclass(frozen=True)
class Form:
    """How a pod writes its own time, and the parser that reads it."""

    parser: Mapping[str, Value]
    written: Callable[[datetime], str]


def _json(written: Callable[[datetime], str]) -> Callable[[datetime], str]:
    return lambda moment: f'{{"ts":{written(moment)},"msg":"of a batch job"}}'


def _quoted(layout: str, zone: str = "UTC") -> Callable[[datetime], str]:
    return lambda moment: f'"{moment.astimezone(ZoneInfo(zone)).strftime(layout)}"'


def _number(factor: int) -> Callable[[datetime], str]:
    return lambda moment: str(int(moment.timestamp()) * factor)


def _parser(layout: str, **further: Value) -> dict[str, Value]:
    return {"format": "json", "timestamp": {"field": "ts", "format": layout, **further}}


FORMS: Mapping[str, Form] = {
    "rfc3339": Form({"format": "json", "timestamp": {"field": "ts"}}, _json(_quoted("%Y-%m-%dT%H:%M:%SZ"))),
    "rfc3339-zone": Form(
        _parser("RFC3339"), _json(lambda moment: f'"{moment.astimezone(ZoneInfo("Asia/Kolkata")).isoformat()}"')
    ),
    "unix": Form(_parser("Unix"), _json(_number(1))),
    "unix-text": Form(_parser("Unix"), _json(lambda moment: f'"{int(moment.timestamp())}.000"')),
    "unix-ms": Form(_parser("UnixMs"), _json(_number(1000))),
    "unix-us": Form(_parser("UnixUs"), _json(_number(1000**2))),
    "unix-ns": Form(_parser("UnixNs"), _json(lambda moment: f'"{int(moment.timestamp()) * SECOND}"')),
    "layout": Form(_parser("2006-01-02 15:04:05,000"), _json(_quoted("%Y-%m-%d %H:%M:%S,000"))),
    "layout-zone": Form(
        _parser("2006-01-02 15:04:05", timeZone="America/St_Johns"),
        _json(_quoted("%Y-%m-%d %H:%M:%S", "America/St_Johns")),
    ),
    "ansic": Form(_parser("ANSIC"), _json(_quoted("%a %b %e %H:%M:%S %Y"))),
    "rfc1123": Form(_parser("RFC1123"), _json(_quoted("%a, %d %b %Y %H:%M:%S UTC"))),
    "logfmt": Form(
        {"format": "logfmt", "timestamp": {"field": "ts"}},
        lambda moment: f"ts={moment.strftime('%Y-%m-%dT%H:%M:%SZ')} level=info msg=x",
    ),
    "pattern": Form(
        {
            "pattern": r'^\S+ \[(?P<at>[^\]]+)\] "(?P<request>[^"]*)"',
            "timestamp": {"field": "at", "format": "02/Jan/2006:15:04:05 -0700"},
        },
        lambda moment: f'10.0.0.7 [{moment.strftime("%d/%b/%Y:%H:%M:%S +0000")}] "GET /"',
    ),
    "airflow": Form(
        {
            "pattern": r"^\[(?P<at>[^\]]+)\] \{(?P<caller>[^}]+)\} (?P<level>[A-Z]+) - ",
            "timestamp": {"field": "at", "format": "2006-01-02T15:04:05.000-0700"},
        },
        lambda moment: f"[{moment.strftime('%Y-%m-%dT%H:%M:%S.000+0000')}] {{taskinstance.py:1157}} INFO - run",
    ),
}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    binary("alloy")
    with loki(tmp_path_factory.mktemp("loki"), stack("own-times", {})) as running:
        yield running


@dataclass(frozen=True)
class Line:
    """A line with its own time, and the time at which the runtime read it, in nanoseconds."""

    own: int
    read: int


def collected(
    root: Path, settings: Settings, platform: Platform, lines: Mapping[str, Sequence[Line]], *, broken: bool = False
) -> Counter[str]:
    """Send each container's lines from a pod's file, and return what Loki has refused; `broken`: without the rule."""
    before = discarded(platform)
    pods = [Pod(NAMESPACE, f"{name}-0", name) for name in lines]
    push = f"{platform.writers[0].url}/loki/api/v1/push"
    with Fleet(root / "out") as fleet:
        collector = Collector(settings, binary("alloy"), root, fleet, push, pods)
        if broken:
            collector.config, count = re.subn(r"\(add \$read \d+\)", "(add $read 864000)", collector.config)
            assert count
            collector.config, count = re.subn(r"\(sub \$read \d+\)", "(sub $read 864000)", collector.config)
            assert count
        for pod in pods:
            entries = [Entry(line.read, text(pod.container, line)) for line in lines[pod.container]]
            collector.containers[pod.name].write(entries)
        collector.start()
        wait_for(collector, sum(map(len, lines.values())))
    return discarded(platform) - before


def wait_for(collector: Collector, lines: int) -> None:
    """Wait until the collector has sent so many lines."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (done := handled(collector)) < lines:
        assert time.monotonic() < deadline, f"{done} of {lines} lines"
        time.sleep(0.3)


def text(container: str, line: Line) -> str:
    """Return a line in the form that its container's name begins with."""
    name, _, _ = container.partition("-pod-")
    return FORMS[name].written(datetime.fromtimestamp(line.own // SECOND, UTC))


def settings_for(name: str, **collector: Value) -> Settings:
    parsers: list[Value] = [{"match": {"container": f"{form}-pod-*"}, **FORMS[form].parser} for form in FORMS]
    keys: dict[str, Value] = {"parsers": parsers, **collector}
    return stack(name, {"collector": keys})


def nanoseconds(span: timedelta) -> int:
    return int(span.total_seconds()) * SECOND


def alternating(newest: int, away: timedelta) -> list[Line]:
    """Return lines a second apart whose own times are alternately the reading time and as far away."""
    read = [newest - number * SECOND for number in reversed(range(PER_POD))]
    return [Line(when + (nanoseconds(away) if number % 2 else 0), when) for number, when in enumerate(read)]


def rows(platform: Platform, settings: Settings, container: str, since: int) -> list[Row]:
    query = f'{{cluster="{settings.cluster.name}", container="{container}"}}'
    return list(Loki([], platform.loki.reader, None).rows(query, since, time.time_ns() + 3600 * SECOND))


@pytest.mark.parametrize("form", FORMS)
def test_loki_accepts_every_late_line_of_a_pod(form: str, platform: Platform, tmp_path: Path) -> None:
    settings = settings_for(form)
    newest = time.time_ns() // SECOND * SECOND - SECOND
    lines = {f"{form}-pod-{index}": alternating(newest, -behind) for index, behind in enumerate(BEHIND)}
    assert collected(tmp_path, settings, platform, lines) == {}
    for container, written in lines.items():
        # Loki does not ask its writer for lines older than three hours.
        young = [line.own for line in written if line.own > newest - nanoseconds(timedelta(hours=2, minutes=30))]
        assert sorted(row.entry.time for row in rows(platform, settings, container, min(young))) == sorted(young)


def test_late_lines_have_the_label_late_and_others_have_not(platform: Platform, tmp_path: Path) -> None:
    settings = settings_for("labelled")
    newest = time.time_ns() // SECOND * SECOND - SECOND
    lines = {"rfc3339-pod-0": alternating(newest, -timedelta(minutes=90))}
    assert collected(tmp_path, settings, platform, lines) == {}
    since = newest - nanoseconds(timedelta(hours=2))
    labels = {row.entry.time: dict(row.labels).get("late") for row in rows(platform, settings, "rfc3339-pod-0", since)}
    late = {
        line.own: datetime.fromtimestamp(line.own // SECOND // 3600 * 3600, UTC).strftime("%Y-%m-%dT%H:00")
        for line in lines["rfc3339-pod-0"]
        if line.own != line.read
    }
    assert labels == {line.own: late.get(line.own) for line in lines["rfc3339-pod-0"]}


@pytest.mark.parametrize("form", FORMS)
def test_a_line_of_the_future_has_the_reading_time(form: str, platform: Platform, tmp_path: Path) -> None:
    settings = settings_for(f"future-{form}")
    newest = time.time_ns() // SECOND * SECOND - SECOND
    ahead = [timedelta(minutes=20), timedelta(hours=1), timedelta(days=400)]
    lines = {f"{form}-pod-{index}": alternating(newest, behind) for index, behind in enumerate(ahead)}
    assert collected(tmp_path, settings, platform, lines) == {}
    for container, written in lines.items():
        found = rows(platform, settings, container, written[0].read)
        assert sorted(row.entry.time for row in found) == [line.read for line in written]


def test_a_line_that_is_a_little_ahead_has_its_own_time(platform: Platform, tmp_path: Path) -> None:
    settings = settings_for("ahead")
    newest = time.time_ns() // SECOND * SECOND - SECOND
    lines = {"unix-pod-0": alternating(newest, AFTER - timedelta(minutes=1))}
    assert collected(tmp_path, settings, platform, lines) == {}
    found = rows(platform, settings, "unix-pod-0", lines["unix-pod-0"][0].read)
    assert sorted(row.entry.time for row in found) == sorted(line.own for line in lines["unix-pod-0"])


@pytest.mark.parametrize("behind", [timedelta(), *BEHIND])
def test_loki_accepts_late_lines_when_the_collector_reads_a_backlog(
    behind: timedelta, platform: Platform, tmp_path: Path
) -> None:
    settings = settings_for(f"backlog-{int(behind.total_seconds())}")
    now = time.time_ns() // SECOND * SECOND - SECOND
    read = [now - number * 10 * SECOND for number in reversed(range(2520))]
    backlog = [Line(when - (nanoseconds(behind) if number % 2 else 0), when) for number, when in enumerate(read)]
    assert collected(tmp_path, settings, platform, {"layout-pod-0": backlog}) == {}
    # They are compared with their reading times: the backlog itself is not late.
    on_time = {line.own for line in backlog if line.own == line.read}
    found = rows(platform, settings, "layout-pod-0", now - nanoseconds(timedelta(hours=2, minutes=30)))
    assert {dict(row.labels).get("late") for row in found if row.entry.time in on_time} == {None}


def test_late_lines_of_hours_ago_are_at_their_own_times_when_their_chunk_is_stored(
    platform: Platform, tmp_path: Path
) -> None:
    settings = settings_for("stored")
    behind = timedelta(hours=7)
    lines = {"unix-ms-pod-0": alternating(time.time_ns() // SECOND * SECOND - SECOND, -behind)}
    assert collected(tmp_path, settings, platform, lines) == {}
    platform.restart(*platform.writers)
    written = sorted(line.own for line in lines["unix-ms-pod-0"])
    found = rows(platform, settings, "unix-ms-pod-0", written[0] - SECOND)
    assert sorted(row.entry.time for row in found) == written


@pytest.mark.parametrize("away", [*(-behind for behind in BEHIND), timedelta(hours=1)])
def test_lines_of_a_node_file_are_compared_with_the_collectors_clock(
    away: timedelta, platform: Platform, tmp_path: Path
) -> None:
    name, before = f"file{int(away.total_seconds())}", discarded(platform)
    sources: Value = {"pods": "none", "nodeFiles": [{"path": "/var/log/app.log", "job": "app"}]}
    settings = settings_for(name, sources=sources, parsers=[{"match": {"job": "app"}, **FORMS["logfmt"].parser}])
    written = alternating(time.time_ns() // SECOND * SECOND - SECOND, away)
    with Fleet(tmp_path / "out") as fleet:
        push = f"{platform.writers[0].url}/loki/api/v1/push"
        collector = Collector(settings, binary("alloy"), tmp_path, fleet, push, [])
        collector.logs.mkdir(parents=True)
        (collector.logs / "app.log").write_text("".join(f"{text('logfmt-pod-', line)}\n" for line in written))
        collector.start()
        wait_for(collector, len(written))
    assert discarded(platform) - before == {}
    query, since = f'{{cluster="{name}"}}', time.time_ns() - nanoseconds(timedelta(hours=2, minutes=30))
    found = list(Loki([], platform.loki.reader, None).rows(query, since, time.time_ns() + 3600 * SECOND))
    late = {dict(row.labels).get("late") for row in found} - {None}
    # Loki does not ask its writer for lines older than three hours.
    assert bool(late) is (BEFORE < -away < timedelta(hours=3))
    if away > AFTER:
        own = {line.own for line in written if line.own == line.read}
        assert sorted(row.entry.time for row in found if row.entry.time in own) == sorted(own)
        assert all(row.entry.time < time.time_ns() for row in found)
        assert len(found) == len(written)


@pytest.mark.parametrize("away", [*(-behind for behind in BEHIND), timedelta(hours=1)])
def test_loki_refuses_such_lines_without_the_rule(away: timedelta, platform: Platform, tmp_path: Path) -> None:
    settings = settings_for(f"broken{int(away.total_seconds())}")
    lines = {"rfc3339-pod-0": alternating(time.time_ns() // SECOND * SECOND - SECOND, away)}
    refused = collected(tmp_path, settings, platform, lines, broken=True)
    if away > timedelta():
        assert refused == {"too_far_in_future": PER_POD // 2}
    else:
        # The first late line comes after a line of now.
        assert refused == ({"too_far_behind": PER_POD // 2} if -away > timedelta(hours=1) else {})
