"""What a ring of writers may lose: Loki's rules, and what was measured of them.

Rules of Loki 3.7.8 and of the dskit that it is built with, for no more copies than writers:

- A push goes to the `replication_factor` writers of its stream and no other steps in for them (distributor.go:
  `ring.WriteNoExtend`); it is acknowledged by a quorum of them, `LokiSettings.write_quorum`.
- A query asks all writers and is answered while no more than half of the replication factor, rounded down, are
  missing (ring/ring.go, GetReplicationSetForOperation).
- A writer that died keeps its place in the ring until it is back (`ingester.autoforget_unhealthy` is off).
"""

from dataclasses import dataclass
from fractions import Fraction
from math import comb

from logstack.settings.model.loki import LokiSettings
from logstack.settings.model.roles import Duty, Role


def writers_that_queries_spare(loki: LokiSettings) -> int:
    """How many writers may be lost with every query still answered."""
    return loki.replication_factor // 2


def volumes_spared(loki: LokiSettings) -> int:
    """How many writers' volumes may be lost with every acknowledged line still on another."""
    return loki.write_quorum - 1


def refused_share(loki: LokiSettings, lost: int) -> Fraction:
    """The share of streams whose pushes are refused while `lost` writers are gone; streams are spread evenly."""
    copies, alive = loki.replication_factor, loki.writers - lost
    taken = sum(comb(alive, up) * comb(lost, copies - up) for up in range(loki.write_quorum, copies + 1))
    return 1 - Fraction(taken, comb(loki.writers, copies))


@dataclass(frozen=True)
class Measurement:
    """One run: writers killed with SIGKILL while lines came in, and not started again."""

    replication_factor: int
    killed: int
    refused: int
    """Pushes after the kill that were refused."""
    missing: int | None
    """Acknowledged lines that a query did not find; None where no query was answered."""

    @property
    def acknowledged(self) -> int:
        """Pushes of the whole run that were acknowledged; each has one line."""
        return PUSHES - self.refused


# Three writers, readers and backends as processes of Loki 3.7.8 in one ring on one machine, Versity S3 Gateway 1.8.0,
# one distributor; the kill came after a third of the pushes.
MEASURED_MODE = "simple-scalable"
MEASURED_WRITERS = 3
PUSHES = 900
PUSHES_AFTER_KILL = 600
MEASUREMENTS = (
    Measurement(replication_factor=3, killed=1, refused=0, missing=0),
    Measurement(replication_factor=2, killed=1, refused=420, missing=0),
    Measurement(replication_factor=1, killed=1, refused=220, missing=None),
    Measurement(replication_factor=3, killed=2, refused=600, missing=None),
)


def measured(loki: LokiSettings, lost: int) -> Measurement | None:
    """The run that was of this kind."""
    if (loki.deployment_mode, loki.writers) != (MEASURED_MODE, MEASURED_WRITERS):
        return None
    runs = (run for run in MEASUREMENTS if (run.replication_factor, run.killed) == (loki.replication_factor, lost))
    return next(runs, None)


@dataclass(frozen=True)
class Promise:
    """What holds while one pod of a role is away."""

    refused: Fraction
    """The share of streams whose pushes are refused."""
    answered: bool
    """Whether every query is answered."""


# Duties without which no query finds its way, but for the writers'.
_ASKED = frozenset({Duty.SPLITS, Duty.QUEUES, Duty.ANSWERS, Duty.INDEXES})


def one_lost(loki: LokiSettings, role: Role) -> Promise:
    """What is promised for the loss of one of a role's pods, whichever of them it is."""
    if role == loki.writer:
        return Promise(refused_share(loki, 1), writers_that_queries_spare(loki) > 0)
    return all_lost(loki, role) if loki.replica_count(role) == 1 else Promise(Fraction(0), answered=True)


def all_lost(loki: LokiSettings, role: Role) -> Promise:
    """What is promised for the loss of all pods of a role that holds no lines."""
    return Promise(Fraction(role == loki.receiver), role.row.duties.isdisjoint(_ASKED))
