"""Lines that are gone, not found or not collected any more; and what protects them."""

from ops.diff.changes import Change, leaves_of
from ops.diff.effects import Effect
from ops.diff.rule import (
    ADDED,
    DIFFERS,
    DURATION,
    EDITED_OR_REMOVED,
    LOWERED,
    NOW_FALSE,
    NOW_OFF,
    NOW_ON,
    NUMBER,
    OTHER_HOST,
    REMOVED,
    SIZE,
    TEXT,
    Rule,
    Sides,
    Unit,
    When,
)

_KEPT = "Copy what is still needed out of the store first; nothing brings it back."
_ANEW = "Plan a move: what is there stays behind, and what is made anew begins empty."


def _rule(name: str, looks_at: tuple[str, ...], says: str, do: str, when: When = DIFFERS, unit: Unit = TEXT) -> Rule:
    return Rule(name, Effect.DATA_LOSS, looks_at, says, do, when, unit)


_SPARES_FEWER = LOWERED.and_also(
    "fewer lost writers are survived",
    lambda _change, sides: sides.after.ring.lost_writers_survived < sides.before.ring.lost_writers_survived,
)
_BACKDATED = ADDED.and_also(
    "from a day that is not to come", lambda change, sides: (change.after or "") <= sides.today.isoformat()
)


def _below_retention(change: Change, sides: Sides) -> bool:
    kept = leaves_of(sides.after, "loki.yaml").get("limits_config.retention_period")
    return kept is not None and DURATION.measured(change.after or kept) < DURATION.measured(kept)


