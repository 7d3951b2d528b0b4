"""Lines that are gone, not found or not collected any more; and what protects them."""

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


_ADDED_OR_REMOVED = When("added or removed", lambda change, _unit, _sides: None in (change.before, change.after))


def _below_retention(change: Change, sides: Sides) -> bool:
    kept = leaves_of(sides.after, "loki.yaml").get("limits_config.retention_period")
    return kept is not None and DURATION.measured(change.after or kept) < DURATION.measured(kept)


def _old_place_is_read(_change: Change, sides: Sides) -> bool:
    """Whether the store of before is the former one now."""
    former = sides.after.settings.get("formerObjectStore")
    earlier = former.get("store") if isinstance(former, Mapping) else None
    until_now = sides.before.settings.get("objectStore")
    if not isinstance(earlier, Mapping) or not isinstance(until_now, Mapping):
        return False
    # Its key is named anew: the stack's own is that of the new store.
    return all(earlier.get(key) == until_now.get(key) for key in ("kind", "endpoint", "bucket", "region"))


def _nobody_reads_it(change: Change, sides: Sides) -> bool:
    return not _old_place_is_read(change, sides)


def _not_the_move(change: Change, sides: Sides) -> bool:
    is_move = _old_place_is_read(change, sides) or _former_is_over(sides)
    return not (change.path.endswith(".object_store") and is_move)


def _former_is_over(sides: Sides) -> bool:
    """Whether the last line of the former store of before has expired."""
    former = sides.before.settings.get("formerObjectStore")
    return isinstance(former, Mapping) and not _has_lines(str(former["before"]), sides)


def _still_has_lines(change: Change, sides: Sides) -> bool:
    return _has_lines(change.before or "", sides)


def _has_lines(before: str, sides: Sides) -> bool:
    longest = max(parse_duration(period) for period in _periods(sides.before))
    return date.fromisoformat(before) + longest >= sides.today


def _periods(stack: Rendered) -> Iterator[str]:
    """How long lines are kept: by default, by the rules, by the tenants."""
    for artefact in ("loki.yaml", "overrides.yaml"):
        for path, value in leaves_of(stack, artefact).items():
            if path.endswith("retention_period") or (".retention_stream[" in path and path.endswith(".period")):
                yield value


_NOT_READ = DIFFERS.and_also("the old place is not the former store", _nobody_reads_it)

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
        "retention-of-tenant",
        ("overrides.yaml *.retention_period",),
        "A tenant's lines are kept for another time: {path} is {after}, before {before}; without one of its own the "
        "stack's retention counts.",
        _KEPT,
        _ADDED_OR_REMOVED,
    ),
    _rule(
        "bucket-lifecycle",
        ("settings objectStore.expireAfter",),
        "The bucket's own lifecycle is said to delete objects after {after}, before {before}.",
        "Let the bucket's rule and this key agree: the key is only checked against the retention.",
    ),
    _rule(
        "deletion-settings",
        ("loki.yaml compactor.*", "loki.yaml *deletion_mode"),
        "What the compactor deletes, and when: {path} is {after}, before {before}.",
        "Read Loki's documentation of the key: the compactor's work cannot be taken back.",
        DIFFERS.and_also("but not who does it", lambda change, _sides: ".compactor_ring." not in change.path),
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
        "Name the old place as formerObjectStore until its lines have expired; `logstack migrate` prints the way.",
        _NOT_READ,
    ),
    _rule(
        "store-moved",
        ("loki.yaml common.storage.s3.endpoint",),
        "Loki's store is at {after}, before {before}. Lines in the old place are not found.",
        "Name the old place as formerObjectStore, unless it is the same store under another address.",
        OTHER_HOST.and_also("the old place is not the former store", _nobody_reads_it),
    ),
    _rule(
        "former-store-dropped",
        ("settings formerObjectStore.before",),
        "Lines of the days before {before} are in the former store, which Loki does not read any more.",
        "Keep formerObjectStore until the retention of its last lines is over.",
        REMOVED.and_also("and lines of it are kept", _still_has_lines),
    ),
    _rule(
        "store-moved",
        ("*.objectbucketclaim.yaml spec.*",),
        "The bucket is claimed of another object store: {path} is {after}, before {before}. Rook moves no object, and "
        "leaves a bucket that is there where it is.",
        "Keep the class. For a move, name another bucket, and copy the objects.",
    ),
    _rule(
        "schema-edited",
        ("loki.yaml schema_config.*",),
        "A schema period that is there is edited or removed ({path}: {before} to {after}): Loki looks for its lines "
        "under another index and does not find them.",
        "Put the period back as it was, and add one below it that begins on a day to come.",
        EDITED_OR_REMOVED.and_also("but for a store that becomes the former one", _not_the_move),
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
        VOLUMES,
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
        tuple(f"*-values.yaml *.persistence.{switch}" for switch in VOLUME_SWITCHES),
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
            "resources *:ObjectBucketClaim *",
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
        "See docs/concepts/collector.md, what is lost when.",
        NOW_OFF,
    ),
    _rule(
        "collected-less",
        tuple(f"settings collector.sources.{switch}" for source in SOURCES for switch in source.switches),
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
