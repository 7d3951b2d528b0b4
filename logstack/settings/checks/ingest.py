"""The stated ingest against the mode, the limits and the volumes; without an ingest there is nothing to say."""

from collections.abc import Iterator
from datetime import date, timedelta
from math import ceil

from logstack.settings.checks.check import reads
from logstack.settings.model.quantities import kubernetes_size, plain_duration, plain_ingest
from logstack.settings.problems import Problem, Rule
from logstack.settings.resolve.derivation import average_rate
from logstack.settings.resolve.sizing import PEAK, SIZING, WAL_SECONDS
from logstack.settings.resolve.storage import FULL, filled_after, stored_in_all
from logstack.settings.tree import Settings

_MIB, _GIB = 1024**2, 1024**3

ABOVE_TABLE = Rule(
    "ingest-above-mode",
    "the table ends below this ingest, because no source has sizes for it: the stack would get "
    "the last row, which is for fewer lines",
)
ABOVE_MODE = Rule(
    "ingest-above-mode-as-sized",
    "Loki starts and takes the lines, but reads and writes share pods that can only grow "
    "together, and no published experience covers this ingest",
    "warning",
)
SINGLE = Rule(
    "single-replica-above-range",
    "Loki's documentation ends one pod at about 20 GB a day: it takes more (one core took 7 to 14 MB/s, measured), but "
    "queries have no other pod to go to, and while it restarts all lines wait in the collectors",
    "warning",
)
RATE_BELOW = Rule(
    "ingestion-rate-below-ingest",
    "Loki always refuses the rest with 429: the collectors fall behind and finally drop batches",
)
RATE_TIGHT = Rule(
    "ingestion-rate-below-peaks",
    "Loki refuses peaks above the rate with 429, and their lines wait in the collectors",
    "warning",
)
LOG_VOLUME = Rule(
    "log-volume-too-small",
    "at 90 % of the volume Loki refuses every line with 500 until its log is shorter: lines wait in the collectors",
    "warning",
)
FILLS = Rule(
    "volume-full-before-retention",
    "Loki does not delete data to free disk space: at 90 % of its own volume it refuses every line with 500; with a "
    "full object store chunks stay in the writers' memory until they are killed",
    "warning",
)


@reads("deployment_mode", "ingest", "replicas", "resources", "size")
def mode_takes_it(settings: Settings) -> Iterator[Problem]:
    """Check that the mode supports the ingest."""
    ingest, mode = settings.ingest, SIZING[settings.deployment_mode]
    if ingest is None or ingest <= mode.rows[-1].up_to:
        return
    ends = plain_ingest(mode.rows[-1].up_to)
    what = f"ingest is {plain_ingest(ingest)}, but {settings.deployment_mode} mode ends at {ends} ({mode.source})"
    alternative = (
        f"logstack:deploymentMode: {mode.then}" if mode.then else "several stacks, each for some of the clusters"
    )
    pods = [origin for key, origin in settings.provenance.items() if key.startswith(("replicas.", "resources."))]
    if all(rule.is_stated for rule in (origin.derivation for origin in pods) if rule and rule.is_of_ingest):
        yield ABOVE_MODE.problem("ingest", what, alternative)
    else:
        fix = f"{alternative}; or set replicas, and resources of each role"
        yield ABOVE_TABLE.problem("ingest", what, fix)


@reads("deployment_mode", "ingest", "replicas")
def one_pod_takes_it(settings: Settings) -> Iterator[Problem]:
    """Check that one monolithic pod can take the ingest."""
    ingest, most = settings.ingest, SIZING[settings.deployment_mode].single_replica
    if ingest is None or most is None or ingest <= most or settings.writers > 1:
        return
    what = f"ingest is {plain_ingest(ingest)}, for one pod with every role"
    fix = "logstack:replicas: {monolithic: 3} and logstack:replicationFactor: 3, with an object store"
    yield SINGLE.problem("ingest", what, fix)


