"""What a ring of writers may lose: Loki's rules, and what was measured of them.

Rules, of Loki 3.7.8 and the dskit that it is built with:

- A push goes to the `replication_factor` writers of its stream (distributor.go: `ring.WriteNoExtend`, so no other writer
  steps in) and is acknowledged by floor(rf / 2) + 1 of them (ring/replication_strategy.go, Filter).
- A query asks all writers and fails with fewer than max(writers, rf) - floor(rf / 2) of them
  (ring/ring.go, GetReplicationSetForOperation).
- A writer that died keeps its place in the ring until it is back (`ingester.autoforget_unhealthy` is off).
"""

from dataclasses import dataclass
from fractions import Fraction
from math import comb


@dataclass(frozen=True)
class WriterBudget:
    """What a number of writers with a replication factor survives."""

    replication_factor: int
    writers: int

    @property
    def quorum(self) -> int:
        """How many writers must have a line before it is acknowledged."""
        return self.replication_factor // 2 + 1

    @property
    def writes_survive(self) -> int:
        """How many writers may be lost with every push still taken; less than 0: none is taken even with all there."""
        return min(self.writers, self.replication_factor) - self.quorum

    @property
    def queries_survive(self) -> int:
        """How many writers may be lost with every query still answered; less than 0: none is."""
        return self.writers - max(self.writers, self.replication_factor) + self.replication_factor // 2

    @property
    def volumes_survive(self) -> int:
        """How many writers may be lost for ever, volume and all, with every acknowledged line still in another."""
        return self.quorum - 1

    def refused(self, lost: int) -> Fraction:
        """The share of streams whose pushes are refused while `lost` writers are gone, if streams are spread evenly."""
        replicas = min(self.writers, self.replication_factor)
        alive = self.writers - lost
        taken = sum(comb(alive, up) * comb(lost, replicas - up) for up in range(self.quorum, replicas + 1))
        return 1 - Fraction(taken, comb(self.writers, replicas))


@dataclass(frozen=True)
class Measurement:
    """One run: writers killed with SIGKILL while lines came in, and not restarted."""

    pushes: int
    """Pushes after the kill."""
    refused: int
    """Pushes of these that were refused."""
    acknowledged: int
    """Pushes of the whole run that were acknowledged."""
    readable: bool
    """Whether queries were answered with the writers gone."""
    missing: int | None
    """Acknowledged lines that a query did not find; None where no query was answered."""


# Three writers, readers and backends as processes of Loki 3.7.8 in one ring on one machine, Versity S3 Gateway 1.8.0,
# 900 pushes of one line each through one distributor, the kill after the first 300. By (replication factor, killed).
MEASURED_WRITERS = 3
MEASURED = {
    (3, 1): Measurement(pushes=600, refused=0, acknowledged=900, readable=True, missing=0),
    (2, 1): Measurement(pushes=600, refused=420, acknowledged=480, readable=True, missing=0),
    (1, 1): Measurement(pushes=600, refused=220, acknowledged=680, readable=False, missing=None),
    (3, 2): Measurement(pushes=600, refused=600, acknowledged=300, readable=False, missing=None),
}


def measured(replication_factor: int, writers: int, lost: int) -> Measurement | None:
    """The run that was of this kind."""
    return MEASURED.get((replication_factor, lost)) if writers == MEASURED_WRITERS else None
