"""A container that writes to stdout and stderr at once: its log has lines whose time is before the line above them.

alloy#7076: the pinned Alloy drops such lines when it reads them from the Kubernetes API.
"""

import re
import time
from pathlib import Path

import pytest

from logstack.localrun.client import Entry
from logstack.localrun.collector import Collector
from logstack.localrun.pods import Pod
from logstack.localrun.processes import Fleet
from logstack.settings import pins
from tests.support.api_server import serving
from tests.support.collector import loki, stack
from tests.support.real import binary

pytestmark = pytest.mark.prove

POD = Pod("shop", "cart-0", "app")
MILLISECOND = 10**6
PATIENCE_SECONDS = 60


def entries() -> list[Entry]:
    """Return 200 lines a millisecond apart; every tenth has the time of two lines before."""
    now = time.time_ns() - 10**9
    return [
        Entry(now + (number - (2 if number % 10 == 5 else 0)) * MILLISECOND, f"line {number:03d}")
        for number in range(200)
    ]


@pytest.mark.parametrize("source", ["files", "api"])
def test_lines_out_of_order_are_lost_by_the_api_while_the_pinned_alloy_has_the_bug(source: str, tmp_path: Path) -> None:
    alloy, written = binary("alloy"), entries()
    settings = stack("order", {"collector": {"sources": {"pods": source}}})
    with loki(tmp_path / "loki", settings) as platform, Fleet(tmp_path / "out") as fleet, serving(written) as api:
        push = f"{platform.writers[0].url}/loki/api/v1/push"
        collector = Collector(settings, alloy, tmp_path, fleet, push, [POD])
        client = f'\\1\tclient {{\n\t\tapi_server = "{api.url}"\n\t}}\n'
        collector.config = re.sub(r'(loki\.source\.kubernetes "pods" \{\n)', client, collector.config)
        collector.containers[POD.name].write(written)
        collector.start()
        deadline = time.monotonic() + PATIENCE_SECONDS
        lines: list[str] = []
        # The last line is not out of order, so it arrives in any case, and after all others.
        while written[-1].line not in lines and time.monotonic() < deadline:
            rows = platform.loki.rows('{namespace="shop"}', written[0].time - 10**9, time.time_ns() + 10**9)
            lines = [row.entry.line for row in rows]
            time.sleep(0.3)
    loses = source == "api" and pins.ALLOY_API_LOSES_LINES.is_in(pins.ALLOY_VERSION)
    late = {entry.line for number, entry in enumerate(written) if number % 10 == 5}
    assert sorted(lines) == [entry.line for entry in written if not (loses and entry.line in late)]
