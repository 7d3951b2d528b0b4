"""Where lines are stored and how long: read from the loki.yaml that the stack deploys."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from logstack.manifests.loki.config import latest_behind, loki_config
from logstack.manifests.loki.overrides import loki_overrides
from logstack.manifests.loki.retention import Retention, deleted_within, retention_of
from logstack.manifests.stores.credentials import describe_source
from logstack.manifests.stores.kinds import store_access, store_kind
from logstack.plan.section import Section
from logstack.settings.load.credentials import Credentials
from logstack.settings.load.loader import Stack
from logstack.settings.load.source import SECRETS
from logstack.settings.load.stack_file import PROJECT
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import CaCertificate, ObjectStoreSettings
from logstack.settings.model.quantities import parse_duration
from logstack.settings.resolve.storage import FULL, stored_daily
from logstack.settings.tree import Settings
from logstack.text.blocks import Labelled
from logstack.text.documents import JSON_KEY
from logstack.text.words import Facts, counted, spoken_duration, spoken_size

_GB = 10**9
# The first screen has room for this many retention rules.
_SHOWN = 3


@dataclass(frozen=True)
class StreamRetention:
    """The retention of some streams."""

    tenant: str | None
    """None for every tenant without rules or a period of its own."""
    selector: str
    """Empty for all streams that no earlier rule selects."""
    period: timedelta


@dataclass(frozen=True)
class LineStorage:
    """The path of a line after Loki acknowledges it."""

    retention: timedelta
    rules: tuple[StreamRetention, ...]
    """In the order in which they decide, tenant by tenant; empty where all streams have the same retention."""
    location: str = field(metadata={JSON_KEY: "place"})
    earlier: str | None
    """Where older lines are and how long Loki needs that store; None without a former store."""
    deleted_within: timedelta
    """After the retention ends."""
    query_lookback: timedelta
    refused_when_older: timedelta
    """By Loki."""
    refused_when_behind: timedelta
    """By Loki: how far a line may be behind the newest one of its stream."""
    dropped_when_older: timedelta | None
    """By the collector, which counts them; None without a collector."""
    space: str
    schema: str
    credentials: Credentials
    credentials_source: str
    certificate: str | None
    """What Loki checks the store's certificate with; None for the public authorities, and without TLS."""


def storage_section(stack: Stack) -> Section:
    """Plan where lines are stored and how long."""
    storage = plan_storage(stack)
    facts, rules = _facts(storage), storage.rules
    more = f"\n{counted(len(rules) - _SHOWN, 'more rule')}: --section storage" if len(rules) > _SHOWN else ""
    short = "\n".join(map(_rule, rules[:_SHOWN])) + more
    summary = [(label, short if label == "by stream" else text) for label, text in facts if label != "schema"]
    return Section("Storage and retention", "kept", storage, facts, summary=(Labelled(summary),))


def plan_storage(stack: Stack) -> LineStorage:
    """Say where the stack's lines are stored and how long. Raises TypeError for a loki.yaml without limits_config."""
    settings = stack.settings
    access = store_access(settings.object_store, settings.cluster, settings.former_object_store)
    config = loki_config(settings, access, settings.cluster)
    limits = config["limits_config"]
    if not isinstance(limits, dict):
        raise TypeError("limits_config is no section")
    period = settings.schema_periods[-1]
    return LineStorage(
        retention=settings.retention,
        rules=_rules(retention_of(config, loki_overrides(settings))),
        location=_location(settings.object_store, settings.cluster),
        earlier=_earlier(settings),
        deleted_within=deleted_within(config),
        query_lookback=parse_duration(limits["max_query_lookback"]),
        refused_when_older=parse_duration(limits["reject_old_samples_max_age"]),
        refused_when_behind=latest_behind(config),
        dropped_when_older=settings.collector.max_age if settings.collector.enabled else None,
        space=_space(settings),
        schema=f"{period.store} {period.schema_version} since {period.start}",
        credentials=stack.credentials,
        credentials_source=_credentials_source(stack),
        certificate=_certificate(settings.object_store.ca_certificate),
    )


def _rules(retention: Retention) -> tuple[StreamRetention, ...]:
    if len(retention.default.rules) == 1 and not retention.tenants:
        return ()
    policies = [(None, retention.default), *retention.tenants.items()]
    return tuple(
        StreamRetention(tenant, rule.text, rule.period) for tenant, policy in policies for rule in policy.rules
    )


def _earlier(settings: Settings) -> str | None:
    former = settings.former_object_store
    if not former:
        return None
    until = date.fromisoformat(former.before) + settings.longest_retention
    location = _location(former.store, settings.cluster)
    return f"before {former.before} in {location}; Loki needs them there until {until:%Y-%m-%d}"


def _location(store: ObjectStoreSettings, cluster: ClusterSettings) -> str:
    volume = store.server_volume
    size = f", on one volume of {spoken_size(volume)}" if volume is not None else ""
    return f"{store_kind(store, cluster).location}{size}"


def _space(settings: Settings) -> str:
    """Say how much space the retention needs, or how many lines a day the volume holds."""
    days = settings.longest_retention / timedelta(days=1)
    longest = "" if settings.has_one_period else f", if every line stays {spoken_duration(settings.longest_retention)}"
    volume = settings.object_store.line_volume(settings.writer, settings.resources_of(settings.writer).disk)
    copies = settings.replication_factor
    if volume and volume.size:
        daily = volume.size * FULL / days / stored_daily(_GB, copies)
        return f"{spoken_size(volume.size)} holds the whole retention of about {daily:.2g} GB of lines a day{longest}"
    least, most = (days * stored_daily(_GB, number) / _GB for number in (1, copies))
    span = f"{least:.2g}" if copies == 1 else f"{least:.2g} to {most:.2g}"
    return f"about {span} GB in the bucket for each GB of lines a day{longest}"


def _certificate(authority: CaCertificate | None) -> str | None:
    return authority and f"Loki trusts the authority in the Secret {authority.secret} (existing): {authority.key}"


def _credentials_source(stack: Stack) -> str:
    if stack.credentials == "config-missing":
        commands = [f"pulumi config set --secret {PROJECT}:{key}" for key in SECRETS]
        return "\n".join(["missing; before `pulumi up`, run:", *commands])
    return describe_source(stack.settings.object_store.access_key)


def _facts(storage: LineStorage) -> Facts:
    refused = spoken_duration(storage.refused_when_older)
    behind = spoken_duration(storage.refused_when_behind)
    return [
        ("retention", f"{spoken_duration(storage.retention)}, stored in {storage.location}"),
        *([("by stream", "\n".join(map(_rule, storage.rules)))] if storage.rules else []),
        *([("earlier lines", storage.earlier)] if storage.earlier else []),
        ("deletion", f"by the compactor, within {spoken_duration(storage.deleted_within)} after the retention ends"),
        ("queries", f"look back {spoken_duration(storage.query_lookback)}"),
        (
            "age limit",
            f'Loki refuses lines older than {refused}, or {behind} behind their stream ("entry too far behind")',
        ),
        ("space", f"{storage.space} (gzip, measured; lines differ)"),
        ("schema", storage.schema),
        ("access key", storage.credentials_source),
        *([("certificate", storage.certificate)] if storage.certificate else []),
    ]


def _rule(streams: StreamRetention) -> str:
    """Return one rule; Loki applies the first one that selects a line."""
    tenant = f"tenant {streams.tenant}: " if streams.tenant else ""
    return f"{tenant}{streams.selector or 'all other lines'} for {spoken_duration(streams.period)}"
