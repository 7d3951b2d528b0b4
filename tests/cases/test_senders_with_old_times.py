"""Lines that a sender gives an old time, by Loki's push API or OTLP: the collector passes the time on."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest

from logstack.localrun.collector import Collector
from logstack.localrun.layout import LOOPBACK
from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.settings.load.stack_file import Value
from tests.support.collector import discarded, handled, loki, stack
from tests.support.real import PATIENCE, binary

pytestmark = pytest.mark.prove

HOUR = 3600 * 10**9
SECONDS = 90
OLD = 5
SOURCES: dict[str, Value] = {"collector": {"sources": {"pods": "none", "push": True, "otlp": {"http": True}}}}
BY_TIME: Value = {"config": {"limits_config": {"shard_streams": {"time_sharding_enabled": True}}}}


def pushed(moments: list[int]) -> tuple[str, str, dict[str, Any]]:
    values = [[str(when), f"line of {when}"] for when in moments]
    return "push", "/loki/api/v1/push", {"streams": [{"stream": {"app": "import"}, "values": values}]}


def by_otlp(moments: list[int]) -> tuple[str, str, dict[str, Any]]:
    records = [{"timeUnixNano": str(when), "body": {"stringValue": f"line of {when}"}} for when in moments]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "import"}}]}
    return "otlp-http", "/v1/logs", {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": records}]}]}


SENDERS: Mapping[str, Callable[[list[int]], tuple[str, str, dict[str, Any]]]] = {"push": pushed, "OTLP": by_otlp}


@pytest.fixture(scope="module", params=[{}, BY_TIME], ids=["default", "time sharding"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Platform, Collector, bool]]:
    root = tmp_path_factory.mktemp("senders")
    settings = stack("senders", {**SOURCES, "loki": request.param})
    alloy = binary("alloy")
    with loki(root / "loki", settings) as platform, Fleet(root / "out") as fleet:
        collector = Collector(settings, alloy, root, fleet, f"{platform.writers[0].url}/loki/api/v1/push", [])
        collector.start()
        yield platform, collector, bool(request.param)


@pytest.mark.parametrize("sender", SENDERS)
def test_loki_refuses_a_senders_old_lines_unless_it_shards_streams_by_time(
    sender: str, running: tuple[Platform, Collector, bool]
) -> None:
    platform, collector, shards_by_time = running
    now, before, sent = time.time_ns(), discarded(platform), handled(collector)
    for moments in ([now], [now - 7 * HOUR - number for number in range(OLD)]):
        port, path, body = SENDERS[sender](moments)
        answer = httpx.post(f"http://{LOOPBACK}:{collector.source_ports[port]}{path}", json=body, timeout=PATIENCE)
        # The sender does not learn what Loki refuses.
        assert answer.is_success
        sent += len(moments)
        deadline = time.monotonic() + SECONDS
        while handled(collector) < sent:
            assert time.monotonic() < deadline
            time.sleep(0.3)
    assert discarded(platform) - before == (Counter() if shards_by_time else {"too_far_behind": OLD})
