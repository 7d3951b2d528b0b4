"""The label of Loki's ring: whether pods with the label of one side accept those of the other."""

from logstack.diff.changes import Change, leaves_of
from logstack.diff.rolls import loki_workloads
from logstack.diff.rule import Sides, Unit, When
from logstack.diff.snapshot import Rendered
from logstack.manifests.loki.chart import ROLES
from logstack.manifests.loki.ring import LABEL_KEY, UNVERIFIED_KEY, RingLabel

RING_LABEL = (f"loki.yaml memberlist.{LABEL_KEY}*",)


def _label(stack: Rendered) -> RingLabel:
    leaves = leaves_of(stack, "loki.yaml")
    is_verified = leaves.get(f"memberlist.{UNVERIFIED_KEY}") != "true"
    return RingLabel(leaves.get(f"memberlist.{LABEL_KEY}", ""), is_verified=is_verified)


def _splits(_change: Change, _unit: Unit, sides: Sides) -> bool:
    pods = sum(work.pods or 0 for part, work in loki_workloads(sides.after).items() if part in ROLES)
    return pods > 1 and not _label(sides.before).can_share_a_ring(_label(sides.after))


LABEL_SPLITS = When("in one step, in a ring of several pods", _splits)
LABEL_IS_STAGED = When("in a stage", lambda change, unit, sides: not _splits(change, unit, sides))
