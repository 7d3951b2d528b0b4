"""The failure budget: which losses a stack survives with writes continuing and no acknowledged line lost.

The numbers are those of manifests/loki/budget.py. Each loss names its evidence: a measurement, a calculation with
Loki's rules, or the design of Loki and Kubernetes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby
from typing import Literal, NamedTuple

from logstack.manifests.loki.addresses import leader
from logstack.manifests.loki.budget import (
    PUSHES_AFTER_KILL,
    Measurement,
    all_lost,
    measured,
    one_lost,
    refused_share,
    volumes_spared,
    writers_that_queries_spare,
)
from logstack.manifests.loki.leader import is_elected
from logstack.plan.outage import Outage, bridged_outage
from logstack.plan.section import Section
from logstack.settings.load.loader import Stack
from logstack.settings.model.roles import Role
from logstack.settings.tree import Settings
from logstack.text.blocks import Block, Heading, Labelled, Paragraph, SentenceTable
from logstack.text.documents import JSON_KEY
from logstack.text.words import Facts, spoken_duration, spoken_share, spoken_size

Budget = Literal["within", "for a time", "beyond"]
Evidence = Literal["measured", "arithmetic", "design"]

CONTINUE, NONE_LOST = "continue", "none lost"
# The limit is the outage that the collectors bridge.
_WAIT = "wait in the collectors for a limited time"
_REFUSED = "fail: the senders must hold the lines and try again"
# Loki 3.7.8 logs that it could not load a chunk and answers without it (pkg/storage/chunk/fetcher, FetchChunks).
# Measured: tests/real/test_stated_effects.py.
_ONLY_UNFLUSHED = "find only lines that are not flushed, without an error"
_PAIR = 2
_HEADINGS: dict[Budget, str] = {
    "within": "Survived: writes continue, and no acknowledged line is lost",
    "for a time": "Survived for a limited time",
    "beyond": "Not survived",
}
_SURVIVED: dict[Budget, str] = {"within": "yes", "for a time": "for a time", "beyond": "no"}
_EVIDENCE: dict[Evidence, str] = {"measured": "measured", "arithmetic": "calculated", "design": "by design"}


@dataclass(frozen=True)
class Loss:
    """One loss and its effects."""

    lost: str
    budget: Budget
    writes: str
    queries: str
    acknowledged_lines: str
    evidence: Evidence = field(metadata={JSON_KEY: "knownBy"})


@dataclass(frozen=True)
class FailureBudget:
    """The losses of a stack."""

    summary: str
    losses: tuple[Loss, ...]
    """The losses within the budget first."""
    measurements: tuple[str, ...]
    """The runs behind the losses that were measured."""
    outage: Outage | None
    """How long all of Loki may be unavailable; None without a collector, for the senders decide then."""


def failures_section(stack: Stack) -> Section:
    """Plan which failures the stack survives."""
    budget = plan_failures(stack.settings)
    outage = _outage_text(budget.outage)
    losses = [(f"loss of {loss.lost}", _sentence(loss)) for loss in budget.losses]
    columns = ("lost", "survived", "writes", "queries", "acknowledged lines", "evidence")
    deciding = [(loss.lost, _SURVIVED[loss.budget], *_effects(loss)) for loss in deciding_losses(stack.settings)]
    return Section(
        title="Failure budget",
        key="failureBudget",
        data=budget,
        facts=[("summary", budget.summary), *losses, ("Loki unavailable", outage)],
        layout=(
            Paragraph(budget.summary),
            *_tables(budget),
            Heading("Evidence"),
            Labelled(_evidence(budget)),
            Heading("While Loki accepts no lines"),
            Paragraph(outage),
        ),
        summary=(Paragraph(budget.summary, lines_below=0), SentenceTable(columns, deciding)),
    )


def deciding_losses(settings: Settings) -> tuple[Loss, ...]:
    """Return the three losses that decide: of the writers, the most survived and one more; and one node.

    Where the stack survives the loss of no writer, that one and its volume.
    """
    survived = settings.lost_writers_survived
    if survived:
        return _lost_writers(settings, survived), _node(settings), _lost_writers(settings, survived + 1)
    return _lost_writers(settings, 1), _lost_volumes(settings, volumes_spared(settings) + 1), _node(settings)


def _tables(budget: FailureBudget) -> Iterator[Block]:
    for name, losses in groupby(budget.losses, key=lambda loss: loss.budget):
        yield Heading(_HEADINGS[name])
        rows = [(loss.lost, *_effects(loss)) for loss in losses]
        yield SentenceTable(("lost", "writes", "queries", "acknowledged lines", "evidence"), rows)


def _effects(loss: Loss) -> tuple[str, ...]:
    return loss.writes, loss.queries, loss.acknowledged_lines, _EVIDENCE[loss.evidence]


def _sentence(loss: Loss) -> str:
    return f"writes {loss.writes}; queries {loss.queries}; acknowledged lines: {loss.acknowledged_lines}"


def _evidence(budget: FailureBudget) -> Facts:
    runs = "\n".join(("with the real Loki, its processes on one machine", *budget.measurements))
    return [
        *([("measured", runs)] if budget.measurements else []),
        ("calculated", "from the rules of Loki's ring and of Alloy's retries"),
        ("by design", "the design of Loki and Kubernetes; not run"),
    ]


def _outage_text(outage: Outage | None) -> str:
    if outage is None:
        return "The stack has no collector: lines survive as long as their senders hold them and try again."
    least, most = spoken_duration(outage.at_least), spoken_duration(outage.at_most)
    waiting = "in the node's files until the kubelet rotates them."
    killed = "is killed meanwhile loses what it has read ahead, 10 to 20Mi."
    if outage.write_ahead_log:
        waiting = "in the collector's write-ahead log on the node, as long as the node's disk has room."
        killed = "is killed or restarted meanwhile loses that log: Alloy 1.19.0 does not read it again (measured)."
    return (
        f"Collectors hold the lines and retry, for at least {least} and at most {most}: the pauses between the "
        f"{outage.tries} tries are random (calculated). Then a collector drops a batch of "
        f"{spoken_size(outage.batch_bytes)} and tries the next one as long; the lines behind it wait {waiting} "
        f"A collector that {killed}"
    )


def plan_failures(settings: Settings) -> FailureBudget:
    """Say which losses the stack survives."""
    losses = [
        *_writers(settings),
        *_stateless(settings),
        *_leader(settings),
        *_gateways(settings),
        _node(settings),
        *_store(settings),
        *([_collector()] if settings.collector.enabled else []),
    ]
    order = ("within", "for a time", "beyond")
    runs = (measured(settings, lost) for lost in range(1, settings.writers + 1))
    return FailureBudget(
        _summary(settings),
        tuple(sorted(losses, key=lambda loss: order.index(loss.budget))),
        tuple(_run(run) for run in runs if run),
        bridged_outage(settings.collector) if settings.collector.enabled else None,
    )


def _writer(settings: Settings) -> str:
    return settings.writer.row.noun


def _some(number: int, of: int, noun: str) -> str:
    """`1 of 3 writers`, `all 3 writers`, `both writers`, `the only writer`."""
    if of == 1:
        return f"the only {noun}"
    if number < of:
        return f"{number} of {of} {noun}s"
    return f"both {noun}s" if of == _PAIR else f"all {of} {noun}s"


def _back(lost: int, spared: int = 0) -> str:
    """Say how many must come back."""
    if lost == 1:
        return "until it is back"
    return "until one is back" if lost - spared == 1 else f"until {lost - spared} are back"


def _summary(settings: Settings) -> str:
    name, survived = _writer(settings), settings.lost_writers_survived
    node = _node(settings)
    if survived:
        and_node = f", or of {node.lost}" if node.budget == "within" else ""
        return (
            f"The stack survives the loss of any {survived} of {settings.writers} {name}s{and_node}: "
            "writes continue, and no acknowledged line is lost."
        )
    writer = f"its only {name}" if settings.writers == 1 else f"any {name}"
    streams = _of_the_streams(refused_share(settings, 1))
    queries = "queries continue" if writers_that_queries_spare(settings) else "queries fail"
    return (
        f"The stack does not survive the loss of {writer}: until it is back, Loki refuses writes{streams}, and "
        f"{queries}. The lines of the lost {name} stay on its volume."
    )


def _run(run: Measurement) -> str:
    missing = f"{run.missing} of {run.acknowledged} acknowledged lines missing"
    return (
        f"replication factor {run.replication_factor}, {run.killed} of 3 writers killed: {run.refused} of "
        f"{PUSHES_AFTER_KILL} pushes refused, {'queries failed' if run.missing is None else missing}"
    )


def _writers(settings: Settings) -> Iterator[Loss]:
    """Yield the most that the stack survives, one more than that, and the same with the pods' volumes."""
    survived, volumes = settings.lost_writers_survived, volumes_spared(settings)
    if survived:
        yield _lost_writers(settings, survived)
        yield _lost_volumes(settings, survived)
    yield _lost_writers(settings, survived + 1)
    yield _lost_volumes(settings, volumes + 1)


