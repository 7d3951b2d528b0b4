"""The collector and canary of a local run: their configuration, and the checks that read them."""

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
from logstack.localrun.collected import canary_misses_nothing, collects_lines, standard_checks
from logstack.localrun.collector import Collector, stack_config
from logstack.localrun.cri import cri_lines
from logstack.localrun.disclosures import not_exercised
from logstack.localrun.entries import as_collected, as_entries
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


def attribute_name(line: str) -> str:
    return line.partition("=")[0].strip()


@pytest.mark.parametrize("stack", NAMES)
def test_local_config_differs_only_in_discovery_folders_ports_and_push_url(stack: str, tmp_path: Path) -> None:
    settings = settings_of(stack)
    stack_text = data(declarations(settings), "alloy/alloy-config")
    assert stack_config(settings) == stack_text
    local_text = collector(settings, tmp_path).config
    # Here the collector pushes past the gateway, to Loki itself.
    stack_text = re.sub(r"\n\n\t\tbasic_auth \{[^}]*\}", "", stack_text)
    lines = [line for line in ndiff(stack_text.splitlines(), local_text.splitlines()) if line[0] in "+-"]
    removed = [line[2:] for line in lines if line.startswith("-")]
    added = [line[2:] for line in lines if line.startswith("+")]
    discovery = stack_text[
        stack_text.index("// The pods of this node") : stack_text.index("// Which pods, and their labels")
    ]
    replaced = [line for line in removed if line not in discovery.splitlines()]
    assert [attribute_name(line) for line in replaced] == [attribute_name(line) for line in added]
    assert {attribute_name(line) for line in added} <= {"targets", "url", *FOLDERS, *ADDRESSES}
    assert [line.replace(str(tmp_path), "") for line in added if attribute_name(line) in FOLDERS] == [
        line for line in replaced if attribute_name(line) in FOLDERS
    ]


def test_collector_reports_every_line_that_it_replaces(tmp_path: Path) -> None:
    replacements = collector(settings_of("staging"), tmp_path).replaced
    assert [each.path for each in replacements] == [
        'config.alloy: discovery.kubernetes "pods"',
        "config.alloy: targets",
        "config.alloy: replacement",
        "config.alloy: replacement",
        "config.alloy: url",
    ]
    assert replacements[0].now is None
    assert replacements[-1].now == f'"{PUSH}"'


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


def test_metrics_are_selected_by_name_and_labels() -> None:
    assert METRICS.total("loki_source_file_read_lines_total") == 20
    assert METRICS.total("loki_source_file_read_lines_total", path="/b") == 5
    assert METRICS.total("up") == 1
    assert METRICS.total("absent_total") == 0
    assert METRICS.of("loki_process_dropped_lines_total")[1].labels["reason"] == 'a "b", \\ and }'


def test_quantile_is_the_first_bucket_bound_that_reaches_it() -> None:
    assert METRICS.quantile("latency", 0.9) == 1
    assert METRICS.quantile("latency", 0.95) == float("inf")


def test_as_collected_cuts_or_drops_a_line_above_the_limit() -> None:
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


def key(*lines: str) -> list[str]:
    return [f"-----BEGIN RSA PRI{'VATE'} KEY-----", *lines, f"-----END RSA PRI{'VATE'} KEY-----"]


@pytest.mark.parametrize(
    ("lines", "lengths"),
    [
        (["a line", *key("MIIEowIBAAKCAQEA", "x1k2b0T9Zq=="), "another line", "once"], [1, 5, 1]),
        (["once", "an MIIEowIBAAKCAQEA"], [1, 1]),
        ([f"loaded {key()[0]}", "MIIEowIBAAKCAQEA", "between its lines", *key()], [2, 1, 2]),
        (key(*["MIIEowIBAAKCAQEA"] * 250), [200, 52]),
    ],
    ids=["one key", "no key", "two keys", "a long key"],
)
def test_as_entries_joins_the_lines_of_a_private_key(lines: list[str], lengths: list[int]) -> None:
    entries = [Entry(number, line) for number, line in enumerate(lines)]
    joined = as_entries(entries, settings_of("staging"))
    assert [entry.line.count("\n") + 1 for entry in joined] == lengths
    assert {entry.time for entry in joined} <= set(range(len(lines)))
    unredacted = changed(settings_of("staging"), collector={"redact": {"rules": []}})
    assert as_entries(entries, unredacted) == entries


