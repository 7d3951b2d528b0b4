"""Rules for more or less CPU, memory, disk, and space in the bucket."""

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
from logstack.settings.model.collector import NODE
from logstack.settings.model.sizes import CACHE_OVERHEAD


def _rule(
    name: str, looks_at: tuple[str, ...], sentence: str, do: str, when: When = DIFFERS, unit: Unit = TEXT
) -> Rule:
    return Rule(name, Effect.COST, looks_at, sentence, do, when, unit)


def _comes_or_goes(change: Change, _unit: Unit, sides: Sides) -> bool:
    """Whether only one side has limits for the tenant."""
    limit = re.sub(r"\.retention_stream\[.*", ".retention_stream", change.path)
    tenant = limit.rpartition(".")[0]
    limits = (leaves_of(side, change.artefact) for side in (sides.before, sides.after))
    return not all(any(path.rpartition(".")[0] == tenant for path in each) for each in limits)


def _node_comes_or_goes(change: Change, _unit: Unit, sides: Sides) -> bool:
    """Whether the code behind equal settings adds the index label `node`, or removes it."""
    collectors = [side.settings["collector"] for side in sides.both]
    return collectors[0] == collectors[1] and (f'"{NODE}"' in str(change.before)) != (f'"{NODE}"' in str(change.after))


_NODE_STREAMS = When("adds or removes node, for equal settings", _node_comes_or_goes)
_WHOLE_TENANT = When("of a tenant that only one side has", _comes_or_goes)
_ROOM = "Check that the nodes have room for the stack's total requests."
_MORE_LINES = "Check that the writers have the memory, and the bucket the space."
RULES = (
    _rule(
        "queries-of-a-tenant",
        (
            "overrides.yaml *.max_query_length",
            "overrides.yaml *.max_query_lookback",
            "overrides.yaml *.query_timeout",
        ),
        "A tenant's query limits change: {path} from {before} to {after}.",
        "Check the readers' memory: longer queries need more. With shorter limits, the tenant's users do "
        "not find older lines.",
    ),
    _rule(
        "retention-raised",
        ("loki.yaml limits_config.retention_period", "overrides.yaml *.retention_period"),
        "Loki stores lines for {after} instead of {before}; the store grows accordingly.",
        "Check the space that a GB of lines a day takes: `logstack plan STACK`.",
        RAISED,
        DURATION,
    ),
    _rule(
        "ingest",
        ("settings ingest",),
        "logstack sizes the stack for {after} of lines instead of {before}. The derived changes are below.",
        "Check what it derives, the space that the lines take, and which values the stack file overrides: "
        "`logstack plan STACK`.",
    ),
    _rule(
        "autoscaling",
        ("loki-values.yaml *.autoscaling.*",),
        "An autoscaler decides the number of pods otherwise: {path} changes from {before} to {after}.",
        "Check the nodes' room for as many pods as maxReplicas.",
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
        "{part}: CPU {after} instead of {before} per pod.",
        _ROOM,
        DIFFERS,
        CPU,
    ),
    _rule(
        "memory",
        ("*.yaml *resources.*.memory",),
        "{part}: memory {after} instead of {before} per pod.",
        f"{_ROOM} Kubernetes kills a pod that needs more than its limit.",
        DIFFERS,
        SIZE,
    ),
    _rule(
        "volume-larger",
        VOLUMES,
        "{part}: volumes of {after} instead of {before}. Pulumi replaces the StatefulSet, and its pods "
        "stay. Existing volumes do not grow.",
        "Where the StorageClass allows it, edit each claim: `kubectl edit pvc NAME`.",
        RAISED,
        SIZE,
    ),
    _rule(
        "cache",
        (f"*-values.yaml *Cache.{CACHE_MEMORY_KEY}",),
        "{part}: {path} changes from {before} to {after} "
        f"(MiB; its pod requests {CACHE_OVERHEAD} times as much).",
        "Expect an empty cache after the restart: queries read from the store until it is warm.",
    ),
    _rule(
        "copies",
        ("loki.yaml common.replication_factor",),
        "Replication factor {after} instead of {before}: memory, disk and traffic of the writers change with it.",
        "Adjust the writers' resources: `logstack:resources`.",
        DIFFERS,
        NUMBER,
    ),
    _rule(
        "compression",
        ("loki.yaml ingester.chunk_encoding",),
        "Loki compresses chunks with {after} instead of {before}.",
        "Check the space in the bucket. Measured: snappy stores 1.56 times as much as gzip, zstd as much as gzip.",
    ),
    _rule(
        "rates-raised",
        ("overrides.yaml *_mb",),
        "{path} changes from {before} to {after}: Loki accepts more lines.",
        _MORE_LINES,
        RAISED,
        MEBIBYTES,
    ),
    _rule(
        "stream-rates-raised",
        ("overrides.yaml *.per_stream_rate_limit*", "overrides.yaml *.max_line_size"),
        "{path} changes from {before} to {after}: Loki accepts more lines.",
        _MORE_LINES,
        RAISED,
        SIZE,
    ),
    _rule(
        "streams-raised",
        ("overrides.yaml *.max_global_streams_per_user",),
        "{after} streams instead of {before}: each takes memory in its writers.",
        "Check the writers' memory after the change: `kubectl top pod`.",
        RAISED,
        NUMBER,
    ),
    _rule(
        "answers",
        ("overrides.yaml *.max_entries_limit_per_query",),
        "A query may return {after} lines instead of {before}.",
        "Tell the owners of dashboards: Loki refuses queries that ask for more.",
        EDITED,
        NUMBER,
    ),
    _rule(
        "series",
        ("overrides.yaml *.max_query_series",),
        "A metric query may return {after} series instead of {before}; without a number Loki's default of 500.",
        "Tell the owners of dashboards and rules: Loki refuses queries that return more.",
    ),
    _rule(
        "limits-of-a-tenant",
        ("overrides.yaml overrides.*",),
        "A tenant's limits are new or go: {path} changes from {before} to {after}.",
        "Check that the writers have room for the lines that all tenants may send together.",
        _WHOLE_TENANT,
    ),
    _rule(
        "pushes-larger",
        (f"loki-values.yaml {BODY_LIMIT}",),
        "The gateway accepts pushes up to {after}; the limit was {before}.",
        "Nothing.",
        RAISED,
        MEGABYTES,
    ),
    _rule(
        "labels",
        (
            "settings collector.indexLabels",
            "settings collector.labels*",
            "settings collector.sources.*.indexLabels",
            "*.alloy *external_labels",
        ),
        "Streams get other labels ({path}: {before} to {after}): every stream starts anew.",
        "Update queries and alerts: with an old label they find only old lines. For a while there are "
        "twice as many streams.",
    ),
    _rule(
        "labels",
        ("*.alloy loki.process.lines/stage.label_keep/values",),
        "Streams of the journal and of node files get other labels ({before} to {after}): these streams start anew.",
        "Check queries for these lines' node: as an index label it goes inside the braces, otherwise behind them.",
        _NODE_STREAMS,
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
            "resources gcp:storage/* *",
            "resources azure-native:storage:* *",
        ),
        "Pulumi creates {path}.",
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
            "resources gcp:storage/* *",
            "resources azure-native:storage:* *",
        ),
        "Pulumi deletes {path}.",
        "Check that nobody uses it.",
        REMOVED,
    ),
)
