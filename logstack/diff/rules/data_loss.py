"""Rules for lines that are deleted, not found or no longer collected, and for what protects them."""

from collections.abc import Iterator, Mapping
from datetime import date

from logstack.diff.changes import Change, leaves_of
from logstack.diff.effects import Effect
from logstack.diff.rule import (
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
    VOLUMES,
    Rule,
    Sides,
    Unit,
    When,
)
from logstack.diff.snapshot import Rendered
from logstack.manifests.loki.chart import VOLUME_SWITCHES
from logstack.settings.model.quantities import parse_duration
from logstack.settings.model.sources import SOURCES

_COPY_FIRST = "Copy the lines you still need out of the store first: nothing brings them back."
_RECREATED = "Plan a migration: existing data stays behind, and recreated volumes start empty."


def _rule(
    name: str, looks_at: tuple[str, ...], sentence: str, do: str, when: When = DIFFERS, unit: Unit = TEXT
) -> Rule:
    return Rule(name, Effect.DATA_LOSS, looks_at, sentence, do, when, unit)


_SPARES_FEWER = LOWERED.and_also(
    "the stack survives fewer lost writers",
    lambda _change, sides: sides.after.ring.lost_writers_survived < sides.before.ring.lost_writers_survived,
)
_BACKDATED = ADDED.and_also(
    "from today or earlier", lambda change, sides: (change.after or "") <= sides.today.isoformat()
)


_ADDED_OR_REMOVED = When("added or removed", lambda change, _unit, _sides: None in (change.before, change.after))


def _below_retention(change: Change, sides: Sides) -> bool:
    retention = leaves_of(sides.after, "loki.yaml").get("limits_config.retention_period")
    return retention is not None and DURATION.measured(change.after or retention) < DURATION.measured(retention)


def _old_store_is_read(_change: Change, sides: Sides) -> bool:
    """Whether Loki still reads the store of before, as its former store."""
    former = sides.after.settings.get("formerObjectStore")
    former_store = former.get("store") if isinstance(former, Mapping) else None
    old_store = sides.before.settings.get("objectStore")
    if not isinstance(former_store, Mapping) or not isinstance(old_store, Mapping):
        return False
    # The access key is not compared: the former store has a Secret of its own.
    return all(former_store.get(key) == old_store.get(key) for key in ("kind", "endpoint", "bucket", "region"))


def _nobody_reads_it(change: Change, sides: Sides) -> bool:
    return not _old_store_is_read(change, sides)


def _not_the_move(change: Change, sides: Sides) -> bool:
    is_move = _old_store_is_read(change, sides) or _former_is_over(sides)
    return not (change.path.endswith(".object_store") and is_move)


def _former_is_over(sides: Sides) -> bool:
    """Whether every line of the former store has expired."""
    former = sides.before.settings.get("formerObjectStore")
    return isinstance(former, Mapping) and not _has_lines(str(former["before"]), sides)


def _still_has_lines(change: Change, sides: Sides) -> bool:
    return _has_lines(change.before or "", sides)


def _has_lines(before: str, sides: Sides) -> bool:
    longest = max(parse_duration(period) for period in _periods(sides.before))
    return date.fromisoformat(before) + longest >= sides.today


def _periods(stack: Rendered) -> Iterator[str]:
    """Yield every retention period: the default, the rules' and the tenants'."""
    for artefact in ("loki.yaml", "overrides.yaml"):
        for path, value in leaves_of(stack, artefact).items():
            if path.endswith("retention_period") or (".retention_stream[" in path and path.endswith(".period")):
                yield value


_NOT_READ = DIFFERS.and_also("unless the old store becomes the former store", _nobody_reads_it)

