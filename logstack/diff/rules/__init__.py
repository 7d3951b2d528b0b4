"""The rules, worst class first: paths, class and sentence of each (docs/reference/diff.md)."""

from logstack.diff.rule import Rule
from logstack.diff.rules import cosmetic, cost, data_loss, passthrough, restart, security, write_outage

RULES: tuple[Rule, ...] = (
    *data_loss.RULES,
    *write_outage.RULES,
    *security.RULES,
    *restart.RULES,
    *passthrough.RULES,
    *cost.RULES,
    *cosmetic.RULES,
)
