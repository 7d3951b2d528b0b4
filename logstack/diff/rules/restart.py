"""What is taken up by a process; which pods restart is found in the artefacts (logstack/diff/rolls.py)."""

from logstack.diff.effects import Effect
from logstack.diff.rule import ADDED, Rule
from logstack.diff.snippets import LEADER_DIFFERS
from logstack.manifests.loki.chart import SNIPPETS

RULES = (
    Rule(
        "compacting-pod",
        Effect.RESTART,
        (
            f"loki-values.yaml {SNIPPETS}",
            "loki-overrides.compactor-token-* *",
            "loki.yaml compactor.compactor_ring.*",
            "loki.yaml common.compactor_grpc_address",
        ),
        "Another pod compacts and takes delete requests, or one of several does from now on.",
        "Requests that are not carried out yet stay with the pod that took them: send them again.",
        LEADER_DIFFERS,
    ),
    Rule(
        "schema-added",
        Effect.RESTART,
        ("loki.yaml schema_config.*.from",),
        "From {after} (UTC) on, Loki writes with another schema.",
        "Deploy it to every pod before that day begins.",
        ADDED.and_also("from a day to come", lambda change, sides: (change.after or "") > sides.today.isoformat()),
    ),
)
