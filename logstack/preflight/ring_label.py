"""Check that a rollout does not split Loki's ring, against the configuration that the stack applied last."""

from logstack.manifests.loki.retention import section
from logstack.manifests.loki.ring import RingLabel, own_label, ring_label_of
from logstack.preflight.data_loss import Configuration
from logstack.settings.problems import Problem, StackProblems
from logstack.settings.tree import Settings

_PATH = "logstack:cluster.ringLabel"
_TOLERATED = "ringLabel: tolerated, then sent, then without the line, each with its own `pulumi up`"
_SENT = "ringLabel: sent, then without the line, each with its own `pulumi up`"


def refuse_split_ring(before: Configuration | None, after: Configuration, settings: Settings) -> None:
    """Raise StackProblems where pods of the applied configuration and new ones would refuse each other.

    A ring of one pod has no other member: the old pod ends before the new one starts.
    """
    if before is None or sum(settings.replica_count(role) for role in settings.roles) == 1:
        return
    old_ring, new_ring = section(before.config["memberlist"]), section(after.config["memberlist"])
    applied, declared = ring_label_of(old_ring), ring_label_of(new_ring)
    if old_ring.get("join_members") == new_ring.get("join_members") and not applied.can_share_a_ring(declared):
        raise StackProblems([_split(applied, declared, settings)])


def _split(applied: RingLabel, declared: RingLabel, settings: Settings) -> Problem:
    return Problem(
        "ring-label-in-one-step",
        _PATH,
        f"the ring's pods {_words(applied)}; the new pods would {_words(declared)}",
        "old and new pods would be two rings during the rollout: measured with three writers, Loki refused 24 % of "
        "the pushes ('at least 2 live replicas required, could only find 1')",
        _fix(applied, settings),
    )


def _words(ring: RingLabel) -> str:
    sent = f'send the ring label "{ring.label}"' if ring.label else "send no ring label"
    return f"{sent} and refuse every other one" if ring.is_verified else f"{sent} and refuse none"


def _fix(applied: RingLabel, settings: Settings) -> str:
    stages = "in stages, in logstack:cluster (docs/how-to/label-the-ring.md)"
    if applied.is_verified and applied.label not in ("", own_label(settings.cluster)):
        return f"{stages}: with the former name, ringLabel: sent; then the new name; then without the line"
    return f"{stages}: {_TOLERATED if applied.is_verified and not applied.label else _SENT}"
