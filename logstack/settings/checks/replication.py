"""The replication factor and the number of writers."""

from collections.abc import Iterator

from logstack.settings.checks.check import reads
from logstack.settings.problems import Problem, Rule
from logstack.settings.tree import Settings

_AVAILABLE = 3  # copies: the fewest that survive a lost writer
_PAIR = 2

ABOVE_WRITERS = Rule(
    "replication-above-writers",
    "Loki refuses pushes with 'at least 2 live replicas required, could only find 1' (grafana/loki#8899): "
    "at once if it has fewer writers than a majority of the replicas, else whenever a writer restarts",
)
NO_LOST_WRITER = Rule(
    "replication-survives-no-lost-writer",
    "both replicas must be written (quorum floor(2/2)+1 = 2): with one of three writers killed Loki refused 420 of 600 "
    "pushes, 70 % (measured); acknowledged lines stayed readable",
    "warning",
)
EVEN = Rule(
    "replication-even",
    "an even factor survives no more lost writers than the odd one below it, and costs more memory, disk and traffic",
    "warning",
)
SINGLE_COPY = Rule(
    "replication-single-copy",
    "with one of three writers killed Loki refused 220 of 600 pushes, 37 %, and answered every query with 500 until it "
    "was back (measured); a lost volume of a writer loses the lines that it has not flushed",
    "warning",
)
PAIR = Rule(
    "monolithic-pair",
    "losing either pod stops writes with replicationFactor 2, and queries with replicationFactor 1 "
    "(measured with writers: 70 % of pushes refused, every query answered with 500)",
    "warning",
)


@reads("deployment_mode", "replicas", "replication_factor")
def enough_writers(settings: Settings) -> Iterator[Problem]:
    """Check that there are as many writers as the replication factor."""
    factor, writers, role = settings.replication_factor, settings.writers, settings.writer
    if factor > writers:
        what = f"replicationFactor is {factor}, but {settings.deployment_mode} mode runs {_pods(writers, role)}"
        fewer = _AVAILABLE if writers >= _AVAILABLE else 1
        fix = f"logstack:replicas: {{{role}: {factor}}}, or logstack:replicationFactor: {fewer}"
        yield ABOVE_WRITERS.problem("replicationFactor", what, fix)


@reads("replication_factor")
def even_factor(settings: Settings) -> Iterator[Problem]:
    """Check that the replication factor is not even: it would tolerate no more losses than one less."""
    factor, survived = settings.replication_factor, settings.lost_writers_survived
    if factor % 2:
        return
    if not survived:
        what = "replicationFactor 2 is often meant to survive one lost writer; it survives none"
        yield NO_LOST_WRITER.problem("replicationFactor", what, "logstack:replicationFactor: 3, with 3 writers or more")
    else:
        what = f"replicationFactor {factor} survives no more lost writers than {factor - 1}: {survived}"
        yield EVEN.problem("replicationFactor", what, f"logstack:replicationFactor: {factor - 1}")


@reads("deployment_mode", "object_store.kind", "replication_factor")
def single_copy(settings: Settings) -> Iterator[Problem]:
    """Check that each line has several copies, except with a store on one volume, which is for staging."""
    if settings.replication_factor == 1 and not settings.object_store.on_one_volume:
        what = "replicationFactor is 1: only one pod has a line until it is flushed"
        fix = f"logstack:replicationFactor: 3 and logstack:replicas: {{{settings.writer}: 3}}"
        yield SINGLE_COPY.problem("replicationFactor", what, fix)


@reads("deployment_mode", "replicas")
def monolithic_pair(settings: Settings) -> Iterator[Problem]:
    """Check that there are not two monolithic replicas, which survive no lost pod."""
    if settings.replica_count("monolithic") == _PAIR:
        what = "monolithic mode runs 2 replicas"
        fix = "run one replica, or three:\nlogstack:replicas: {monolithic: 3}\nlogstack:replicationFactor: 3"
        yield PAIR.problem("replicas.monolithic", what, fix)


def _pods(number: int, role: str) -> str:
    return f"{number} {role} pod{'s' if number > 1 else ''}"


CHECKS = (enough_writers, even_factor, single_copy, monolithic_pair)
