"""All that runs on this machine in one run: Loki and its store, and the collector and the canary if they can be had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from logstack.binaries.obtain import obtain, obtain_without_build
from logstack.binaries.report import terminal_report
from logstack.localrun.canary import Canary, canary_pod
from logstack.localrun.collector import Collector
from logstack.localrun.lines import LogFile, file_pod
from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.settings.tree import Settings

Route = Literal["auto", "alloy", "push"]
"""How lines reach Loki: by an Alloy that is installed, by an Alloy that the run obtains, or by the run's pushes."""
ALLOY, CANARY = "alloy", "loki-canary"


@dataclass(frozen=True)
class Machine:
    """The parts of one run."""

    platform: Platform
    collector: Collector | None = None
    canary: Canary | None = None

    def start(self) -> None:
        """Start Loki, then the collector, and return when they are ready; the canary needs both and comes later."""
        self.platform.start()
        if self.collector:
            self.collector.start()


def binaries_for(settings: Settings, route: Route) -> dict[str, Path]:
    """Loki and the S3 server; Alloy, and the canary that writes for it, if this run has them. Raises ToolError."""
    alloy = _alloy(route) if settings.collector.sources.pods == "files" else None
    through_it = settings.canary.enabled and settings.canary.route == "collector"
    canary = [CANARY] if alloy and through_it else []
    return obtain("loki", "versitygw", *canary, report=terminal_report()) | ({ALLOY: alloy} if alloy else {})


def _alloy(route: Route) -> Path | None:
    match route:
        case "push":
            return None
        case "alloy":
            return obtain(ALLOY, report=terminal_report())[ALLOY]
        case "auto":
            # A build of it takes a third of an hour: not without being asked for.
            return obtain_without_build(ALLOY, terminal_report())


def machine(
    settings: Settings, binaries: Mapping[str, Path], root: Path, fleet: Fleet, files: Sequence[LogFile]
) -> Machine:
    """The stack's parts for which there are binaries, with a pod for each file; nothing is started yet."""
    platform = Platform(settings, binaries, root, fleet)
    if ALLOY not in binaries:
        return Machine(platform)
    pods = [file_pod(file, number, settings.collector) for number, file in enumerate(files)]
    own = canary_pod(settings)
    pods += [own] if CANARY in binaries else []
    # There is no gateway here; the deep checks kill another process than this one.
    push = f"{platform.distributors[0].url}/loki/api/v1/push"
    collector = Collector(settings, binaries[ALLOY], root, fleet, push, pods)
    if CANARY not in binaries:
        return Machine(platform, collector)
    log = collector.containers[own.name].path
    return Machine(platform, collector, Canary(settings, binaries[CANARY], fleet, platform.loki.reader, log))
