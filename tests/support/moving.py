"""A platform that moves, with the real Loki: a second one in the ring of the first, or one store after another."""

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

# How often who answers queries looks for new index files in the bucket; Loki's default, 5 minutes, is but time here.
RESYNC_SECONDS = 5
LABELS = {"cluster": "moving", "namespace": "moving", "app": "talker"}
_HOUR = 3_600_000_000_000
# A push that is refused while a writer goes is sent again, as a collector does it.
_TRIES = 40
_PAUSE_SECONDS = 0.5
# Loki lists the bucket's index files at most once a minute (indexshipper/storage/cached_client.go, cacheTimeout), so a
# file of a writer that has left may be seen a minute and a resync later.
_SEEN_SECONDS = 60 + 12 * RESYNC_SECONDS
_STREAMS = 12


class Joining(Platform):
    """The pods of another mode, beside those that run: the same store, the same memberlist."""

    def __init__(
        self, settings: Settings, binaries: Mapping[str, Path], root: Path, fleet: Fleet, beside: Platform
    ) -> None:
        """`beside` runs already."""
        super().__init__(settings, binaries, root, fleet)
        self._key, self._secret = beside._key, beside._secret
        self.layout = replace(self.layout, store_port=beside.layout.store_port)
        self.config = _configured(self, settings)
        self.config["memberlist"]["join_members"] += beside.config["memberlist"]["join_members"]

    def _start_store(self) -> None:
        """It runs already."""


def as_it_is(platform: Platform) -> Document:
    """The platform's own loki.yaml."""
    return _configured(platform, platform.settings)


def before_the_move(platform: Platform, settings: Settings) -> Document:
    """loki.yaml of the stack as it was, for the processes and the stores of the stack as it is to be."""
    layout = platform.layout
    return _configured(platform, settings, store_port=layout.former_port or layout.store_port)


def _configured(platform: Platform, settings: Settings, store_port: int | None = None) -> Document:
    access = store_access(settings.object_store, settings.cluster, settings.former_object_store)
    layout = replace(platform.layout, store_port=store_port or platform.layout.store_port)
    config = local_config(loki_config(settings, access, settings.cluster), layout, platform._overrides_file)
    config["storage_config"].setdefault("tsdb_shipper", {})["resync_interval"] = f"{RESYNC_SECONDS}s"
    return config


class Talker:
    """Lines that Loki has acknowledged, each of which has to be found once."""

    def __init__(self) -> None:
        self.said: list[Entry] = []
        self.waited = 0.0
        """The longest time, seconds, until a query had every line."""

    def say(self, loki: Loki, words: str, count: int, ago_hours: float = 0) -> None:
        """Push `count` lines of some hours ago, over a dozen streams; what is refused is sent again."""
        first = time.time_ns() - int(ago_hours * _HOUR) - count * 1_000_000
        for stream in range(_STREAMS):
            lines = [Entry(first + n * 1_000_000, f"{words} {n}") for n in range(stream, count, _STREAMS)]
            self.said += self._pushed(loki, {**LABELS, "pod": f"talker-{stream}"}, lines)

    def _pushed(self, loki: Loki, labels: Mapping[str, str], lines: Sequence[Entry]) -> Sequence[Entry]:
        refusals = []
        for _ in range(_TRIES):
            (pushed,) = loki.push(labels, lines)
            if pushed.acknowledged:
                return lines
            refusals.append(f"{pushed.status} {pushed.reason[:200]}")
            time.sleep(_PAUSE_SECONDS)
        raise AssertionError(f"refused {_TRIES} times: {refusals[-1]}")

    def missing_and_twice(self, loki: Loki) -> tuple[int, int]:
        """How many lines a query does not find, and how many it finds more than once.

        It is asked again for as long as index files may take to be seen.
        """
        began = time.monotonic()
        while (counts := self._counted(loki)) != (0, 0) and time.monotonic() - began < _SEEN_SECONDS:
            time.sleep(_PAUSE_SECONDS)
        self.waited = max(self.waited, time.monotonic() - began)
        return counts

    def _counted(self, loki: Loki) -> tuple[int, int]:
        assert self.said
        found = Counter(loki.entries(selector(LABELS), min(entry.time for entry in self.said), time.time_ns()))
        said = Counter(self.said)
        return (said - found).total(), (found - said).total()
