"""Rules for processes that load a configuration; logstack/diff/rolls.py finds the pods that restart."""

from collections.abc import Mapping

from logstack.diff.effects import Effect
from logstack.diff.rule import ADDED, EDITED, Rule, Sides
from logstack.diff.snippets import LEADER_DIFFERS
from logstack.manifests.loki.chart import SNIPPETS


def _recreates(sides: Sides) -> bool:
    grafana = sides.after.settings.get("grafana")
    return isinstance(grafana, Mapping) and grafana.get("recreate") is True


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
        "Another pod compacts and accepts delete requests, or one of several does from now on.",
        "Send unfinished delete requests again: they stay with the pod that accepted them.",
        LEADER_DIFFERS,
    ),
    Rule(
        "datasource-uid",
        Effect.RESTART,
        ("datasource.yaml datasources*.uid",),
        'Grafana does not accept the new uid {after}: it logs "data source not found", keeps {before}, and ignores the '
        "rest of the file.",
        "Set `grafana: {{recreate: true}}` for this update, then update the dashboards, which name the uid.",
        EDITED.and_also("without `recreate`", lambda _change, sides: not _recreates(sides)),
    ),
    Rule(
        "schema-added",
        Effect.RESTART,
        ("loki.yaml schema_config.*.from",),
        "From {after} (UTC) on, Loki writes with another schema.",
        "Deploy it to every pod before that day begins.",
        ADDED.and_also("from a future day", lambda change, sides: (change.after or "") > sides.today.isoformat()),
    ),
)
