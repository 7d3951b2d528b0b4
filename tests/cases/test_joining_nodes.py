"""A node that joins or was away sends hours of lines at once: Loki must not compare them with those of other nodes.

loki#18669, loki#19197 and alloy#4140: with one stream for all nodes, Loki refuses ("entry too far behind") what is more
than an hour behind the newest line of any node, and Alloy does not send it again.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from logstack.localrun.client import Loki
from logstack.localrun.collector import Collector
from logstack.localrun.layout import LOOPBACK
from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.manifests.alloy.syntax import Block, Expression, Value, document, quoted
from logstack.manifests.loki.config import latest_behind
from logstack.settings.load.stack_file import Value as StackValue
from logstack.settings.model.sources import JOURNAL, JOURNAL_JOB
from logstack.settings.tree import Settings
from tests.support.collector import discarded, handled, loki, stack
from tests.support.real import binary

pytestmark = pytest.mark.prove

APART = 10 * 10**9
# What a node that is up has sent lately, and what the journal of a node that joins has (sources.journal.maxAge).
LATELY, JOINING = timedelta(minutes=10), timedelta(hours=7)
PATIENCE_SECONDS = 60
FILES_JOB = "app-files"
SOURCES: Mapping[str, StackValue] = {
    JOURNAL_JOB: {"sources": {"pods": "none", "journal": {"enabled": True}}},
    FILES_JOB: {
        "sources": {"pods": "none", "nodeFiles": [{"path": "/var/log/app/*.log", "job": FILES_JOB}]},
        "parsers": [{"match": {"job": FILES_JOB}, "format": "json", "timestamp": {"field": "ts"}}],
    },
}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    binary("alloy")
    with loki(tmp_path_factory.mktemp("loki"), stack("nodes", {})) as running:
        yield running


def times(newest: int, span: timedelta) -> list[int]:
    """Return the times of a node's lines, oldest first, ten seconds apart."""
    count = int(span.total_seconds()) * 10**9 // APART
    return [newest - number * APART for number in reversed(range(count))]


def line(when: int) -> str:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(when // 10**9))
    return json.dumps({"ts": f"{moment}Z", "msg": "of a node"})


def journal_by_push(config: str, port: int) -> str:
    """Return config.alloy with Loki's push API in place of the journal, which this machine may not have."""
    http = Block("http", attributes={"listen_address": LOOPBACK, "listen_port": port})
    forward: list[Value] = [Expression("loki.process.lines.receiver")]
    labels: Value = {"job": JOURNAL_JOB, "node": Expression('sys.env("HOSTNAME")'), "logstack_source": JOURNAL.name}
    attributes: dict[str, Value] = {"labels": labels, "use_incoming_timestamp": True, "forward_to": forward}
    stand_in = document([Block("loki.source.api", "journal", attributes, (http,))])
    text, count = re.subn(r"(?ms)^loki\.source\.journal .*?^}\n", lambda _: stand_in, config)
    assert count == 1
    return text


def send(
    root: Path, node: str, settings: Settings, platform: Platform, moments: Sequence[int], *, broken: bool
) -> None:
    """Run a node's collector until it has sent all its lines; `broken`: without `node` as an index label."""
    is_journal = settings.collector.sources.journal.enabled
    with Fleet(root / node / "out") as fleet:
        push = f"{platform.writers[0].url}/loki/api/v1/push"
        collector = Collector(settings, binary("alloy"), root / node, fleet, push, [])
        port = collector.source_ports["push"]
        config = journal_by_push(collector.config, port) if is_journal else collector.config
        if broken:
            config, count = re.subn(r'(?m)^(\t\tvalues = \[.*), "node"\]$', r"\1]", config)
            assert count == 1
        collector.config = config.replace('sys.env("HOSTNAME")', quoted(node))
        file = collector.logs / "app" / "x.log"
        file.parent.mkdir(parents=True)
        file.write_text("".join(f"{line(when)}\n" for when in moments))
        collector.start()
        if is_journal:
            values = [[str(when), line(when)] for when in moments]
            body = {"streams": [{"stream": {"unit": "kubelet.service"}, "values": values}]}
            httpx.post(f"http://{LOOPBACK}:{port}/loki/api/v1/push", json=body, timeout=60).raise_for_status()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (done := handled(collector)) < len(moments):
            assert time.monotonic() < deadline, f"{done} of {len(moments)} lines"
            time.sleep(0.3)


def join(root: Path, job: str, platform: Platform, *, broken: bool) -> tuple[Settings, Counter[str], list[int]]:
    """Let a node send its latest lines, then a node that joins all of its own; return what Loki has refused."""
    settings = stack(f"{job}-{'broken' if broken else 'own'}", {"collector": SOURCES[job]})
    newest = time.time_ns() // 10**9 * 10**9 - 10**9
    before, moments = discarded(platform), times(newest, JOINING)
    send(root, "node-a", settings, platform, times(newest, LATELY), broken=broken)
    send(root, "node-b", settings, platform, moments, broken=broken)
    return settings, discarded(platform) - before, moments


@pytest.mark.parametrize("job", SOURCES)
def test_loki_accepts_every_line_of_a_node_that_joins(job: str, platform: Platform, tmp_path: Path) -> None:
    settings, refusals, moments = join(tmp_path, job, platform, broken=False)
    assert refusals == {}
    # Loki does not ask its writer for lines older than three hours.
    since = moments[-1] - int(timedelta(hours=2, minutes=30).total_seconds()) * 10**9
    query = f'{{cluster="{settings.cluster.name}", job="{job}", node="node-b"}}'
    rows = list(Loki([], platform.loki.reader, None).rows(query, since, moments[-1] + APART))
    assert sorted(row.entry.time for row in rows) == [when for when in moments if when >= since]


@pytest.mark.parametrize("job", [JOURNAL_JOB])
def test_loki_refuses_what_is_an_hour_behind_another_node_when_nodes_share_a_stream(
    job: str, platform: Platform, tmp_path: Path
) -> None:
    _, refusals, moments = join(tmp_path, job, platform, broken=True)
    limit = moments[-1] - int(latest_behind(platform.config).total_seconds()) * 10**9
    assert refusals == {"too_far_behind": sum(when < limit for when in moments)}
    assert refusals["too_far_behind"] > len(moments) * 0.85