def _lost_writers(settings: Settings, lost: int) -> Loss:
    refused, spared = refused_share(settings, lost), writers_that_queries_spare(settings)
    waits = f"refused{_of_the_streams(refused)} {_back(lost, settings.lost_writers_survived)}"
    answered = lost <= spared
    return Loss(
        lost=_some(lost, settings.writers, _writer(settings)),
        budget="beyond" if refused else "within",
        writes=waits if refused else CONTINUE,
        queries=CONTINUE if answered else f"fail {_back(lost, spared)}",
        acknowledged_lines=NONE_LOST if answered else f"{NONE_LOST}: they wait on the volumes",
        evidence="measured" if measured(settings, lost) else "arithmetic",
    )


def _of_the_streams(share: Fraction) -> str:
    return "" if share == 1 else f" for about {spoken_share(share)} of the streams"


def _lost_volumes(settings: Settings, lost: int) -> Loss:
    pods = _lost_writers(settings, lost)
    if lost <= volumes_spared(settings):
        lines = f"{NONE_LOST}: each is on {settings.write_quorum} {_writer(settings)}s"
    elif settings.object_store.on_loki_volume:
        lines = "all lost: Loki's volume is the only copy"
    else:
        # Loki's max_chunk_age; a stream that rests is flushed after chunk_idle_period, 30 minutes.
        lines = "lost if not flushed: up to the last 2 h"
    return Loss(
        lost=f"{pods.lost} with {'its volume' if lost == 1 else 'their volumes'}",
        budget=pods.budget,
        writes=pods.writes,
        queries=pods.queries,
        acknowledged_lines=lines,
        evidence="arithmetic",
    )


