"""Loki takes no lines, or not all of them."""

from logstack.diff.effects import Effect
from logstack.diff.rule import (
    DIFFERS,
    EDITED,
    EDITED_OR_REMOVED,
    LOWERED,
    MEBIBYTES,
    MEGABYTES,
    NUMBER,
    PODS,
    RAISED,
    REMOVED,
    SIZE,
    TEXT,
    Rule,
    Sides,
    Unit,
    When,
    several,
)
from logstack.manifests.loki.chart import BODY_LIMIT, GATEWAY_KEY, ROLES
from logstack.settings.model.roles import Duty

_QUIET = "Pick a quiet hour; collectors try again, for as long as the plan says."


def _rule(name: str, looks_at: tuple[str, ...], says: str, do: str, when: When = DIFFERS, unit: Unit = TEXT) -> Rule:
    return Rule(name, Effect.WRITE_OUTAGE, looks_at, says, do, when, unit)


def _more_than_may_be_lost(sides: Sides) -> bool:
    gone = sides.before.ring.writers - sides.after.ring.writers
    return gone > min(sides.before.ring.lost_writers_survived, sides.after.ring.lost_writers_survived)


_AT_ONCE = LOWERED.and_also(
    "by more writers at once than may be lost", lambda _change, sides: _more_than_may_be_lost(sides)
)

RULES = (
    _rule(
        "writers-fewer",
        tuple(f"loki-values.yaml {key}.replicas" for key, role in ROLES.items() if Duty.HOLDS in role.row.duties),
        "{after} writers instead of {before}: more go at once than may be lost, so pushes are refused until those that "
        "stay know that the others have left.",
        "Take them away one by one, and wait for each to have flushed.",
        _AT_ONCE,
        NUMBER,
    ),
    _rule(
        "deployment-mode",
        ("loki-values.yaml deploymentMode",),
        "Loki runs as {after} instead of {before}: the pods of one mode go while those of the other come.",
        f"{_QUIET} The volumes of the old pods stay: look there for lines that were not flushed.",
    ),
    _rule(
        "gateway-alone",
        (f"loki-values.yaml {GATEWAY_KEY}.replicas",),
        "{after} of the gateway instead of {before}: pushes and queries wait whenever it restarts or its node goes.",
        "Two or more, on nodes of their own.",
        LOWERED.and_also("to one or none", lambda change, _sides: change.after in ("0", "1")),
        PODS,
    ),
    _rule(
        "gateway-off",
        (f"loki-values.yaml {GATEWAY_KEY}.enabled",),
        "No gateway any more: collectors push to an address that nobody answers.",
        "Keep it, or give the collectors another address in the same change.",
        When("off", lambda change, _unit, _sides: change.after != "true"),
    ),
    _rule(
        "rates-lowered",
        ("overrides.yaml *.ingestion_rate_mb", "overrides.yaml *.ingestion_burst_size_mb"),
        "{path} is {after}, before {before}: Loki refuses pushes above it (429); Alloy tries again.",
        "Compare with what comes in: sum(rate(loki_distributor_bytes_received_total[5m])).",
        LOWERED,
        MEBIBYTES,
    ),
    _rule(
        "stream-rates-lowered",
        (
            "overrides.yaml *.per_stream_rate_limit",
            "overrides.yaml *.per_stream_rate_limit_burst",
            "overrides.yaml *.max_line_size",
        ),
        "{path} is {after}, before {before}: Loki refuses what is above it.",
        "Compare with loki_discarded_samples_total by reason, after the change too.",
        LOWERED,
        SIZE,
    ),
    _rule(
        "streams-lowered",
        ("overrides.yaml *.max_global_streams_per_user",),
        "{after} streams instead of {before}: Loki refuses lines of further streams.",
        "Compare with sum(loki_ingester_memory_streams) / the replication factor.",
        LOWERED,
        NUMBER,
    ),
    _rule(
        "pushes-smaller",
        (f"loki-values.yaml {BODY_LIMIT}",),
        "The gateway refuses pushes above {after} (413); it was {before}.",
        "Keep it above the collectors' batch size.",
        LOWERED,
        MEGABYTES,
    ),
    _rule(
        "pushed-elsewhere",
        ("*.alloy loki.write*/url",),
        "Collectors push to {after} instead of {before}.",
        "Be sure that Loki answers there before the collectors reload.",
    ),
    _rule(
        "ring-split",
        ("loki.yaml memberlist.*", "loki.yaml server.*_port", "loki.yaml *.instance_port"),
        "Old and new pods of the ring may not find each other while they roll: {path} is {after}, before {before}.",
        f"Expect two rings for a while. {_QUIET}",
    ),
    _rule(
        "store-addressed-otherwise",
        ("loki.yaml *.s3forcepathstyle",),
        "The bucket is addressed otherwise: path style {after}, before {before}. A store that does not take it answers "
        "nothing, and writers fill their memory and volumes.",
        "Try it with a store of the same kind first: `logstack try`.",
        EDITED,
    ),
    _rule(
        "drained-together",
        ("*-values.yaml *.podDisruptionBudget.maxUnavailable",),
        "{part}: a drain may take {after} pods at once, before {before}.",
        "One at a time is what a ring with 3 copies survives.",
        RAISED,
        NUMBER,
    ),
    _rule(
        "drained-together",
        ("*-values.yaml *.podDisruptionBudget.maxUnavailable",),
        "{part}: nothing limits any more how many of its pods a drain takes at once.",
        "One at a time is what a ring with 3 copies survives.",
        REMOVED.and_also("of several pods", lambda change, sides: several(change, sides.after)),
    ),
    _rule(
        "on-one-node",
        ("*-values.yaml *.affinity.*",),
        "{part}: other rules for which nodes the pods may share ({path}: {before} to {after}).",
        "With two writers on a node, a lost node is two lost writers.",
        EDITED_OR_REMOVED,
    ),
    _rule(
        "not-waited-for",
        ("*.chart.yaml skipAwait",),
        "`pulumi up` says that it is done without waiting for pods: skipAwait is {after}, before {before}.",
        "Look at the rollout yourself: kubectl rollout status.",
        When("on", lambda change, _unit, _sides: change.after == "true"),
    ),
    _rule(
        "replaced-maps",
        ("*.kubernetes.yaml enable*Mutable",),
        "{path} is {after}, before {before}: ConfigMaps or Secrets are deleted and made again at each change, and a "
        "pod that starts meanwhile does not find them.",
        "Keep it on.",
        EDITED_OR_REMOVED,
    ),
    _rule(
        "release-removed",
        ("resources *:Chart loki",),
        "The release {path} and all of its pods go.",
        "Be sure that nothing pushes or collects through it; its volumes stay.",
        REMOVED,
    ),
)
