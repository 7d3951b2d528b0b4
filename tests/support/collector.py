"""Carry out the collector's cases: the real Alloy with a group's settings, and the entries of the real Loki."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from logstack.localrun import refusals
from logstack.localrun.client import Loki, Row
from logstack.localrun.collector import Collector
from logstack.localrun.layout import LOOPBACK
from logstack.localrun.metrics import Metrics
from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.manifests.alloy.config import single_pod_config
from logstack.manifests.alloy.syntax import Block, Expression, Value, document
from logstack.manifests.loki.intake import intake
from logstack.settings.load.stack_file import Value as StackValue
from logstack.settings.tree import Settings
from tests.support.collector_cases import Case, Group, Moments
from tests.support.real import PATIENCE, binary
from tests.support.stacks import EXAMPLES

# Longer than Alloy waits for the end of an entry of several lines and of a batch.
_STILL_SECONDS = 30
_PATIENCE_SECONDS = 180
_POLL_SECONDS = 0.3
_AGO = 120 * 10**9
_SPANS = (3 * 3600 * 10**9, 2 * 3600 * 10**9)


def stack(name: str, stack_keys: Mapping[str, StackValue]) -> Settings:
    """Return a stack of one Loki process with a directory as its store; `name` is its cluster's."""
    monolithic = EXAMPLES["monolithic"]
    base = {key: monolithic[key] for key in ("deploymentMode", "replicationFactor", "objectStore", "size", "gateway")}
    cluster = {"name": name, "context": "here", "singleNode": True}
    return Settings.model_validate({**base, "cluster": cluster, "canary": {"enabled": False}, **stack_keys})


@contextmanager
def loki(root: Path, settings: Settings) -> Iterator[Platform]:
    """Run the real Loki."""
    with Fleet(root / "out") as fleet:
        platform = Platform(settings, {"loki": binary("loki")}, root, fleet)
        platform.start()
        yield platform


@dataclass(frozen=True)
class Counts:
    """How many lines are read, and how many have arrived or are dropped."""

    read: int
    arrived: int
    """Entries that Loki has stored or refused."""
    dropped: int


@dataclass(frozen=True)
class Outcome:
    """Where a group's lines are after a run."""

    rows: Mapping[str, Sequence[Row]]
    """By case."""
    unowned: Sequence[Row]
    """Rows that belong to no case."""
    moments: Moments
    since: int
    metrics: Metrics
    refused: Counter[str]
    """How many lines Loki has refused, by reason."""

    def miscounted(self, group: Group) -> list[str]:
        """Return the counters that are not as expected; where chance decides, all lines that did not arrive count."""
        dropped = Counter(group.dropped)
        for case in group.cases:
            if case.drop_reason:
                dropped[case.drop_reason] += len(case.written) - len(self.rows[case.name])
        wrong = _unequal("loki_process_dropped_lines_total", self._counted("dropped_lines", "reason"), dropped)
        wrong += _unequal("loki_process_truncated_fields_total", self._counted("truncated_fields", "field"), group.cut)
        return wrong + _unequal("loki_discarded_samples_total", self.refused, group.refused)

    def _counted(self, what: str, label: str) -> Counter[str]:
        counts: Counter[str] = Counter()
        for sample in self.metrics.of(f"loki_process_{what}_total"):
            counts[sample.labels[label]] += int(sample.value)
        return counts

    def differences(self, case: Case) -> list[str]:
        """Return the differences between the case's expected and stored entries."""
        entries = case.arrived(self.rows[case.name], self.since)
        if case.bounds:
            least, most = case.bounds
            count = len(entries)
            return [] if least <= count <= most else [f"{count} lines arrived, expected {least} to {most}"]
        expected, arrived = Counter(case.expected(self.moments)), Counter(entries)
        missing, extra = list((expected - arrived).elements()), list((arrived - expected).elements())
        return [*(f"- {line}" for line in missing[:10]), *(f"+ {line}" for line in extra[:10])]


def _unequal(metric: str, found: Counter[str], expected: Counter[str]) -> list[str]:
    wrong = sorted(name for name in found.keys() | expected.keys() if found[name] != expected[name])
    return [f"{metric}: {found[name]} {name}, expected {expected[name]}" for name in wrong]


