"""The label of Loki's memberlist, by which a ring refuses the members of another one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from logstack.settings.model.cluster import ClusterSettings

LABEL_KEY = "cluster_label"
UNVERIFIED_KEY = "cluster_label_verification_disabled"


@dataclass(frozen=True)
class RingLabel:
    """What a pod sends with each message to the ring, and whether it refuses messages with another label."""

    label: str
    """Empty for none."""
    is_verified: bool

    def can_share_a_ring(self, other: "RingLabel") -> bool:
        """Return whether pods with one and pods with the other accept each other."""
        return self.label == other.label or not (self.is_verified or other.is_verified)

    @property
    def memberlist(self) -> dict[str, object]:
        """Return the keys of loki.yaml's memberlist."""
        label: dict[str, object] = {LABEL_KEY: self.label} if self.label else {}
        return label if self.is_verified else {**label, UNVERIFIED_KEY: True}


def own_label(cluster: ClusterSettings) -> str:
    """Return the label of a stack's ring: no other Loki, Tempo or Mimir of the cluster has it."""
    return f"{cluster.name}.{cluster.namespace}"


def ring_label(cluster: ClusterSettings) -> RingLabel:
    """Return what the stack file declares."""
    match cluster.ring_label:
        case "verified":
            return RingLabel(own_label(cluster), is_verified=True)
        case "sent":
            return RingLabel(own_label(cluster), is_verified=False)
        case "tolerated":
            return RingLabel("", is_verified=False)
        case _:
            assert_never(cluster.ring_label)


def ring_label_of(memberlist: Mapping[str, object]) -> RingLabel:
    """Read a memberlist section; what it leaves out is Loki's default."""
    return RingLabel(str(memberlist.get(LABEL_KEY, "")), is_verified=memberlist.get(UNVERIFIED_KEY) is not True)