class _Waiting(NamedTuple):
    """What becomes of lines while nothing takes them in."""

    budget: Budget
    writes: str


def _waiting(settings: Settings) -> _Waiting:
    if settings.collector.enabled:
        return _Waiting("for a time", _WAIT)
    return _Waiting("beyond", _REFUSED)


def _stateless(settings: Settings) -> Iterator[Loss]:
    """Yield the loss of all pods of each role that holds no lines, which is the worst case."""
    for role in (role for role in settings.roles if role != settings.writer):
        count, name = settings.replica_count(role), role.row.noun
        worst = all_lost(settings, role)
        unless = _back(1) if count == 1 else f"unless one {name} survives"
        yield Loss(
            lost=_some(count, count, name),
            budget=_waiting(settings).budget if worst.refused else "within",
            writes=f"{_waiting(settings).writes}{'' if count == 1 else f' {unless}'}" if worst.refused else CONTINUE,
            queries=CONTINUE if worst.answered else f"fail {unless}",
            acknowledged_lines="; ".join(filter(None, (NONE_LOST, role.row.waits))),
            evidence="design",
        )


def _leader(settings: Settings) -> Iterator[Loss]:
    """Yield the loss of the elected pod, which compacts and accepts delete requests."""
    if is_elected(settings):
        waits = (
            "; delete requests wait for it; retention waits until another pod takes over: at once, or 10 min after a "
            "crash"
        )
        promise = one_lost(settings, settings.compactor)
        yield Loss(
            lost=f"the pod {leader(settings)}",
            budget="beyond" if promise.refused else "within",
            writes=_lost_writers(settings, 1).writes if promise.refused else CONTINUE,
            queries=CONTINUE if promise.answered else "fail until it is back",
            acknowledged_lines=f"{NONE_LOST}{waits}",
            evidence="design",
        )


