"""The stack's own canary on this machine: the real loki-canary, whose output becomes a pod's log file."""

import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from logstack.localrun.client import Entry
from logstack.localrun.cri import logged
from logstack.localrun.layout import LOOPBACK, free_ports
from logstack.localrun.metrics import Metrics, parse_metrics
from logstack.localrun.pods import Pod
from logstack.localrun.processes import RUNTIME, Fleet
from logstack.manifests.canary.resources import CONTAINER, NAME, arguments, found_by
from logstack.manifests.manifest import labels
from logstack.settings.tree import Settings

# The canary's default delays suit a pod that runs for months: it queries a line that its tail lacks after a minute, and
# reports it missing after five. Here it queries after 8 s, and checks every 2 s instead of every minute.
WAIT_SECONDS = 8
LOOKS_SECONDS = 2
SHORTENED: Mapping[str, str] = {
    "wait": f"{WAIT_SECONDS}s",
    "pruneinterval": f"{LOOKS_SECONDS}s",
    "max-wait": "40s",
    "spot-check-interval": "5s",
    "spot-check-query-rate": "5s",
}


def canary_pod(settings: Settings) -> Pod:
    """Its pod on this node."""
    return Pod(settings.cluster.namespace, f"{NAME}-try", CONTAINER, labels(NAME))


class Canary:
    """A running canary. `start` first; the fleet stops it."""

    def __init__(self, settings: Settings, binary: Path, fleet: Fleet, reader: str, log: Path) -> None:
        """`reader` is the URL of a Loki that answers queries; `log` is the log file of its pod."""
        self.pod = canary_pod(settings)
        found = found_by(settings.canary, settings.collector, settings.canary_tenant)
        self._command = [str(binary), *arguments(settings.canary, reader, self.pod.name, found)]
        self._fleet = fleet
        self._port = free_ports(1)[0]
        self._log = log
        self._started = 0.0

    @property
    def replaced(self) -> str:
        """Return a description of the replaced flags."""
        shorter = ", ".join(f"-{name}={value}" for name, value in SHORTENED.items())
        return f"the canary: another port, a reader's address, and shorter delays: {shorter}"

    def start(self) -> None:
        """Start it."""
        # The canary has no flag for its listen address: it listens on every address of this machine.
        flags = [f"-port={self._port}", *(f"-{name}={value}" for name, value in SHORTENED.items())]
        self._started = time.monotonic()
        self._fleet.start_container(NAME, [*self._command, *flags], {}, self._log)

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return time.monotonic() - self._started

    def stop(self) -> None:
        """End it; its log file is whole then."""
        # Asked to stop it would wait for its tail, which sleeps 10 s when a reader has closed it.
        self._fleet.kill(NAME)
        self._fleet.wait(f"{NAME}{RUNTIME}")

    def metrics(self) -> Metrics:
        """Its metrics now."""
        return parse_metrics(httpx.get(f"http://{LOOPBACK}:{self._port}/metrics", timeout=10).raise_for_status().text)

    def written(self, stream: str = "stdout") -> list[Entry]:
        """Return what the canary wrote: its entries on stdout, its own messages on stderr."""
        rows = logged(self._log.read_bytes())
        return [Entry(row.time, row.line) for row in rows if row.stream == stream]