class StandIn:
    """A stand-in for platform, Loki, fleet, Alloy and canary, with the answers of a test."""

    def __init__(self, settings: Settings, stored: list[Entry], metrics: Metrics, logged: list[Entry]) -> None:
        self.settings = settings
        self.loki = self.fleet = self
        self.stored, self._metrics, self._logged = stored, metrics, logged
        self.pod, self.seconds = canary_pod(settings), 100.0
        self.containers = {file_pod(FILE, 0, settings.collector).name: self}
        self.events: list[str] = []

    def check(self) -> None: ...

    def stop(self) -> None: ...

    def metrics(self) -> Metrics:
        return self._metrics

    def written(self, stream: str = "stdout") -> list[Entry]:
        return self._logged if stream == "stdout" else []

    def write(self, entries: list[Entry]) -> None:
        self.events += [entry.line for entry in entries]

    def rotate(self) -> None:
        self.events.append("rotate")

    def truncate(self) -> None:
        self.events.append("truncate")

    def entries(self, _query: str, _start: int, _end: int) -> Iterator[Entry]:
        return iter(self.stored)

    def value(self, _query: str, _time: int) -> int:
        return len(self.stored)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "_STALLED_SECONDS",
        "_POLL_SECONDS",
        "_SEEN_SECONDS",
        "_CANARY_SECONDS",
        "WAIT_SECONDS",
        "LOOKS_SECONDS",
    ):
        monkeypatch.setattr(collected, name, 0.01)


def make_run(stand_in: StandIn) -> Run:
    return Run(cast("Platform", stand_in), [FILE])


def file_entries(settings: Settings) -> list[Entry]:
    return make_run(StandIn(settings, [], Metrics(()), [])).sources()[0].entries


NONE_DROPPED = Metrics(METRICS.samples[:1])


def test_collects_lines_rotates_the_file_midway_and_truncates_it_after_arrival() -> None:
    settings = settings_of("staging")
    stand_in = StandIn(settings, file_entries(settings), NONE_DROPPED, [])
    assert collects_lines(cast("Collector", stand_in), make_run(stand_in)) == (
        "7 lines by Alloy from the log file of 1 pod, rotated and truncated while it read"
    )
    assert stand_in.events == [
        *["line 0", "line 1", "line 2", "line 3"],
        "rotate",
        *["line 4", "line 5"],
        "truncate",
        "line 6",
    ]


def test_collects_lines_fails_with_alloys_counters_when_lines_do_not_arrive() -> None:
    settings = settings_of("staging")
    stand_in = StandIn(settings, file_entries(settings)[:5], NONE_DROPPED, [])
    with pytest.raises(CheckError, match=r"5 of 6 lines in Loki, and no more for .* Alloy has read"):
        collects_lines(cast("Collector", stand_in), make_run(stand_in))


def test_collects_lines_reports_dropped_lines_and_does_not_expect_them() -> None:
    settings = settings_of("staging")
    entries = file_entries(settings)
    stand_in = StandIn(settings, entries[2:], METRICS, [])
    run = Run(cast("Platform", stand_in), [FILE], end=entries[-1].time)
    assert "2 dropped by collector.drop or collector.rateLimits" in (collects_lines(cast("Collector", stand_in), run))
    assert sorted(run.sent[0].entries, key=lambda entry: entry.time) == entries[2:]


def canary_metrics(**counts: int) -> Metrics:
    return parse_metrics("\n".join(f"loki_canary_{name}_total {count}" for name, count in counts.items()))


ENTRIES = [Entry(1, "1 p"), Entry(2, "2 p")]


def check_canary(stored: list[Entry], **counts: int) -> str:
    metrics = canary_metrics(**{"entries": 2, **counts})
    stand_in = StandIn(settings_of("staging"), stored, metrics, ENTRIES)
    return canary_misses_nothing(cast("Canary", stand_in), make_run(stand_in))


def test_canary_misses_nothing_passes_when_all_entries_are_in_loki() -> None:
    assert check_canary(ENTRIES, websocket_missing_entries=1).startswith("2 entries, 0 missing (1 found by a query")