def carry_out(group: Group, settings: Settings, platform: Platform, root: Path, docker: Path | None = None) -> Outcome:
    """Run Alloy with a group's settings and lines until each line is accounted for, or no more arrive.

    `docker` is the folder that the pods' log files are links into, as on a node with Docker.
    """
    moments = Moments((time.time_ns() - _AGO) // 10**9 * 10**9)
    pods = [case.pod for case in group.cases if case.source == "pods"]
    push = f"{platform.writers[0].url}/loki/api/v1/push"
    before = discarded(platform)
    with Fleet(root / "out") as fleet:
        collector = Collector(settings, binary("alloy"), root, fleet, push, pods)
        if group.events:
            collector.config = _events(settings, push, collector)
        _write(group, collector, moments, docker)
        since = time.time_ns()
        collector.start()
        _push_all(group, collector, moments)
        in_files = sum(case.file(moments).count(b"\n") for case in group.cases if case.is_read)
        metrics = _settled(group, collector, in_files)
    rows = list(_rows(platform, settings))
    refused = discarded(platform) - before
    by_case: dict[str, list[Row]] = {case.name: [] for case in group.cases}
    default_tenant = settings.default_tenant
    unowned: list[Row] = []
    for tenant, row in rows:
        owner = next(
            (case for case in group.cases if case.owns(row) and tenant == (case.tenant or default_tenant)), None
        )
        (by_case[owner.name] if owner else unowned).append(row)
    return Outcome(by_case, unowned, moments, since, metrics, refused)


def handled(collector: Collector) -> int:
    """Return how many lines Alloy has sent or given up."""
    metrics = collector.metrics()
    return int(metrics.total("loki_write_sent_entries_total") + metrics.total("loki_write_dropped_entries_total"))


def discarded(platform: Platform) -> Counter[str]:
    """Return how many lines Loki has refused, by reason."""
    text = httpx.get(f"{platform.writers[0].url}/metrics", timeout=PATIENCE).raise_for_status().text
    return refusals.discarded(text)


def _write(group: Group, collector: Collector, moments: Moments, docker: Path | None) -> None:
    for case in group.cases:
        if case.source == "pods":
            path = collector.containers[case.name].path
            if docker:
                path.unlink()
                path.symlink_to(docker / f"{case.name}-json.log")
            path.write_bytes(case.file(moments))
        elif case.source == "node-file":
            path = collector.logs / case.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(case.file(moments))


def _settled(group: Group, collector: Collector, read: int) -> Metrics:
    """Return the metrics when all rows are read and every line is accounted for, or when no more arrive."""
    ends = sum(_ends(case) for case in group.cases if case.is_collected)
    deadline, moved, last = time.monotonic() + _PATIENCE_SECONDS, time.monotonic(), Counts(-1, -1, -1)
    while True:
        metrics = collector.metrics()
        counts = _counts(metrics)
        if counts != last:
            last, moved = counts, time.monotonic()
        is_done = counts.read == read and counts.arrived + counts.dropped == ends
        if is_done or time.monotonic() > min(deadline, moved + _STILL_SECONDS):
            return metrics
        time.sleep(_POLL_SECONDS)


def _ends(case: Case) -> int:
    """Return how many entries of a case arrive or are dropped; a held one does neither."""
    return len(case.written) if case.bounds else sum(not expectation.held for expectation in case.expectations)


def _counts(metrics: Metrics) -> Counts:
    arrived = metrics.total("loki_write_sent_entries_total") + metrics.total("loki_write_dropped_entries_total")
    dropped = metrics.total("loki_process_dropped_lines_total")
    return Counts(int(metrics.total("loki_source_file_read_lines_total")), int(arrived), int(dropped))


def _rows(platform: Platform, settings: Settings) -> Iterator[tuple[str | None, Row]]:
    """Yield every row that Loki has of the group, with its tenant.

    Loki queries each quarter of an hour separately, and does not ask its writer for lines older than 3 hours.
    """
    with_cluster = "cluster" in settings.collector.stream_labels
    query = f'{{cluster="{settings.cluster.name}"}}' if with_cluster else '{job=~".+", cluster=""}'
    now = time.time_ns()
    past, future = _SPANS
    for tenant in settings.tenant_names or (None,):
        client = Loki([], platform.loki.reader, tenant)
        yield from ((tenant, row) for row in client.rows(query, now - past, now + future))


def _events(settings: Settings, push: str, collector: Collector) -> str:
    """Return the configuration of the collector of events, with Loki's push API instead of the API server."""
    to = replace(intake(settings, settings.cluster), push_url=push)
    http = Block("http", attributes={"listen_address": LOOPBACK, "listen_port": collector.source_ports["push"]})
    forward: list[Value] = [Expression("loki.process.events.receiver")]
    stand_in = Block("loki.source.api", "events", {"forward_to": forward, "use_incoming_timestamp": True}, (http,))
    text = single_pod_config(settings.collector, settings.cluster, to)
    text, count = re.subn(r"(?ms)^loki\.source\.kubernetes_events .*?^}\n", lambda _: document([stand_in]), text)
    assert count == 1
    return text


# --- shippers


def _push_all(group: Group, collector: Collector, moments: Moments) -> None:
    address = {name: f"{LOOPBACK}:{port}" for name, port in collector.source_ports.items()}
    for case in group.cases:
        if case.source == "push":
            _post(f"http://{address['push']}/loki/api/v1/push", _streams(case, moments))
        elif case.source == "otlp-http":
            _post(f"http://{address['otlp-http']}/v1/logs", _records(case, moments))
        elif case.source == "otlp-grpc":
            request = json_format.ParseDict(_records(case, moments), ExportLogsServiceRequest())
            with grpc.insecure_channel(address["otlp-grpc"]) as channel:
                path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
                channel.unary_unary(path, ExportLogsServiceRequest.SerializeToString, None)(request, timeout=60)


def _post(url: str, body: Mapping[str, Any]) -> None:
    httpx.post(url, json=body, timeout=60).raise_for_status()


def _streams(case: Case, moments: Moments) -> dict[str, Any]:
    metadata = [case.declared["metadata"]] if "metadata" in case.declared else []
    values = [[str(when), line, *metadata] for when, line in case.entries(moments)]
    return {"streams": [{"stream": case.labels, "values": values}]}


def _records(case: Case, moments: Moments) -> dict[str, Any]:
    """Return a request of OTLP as JSON; each written line is a record."""
    records = [{"timeUnixNano": str(when), **json.loads(line)} for when, line in case.entries(moments)]
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in case.labels.items()]
    return {"resourceLogs": [{"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": records}]}]}


def assert_as_expected(group: Group, outcome: Outcome) -> None:
    """Compare every case and the counters, and fail with all differences at once."""
    wrong = [
        f"{case.title} ({case.name})\n    " + "\n    ".join(differences)
        for case in group.cases
        if (differences := outcome.differences(case))
    ]
    wrong += [f"a line that no case has: {row}" for row in outcome.unowned]
    wrong += outcome.miscounted(group)
    if wrong:
        pytest.fail(f"{group.title} (- expected, + found)\n" + "\n".join(wrong), pytrace=False)
