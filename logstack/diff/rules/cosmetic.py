"""Rules for changes that show and do nothing."""

from logstack.diff.effects import Effect
from logstack.diff.rule import DIFFERS, LOWERED, NUMBER, Rule, When, several
from logstack.manifests.loki.chart import ROLES


def _rule(name: str, looks_at: tuple[str, ...], sentence: str, do: str = "Nothing.", when: When = DIFFERS) -> Rule:
    return Rule(name, Effect.COSMETIC, looks_at, sentence, do, when)


_HARMLESS = When(
    "added, lowered, or of one pod",
    lambda change, _unit, sides: (
        change.before is None or LOWERED.holds(change, NUMBER, sides) or not several(change, sides.after)
    ),
)

RULES = (
    _rule(
        "object-labels",
        (
            "*.yaml metadata.labels*",
            "*.yaml metadata.annotations*",
            "*-values.yaml *service.annotations*",
            "*-values.yaml *service.labels*",
            "*.yaml defaultTags*",
            "*.yaml tags.managed-by",
        ),
        "Labels or annotations of objects change: {path} from {before} to {after}.",
    ),
    _rule(
        "datasource",
        ("datasource.yaml *", "*-datasource.configmap.yaml *"),
        "Grafana's datasource changes: {path} from {before} to {after}.",
        "If the uid changes, update the dashboards: they name the datasource by its uid.",
    ),
    _rule("comment", ("*.alloy *comment",), "Comments in Alloy's configuration change."),
    _rule(
        "for-the-chart's-checks",
        (
            "loki-values.yaml loki.storage*",
            "loki-values.yaml loki.schemaConfig*",
            "loki-values.yaml loki.commonConfig*",
            *(f"loki-values.yaml {key}.enabled" for key, role in ROLES.items() if role.row.has_switch),
        ),
        "A value changes that only the chart's own checks read: {path}.",
    ),
    _rule(
        "disruption-budget",
        ("*-values.yaml *.podDisruptionBudget.maxUnavailable",),
        "{part}: a drain may evict {after} of its pods at once instead of {before}.",
        when=_HARMLESS,
    ),
    _rule(
        "fields-of-others",
        ("*.kubernetes.yaml enablePatchForce",),
        "An update takes over fields that kubectl or another tool has set: {after} (before: {before}).",
        "Keep it on: without it, an update fails with a conflict there, `pulumi up --refresh` too.",
    ),
    _rule(
        "gateway-rollout",
        ("loki-values.yaml gateway.deploymentStrategy*",),
        "Later rollouts replace the gateway's pods in another order: {path} from {before} to {after}.",
    ),
    _rule(
        "form",
        ("* ",),
        "Only the formatting differs: order, comments, line breaks.",
    ),
    _rule(
        "plan-only",
        ("settings acknowledge", "settings collector.labelBudget"),
        "The plan's warnings change: {path} from {before} to {after}.",
        "Read the consequence of each warning again: `logstack plan STACK`.",
    ),
)
