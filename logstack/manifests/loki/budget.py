"""The writers that a ring may lose: Loki's rules, and measurements of them.

Rules of Loki 3.7.8 and its dskit, for a replication factor of at most the number of writers:

- A push goes to the `replication_factor` writers of its stream, and no other writer replaces one (distributor.go:
  `ring.WriteNoExtend`). A quorum of them acknowledges it, `LokiSettings.write_quorum`.
- A query asks all writers. Loki answers it while at most half of the replication factor, rounded down, are missing
  (ring/ring.go, GetReplicationSetForOperation).
- A dead writer stays in the ring until it is back (`ingester.autoforget_unhealthy` is off).
"""

from dataclasses import dataclass
from fractions import Fraction
from math import comb

from logstack.settings.model.loki import LokiSettings
from logstack.settings.model.roles import Duty, Role


def writers_that_queries_spare(loki: LokiSettings) -> int:
    """Return the number of lost writers with which Loki still answers every query."""
    return loki.replication_factor // 2


def volumes_spared(loki: LokiSettings) -> int:
    """Return the number of lost writer volumes with which another volume still has every acknowledged line."""
    return loki.write_quorum - 1


def refused_share(loki: LokiSettings, lost: int) -> Fraction:
    """Return the share of streams whose pushes Loki refuses without `lost` writers; calculated for even streams."""
    replicas, alive = loki.replication_factor, loki.writers - lost
    quorums = sum(comb(alive, up) * comb(lost, replicas - up) for up in range(loki.write_quorum, replicas + 1))
    return 1 - Fraction(quorums, comb(loki.writers, replicas))


@dataclass(frozen=True)
class Measurement:
    """One run: SIGKILL for some writers during pushes, without a restart."""

    replication_factor: int
    killed: int
    refused: int
    """Refused pushes after the kill."""
    missing: int | None
    """Acknowledged lines that a query did not find; None if Loki answered no query."""

    @property
    def acknowledged(self) -> int:
        """Return the acknowledged pushes of the whole run; each has one line."""
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
    """Return the run with this mode, these writers and this loss; None if there is none."""
    if (loki.deployment_mode, loki.writers) != (MEASURED_MODE, MEASURED_WRITERS):
        return None
    runs = (run for run in MEASUREMENTS if (run.replication_factor, run.killed) == (loki.replication_factor, lost))
    return next(runs, None)


@dataclass(frozen=True)
class Promise:
    """Loki's behaviour without one pod of a role."""

    refused: Fraction
    """Return the share of streams whose pushes Loki refuses."""
    answered: bool
    """Whether Loki answers every query."""


# Duties that every query needs, except the writers'.
_ASKED = frozenset({Duty.SPLITS, Duty.QUEUES, Duty.ANSWERS, Duty.INDEXES})


def one_lost(loki: LokiSettings, role: Role) -> Promise:
    """Return the promise for the loss of any one pod of a role."""
    if role == loki.writer:
        return Promise(refused_share(loki, 1), writers_that_queries_spare(loki) > 0)
    return all_lost(loki, role) if loki.replica_count(role) == 1 else Promise(Fraction(0), answered=True)


def all_lost(loki: LokiSettings, role: Role) -> Promise:
    """Return the promise for the loss of all pods of a role that holds no lines."""
    return Promise(Fraction(role == loki.receiver), role.row.duties.isdisjoint(_ASKED))
