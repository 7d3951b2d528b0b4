"""Notes of a run besides its checks: the values that it replaces, and features that it does not test."""

from logstack.binaries.catalog import BINARIES
from logstack.localrun.deletion import FAST_COMPACTOR, NO_DELAY, TAKES_OLD_LINES
from logstack.localrun.localise import Replacement
from logstack.localrun.machine import ALLOY, Machine
from logstack.manifests.alloy.sources.catalog import active_sources
from logstack.settings.tree import Settings

_NEVER = ("the gateway's nginx", "Kubernetes: scheduling, probes, volumes, discovery of pods", "Grafana")


def processes(machine: Machine) -> str:
    """Return the processes of the run, described for people."""
    platform = machine.platform
    roles = platform.settings.roles
    counts = " + ".join(f"{platform.settings.replica_count(role)} {role}" for role in roles)
    store = " and the S3 server" if platform.has_store else ""
    return f"{counts} processes{store}{'; Alloy' if machine.collector else ''}"


def files_of(machine: Machine) -> str:
    """Return the names of the stack's files that this run uses."""
    return "loki.yaml and config.alloy" if machine.collector else "loki.yaml"


def replaced(machine: Machine) -> list[Replacement]:
    """Return the values of those files that this run replaces."""
    return [*machine.platform.replaced, *(machine.collector.replaced if machine.collector else [])]


def replaced_besides(machine: Machine, *, deep: bool) -> list[str]:
    """Return the replacements that are in no file."""
    lines = ["each process: its own ports, ring name and directory, set by flags"]
    if machine.platform.has_store:
        lines.append("the store: a local Versity S3 Gateway with keys for this run only")
    if machine.platform.settings.deployment_mode == "distributed":
        lines.append("the schedulers: found through their ring, because here each has another port")
    if machine.platform.access.address_config_map:
        lines.append(
            "BUCKET_HOST and BUCKET_PORT of the claim's ConfigMap: the local gateway's address, in Loki's environment"
        )
    if machine.collector:
        lines.append("the node's log files: CRI files that this run writes to RUN/var/log/pods")
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
        lines.append("the collector: the deep checks push their lines to Loki, because the collector drops old lines")
    return lines


def not_exercised(machine: Machine) -> list[str]:
    """Return the features that no check of this run tests."""
    settings = machine.platform.settings
    unexercised = list(_NEVER)
    if cloud := settings.object_store.unpriced:
        unexercised.append(f"the store of {cloud} and the pods' identity there: a local S3 server stands in for both")
    if not machine.collector:
        unexercised.append(f"the collector and the canary{_why_no_collector(settings)}")
    elif not machine.canary:
        unexercised.append(f"the canary, which {'pushes directly to Loki' if settings.canary.enabled else 'is off'}")
    if keys := [source.facts.key for source in active_sources(settings.collector.sources) if not source.runs_locally]:
        unexercised.append(f"the collector's other sources: {', '.join(keys)}")
    if settings.caches.chunks or settings.caches.results:
        unexercised.append("memcached")
    return unexercised


def _why_no_collector(settings: Settings) -> str:
    if not settings.collector.enabled:
        return ", which are no route of lines in this stack"
    if settings.collector.sources.pods != "files":
        return ", which does not read pods' files in this stack"
    minutes = round(BINARIES[ALLOY].module.cold_seconds / 60)
    return (
        f" (the run pushes lines to Loki; for Alloy: `logstack tools build {ALLOY}`, about {minutes} min on two cores)"
    )
