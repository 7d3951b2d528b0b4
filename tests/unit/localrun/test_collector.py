"""The local run's config.alloy is the stack's own but for places; and what is read from it and the canary."""

import re
from collections.abc import Iterator
from difflib import ndiff
from pathlib import Path
from typing import Any, cast

import pytest

from logstack.localrun import collected
from logstack.localrun.canary import Canary, canary_pod
from logstack.localrun.checks import CheckError, Run
from logstack.localrun.client import Entry
from logstack.localrun.collected import as_collected, canary_misses_nothing, collects_lines, standard_checks
from logstack.localrun.collector import Collector, stack_config
from logstack.localrun.cri import cri_lines
from logstack.localrun.disclosures import not_exercised
from logstack.localrun.lines import LogFile, file_pod
from logstack.localrun.machine import Machine, binaries_for
from logstack.localrun.metrics import Metrics, parse_metrics
from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.settings.tree import Settings
from tests.support.stacks import NAMES, changed, data, declarations, settings_of

FILE = LogFile(Path("shop.log"), tuple(f"line {number}" for number in range(7)), None, 0)
PUSH = "http://127.0.0.1:4711/loki/api/v1/push"

FOLDERS = {"replacement", "path_targets"}
ADDRESSES = {"listen_address", "listen_port", "endpoint"}


def collector(settings: Settings, root: Path) -> Collector:
    pods = [file_pod(FILE, 0, settings.collector), canary_pod(settings)]
    return Collector(settings, Path("/bin/alloy"), root, cast("Fleet", None), PUSH, pods)


def attribute(line: str) -> str:
    return line.partition("=")[0].strip()


@pytest.mark.parametrize("stack", NAMES)
def test_only_discovery_folders_ports_and_the_push_url_differ_from_the_stacks_own_file(
    stack: str, tmp_path: Path
) -> None:
    settings = settings_of(stack)
    own = data(declarations(settings), "alloy/alloy-config")
    assert stack_config(settings) == own
    local = collector(settings, tmp_path).config
    # Here the collector pushes past the gateway, to Loki itself.
    own = re.sub(r"\n\n\t\tbasic_auth \{[^}]*\}", "", own)
    lines = [line for line in ndiff(own.splitlines(), local.splitlines()) if line[0] in "+-"]
    gone = [line[2:] for line in lines if line.startswith("-")]
    new = [line[2:] for line in lines if line.startswith("+")]
    block = own[own.index("// The pods of this node") : own.index("// Which pods, and their labels")]
    rest = [line for line in gone if line not in block.splitlines()]
    assert [attribute(line) for line in rest] == [attribute(line) for line in new]
    assert {attribute(line) for line in new} <= {"targets", "url", *FOLDERS, *ADDRESSES}
    assert [line.replace(str(tmp_path), "") for line in new if attribute(line) in FOLDERS] == [
        line for line in rest if attribute(line) in FOLDERS
    ]


def test_every_line_that_differs_is_told(tmp_path: Path) -> None:
    told = collector(settings_of("staging"), tmp_path).replaced
    assert [each.path for each in told] == [
        'config.alloy: discovery.kubernetes "pods"',
        "config.alloy: targets",
        "config.alloy: replacement",
        "config.alloy: replacement",
        "config.alloy: url",
    ]
    assert told[0].now is None
    assert told[-1].now == f'"{PUSH}"'


METRICS = parse_metrics(
    """\
# HELP loki_process_dropped_lines_total A count.
# TYPE loki_process_dropped_lines_total counter
loki_process_dropped_lines_total{component_id="loki.process.lines",reason="canary_noise"} 30
loki_process_dropped_lines_total{component_id="loki.process.lines",reason="a \\"b\\", \\\\ and }"} 2
loki_source_file_read_lines_total{path="/a"} 1.5e+01 1795237200000
loki_source_file_read_lines_total{path="/b"} 5
up 1
latency_bucket{le="0.5"} 3
latency_bucket{le="1"} 9
latency_bucket{le="+Inf"} 10
latency_sum 4.5
latency_count 10
"""
)


def test_metrics_are_read_by_name_and_labels() -> None:
    assert METRICS.total("loki_source_file_read_lines_total") == 20
    assert METRICS.total("loki_source_file_read_lines_total", path="/b") == 5
    assert METRICS.total("up") == 1
    assert METRICS.total("absent_total") == 0
    assert METRICS.of("loki_process_dropped_lines_total")[1].labels["reason"] == 'a "b", \\ and }'


def test_a_quantile_is_the_first_bound_that_holds_so_many() -> None:
    assert METRICS.quantile("latency", 0.9) == 1
    assert METRICS.quantile("latency", 0.95) == float("inf")


