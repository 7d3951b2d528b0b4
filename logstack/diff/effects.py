"""The classes of consequences, worst first, and the exit code of each."""

from collections.abc import Iterable
from enum import StrEnum


class Effect(StrEnum):
    """The class of a consequence; a change may have several."""

    DATA_LOSS = "data-loss"
    WRITE_OUTAGE = "write-outage"
    SECURITY = "security"
    RESTART = "restart"
    UNCLASSED = "unclassed"
    COST = "cost"
    COSMETIC = "cosmetic"


MEANINGS = {
    Effect.DATA_LOSS: "lines are lost, not found or no longer collected, or lose their protection",
    Effect.WRITE_OUTAGE: "Loki refuses all or some pushes, for a time or from then on; collectors retry",
    Effect.SECURITY: "permissions, encryption, redaction or the software that runs change",
    Effect.RESTART: "pods restart, or a process loads a new configuration",
    Effect.UNCLASSED: "no rule knows the change: read it yourself; it counts as a restart",
    Effect.COST: "the stack needs more or less CPU, memory, disk or space in the bucket",
    Effect.COSMETIC: "everything that runs behaves as before",
}
EXIT_CODES = {
    Effect.DATA_LOSS: 15,
    Effect.WRITE_OUTAGE: 14,
    Effect.SECURITY: 13,
    Effect.RESTART: 12,
    Effect.UNCLASSED: 12,
    Effect.COST: 11,
    Effect.COSMETIC: 10,
}
_ORDER = list(Effect)


def rank(effect: Effect) -> int:
    """Return the position in the order of classes: 0 is the worst."""
    return _ORDER.index(effect)


def worst(effects: Iterable[Effect]) -> Effect | None:
    """Return the worst class; None if there is none."""
    return min(effects, key=rank, default=None)
