"""What is kept, where and how long: read from the loki.yaml that the stack deploys."""

from dataclasses import dataclass
from datetime import date, timedelta

from logstack.manifests.loki.config import loki_config
from logstack.manifests.loki.overrides import loki_overrides
from logstack.manifests.loki.retention import Retention, retention_of
from logstack.manifests.stores import credentials
from logstack.manifests.stores.kinds import store_access, store_kind
from logstack.settings.load.credentials import Credentials
from logstack.settings.load.loader import Stack
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import ObjectStoreSettings
from logstack.settings.model.quantities import parse_duration
from logstack.settings.model.tree import Settings
from logstack.settings.resolve.storage import FULL, stored_daily
from logstack.text.words import spoken_duration, spoken_size

# Loki's defaults, which loki.yaml does not set (pkg/compactor/config.go).
_COMPACTION_INTERVAL = timedelta(minutes=10)
_DELETE_DELAY = timedelta(hours=2)
_GB = 10**9


@dataclass(frozen=True)
class KeptStreams:
    """Streams, and how long their lines are kept."""

    tenant: str | None
    """Whose; None for everybody without rules or a period of their own."""
    selector: str
    """Which streams; empty for all that no rule before is for."""
    period: timedelta


@dataclass(frozen=True)
class Kept:
    """What becomes of a line."""

    retention: timedelta
    rules: tuple[KeptStreams, ...]
    """In the order in which they decide, tenant by tenant; none where everything is kept for one time."""
    place: str
    earlier: str | None
    """Where the lines of earlier days are, and how long they are read there; None without a former store."""
    deleted_within: timedelta
    """After the end of its retention."""
    query_lookback: timedelta
    refused_when_older: timedelta
    """By Loki."""
    dropped_when_older: timedelta
    """By the collector, which counts them."""
    space: str
    schema: str
    credentials: Credentials
    credentials_source: str


def kept(stack: Stack) -> Kept:
    """What the stack keeps."""
    settings = stack.settings
    access = store_access(settings.object_store, settings.cluster, settings.former_object_store)
    config = loki_config(settings, access, settings.cluster)
    limits = config["limits_config"]
    if not isinstance(limits, dict):
        raise TypeError("limits_config is no section")
    period = settings.schema_periods[-1]
    return Kept(
        retention=settings.retention,
        rules=_rules(retention_of(config, loki_overrides(settings))),
        place=_place(settings.object_store, settings.cluster),
        earlier=_earlier(settings),
        deleted_within=_COMPACTION_INTERVAL + _DELETE_DELAY,
        query_lookback=parse_duration(limits["max_query_lookback"]),
        refused_when_older=parse_duration(limits["reject_old_samples_max_age"]),
        dropped_when_older=settings.collector.max_age,
        space=_space(settings),
        schema=f"{period.store} {period.schema_version} since {period.start}",
        credentials=stack.credentials,
        credentials_source=_credentials_source(stack),
    )


def _rules(retention: Retention) -> tuple[KeptStreams, ...]:
    if len(retention.default.rules) == 1 and not retention.tenants:
        return ()
    policies = [(None, retention.default), *retention.tenants.items()]
    return tuple(KeptStreams(tenant, rule.text, rule.period) for tenant, policy in policies for rule in policy.rules)


def _earlier(settings: Settings) -> str | None:
    former = settings.former_object_store
    if not former:
        return None
    until = date.fromisoformat(former.before) + settings.longest_retention
    place = _place(former.store, settings.cluster)
    return f"those of the days before {former.before} are in {place}; needed until {until:%Y-%m-%d}"


def _place(store: ObjectStoreSettings, cluster: ClusterSettings) -> str:
    volume = store.server_volume
    size = f", one volume of {spoken_size(volume)}" if volume is not None else ""
    return f"{store_kind(store, cluster).location}{size}"


def _space(settings: Settings) -> str:
    """What the retention needs, or what the volume holds of it."""
    days = settings.longest_retention / timedelta(days=1)
    kept_for = "" if settings.has_one_period else f", were all kept for {spoken_duration(settings.longest_retention)}"
    volume = settings.object_store.line_volume(settings.writer, settings.resources_of(settings.writer).disk)
    copies = settings.replication_factor
    if volume and volume.size:
        daily = volume.size * FULL / days / stored_daily(_GB, copies)
        return f"{spoken_size(volume.size)} holds about {daily:.2g} GB of lines a day for the whole retention{kept_for}"
    least, most = (days * stored_daily(_GB, number) / _GB for number in (1, copies))
    span = f"{least:.2g}" if copies == 1 else f"{least:.2g} to {most:.2g}"
    return f"about {span} GB in the bucket for each GB of lines a day{kept_for}"


def _credentials_source(stack: Stack) -> str:
    if stack.credentials == "config-missing":
        return (
            "not there yet; before `pulumi up`: pulumi config set --secret logstack:accessKeyId, "
            "and the same for logstack:secretAccessKey"
        )
    return credentials.describe_source(stack.settings.object_store.access_key)