RULES = (
    _rule(
        "retention-lowered",
        ("loki.yaml limits_config.retention_period", "overrides.yaml *.retention_period"),
        "Retention drops from {before} to {after}: the compactor deletes lines older than {after}.",
        _COPY_FIRST,
        LOWERED,
        DURATION,
    ),
    _rule(
        "retention-of-streams",
        ("loki.yaml *retention_stream*", "overrides.yaml *retention_stream*"),
        "The retention of some streams changes: {path} from {before} to {after}.",
        _COPY_FIRST,
    ),
    _rule(
        "retention-of-tenant",
        ("overrides.yaml *.retention_period",),
        "A tenant's own retention changes: {path} from {before} to {after}. A tenant without its own "
        "retention has the stack's.",
        _COPY_FIRST,
        _ADDED_OR_REMOVED,
    ),
    _rule(
        "bucket-lifecycle",
        ("settings objectStore.expireAfter",),
        "The stack file declares another bucket lifecycle: objects expire after {after} instead of {before}.",
        "Set the bucket's lifecycle rule to the same period: logstack only checks this key against the retention.",
    ),
    _rule(
        "deletion-settings",
        ("loki.yaml compactor.*", "loki.yaml *deletion_mode"),
        "The compactor's deletion settings change: {path} from {before} to {after}.",
        "Read Loki's documentation of the key before you deploy: nobody can undo the compactor's deletions.",
        DIFFERS.and_also("except in compactor_ring", lambda change, _sides: ".compactor_ring." not in change.path),
    ),
    _rule(
        "older-lines-refused",
        ("loki.yaml limits_config.reject_old_samples_max_age", "*.alloy *stage.drop/older_than"),
        "Loki or its collectors refuse lines older than {after}; the limit was {before}.",
        "Check how far collectors may fall behind after an outage: `logstack plan`.",
        LOWERED,
        DURATION,
    ),
    _rule(
        "queries-reach-less",
        ("loki.yaml limits_config.max_query_lookback",),
        "Queries look back {after} instead of {before}: Loki stores older lines, but no query finds them.",
        "Remove maxQueryLookback from the stack file: queries then reach the whole retention.",
        LOWERED.and_also("below the retention", _below_retention),
        DURATION,
    ),
    _rule(
        "store-moved",
        (
            "loki.yaml common.storage.s3.bucketnames",
            "loki.yaml common.storage.s3.region",
            "loki.yaml common.storage.filesystem*",
            "loki.yaml storage_config.object_store.gcs.bucket_name",
            "loki.yaml storage_config.object_store.azure.*",
            "settings objectStore.kind",
        ),
        "Loki reads and writes another store: {path} changes from {before} to {after}. Queries do not "
        "find lines in the old store.",
        "Set the old store as formerObjectStore until its lines expire; for the stages, run `logstack "
        "migrate STACK --to FILE`.",
        _NOT_READ,
    ),
    _rule(
        "store-moved",
        ("loki.yaml common.storage.s3.endpoint",),
        "Loki's store moves from {before} to {after}. Queries do not find lines in the old store.",
        "Set the old store as formerObjectStore, unless both addresses reach the same store.",
        OTHER_HOST.and_also("unless the old store becomes the former store", _nobody_reads_it),
    ),
    _rule(
        "rules-moved",
        ("settings objectStore.rulesBucket", "settings objectStore.rulesContainer"),
        "The ruler reads rules from another bucket: {path} changes from {before} to {after}. It "
        "evaluates none of the old bucket's rules.",
        "Copy the objects below rules/ to the new bucket before you deploy.",
    ),
    _rule(
        "former-store-dropped",
        ("settings formerObjectStore.before",),
        "Lines of the days before {before} are in the former store, and Loki stops reading it.",
        "Keep formerObjectStore in the stack file until its last lines expire.",
        REMOVED.and_also("while it still has lines", _still_has_lines),
    ),
    _rule(
        "store-moved",
        ("*.objectbucketclaim.yaml spec.*",),
        "The claim asks another object store for the bucket: {path} changes from {before} to {after}. "
        "Rook is expected to move no objects and to leave an existing bucket where it is.",
        "Keep the StorageClass. To move, name another bucket and copy the objects.",
    ),
    _rule(
        "metadata-refused",
        ("settings structuredMetadata",),
        "Loki stores no structured metadata any more, and refuses lines that have it: those of the collector too, "
        "until it has its new configuration.",
        "Keep it on while the active schema period is tsdb with v13.",
        NOW_FALSE,
    ),
    _rule(
        "schema-edited",
        ("loki.yaml schema_config.*",),
        "An existing schema period is edited or removed ({path}: {before} to {after}). Loki looks for its "
        "lines under another index and does not find them.",
        "Restore the period as it was, and add a new one below it: `logstack schema add STACK`.",
        EDITED_OR_REMOVED.and_also("unless its store becomes the former store", _not_the_move),
    ),
    _rule(
        "schema-back-dated",
        ("loki.yaml schema_config.*.from",),
        "A new schema period has already begun, on {after}. Loki looks for lines since then under another "
        "index and does not find them.",
        "Start the period on a future day (UTC): `logstack schema add STACK` proposes one.",
        _BACKDATED,
    ),
    _rule(
        "volume-smaller",
        VOLUMES,
        "{part}: volumes of {after} instead of {before}. Kubernetes cannot shrink volumes: Pulumi "
        "replaces the StatefulSet, and existing volumes keep their size. New volumes may be too small for "
        "the write-ahead log.",
        "Keep the size. A smaller volume is a new one, whose pod starts empty.",
        LOWERED,
        SIZE,
    ),
    _rule(
        "storage-class",
        ("*-values.yaml *.persistence.storageClass", "*.statefulset.yaml *.storageClassName"),
        "{part}: volumes of the class {after} instead of {before}. Pulumi replaces the StatefulSet. "
        "Existing volumes stay in the old class; a recreated volume is empty.",
        "Move one volume at a time, and wait until the whole ring is ACTIVE before the next.",
    ),
    _rule(
        "volumes-off",
        tuple(f"*-values.yaml *.persistence.{switch}" for switch in VOLUME_SWITCHES),
        "{part}: no volume any more. Each pod that goes loses its unflushed lines.",
        "Keep the volumes: they hold the write-ahead log.",
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
        "Volumes of deleted pods or StatefulSets get another policy: {path} changes from {before} to {after}.",
        "Keep volumes longer than their pods: use Retain, and no automatic deletion.",
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
        "Pulumi recreates everything under {after} instead of {before}. The volumes stay behind with "
        "unflushed lines, and so do the collectors' targets.",
        _RECREATED,
    ),
    _rule(
        "cluster-moved",
        ("*.kubernetes.yaml clusterIdentifier",),
        "Pulumi takes the cluster for another one ({path}: {before} to {after}) and recreates everything.",
        _RECREATED,
    ),
    _rule(
        "protection-removed",
        ("*.yaml (protect)", "*.yaml (retainOnDelete)"),
        "The resource loses {path}: Pulumi may delete it with its data.",
        "Keep the protection. Run `pulumi state unprotect URN` only when you mean to delete the resource.",
        REMOVED,
    ),
    _rule(
        "renamed-in-pulumi",
        ("*.yaml (pulumi)",),
        "Pulumi knows the resource as {after} instead of {before}. Without an alias, Pulumi deletes the "
        "resource under the old name.",
        "Look for `delete` in `pulumi preview`. Add an alias, or rename it in the state: `pulumi state "
        "rename URN NAME`.",
    ),
    _rule(
        "provider-replaced",
        ("resources pulumi:providers:* *",),
        "{path} goes: Pulumi may replace or delete resources that only this provider manages.",
        "Look for `delete` and `replace` in `pulumi preview`.",
        REMOVED,
    ),
    _rule(
        "bucket-guard",
        (
            "*.bucket.yaml *",
            "*.bucketlifecycleconfiguration.yaml *",
            "*.storageaccount.yaml *",
            "*.blobcontainer.yaml *",
        ),
        "The bucket or its lifecycle changes: {path} from {before} to {after}.",
        "Leave the deletion of objects to the compactor. A bucket with another name is another bucket.",
    ),
    _rule(
        "bucket-handed-over",
        ("settings objectStore.create",),
        "The stack no longer manages its bucket. It stays in the cloud with its lines and settings, but Pulumi refuses "
        "the update while the bucket is protected.",
        "Run `pulumi state unprotect URN` for the bucket first, and nothing else: docs/how-to/deploy-on-aws.md.",
        NOW_FALSE,
    ),
    _rule(
        "bucket-taken-over",
        ("settings objectStore.create",),
        "The stack creates the bucket, and the update is expected to fail where it exists.",
        "Import an existing bucket first (`pulumi import`), or leave create: false.",
        NOW_ON,
    ),
    _rule(
        "holder-of-data-removed",
        (
            "resources *:StatefulSet *",
            "resources *:Bucket *",
            "resources *:BlobContainer *",
            "resources *:StorageAccount *",
            "resources *:ObjectBucketClaim *",
            "resources *:BucketOwnershipControls *",
            "resources *:Namespace *",
            "resources *:PersistentVolumeClaim *",
        ),
        "The stack no longer contains {path}.",
        "Look for it in `pulumi preview`. Protected and retained resources stay; check the volumes of the "
        "others: `kubectl get pvc`.",
        REMOVED,
    ),
    _rule(
        "tenants-moved",
        ("settings tenants*.name*", "*.alloy *stage.tenant*", "*.alloy *endpoint/tenant_id"),
        "Lines change tenants ({path}: {before} to {after}): new lines belong to another tenant, old "
        "lines stay with their tenant.",
        "Query both tenants until the old lines expire: `X-Scope-OrgID: old|new`.",
    ),
    _rule(
        "replication-lowered",
        ("loki.yaml common.replication_factor",),
        "Replication factor {after} instead of {before}: the stack survives fewer lost writers. A lost "
        "writer's volume takes its unflushed lines with it.",
        "Set `replicationFactor: 3` where lines must survive a lost writer.",
        _SPARES_FEWER,
        NUMBER,
    ),
    _rule(
        "log-off",
        ("loki.yaml ingester.wal.enabled", "loki.yaml ingester.wal.flush_on_shutdown"),
        "{path} is off: a writer loses the lines in its memory when it is killed, or flushes them late when it stops.",
        "Keep the write-ahead log: Loki acknowledges a line when the log has it.",
        NOW_FALSE,
    ),
    _rule(
        "collector-log-off",
        ("settings collector.writeAheadLog",),
        "The collector has no write-ahead log: while Loki is away, it does not read files that rotate.",
        "Read what the collector loses and when: docs/concepts/collector.md.",
        NOW_OFF,
    ),
    _rule(
        "collected-less",
        tuple(f"settings collector.sources.{switch}" for source in SOURCES for switch in source.switches),
        "{path} is off: the collector no longer collects its lines.",
        "Check that another tool collects these lines: nothing collects them later.",
        NOW_OFF,
    ),
    _rule(
        "collected-less",
        ("resources *:Chart alloy*",),
        "The collector {path} goes: nothing in the stack collects its lines any more.",
        "Check that another tool collects these lines: nothing collects them later.",
        REMOVED,
    ),
    _rule(
        "collected-less",
        ("settings collector.sources.nodeFiles*", "settings collector.sources.pods"),
        "The collector collects other lines: {path} changes from {before} to {after}.",
        "Check the lines that the collector leaves out now: nothing collects them later.",
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
        "The collector leaves out other lines: {path} changes from {before} to {after}.",
        "Check the lines that the collector leaves out now: nothing collects them later. The collector "
        "counts the lines it drops.",
    ),
    _rule(
        "long-lines-dropped",
        ("settings collector.longLines",),
        "longLines is {after} instead of {before}: the collector drops lines above the limit.",
        "Set `longLines: cut` to send the beginning of each long line; `drop` sends nothing.",
        When("now drop", lambda change, _unit, _sides: change.after == "drop"),
    ),
    _rule(
        "given-up-sooner",
        ("*.alloy loki.write*/max_backoff_retries", "*.alloy loki.write*/max_backoff_period"),
        "{path} changes from {before} to {after}: the collector gives up a batch sooner while Loki is away.",
        "Check how long an outage may last: `logstack plan STACK`, section While Loki accepts no lines.",
        When(
            "lowered",
            lambda change, _unit, sides: LOWERED.holds(change, NUMBER, sides) or LOWERED.holds(change, DURATION, sides),
        ),
    ),
    _rule(
        "bucket-emptied-by-pulumi",
        ("*.yaml forceDestroy",),
        "Pulumi may delete the bucket with its objects.",
        "Keep forceDestroy off.",
        NOW_ON,
    ),
)
