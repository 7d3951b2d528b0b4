"""Rules for changes after which Loki refuses pushes, all or some of them."""

from logstack.diff.effects import Effect
from logstack.diff.ring_label import LABEL_SPLITS, RING_LABEL
from logstack.diff.rule import (
    ADDED,
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
from logstack.manifests.loki.ring import LABEL_KEY
from logstack.settings.model.roles import Duty

_QUIET = "Deploy in a quiet hour: collectors retry for as long as `logstack plan` shows."
_RING_SPLIT = (
    "Old and new pods of the ring may not find each other during the rollout: {path} changes from {before} to {after}."
)
_ONE_AT_A_TIME = "Keep maxUnavailable at 1: a ring with replication factor 3 survives one lost writer."


def _rule(
    name: str, looks_at: tuple[str, ...], sentence: str, do: str, when: When = DIFFERS, unit: Unit = TEXT
) -> Rule:
    return Rule(name, Effect.WRITE_OUTAGE, looks_at, sentence, do, when, unit)


def _more_than_ring_may_lose(sides: Sides) -> bool:
    gone = sides.before.ring.writers - sides.after.ring.writers
    return gone > min(sides.before.ring.lost_writers_survived, sides.after.ring.lost_writers_survived)


_AT_ONCE = LOWERED.and_also(
    "by more writers at once than the ring may lose", lambda _change, sides: _more_than_ring_may_lose(sides)
)

RULES = (
    _rule(
        "writers-fewer",
        tuple(f"loki-values.yaml {key}.replicas" for key, role in ROLES.items() if Duty.HOLDS in role.row.duties),
        "{after} writers instead of {before}: more leave at once than the ring may lose. Loki refuses "
        "pushes until the remaining writers know that the others have left.",
        "Remove one writer at a time, and wait until each has flushed.",
        _AT_ONCE,
        NUMBER,
    ),
    _rule(
        "deployment-mode",
        ("loki-values.yaml deploymentMode",),
        "Loki runs as {after} instead of {before}: the old mode's pods stop while the new mode's pods start.",
        f"{_QUIET} The old pods' volumes stay: look there for unflushed lines.",
    ),
    _rule(
        "gateway-alone",
        (f"loki-values.yaml {GATEWAY_KEY}.replicas",),
        "Gateway: {after} instead of {before}. Pushes and queries wait whenever it restarts or its node fails.",
        "Run two or more on separate nodes: `logstack:gateway: {replicas: 2}`.",
        LOWERED.and_also("to one or none", lambda change, _sides: change.after in ("0", "1")),
        PODS,
    ),
    _rule(
        "gateway-off",
        (f"loki-values.yaml {GATEWAY_KEY}.enabled",),
        "The gateway goes: nobody answers at its address any more. The stack's own collectors, canary and Grafana get "
        "the addresses of Loki's Services; clients of your own do not.",
        'Give every client of your own the addresses that `logstack plan` shows under "Who can push and read", first.',
        When("off", lambda change, _unit, _sides: change.after != "true"),
    ),
    _rule(
        "rates-lowered",
        ("overrides.yaml *.ingestion_rate_mb", "overrides.yaml *.ingestion_burst_size_mb"),
        "{path} changes from {before} to {after}: Loki refuses pushes above it (429), and Alloy retries.",
        "Compare with the incoming rate: sum(rate(loki_distributor_bytes_received_total[5m])).",
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
        "{path} changes from {before} to {after}: Loki refuses lines above it.",
        "Compare before and after the change: sum by (reason) (rate(loki_discarded_samples_total[5m])).",
        LOWERED,
        SIZE,
    ),
    _rule(
        "streams-lowered",
        ("overrides.yaml *.max_global_streams_per_user",),
        "{after} streams instead of {before}: Loki refuses lines of further streams.",
        "Compare with sum(loki_ingester_memory_streams) divided by the replication factor.",
        LOWERED,
        NUMBER,
    ),
    _rule(
        "pushes-smaller",
        (f"loki-values.yaml {BODY_LIMIT}",),
        "The gateway refuses pushes above {after} (413); the limit was {before}.",
        "Keep the limit above the collectors' batch size.",
        LOWERED,
        MEGABYTES,
    ),
    _rule(
        "pushed-elsewhere",
        ("*.alloy loki.write*/url",),
        "Collectors push to {after} instead of {before}.",
        "Check that Loki answers there before the collectors reload.",
    ),
    _rule(
        "ring-split",
        ("loki.yaml memberlist.*", "loki.yaml server.*_port", "loki.yaml *.instance_port"),
        _RING_SPLIT,
        f"Expect two rings for a while. {_QUIET}",
        When("differs; the ring label by its own rule", lambda change, _unit, _sides: LABEL_KEY not in change.path),
    ),
    _rule(
        "ring-label",
        RING_LABEL,
        "Old and new pods refuse each other during the rollout and are two rings, and Loki refuses pushes: {path} "
        "changes from {before} to {after}.",
        "Change it in stages, each with its own `pulumi up`: `logstack:cluster: {ringLabel: tolerated}`, then `sent`, "
        "then without the key.",
        LABEL_SPLITS,
    ),
    _rule(
        "ring-split",
        ("loki.yaml common.ring.kvstore.*",),
        _RING_SPLIT,
        f"Expect two rings for a while. {_QUIET}",
        EDITED_OR_REMOVED,
    ),
    _rule(
        "store-addressed-otherwise",
        ("loki.yaml *.s3forcepathstyle",),
        "Loki addresses the bucket differently: path style {after} instead of {before}. A store that does "
        "not support it does not answer, and writers fill their memory and volumes.",
        "Try it with a store of the same kind first: `logstack try STACK`.",
        EDITED,
    ),
    _rule(
        "drained-together",
        ("*-values.yaml *.podDisruptionBudget.maxUnavailable",),
        "{part}: a drain may evict {after} pods at once instead of {before}.",
        _ONE_AT_A_TIME,
        RAISED,
        NUMBER,
    ),
    _rule(
        "drained-together",
        ("*-values.yaml *.podDisruptionBudget.maxUnavailable",),
        "{part}: nothing limits how many of its pods a drain evicts at once.",
        _ONE_AT_A_TIME,
        REMOVED.and_also("of several pods", lambda change, sides: several(change, sides.after)),
    ),
    _rule(
        "autoscaling-begins",
        ("loki-values.yaml *.autoscaling.enabled",),
        "{part}: an autoscaler decides the number of pods. While it takes over, Kubernetes may run one pod of a "
        "workload that exists (expected, by Kubernetes' documentation).",
        "Watch it: `kubectl get hpa`. It raises the number to minReplicas within a minute (expected).",
        ADDED,
    ),
    _rule(
        "on-one-node",
        ("*-values.yaml *.affinity.*",),
        "{part}: other rules decide which nodes the pods may share ({path}: {before} to {after}).",
        "Keep writers on separate nodes: with two writers on a node, a lost node is two lost writers.",
        EDITED_OR_REMOVED,
    ),
    _rule(
        "not-waited-for",
        ("*.chart.yaml skipAwait",),
        "skipAwait changes from {before} to {after}: `pulumi up` succeeds without waiting for pods.",
        "Watch the rollout yourself: `kubectl rollout status KIND/NAME`.",
        When("on", lambda change, _unit, _sides: change.after == "true"),
    ),
    _rule(
        "replaced-maps",
        ("*.kubernetes.yaml enable*Mutable",),
        "{path} changes from {before} to {after}: Pulumi deletes and recreates ConfigMaps or Secrets at "
        "each change. A pod that starts meanwhile does not find them.",
        "Keep it on.",
        EDITED_OR_REMOVED,
    ),
    _rule(
        "release-removed",
        ("resources *:Chart loki",),
        "The release {path} and all of its pods go.",
        "Check that nothing pushes or collects through it. Its volumes stay.",
        REMOVED,
    ),
)
