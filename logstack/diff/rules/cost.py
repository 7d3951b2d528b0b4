"""More or less CPU, memory, disk, and space in the bucket."""

import re

from logstack.diff.changes import Change, leaves_of
from logstack.diff.effects import Effect
from logstack.diff.rule import (
    ADDED,
    CPU,
    DIFFERS,
    DURATION,
    EDITED,
    MEBIBYTES,
    MEGABYTES,
    NUMBER,
    PODS,
    RAISED,
    REMOVED,
    SIZE,
    TEXT,
    VOLUMES,
    Rule,
    Sides,
    Unit,
    When,
)
from logstack.manifests.loki.chart import BODY_LIMIT, CACHE_MEMORY_KEY
from logstack.settings.model.sizes import CACHE_OVERHEAD


def _rule(name: str, looks_at: tuple[str, ...], says: str, do: str, when: When = DIFFERS, unit: Unit = TEXT) -> Rule:
    return Rule(name, Effect.COST, looks_at, says, do, when, unit)


def _comes_or_goes(change: Change, _unit: Unit, sides: Sides) -> bool:
    """Whether one side has no limits at all for the tenant."""
    limit = re.sub(r"\.retention_stream\[.*", ".retention_stream", change.path)
    tenant = limit.rpartition(".")[0]
    limits = (leaves_of(side, change.artefact) for side in (sides.before, sides.after))
    return not all(any(path.rpartition(".")[0] == tenant for path in each) for each in limits)


_WHOLE_TENANT = When("of a tenant that only one side has", _comes_or_goes)
_ROOM = "The nodes must have room: compare with the sum."
RULES = (
    _rule(
        "queries-of-a-tenant",
        (
            "overrides.yaml *.max_query_length",
            "overrides.yaml *.max_query_lookback",
            "overrides.yaml *.query_timeout",
        ),
        "What a tenant may ask: {path} is {after}, before {before}.",
        "Longer queries take the readers' memory; shorter ones leave lines that its users do not find.",
    ),
    _rule(
        "retention-raised",
        ("loki.yaml limits_config.retention_period", "overrides.yaml *.retention_period"),
        "Lines are kept for {after} instead of {before}; the store grows accordingly.",
        "See in the plan what a GB of lines a day takes.",
        RAISED,
        DURATION,
    ),
    _rule(
        "ingest",
        ("settings ingest",),
        "The stack is sized for {after} of lines; before for {before}. What follows from it is below.",
        "See in the plan what it derives, what the lines take, and what is written in the stack file in its place.",
    ),
    _rule(
        "replicas",
        ("*-values.yaml *.replicas", "*.yaml spec.replicas"),
        "{part}: {after} instead of {before}.",
        _ROOM,
        DIFFERS,
        PODS,
    ),
    _rule(
        "cpu",
        ("*.yaml *resources.requests.cpu",),
        "{part}: CPU {after} instead of {before} for each pod.",
        _ROOM,
        DIFFERS,
        CPU,
    ),
    _rule(
        "memory",
        ("*.yaml *resources.*.memory",),
        "{part}: memory {after} instead of {before} for each pod.",
        f"{_ROOM} A pod that needs more than its limit is killed.",
        DIFFERS,
        SIZE,
    ),
    _rule(
        "volume-larger",
        VOLUMES,
        "{part}: volumes of {after} instead of {before}. The StatefulSet is replaced, its pods stay; volumes that are "
        "there do not grow by that.",
        "Where the StorageClass allows it, edit each claim: kubectl edit pvc.",
        RAISED,
        SIZE,
    ),
    _rule(
        "cache",
        (f"*-values.yaml *Cache.{CACHE_MEMORY_KEY}",),
        f"{{part}}: {{path}} is {{after}}, before {{before}} (MiB; its pod asks for {CACHE_OVERHEAD} times as much).",
        "A cache that restarts is empty: queries ask the store until it is warm.",
    ),
    _rule(
        "copies",
        ("loki.yaml common.replication_factor",),
        "{after} copies of each line among the writers instead of {before}: memory, disk and traffic of the writers "
        "go with it.",
        "Change the writers' resources with it.",
        DIFFERS,
        NUMBER,
    ),
    _rule(
        "compression",
        ("loki.yaml ingester.chunk_encoding",),
        "Chunks are compressed by {after} instead of {before}.",
        "Measured: snappy stores 1.5 times as much as gzip, zstd as much.",
    ),
    _rule(
        "rates-raised",
        ("overrides.yaml *_mb",),
        "{path} is {after}, before {before}: more may come in.",
        "Writers need the memory, and the bucket the space.",
        RAISED,
        MEBIBYTES,
    ),
    _rule(
        "stream-rates-raised",
        ("overrides.yaml *.per_stream_rate_limit*", "overrides.yaml *.max_line_size"),
        "{path} is {after}, before {before}: more may come in.",
        "Writers need the memory, and the bucket the space.",
        RAISED,
        SIZE,
    ),
    _rule(
        "streams-raised",
        ("overrides.yaml *.max_global_streams_per_user",),
        "{after} streams instead of {before}: each costs memory in its writers.",
        "Look at the writers' memory after the change.",
        RAISED,
        NUMBER,
    ),
    _rule(
        "answers",
        ("overrides.yaml *.max_entries_limit_per_query",),
        "A query may return {after} lines instead of {before}.",
        "Tell who has dashboards: what asks for more is refused.",
        EDITED,
        NUMBER,
    ),
    _rule(
        "limits-of-a-tenant",
        ("overrides.yaml overrides.*",),
        "Limits of a tenant that comes or goes: {path} is {after}, before {before}.",
        "What all tenants may send together is what the writers need room for.",
        _WHOLE_TENANT,
    ),
    _rule(
        "pushes-larger",
        (f"loki-values.yaml {BODY_LIMIT}",),
        "The gateway takes pushes up to {after}; it was {before}.",
        "Nothing.",
        RAISED,
        MEGABYTES,
    ),
    _rule(
        "labels",
        ("settings collector.indexLabels", "settings collector.labels*", "*.alloy *external_labels"),
        "Other labels make a stream ({path}: {before} to {after}): every stream begins anew.",
        "Queries and alerts that name an old label find only old lines; for a while there are twice as many streams.",
    ),
    _rule(
        "comes",
        (
            "resources *:Chart *",
            "resources *:DaemonSet *",
            "resources *:Deployment *",
            "resources *:StatefulSet *",
            "resources *:Service *",
            "resources *:ConfigMap *",
            "resources *:Namespace *",
            "resources *:ObjectBucketClaim *",
            "resources aws:s3/* *",
        ),
        "{path} is made.",
        _ROOM,
        ADDED,
    ),
    _rule(
        "goes",
        (
            "resources *:DaemonSet *",
            "resources *:Deployment *",
            "resources *:Service *",
            "resources *:ConfigMap *",
            "resources aws:s3/* *",
        ),
        "{path} is deleted.",
        "Be sure that nobody uses it.",
        REMOVED,
    ),
)
