"""What is kept, where and how long: read from the loki.yaml that the stack deploys."""

from dataclasses import dataclass
from datetime import date, timedelta

from components.loki.config import loki_config
from components.object_store.access import store_access
from ops.plan.words import spoken_size
from settings.credentials import Credentials
from settings.load import Stack
from settings.object_store import AwsStore, EmbeddedStore, FilesystemStore, ObjectStoreSettings
from settings.quantities import parse_duration
from settings.tree import Settings

# Loki's defaults, which loki.yaml does not set (pkg/compactor/config.go).
_COMPACTION_INTERVAL = timedelta(minutes=10)
_DELETE_DELAY = timedelta(hours=2)
# Measured: what gzip chunks take of 86 MB of generated lines (klog, JSON, Airflow), one copy, without index.
_STORED_SHARE = 0.232
_GB = 10**9


@dataclass(frozen=True)
class Kept:
    """What becomes of a line."""

    retention: timedelta
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
    limits = loki_config(settings, access, settings.cluster)["limits_config"]
    if not isinstance(limits, dict):
        raise TypeError("limits_config is no section")
    period = settings.schema_periods[-1]
    return Kept(
        retention=settings.retention,
        place=_place(settings.object_store),
        earlier=_earlier(settings),
        deleted_within=_COMPACTION_INTERVAL + _DELETE_DELAY,
        query_lookback=parse_duration(limits["max_query_lookback"]),
        refused_when_older=parse_duration(limits["reject_old_samples_max_age"]),
        dropped_when_older=settings.collector.max_age,
        space=_space(settings),
        schema=f"{period.store} {period.schema_version} since {period.start}",
        credentials=stack.credentials,
        credentials_source=_credentials_source(stack, access.credentials_secret or ""),
    )


def _earlier(settings: Settings) -> str | None:
    former = settings.former_object_store
    if not former:
        return None
    until = date.fromisoformat(former.before) + settings.retention
    place = _place(former.store)
    return f"those of the days before {former.before} are in {place}; needed until {until:%Y-%m-%d}"


def _place(store: ObjectStoreSettings) -> str:
    match store:
        case FilesystemStore():
            return "the volume of the one Loki pod"
        case EmbeddedStore():
            return f"bucket {store.bucket} of the stack's own S3 server, one volume of {spoken_size(store.size)}"
        case AwsStore():
            return f"bucket {store.bucket} in {store.region}, made by the stack, protected and retained"
        case _:
            return f"bucket {store.bucket} at {store.endpoint}, which exists already; logstack never manages it"


def _space(settings: Settings) -> str:
    """What the retention needs, or what the volume holds of it."""
    days = settings.retention / timedelta(days=1)
    store = settings.object_store
    volume = store.size if isinstance(store, EmbeddedStore) else None
    if isinstance(store, FilesystemStore):
        volume = settings.resources_of(settings.writer).disk
    if volume:
        daily = volume / _STORED_SHARE / days / _GB
        return f"{spoken_size(volume)} holds about {daily:.2g} GB of lines a day for the whole retention"
    return f"about {days * _STORED_SHARE:.2g} GB in the bucket for each GB of lines a day"


def _credentials_source(stack: Stack, secret: str) -> str:
    match stack.credentials:
        case "secret":
            return f"the Secret {secret}, which exists already, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        case "config":
            return f"the Pulumi config's secrets, put into the Secret {secret}"
        case "config-missing":
            return (
                "not there yet; before `pulumi up`: pulumi config set --secret logstack:accessKeyId, "
                "and the same for logstack:secretAccessKey"
            )
    role = isinstance(stack.settings.object_store, AwsStore)
    return "none: the pods take on an AWS role" if role else "none: a directory needs no key"
