"""The classes of consequences, worst first, and the exit code of each."""

from collections.abc import Iterable
from enum import StrEnum


class Effect(StrEnum):
    """What a change does; a change may do several things."""

    DATA_LOSS = "data-loss"
    WRITE_OUTAGE = "write-outage"
    SECURITY = "security"
    RESTART = "restart"
    UNCLASSED = "unclassed"
    COST = "cost"
    COSMETIC = "cosmetic"


MEANINGS = {
    Effect.DATA_LOSS: "lines that are kept today are gone, not found or not collected any more, or what protects them "
    "goes",
    Effect.WRITE_OUTAGE: "Loki takes no lines, or not all of them, for a time or from then on; collectors try again",
    Effect.SECURITY: "who may do what, what is encrypted or redacted, and which software runs",
    Effect.RESTART: "pods restart, or a process takes up a configuration",
    Effect.UNCLASSED: "no rule knows it: read it yourself; it counts as a restart",
    Effect.COST: "the stack asks for more or less: CPU, memory, disk, space in the bucket",
    Effect.COSMETIC: "nothing that runs does anything else",
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
    """0 for the worst."""
    return _ORDER.index(effect)


def worst(effects: Iterable[Effect]) -> Effect | None:
    """The worst of them; None of none."""
    return min(effects, key=rank, default=None)