@pytest.mark.parametrize(
    ("stored", "counts", "message"),
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
def test_canary_misses_nothing_fails_when(stored: list[Entry], counts: dict[str, int], message: str) -> None:
    with pytest.raises(CheckError, match=message):
        check_canary(stored, **counts)


def test_canary_runs_with_the_stacks_flags_and_short_delays(tmp_path: Path) -> None:
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


def check_names(machine: Machine) -> list[str]:
    return [name for name, _ in standard_checks(machine)]


def test_standard_checks_include_the_canary_only_when_it_runs(tmp_path: Path) -> None:
    platform = cast("Platform", type("Platform", (), {"has_store": True, "settings": settings_of("staging")}))
    alloy = collector(settings_of("staging"), tmp_path)
    assert check_names(Machine(platform, alloy, cast("Canary", object())))[-2] == "canary through the collector"
    assert check_names(Machine(platform, alloy)) == check_names(Machine(platform))


def test_not_exercised_lists_sources_that_need_a_cluster(tmp_path: Path) -> None:
    settings = changed(settings_of("staging"), collector={"sources": {"events": True, "journal": {"enabled": True}}})
    platform = cast("Platform", type("Platform", (), {"settings": settings}))
    omissions = not_exercised(Machine(platform, collector(settings, tmp_path)))
    assert "the collector's other sources: journal, events" in omissions


@pytest.mark.parametrize(
    ("stack", "has_collector", "omission"),
    [
        (
            "staging",
            False,
            "the collector and the canary (the run pushes lines to Loki; for Alloy: `logstack tools build alloy`",
        ),
        ("monolithic", True, "the canary, which pushes directly to Loki"),
        ("aws", True, "the canary, which is off"),
        ("gcp", True, "the store of Google Cloud and the pods' identity there: a local S3 server stands in for both"),
        ("azure", True, "the store of Azure and the pods' identity there: a local S3 server stands in for both"),
    ],
)
def test_not_exercised_lists_collector_and_canary_with_the_reason(
    stack: str,
    has_collector: bool,  # noqa: FBT001
    omission: str,
    tmp_path: Path,
) -> None:
    settings = settings_of(stack)
    platform = cast("Platform", type("Platform", (), {"settings": settings}))
    omissions = not_exercised(Machine(platform, collector(settings, tmp_path) if has_collector else None))
    assert any(each.startswith(omission) for each in omissions), omissions


def test_canary_run_exercises_collector_and_canary(tmp_path: Path) -> None:
    settings = settings_of("staging")
    platform = cast("Platform", type("Platform", (), {"settings": settings}))
    omissions = not_exercised(Machine(platform, collector(settings, tmp_path), cast("Canary", object())))
    assert not any("the collector and" in each or "canary" in each for each in omissions)


def test_binaries_for_builds_alloy_only_when_the_route_is_alloy(monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[tuple[str, ...]] = []

    def obtain(*names: str, report: object) -> dict[str, Path]:  # noqa: ARG001 - the signature
        requests.append(names)
        return {name: Path(name) for name in names}

    monkeypatch.setattr("logstack.localrun.machine.obtain", obtain)
    monkeypatch.setattr("logstack.localrun.machine.obtain_without_build", lambda _name, _report: None)
    settings = settings_of("staging")
    assert set(binaries_for(settings, "auto")) == set(binaries_for(settings, "push")) == {"loki", "versitygw"}
    assert ("alloy",) not in requests
    assert set(binaries_for(settings, "alloy")) == {"loki", "versitygw", "alloy", "loki-canary"}
    by_api = changed(settings, collector={"sources": {"pods": "api"}}, canary={"enabled": False})
    assert set(binaries_for(by_api, "alloy")) == {"loki", "versitygw"}


def test_file_pod_has_the_labels_that_the_collector_selects(tmp_path: Path) -> None:
    settings = changed(
        settings_of("staging"),
        collector={"labels": {"team": "example.com/team"}, "pods": {"only": {"tier": "backend"}}},
    )
    pod = file_pod(FILE, 0, settings.collector)
    assert pod.labels["tier"] == "backend"
    assert pod.labels["example.com/team"] == "shop"
    assert '"__meta_kubernetes_pod_label_tier" = "backend"' in collector(settings, tmp_path).config
