"""A platform that moves, with the real Loki: a second one joins the ring of the first, or its store changes."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from logstack.localrun.client import Entry, Loki, selector
from logstack.localrun.localise import Document, local_config
from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.manifests.loki.config import loki_config
from logstack.manifests.stores.kinds import store_access
from logstack.settings.tree import Settings

# How often queriers look for new index files in the bucket; Loki's default of 5 minutes would only make tests longer.
RESYNC_SECONDS = 5
LABELS = {"cluster": "moving", "namespace": "moving", "app": "talker"}
_HOUR = 3_600_000_000_000
# A push that is refused while a writer goes is sent again, as a collector does it.
_TRIES = 40
_PAUSE_SECONDS = 0.5
# Loki lists the bucket's index files at most once a minute (indexshipper/storage/cached_client.go, cacheTimeout), so a
# file of a writer that has left may be seen a minute and a resync later.
_INDEX_SECONDS = 60 + 12 * RESYNC_SECONDS
_STREAMS = 12


class Joining(Platform):
    """The pods of another mode beside the running ones, with the same store and memberlist."""

    def __init__(
        self, settings: Settings, binaries: Mapping[str, Path], root: Path, fleet: Fleet, beside: Platform
    ) -> None:
        """`beside` is the running platform."""
        super().__init__(settings, binaries, root, fleet)
        self._key, self._secret = beside._key, beside._secret
        self.layout = replace(self.layout, store_port=beside.layout.store_port)
        self.config = _local_config(self, settings)
        self.config["memberlist"]["join_members"] += beside.config["memberlist"]["join_members"]

    def _start_store(self) -> None:
        """The platform beside it has started the store."""


def stack_config(platform: Platform) -> Document:
    """Return the platform's loki.yaml for this machine."""
    return _local_config(platform, platform.settings)


def config_before_move(platform: Platform, settings: Settings) -> Document:
    """Return loki.yaml of the settings before the move, for the processes and stores of the stack after it."""
    layout = platform.layout
    return _local_config(platform, settings, store_port=layout.former_port or layout.store_port)


def _local_config(platform: Platform, settings: Settings, store_port: int | None = None) -> Document:
    access = store_access(settings.object_store, settings.cluster, settings.former_object_store)
    layout = replace(platform.layout, store_port=store_port or platform.layout.store_port)
    config = local_config(loki_config(settings, access, settings.cluster), layout, platform._overrides_file)
    config["storage_config"].setdefault("tsdb_shipper", {})["resync_interval"] = f"{RESYNC_SECONDS}s"
    return config


class Talker:
    """A sender of lines; each line that Loki acknowledged must be found exactly once."""

    def __init__(self) -> None:
        self.acknowledged: list[Entry] = []
        self.waited = 0.0
        """The longest time, seconds, until a query had every line."""

    def push(self, loki: Loki, prefix: str, count: int, ago_hours: float = 0) -> None:
        """Push `count` lines of some hours ago, over a dozen streams; a refused push is sent again."""
        first = time.time_ns() - int(ago_hours * _HOUR) - count * 1_000_000
        for stream in range(_STREAMS):
            lines = [Entry(first + n * 1_000_000, f"{prefix} {n}") for n in range(stream, count, _STREAMS)]
            self.acknowledged += self._pushed(loki, {**LABELS, "pod": f"talker-{stream}"}, lines)

    def _pushed(self, loki: Loki, labels: Mapping[str, str], entries: Sequence[Entry]) -> Sequence[Entry]:
        refusals = []
        for _ in range(_TRIES):
            (pushed,) = loki.push(labels, entries)
            if pushed.acknowledged:
                return entries
            refusals.append(f"{pushed.status} {pushed.reason[:200]}")
            time.sleep(_PAUSE_SECONDS)
        raise AssertionError(f"refused {_TRIES} times: {refusals[-1]}")

    def missing_and_twice(self, loki: Loki) -> tuple[int, int]:
        """Return how many lines a query does not find, and how many it finds more than once.

        The query is repeated as long as Loki may take to list new index files.
        """
        began = time.monotonic()
        while (counts := self._counted(loki)) != (0, 0) and time.monotonic() - began < _INDEX_SECONDS:
            time.sleep(_PAUSE_SECONDS)
        self.waited = max(self.waited, time.monotonic() - began)
        return counts

    def _counted(self, loki: Loki) -> tuple[int, int]:
        assert self.acknowledged
        first = min(entry.time for entry in self.acknowledged)
        stored = Counter(loki.entries(selector(LABELS), first, time.time_ns()))
        acknowledged = Counter(self.acknowledged)
        return (acknowledged - stored).total(), (stored - acknowledged).total()