def _gateways(settings: Settings) -> Iterator[Loss]:
    count = settings.gateways
    if not count:
        return
    if count > 1:
        yield Loss(_some(count - 1, count, "gateway"), "within", CONTINUE, CONTINUE, NONE_LOST, "design")
    queries = f"fail {_back(count, count - 1)}"
    waiting = _waiting(settings)
    yield Loss(_some(count, count, "gateway"), waiting.budget, waiting.writes, queries, NONE_LOST, "design")


def _node(settings: Settings) -> Loss:
    """Return the loss of one node: it runs one pod of each role at most (manifests/loki/values.py: spread), or all."""
    if settings.cluster.single_node:
        lines = f"{NONE_LOST} if its disk survives"
        return Loss("the only node", "beyond", "stop until it is back", "fail until it is back", lines, "design")
    writer, gateways = _lost_writers(settings, 1), settings.gateways
    only = [role for role in settings.roles if role != settings.writer and settings.replica_count(role) == 1]
    writers_alone, readers_alone = (
        [role.row.noun for role in only if stops(settings, role)] for stops in (_stops_writes, _stops_queries)
    )
    first = ["gateway"] if gateways == 1 else []
    unsent = "; unsent lines stay on its disk" if settings.collector.enabled else ""
    exception = " except the object store's" if settings.object_store.runs_in_stack else ""
    return Loss(
        lost=f"any one node{exception}",
        budget="for a time" if writer.budget == "within" and (first or writers_alone) else writer.budget,
        writes=writer.writes + _pause([*first, *writers_alone]),
        queries=writer.queries + _pause([*first, *readers_alone]),
        acknowledged_lines=f"{writer.acknowledged_lines}{unsent}",
        evidence="arithmetic",
    )


def _stops_writes(settings: Settings, role: Role) -> bool:
    return one_lost(settings, role).refused > 0


def _stops_queries(settings: Settings, role: Role) -> bool:
    return not one_lost(settings, role).answered


def _pause(only: list[str]) -> str:
    return f"; if it runs the only {' or '.join(only)}, after that pod has moved" if only else ""


def _store(settings: Settings) -> Iterator[Loss]:
    if settings.object_store.on_loki_volume:
        return
    if settings.object_store.runs_in_stack:
        reached, data = "the object store's pod or node", "the object store's volume"
    else:
        reached, data = "the object store", "the bucket's objects"
    size = settings.resources_of(settings.writer)
    # Unflushed chunks stay in memory and in the log; disk_full_threshold is 0.9 (pkg/ingester/wal.go).
    memory = f"the memory ({spoken_size(size.limit)})" if size.limit else "the node's memory"
    full = f"{CONTINUE} until {memory} or 90 % of the volume"
    if size.disk:
        full += f" ({spoken_size(size.disk)})"
    full += f" of each {_writer(settings)} is full"
    waits = f"{NONE_LOST}: they wait on the {_writer(settings)}s' volumes"
    yield Loss(reached, "for a time", full, f"{_ONLY_UNFLUSHED}, or time out", waits, "design")
    lines = "all flushed lines are lost: logstack makes no second copy"
    yield Loss(data, "beyond", CONTINUE, _ONLY_UNFLUSHED, lines, "design")


def _collector() -> Loss:
    """Return the loss of a collector: lines that it has read and not sent are in its memory, and not acknowledged."""
    writes = "continue; its node's lines wait in their files until rotation"
    return Loss("a collector pod", "within", writes, CONTINUE, NONE_LOST, "design")