@reads("ingest", "limits.ingestion_rate", "tenants")
def limits_let_it_in(settings: Settings) -> Iterator[Problem]:
    """Check that the ingestion limits exceed the average ingest; each tenant has the whole limit."""
    if settings.ingest is None:
        return
    average = average_rate(settings.ingest)
    tenants = max(1, len(settings.tenant_names))
    rate = settings.limits.ingestion_rate
    if rate * tenants >= average * PEAK:
        return
    each = f" for each of {tenants} tenants" if tenants > 1 else ""
    share = f"{float(rate * tenants / average):.1f} times the average of {plain_ingest(settings.ingest)}"
    what = f"ingestionRate is {kubernetes_size(rate)}{each} a second, {share}"
    needed = ceil(average * PEAK / tenants / _MIB)
    fix = f"remove ingestionRate, or logstack:limits: {{ingestionRate: {needed}Mi}}: {PEAK} times the average"
    rule = RATE_BELOW if rate * tenants < average else RATE_TIGHT
    yield rule.problem("limits.ingestionRate", what, fix)


@reads("deployment_mode", "ingest", "object_store.kind", "replicas", "replication_factor", "resources", "size")
def log_fits_its_volume(settings: Settings) -> Iterator[Problem]:
    """Check that the write-ahead log fits on the writers' volumes."""
    volume = settings.resources_of(settings.writer).disk
    if settings.ingest is None or volume is None or settings.object_store.on_loki_volume:
        return
    needed = average_rate(settings.ingest) * settings.replication_factor / settings.writers * WAL_SECONDS
    if needed > volume * FULL:
        gibibytes = ceil(needed / FULL / _GIB)
        what = (
            f"a writer's volume has {kubernetes_size(volume)}, and its log takes {ceil(needed / _GIB)}Gi at "
            f"{plain_ingest(settings.ingest)}: 15 GB for each 5 MB/s, by Loki's documentation"
        )
        fix = f"a disk of {gibibytes}Gi or more in logstack:resources.{settings.writer}, or more writers"
        yield LOG_VOLUME.problem(f"resources.{settings.writer}.disk", what, fix)


@reads(
    "deployment_mode",
    "ingest",
    "object_store.kind",
    "object_store.size",
    "replication_factor",
    "resources",
    "retention",
    "retention_streams",
    "size",
    "tenants",
)
def volume_holds_the_retention(settings: Settings, today: date) -> Iterator[Problem]:
    """Check that a volume with lines is large enough for the retention."""
    ingest, disk = settings.ingest, settings.resources_of(settings.writer).disk
    volume = settings.object_store.line_volume(settings.writer, disk)
    if ingest is None or volume is None:
        return
    copies, periods = settings.replication_factor, settings.retention_periods
    after = filled_after(volume.size, ingest, copies, periods)
    if after is None:
        return
    what = (
        f"the volume of {kubernetes_size(volume.size)} is full {_days(after)} at "
        f"{plain_ingest(ingest)}, on {today + after} if it is empty today; "
        f"{_retention_text(settings)}"
    )
    needed = ceil(stored_in_all(ingest, copies, periods) / FULL / _GIB)
    shorter = f", or {_shorter(settings)}{plain_duration(after)}" if after else ""
    yield FILLS.problem(volume.key, what, f"a volume of {needed}Gi{shorter}")


def _retention_text(settings: Settings) -> str:
    text = f"lines are kept for {plain_duration(settings.longest_retention)}"
    return text if settings.has_one_period else f"{text} at the longest, for which all are counted"


def _shorter(settings: Settings) -> str:
    return "logstack:retention: " if settings.has_one_period else "no period above "


def _days(after: timedelta) -> str:
    return f"after {plain_duration(after)}" if after else "within a day"


CHECKS = (mode_takes_it, one_pod_takes_it, limits_let_it_in, log_fits_its_volume)
DATED_CHECKS = (volume_holds_the_retention,)
