"""What is seen, and does nothing."""

from logstack.diff.effects import Effect
from logstack.diff.rule import DIFFERS, LOWERED, NUMBER, Rule, When, several
from logstack.manifests.loki.chart import ROLES


def _rule(name: str, looks_at: tuple[str, ...], says: str, do: str = "Nothing.", when: When = DIFFERS) -> Rule:
    return Rule(name, Effect.COSMETIC, looks_at, says, do, when)


_HARMLESS = When(
    "added, lowered, or of one pod",
    lambda change, _unit, sides: (
        change.before is None or LOWERED.holds(change, NUMBER, sides) or not several(change, sides.after)
    ),
)

RULES = (
    _rule(
        "object-labels",
        ("*.yaml metadata.labels*", "*.yaml metadata.annotations*", "*.yaml defaultTags*", "*.yaml tags.managed-by"),
        "Labels or annotations of objects: {path} is {after}, before {before}.",
    ),
    _rule(
        "datasource",
        ("datasource.yaml *", "*-datasource.configmap.yaml *"),
        "Grafana's datasource: {path} is {after}, before {before}.",
        "Dashboards name the datasource by its uid: if that changes, change them too.",
    ),
    _rule("comment", ("*.alloy *comment",), "Comments in Alloy's configuration."),
    _rule(
        "for-the-chart's-checks",
        (
            "loki-values.yaml loki.storage*",
            "loki-values.yaml loki.schemaConfig*",
            "loki-values.yaml loki.commonConfig*",
            *(f"loki-values.yaml {key}.enabled" for key, role in ROLES.items() if role.row.has_switch),
        ),
        "Values that only the chart's own checks read: {path}.",
    ),
    _rule(
        "disruption-budget",
        ("*-values.yaml *.podDisruptionBudget.maxUnavailable",),
        "{part}: a drain may take {after} of its pods at once, before {before}.",
        when=_HARMLESS,
    ),
    _rule(
        "form",
        ("* ",),
        "Only the form differs: order, comments, line breaks.",
    ),
    _rule(
        "plan-only",
        ("settings acknowledge", "settings collector.labelBudget"),
        "What the plan warns of: {path} is {after}, before {before}.",
        "Read the warning's consequence once more: `logstack plan`.",
    ),
)
