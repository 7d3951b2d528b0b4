"""What is kept, where and how long: read from the loki.yaml that the stack deploys."""

from dataclasses import dataclass
from datetime import date, timedelta

from logstack.manifests.loki.config import loki_config
from logstack.manifests.loki.overrides import loki_overrides
from logstack.manifests.loki.retention import Retention, retention_of
from logstack.manifests.stores.access import store_access
from logstack.settings.load.credentials import Credentials
from logstack.settings.load.loader import Stack
from logstack.settings.model.object_store import (
    AwsStore,
    CephBucketClaim,
    EmbeddedStore,
    FilesystemStore,
    ObjectStoreSettings,
    S3CompatibleStore,
)
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
        case CephBucketClaim():
            return (
                f"bucket {store.bucket} on Ceph, made by Rook for a claim of the stack's (StorageClass "
                f"{store.storage_class}); the claim is protected and retained"
            )
        case _:
            return f"bucket {store.bucket} at {store.endpoint}, which exists already; logstack never manages it"


def _space(settings: Settings) -> str:
    """What the retention needs, or what the volume holds of it."""
    days = settings.longest_retention / timedelta(days=1)
    kept_for = "" if settings.has_one_period else f", were all kept for {spoken_duration(settings.longest_retention)}"
    store = settings.object_store
    volume = store.size if isinstance(store, EmbeddedStore) else None
    if isinstance(store, FilesystemStore):
        volume = settings.resources_of(settings.writer).disk
    copies = settings.replication_factor
    if volume:
        daily = volume * FULL / days / stored_daily(_GB, copies)
        return f"{spoken_size(volume)} holds about {daily:.2g} GB of lines a day for the whole retention{kept_for}"
    least, most = (days * stored_daily(_GB, number) / _GB for number in (1, copies))
    span = f"{least:.2g}" if copies == 1 else f"{least:.2g} to {most:.2g}"
    return f"about {span} GB in the bucket for each GB of lines a day{kept_for}"


def _credentials_source(stack: Stack, secret: str) -> str:
    match stack.credentials:
        case "secret":
            return f"the Secret {secret}, which exists already, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        case "external-secret":
            return f"{_external_source(stack.settings)}, put into the Secret {secret} by External Secrets"
        case "claim":
            return f"made by Rook, in the Secret {secret}; pods read it, and the gateway's address, when they start"
        case "config":
            return f"the Pulumi config's secrets, put into the Secret {secret}"
        case "config-missing":
            return (
                "not there yet; before `pulumi up`: pulumi config set --secret logstack:accessKeyId, "
                "and the same for logstack:secretAccessKey"
            )
    role = isinstance(stack.settings.object_store, AwsStore)
    return "none: the pods take on an AWS role" if role else "none: a directory needs no key"


def _external_source(settings: Settings) -> str:
    store = settings.object_store
    said = store.external_secret if isinstance(store, S3CompatibleStore) else None
    return f"{said.remote_key} of the {said.secret_store.kind} {said.secret_store.name}" if said else ""