RULES = (
    _rule(
        "retention-lowered",
        ("loki.yaml limits_config.retention_period", "overrides.yaml *.retention_period"),
        "The compactor deletes lines older than {after}; {before} were kept.",
        _KEPT,
        LOWERED,
        DURATION,
    ),
    _rule(
        "retention-of-streams",
        ("loki.yaml *retention_stream*", "overrides.yaml *retention_stream*"),
        "Some streams are kept for another time: {path} is {after}, before {before}.",
        _KEPT,
    ),
    _rule(
        "deletion-settings",
        ("loki.yaml compactor.*", "loki.yaml *deletion_mode"),
        "What the compactor deletes, and when: {path} is {after}, before {before}.",
        "Read Loki's documentation of the key: the compactor's work cannot be taken back.",
    ),
    _rule(
        "older-lines-refused",
        ("loki.yaml limits_config.reject_old_samples_max_age", "*.alloy *stage.drop/older_than"),
        "Lines older than {after} are refused when they arrive; it was {before}.",
        "Check how long collectors may be behind after an outage.",
        LOWERED,
        DURATION,
    ),
    _rule(
        "queries-reach-less",
        ("loki.yaml limits_config.max_query_lookback",),
        "Queries look back {after}, before {before}: older lines are kept, and nobody finds them.",
        "Leave maxQueryLookback out: queries then reach the whole retention.",
        LOWERED.and_also("below the retention", _below_retention),
        DURATION,
    ),
    _rule(
        "store-moved",
        (
            "loki.yaml common.storage.s3.bucketnames",
            "loki.yaml common.storage.s3.region",
            "loki.yaml common.storage.filesystem*",
            "settings objectStore.kind",
        ),
        "Loki keeps lines in another place: {path} is {after}, before {before}. Lines in the old place are not found.",
        "Copy the bucket's objects to the new place first, or keep the old stack until its lines have expired.",
    ),
    _rule(
        "store-moved",
        ("loki.yaml common.storage.s3.endpoint",),
        "Loki's store is at {after}, before {before}. Lines in the old place are not found.",
        "Copy the bucket's objects to the new place first, unless it is the same store under another address.",
        OTHER_HOST,
    ),
    _rule(
        "schema-edited",
        ("loki.yaml schema_config.*",),
        "A schema period that is there is edited or removed ({path}: {before} to {after}): Loki looks for its lines "
        "under another index and does not find them.",
        "Put the period back as it was, and add one below it that begins on a day to come.",
        EDITED_OR_REMOVED,
    ),
    _rule(
        "schema-back-dated",
        ("loki.yaml schema_config.*.from",),
        "A schema period is added that has begun already, on {after}: lines since then are looked for under another "
        "index and not found.",
        "Let it begin on a day to come (UTC).",
        _BACKDATED,
    ),
    _rule(
        "volume-smaller",
        ("*-values.yaml *.persistence.size", "*.statefulset.yaml spec.volumeClaimTemplates*.storage"),
        "{part}: volumes of {after} instead of {before}. Kubernetes shrinks no volume: the StatefulSet is replaced, "
        "old volumes keep their size, and new ones may be too small for what the log holds.",
        "Keep the size; a smaller volume is a new one, whose pod begins with nothing.",
        LOWERED,
        SIZE,
    ),
    _rule(
        "storage-class",
        ("*-values.yaml *.persistence.storageClass", "*.statefulset.yaml *.storageClassName"),
        "{part}: volumes of the class {after} instead of {before}. The StatefulSet is replaced; volumes that are there "
        "stay in the old class, and one that is made anew is empty.",
        "Move volume by volume, with a whole ring in between.",
    ),
    _rule(
        "volumes-off",
        ("*-values.yaml *.persistence.enabled", "*-values.yaml *.persistence.volumeClaimsEnabled"),
        "{part}: no volume any more. What is not flushed is lost with each pod.",
        "Keep the volumes: the write-ahead log lives there.",
        NOW_OFF,
    ),
    _rule(
        "volumes-deleted-with-pods",
        (
            "*-values.yaml *.enableStatefulSetAutoDeletePVC",
            "*-values.yaml *.persistence.when*",
            "*.statefulset.yaml spec.persistentVolumeClaimRetentionPolicy*",
            "*.yaml metadata.annotations.pulumi.com/deletionPropagationPolicy",
        ),
        "What becomes of volumes when pods or StatefulSets go: {path} is {after}, before {before}.",
        "Volumes should outlive their pods: Retain, and no automatic deletion.",
    ),
    _rule(
        "namespace-moved",
        (
            "settings cluster.namespace",
            "*.chart.yaml namespace",
            "*.daemonset.yaml metadata.namespace",
            "*.statefulset.yaml metadata.namespace",
            "*.service.yaml metadata.namespace",
            "*.secret.yaml metadata.namespace",
            "*-config.configmap.yaml metadata.namespace",
            "*-overrides.configmap.yaml metadata.namespace",
            "loki-values.yaml fullnameOverride",
        ),
        "Everything is made anew under {after} instead of {before}: volumes, with lines that are not flushed, and the "
        "collectors' targets stay behind.",
        _ANEW,
    ),
    _rule(
        "cluster-moved",
        ("*.kubernetes.yaml clusterIdentifier",),
        "Pulumi takes the cluster for another one ({path}: {before} to {after}): everything is made anew.",
        _ANEW,
    ),
    _rule(
        "protection-removed",
        ("*.yaml (protect)", "*.yaml (retainOnDelete)"),
        "{path} goes: Pulumi may delete the resource, with what is in it.",
        "Keep the protection; `pulumi state unprotect` is for the moment in which you need it.",
        REMOVED,
    ),
    _rule(
        "renamed-in-pulumi",
        ("*.yaml (pulumi)",),
        "Pulumi knows the resource as {after} instead of {before}: without an alias it deletes it under the old name.",
        "Look for `delete` in `pulumi preview`; add an alias, or rename it in the state (`pulumi state rename`).",
    ),
    _rule(
        "provider-replaced",
        ("resources pulumi:providers:* *",),
        "{path} goes: what it has made may be replaced or deleted, if nothing else knows it.",
        "Look for `delete` and `replace` in `pulumi preview`.",
        REMOVED,
    ),
    _rule(
        "bucket-guard",
        ("*.bucket.yaml *", "*.bucketlifecycleconfiguration.yaml *"),
        "The bucket itself, or what expires in it: {path} is {after}, before {before}.",
        "Objects are the compactor's to delete, and a bucket of another name is another bucket.",
    ),
    _rule(
        "holder-of-data-removed",
        (
            "resources *:StatefulSet *",
            "resources *:Bucket *",
            "resources *:BucketOwnershipControls *",
            "resources *:Namespace *",
            "resources *:PersistentVolumeClaim *",
        ),
        "{path} is no part of the stack any more.",
        "Look for it in `pulumi preview`: protected and retained resources stay, volumes of others need a look.",
        REMOVED,
    ),
    _rule(
        "tenants-moved",
        ("settings tenants*.name*", "*.alloy *stage.tenant*", "*.alloy *endpoint/tenant_id"),
        "Lines change hands ({path}: {before} to {after}): new ones belong to another tenant, old ones stay with "
        "the one that they had.",
        "Ask as both tenants until the old lines have expired.",
    ),
    _rule(
        "replication-lowered",
        ("loki.yaml common.replication_factor",),
        "{after} copies of a line instead of {before}: fewer lost writers are survived, and with a writer's volume "
        "go the lines that were not flushed.",
        "Keep 3 copies where lines must survive a lost writer.",
        _SPARES_FEWER,
        NUMBER,
    ),
    _rule(
        "log-off",
        ("loki.yaml ingester.wal.enabled", "loki.yaml ingester.wal.flush_on_shutdown"),
        "{path} is off: what a writer has in memory is lost when it is killed, or late when it stops.",
        "Keep the write-ahead log: an acknowledged line is one that stands in it.",
        NOW_FALSE,
    ),
    _rule(
        "collector-log-off",
        ("settings collector.writeAheadLog",),
        "The collector keeps no log of its own while Loki is away: files that are rotated meanwhile are not read.",
        "See docs/collector.md, what is lost when.",
        NOW_OFF,
    ),
    _rule(
        "collected-less",
        (
            "settings collector.sources.events",
            "settings collector.sources.push",
            "settings collector.sources.journal.enabled",
            "settings collector.sources.otlp.*",
        ),
        "{path} is off: its lines are not collected any more.",
        "Nothing collects them later: be sure that somebody else does.",
        NOW_OFF,
    ),
    _rule(
        "collected-less",
        ("resources *:Chart alloy*",),
        "The collector {path} goes: what it collects is not collected any more.",
        "Nothing collects it later: be sure that somebody else does.",
        REMOVED,
    ),
    _rule(
        "collected-less",
        ("settings collector.sources.nodeFiles*", "settings collector.sources.pods"),
        "Other lines are collected: {path} is {after}, before {before}.",
        "Nothing collects later what is left out now.",
        EDITED_OR_REMOVED,
    ),
    _rule(
        "collected-less",
        (
            "settings collector.drop*",
            "settings collector.rateLimits*",
            "settings collector.namespaces.*",
            "settings collector.pods.*",
            "settings collector.sources.journal.units",
            "settings collector.sources.journal.maxAge",
        ),
        "Which lines are left out: {path} is {after}, before {before}.",
        "Nothing collects later what is left out now; the collector counts what it drops.",
    ),
    _rule(
        "long-lines-dropped",
        ("settings collector.longLines",),
        "Of a line above the limit: {after}, before {before}.",
        "`cut` sends its beginning, `drop` nothing.",
        When("now drop", lambda change, _unit, _sides: change.after == "drop"),
    ),
    _rule(
        "given-up-sooner",
        ("*.alloy loki.write*/max_backoff_retries", "*.alloy loki.write*/max_backoff_period"),
        "{path} is {after}, before {before}: a batch is given up sooner while Loki is away.",
        "See in the plan how long an outage may last (`logstack plan`, While Loki takes no lines).",
        When(
            "lowered",
            lambda change, _unit, sides: LOWERED.holds(change, NUMBER, sides) or LOWERED.holds(change, DURATION, sides),
        ),
    ),
    _rule(
        "bucket-emptied-by-pulumi",
        ("*.yaml forceDestroy",),
        "Pulumi may delete the bucket with its objects.",
        "Keep it off.",
        NOW_ON,
    ),
)
