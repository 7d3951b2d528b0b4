"""What is said of a run besides its checks: what is not the stack's own here, and what no check is about."""

from logstack.binaries.catalog import BINARIES
from logstack.localrun.deletion import FAST_COMPACTOR, NO_DELAY, TAKES_OLD_LINES
from logstack.localrun.localise import Replacement
from logstack.localrun.machine import ALLOY, Machine
from logstack.manifests.alloy.sources.catalog import active_sources
from logstack.settings.model.tree import Settings

_NEVER = ("the gateway's nginx", "Kubernetes: scheduling, probes, volumes, discovery of pods", "Grafana")


def processes(machine: Machine) -> str:
    """What runs."""
    platform = machine.platform
    roles = platform.settings.roles
    parts = " + ".join(f"{platform.settings.replica_count(role)} {role}" for role in roles)
    store = " and the S3 server" if platform.has_store else ""
    return f"{parts} processes{store}{'; Alloy' if machine.collector else ''}"


def files_of(machine: Machine) -> str:
    """The stack's own files that this run has."""
    return "loki.yaml and config.alloy" if machine.collector else "loki.yaml"


def replaced(machine: Machine) -> list[Replacement]:
    """Their values that are others here."""
    return [*machine.platform.replaced, *(machine.collector.replaced if machine.collector else [])]


def replaced_besides(machine: Machine, *, deep: bool) -> list[str]:
    """What is replaced and stands in no file."""
    lines = ["each process: its own ports, ring name and directory, by flags"]
    if machine.platform.has_store:
        lines.append("the store: a local Versity S3 Gateway with keys of this run alone")
    if machine.platform.settings.deployment_mode == "distributed":
        lines.append("the schedulers: found by their ring, as a name of DNS stands for pods with one port")
    if machine.platform.access.address_config_map:
        lines.append("BUCKET_HOST and BUCKET_PORT of the claim's ConfigMap: that gateway's, in Loki's environment")
    if machine.collector:
        lines.append("the node's log files: CRI files in RUN/var/log/pods, which this run writes")
    if machine.canary:
        lines.append(machine.canary.replaced)
    if deep:
        lines += [
            f"compactor.{key}: {value}, for the retention check" for key, value in (FAST_COMPACTOR | NO_DELAY).items()
        ]
        lines += [
            f"{key}: {value}, while the retention check sends old lines" for key, value in TAKES_OLD_LINES.items()
        ]
    if deep and machine.collector:
        lines.append("the collector: the deep checks push their lines, as it drops old ones")
    return lines


def not_exercised(machine: Machine) -> list[str]:
    """What no check of this run is about."""
    settings = machine.platform.settings
    left_out = list(_NEVER)
    if not machine.collector:
        left_out.append(f"the collector and the canary{_why_no_collector(settings)}")
    elif not machine.canary:
        left_out.append(f"the canary, which {'pushes to Loki itself' if settings.canary.enabled else 'is off'}")
    if keys := [source.facts.key for source in active_sources(settings.collector.sources) if not source.runs_locally]:
        left_out.append(f"the collector's other sources: {', '.join(keys)}")
    if settings.caches.chunks or settings.caches.results:
        left_out.append("memcached")
    return left_out


def _why_no_collector(settings: Settings) -> str:
    if settings.collector.sources.pods != "files":
        return ", which reads no files of pods in this stack"
    minutes = round(BINARIES[ALLOY].module.cold_seconds / 60)
    return f" (lines are pushed to Loki; for Alloy: `logstack tools build {ALLOY}`, about {minutes} min on two cores)"