def test_a_line_above_the_limit_is_cut_at_its_bytes_or_dropped() -> None:
    settings = changed(settings_of("staging"), limits={"maxLineSize": "64B"})
    line = "é" * 40
    cut = as_collected(line, settings)
    assert cut
    assert cut.endswith(" ...(cut by the collector)")
    # Half a character is one broken byte.
    assert cut.startswith("é" * 19)
    assert as_collected("é" * 32, settings) == "é" * 32
    dropping = changed(settings, collector={"longLines": "drop"})
    assert as_collected(line, dropping) is None


class StandIn:
    """A platform, its Loki, its fleet, Alloy, and the canary: each answers what a test wants."""

    def __init__(self, settings: Settings, found: list[Entry], metrics: Metrics, written: list[Entry]) -> None:
        self.settings = settings
        self.loki = self.fleet = self
        self.found, self._metrics, self._written = found, metrics, written
        self.pod, self.seconds = canary_pod(settings), 100.0
        self.containers = {file_pod(FILE, 0, settings.collector).name: self}
        self.events: list[str] = []

    def check(self) -> None: ...

    def stop(self) -> None: ...

    def metrics(self) -> Metrics:
        return self._metrics

    def written(self, stream: str = "stdout") -> list[Entry]:
        return self._written if stream == "stdout" else []

    def write(self, entries: list[Entry]) -> None:
        self.events += [entry.line for entry in entries]

    def rotate(self) -> None:
        self.events.append("rotate")

    def truncate(self) -> None:
        self.events.append("truncate")

    def entries(self, _query: str, _start: int, _end: int) -> Iterator[Entry]:
        return iter(self.found)

    def value(self, _query: str, _time: int) -> int:
        return len(self.found)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "_STALLED_SECONDS",
        "_POLL_SECONDS",
        "_SEEN_SECONDS",
        "_CANARY_SECONDS",
        "WAIT_SECONDS",
        "LOOKS_SECONDS",
    ):
        monkeypatch.setattr(collected, name, 0.01)


def run_of(stand_in: StandIn) -> Run:
    return Run(cast("Platform", stand_in), [FILE])


def lines_of(settings: Settings) -> list[Entry]:
    return run_of(StandIn(settings, [], Metrics(()), [])).sources()[0].entries


NONE_DROPPED = Metrics(METRICS.samples[:1])


def test_the_file_is_rotated_in_the_middle_and_truncated_when_all_of_it_has_arrived() -> None:
    settings = settings_of("staging")
    stand_in = StandIn(settings, lines_of(settings), NONE_DROPPED, [])
    assert collects_lines(cast("Collector", stand_in), run_of(stand_in)) == (
        "7 lines by Alloy from the log file of 1 pod, rotated and truncated while it read"
    )
    assert stand_in.events == [
        *["line 0", "line 1", "line 2", "line 3"],
        "rotate",
        *["line 4", "line 5"],
        "truncate",
        "line 6",
    ]


def test_lines_that_never_arrive_fail_with_what_alloy_says() -> None:
    settings = settings_of("staging")
    stand_in = StandIn(settings, lines_of(settings)[:5], NONE_DROPPED, [])
    with pytest.raises(CheckError, match=r"5 of 6 lines in Loki, and no more for .* Alloy has read"):
        collects_lines(cast("Collector", stand_in), run_of(stand_in))


def test_lines_that_the_stacks_rules_drop_are_told_and_not_missed() -> None:
    settings = settings_of("staging")
    entries = lines_of(settings)
    stand_in = StandIn(settings, entries[2:], METRICS, [])
    run = Run(cast("Platform", stand_in), [FILE], end=entries[-1].time)
    assert "2 dropped by collector.drop or collector.rateLimits" in (collects_lines(cast("Collector", stand_in), run))
    assert sorted(run.sent[0].entries, key=lambda entry: entry.time) == entries[2:]


def canary_metrics(**counts: int) -> Metrics:
    return parse_metrics("\n".join(f"loki_canary_{name}_total {count}" for name, count in counts.items()))


ENTRIES = [Entry(1, "1 p"), Entry(2, "2 p")]


def canary_check(found: list[Entry], **counts: int) -> str:
    metrics = canary_metrics(**{"entries": 2, **counts})
    stand_in = StandIn(settings_of("staging"), found, metrics, ENTRIES)
    return canary_misses_nothing(cast("Canary", stand_in), run_of(stand_in))


def test_a_canary_whose_entries_are_all_there_passes() -> None:
    assert canary_check(ENTRIES, websocket_missing_entries=1).startswith("2 entries, 0 missing (1 found by a query")


@pytest.mark.parametrize(
    ("found", "counts", "seen"),
    [
        (ENTRIES, {"missing_entries": 1}, "1 missing entries of 2"),
        (ENTRIES, {"spot_check_missing_entries": 1}, "1 spot check missing entries of 2"),
        (ENTRIES, {"entries": 0}, "the canary wrote no line"),
        (ENTRIES[:1], {}, "1 of 2 entries are not in Loki"),
        (
            [*ENTRIES, Entry(3, "Querying loki")],
            {},
            "Loki has 1 lines of its pod that are not its entries: .*Querying loki",
        ),
    ],
    ids=["it misses one", "a spot check misses one", "it writes nothing", "one is lost", "its messages are fed back"],
)
def test_the_canary_fails_when(found: list[Entry], counts: dict[str, int], seen: str) -> None:
    with pytest.raises(CheckError, match=seen):
        canary_check(found, **counts)


def test_the_canary_has_the_stacks_own_flags_and_a_short_runs_delays(tmp_path: Path) -> None:
    started: list[Any] = []

    class Starts:
        def start_container(self, *arguments: Any) -> None:
            started.extend(arguments)

    log = tmp_path / "0.log"
    log.write_bytes(cri_lines(1, "stdout", b"entry") + cri_lines(2, "stderr", b"noise"))
    canary = Canary(settings_of("staging"), Path("/bin/canary"), cast("Fleet", Starts()), "http://127.0.0.1:4711", log)
    canary.start()
    command = started[1]
    assert {"-addr=127.0.0.1:4711", "-labelname=pod", "-labelvalue=loki-canary-try", "-wait=8s"} <= set(command)
    assert started[3] == log
    assert canary.written() == [Entry(1, "entry")]
    assert canary.written("stderr") == [Entry(2, "noise")]


def names(machine: Machine) -> list[str]:
    return [name for name, _ in standard_checks(machine)]


def test_there_is_a_check_of_the_canary_only_where_one_runs(tmp_path: Path) -> None:
    platform = cast("Platform", type("Platform", (), {"has_store": True, "settings": settings_of("staging")}))
    alloy = collector(settings_of("staging"), tmp_path)
    assert names(Machine(platform, alloy, cast("Canary", object())))[-1] == "canary through the collector"
    assert names(Machine(platform, alloy)) == names(Machine(platform))


def test_sources_that_only_a_cluster_has_are_left_out(tmp_path: Path) -> None:
    settings = changed(settings_of("staging"), collector={"sources": {"events": True, "journal": {"enabled": True}}})
    platform = cast("Platform", type("Platform", (), {"settings": settings}))
    told = not_exercised(Machine(platform, collector(settings, tmp_path)))
    assert "the collector's other sources: journal, events" in told


@pytest.mark.parametrize(
    ("stack", "has_collector", "said"),
    [
        (
            "staging",
            False,
            "the collector and the canary (the run pushes lines to Loki; for Alloy: `logstack tools build alloy`",
        ),
        ("monolithic", True, "the canary, which pushes directly to Loki"),
        ("aws", True, "the canary, which is off"),
    ],
)
def test_what_is_not_exercised_is_told(stack: str, has_collector: bool, said: str, tmp_path: Path) -> None:  # noqa: FBT001
    settings = settings_of(stack)
    platform = cast("Platform", type("Platform", (), {"settings": settings}))
    told = not_exercised(Machine(platform, collector(settings, tmp_path) if has_collector else None))
    assert any(each.startswith(said) for each in told), told


def test_with_the_canary_neither_is_left_out(tmp_path: Path) -> None:
    settings = settings_of("staging")
    platform = cast("Platform", type("Platform", (), {"settings": settings}))
    told = not_exercised(Machine(platform, collector(settings, tmp_path), cast("Canary", object())))
    assert not any("the collector and" in each or "canary" in each for each in told)


def test_alloy_is_built_only_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def obtain(*names: str, report: object) -> dict[str, Path]:  # noqa: ARG001 - the signature
        asked.append(names)
        return {name: Path(name) for name in names}

    monkeypatch.setattr("logstack.localrun.machine.obtain", obtain)
    monkeypatch.setattr("logstack.localrun.machine.obtain_without_build", lambda _name, _report: None)
    settings = settings_of("staging")
    assert set(binaries_for(settings, "auto")) == set(binaries_for(settings, "push")) == {"loki", "versitygw"}
    assert ("alloy",) not in asked
    assert set(binaries_for(settings, "alloy")) == {"loki", "versitygw", "alloy", "loki-canary"}
    by_api = changed(settings, collector={"sources": {"pods": "api"}}, canary={"enabled": False})
    assert set(binaries_for(by_api, "alloy")) == {"loki", "versitygw"}


def test_labels_are_expected_of_the_pod_that_the_collector_sees(tmp_path: Path) -> None:
    settings = changed(
        settings_of("staging"),
        collector={"labels": {"team": "example.com/team"}, "pods": {"only": {"tier": "backend"}}},
    )
    pod = file_pod(FILE, 0, settings.collector)
    assert pod.labels["tier"] == "backend"
    assert pod.labels["example.com/team"] == "shop"
    assert '"__meta_kubernetes_pod_label_tier" = "backend"' in collector(settings, tmp_path).config
