"""The failure budget: what may be lost at once with no acknowledged line lost and writes going on, and what may not.

The numbers are those of manifests/loki/budget.py. Where a loss was not run, the plan says what it goes by: arithmetic
with Loki's rules, or the design of Loki and Kubernetes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

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
from logstack.settings.model.roles import Role
from logstack.settings.model.tree import Settings
from logstack.text.words import spoken_share, spoken_size

GO_ON, KEPT = "go on", "kept"
_PAIR = 2


@dataclass(frozen=True)
class Loss:
    """One loss and what follows from it."""

    lost: str
    budget: Literal["within", "for a time", "beyond"]
    writes: str
    queries: str
    acknowledged_lines: str
    known_by: Literal["measured", "arithmetic", "design"]


@dataclass(frozen=True)
class FailureBudget:
    """What a stack survives."""

    summary: str
    losses: tuple[Loss, ...]
    """The losses within the budget first."""
    measurements: tuple[str, ...]
    """The runs behind the losses that were measured."""
    outage: Outage
    """How long Loki as a whole may be away."""


def failure_budget(settings: Settings) -> FailureBudget:
    """The failure budget in words."""
    losses = [
        *_writers(settings),
        *_others(settings),
        *_leader(settings),
        *_gateways(settings),
        _node(settings),
        *_store(settings),
    ]
    losses.append(_collector())
    order = ("within", "for a time", "beyond")
    runs = (measured(settings, lost) for lost in range(1, settings.writers + 1))
    return FailureBudget(
        _summary(settings),
        tuple(sorted(losses, key=lambda loss: order.index(loss.budget))),
        tuple(_run(run) for run in runs if run),
        bridged_outage(settings.collector),
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
    """Until as many are back as it takes."""
    if lost == 1:
        return "until it is back"
    return "until one is back" if lost - spared == 1 else f"until {lost - spared} are back"


def _summary(settings: Settings) -> str:
    name, survived = _writer(settings), settings.lost_writers_survived
    node = _node(settings)
    if survived:
        and_node = f", or {node.lost}" if node.budget == "within" else ""
        return (
            f"Any {survived} of {settings.writers} {name}s may be lost{and_node}: "
            "writes go on and no acknowledged line is lost."
        )
    only = settings.writers == 1
    subject = (
        f"The only {name} must not be lost: while it is gone" if only else f"No {name} may be lost: while one is gone"
    )
    streams = _of_the_streams(refused_share(settings, 1))
    queries = "queries go on" if writers_that_queries_spare(settings) else "queries fail"
    return f"{subject}, writes are refused{streams}, and {queries}. Its lines stay on its volume."


def _run(run: Measurement) -> str:
    found = (
        "queries failed" if run.missing is None else f"{run.missing} of {run.acknowledged} acknowledged lines missing"
    )
    return (
        f"replication {run.replication_factor}, {run.killed} of 3 writers killed: "
        f"{run.refused} of {PUSHES_AFTER_KILL} pushes refused, {found}"
    )


def _writers(settings: Settings) -> Iterator[Loss]:
    """The most that may be lost, one more than that, and the same with the pods' volumes."""
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
        writes=waits if refused else GO_ON,
        queries=GO_ON if answered else f"fail {_back(lost, spared)}",
        acknowledged_lines=KEPT if answered else f"{KEPT} on the volumes, read again when they are back",
        known_by="measured" if measured(settings, lost) else "arithmetic",
    )


def _of_the_streams(share: Fraction) -> str:
    return "" if share == 1 else f" for about {spoken_share(share)} of the streams"


def _lost_volumes(settings: Settings, lost: int) -> Loss:
    pods = _lost_writers(settings, lost)
    if lost <= volumes_spared(settings):
        lines = f"{KEPT}: each was on {settings.write_quorum} {_writer(settings)}s"
    elif settings.object_store.on_loki_volume:
        lines = "all lost: Loki's volume is the only copy"
    else:
        # Loki's max_chunk_age; a stream that rests is flushed after chunk_idle_period, 30 minutes.
        lines = "lost where not flushed yet: up to the last 2 h"
    return Loss(
        lost=f"{pods.lost} with {'its volume' if lost == 1 else 'their volumes'}",
        budget=pods.budget,
        writes=pods.writes,
        queries=pods.queries,
        acknowledged_lines=lines,
        known_by="arithmetic",
    )


def _others(settings: Settings) -> Iterator[Loss]:
    """Pods that hold no line of their own: of each role all, which is the worst."""
    for role in (role for role in settings.roles if role != settings.writer):
        count, name = settings.replica_count(role), role.row.noun
        worst = all_lost(settings, role)
        left = f" {_back(1)}" if count == 1 else f"; they go on while one {name} is left"
        yield Loss(
            lost=_some(count, count, name),
            budget="for a time" if worst.refused else "within",
            writes=f"wait in the collectors, see below{left}" if worst.refused else GO_ON,
            queries=GO_ON if worst.answered else f"fail{left}",
            acknowledged_lines="; ".join(filter(None, (KEPT, role.row.waits))),
            known_by="design",
        )


def _leader(settings: Settings) -> Iterator[Loss]:
    """The one of several that compacts, and takes delete requests."""
    if is_elected(settings):
        waits = (
            "; delete requests wait for it, and retention until another takes over: at once, or 10 min after a crash"
        )
        promise = one_lost(settings, settings.compactor)
        yield Loss(
            lost=f"the pod {leader(settings)}",
            budget="beyond" if promise.refused else "within",
            writes=_lost_writers(settings, 1).writes if promise.refused else GO_ON,
            queries=GO_ON if promise.answered else "fail until it is back",
            acknowledged_lines=f"{KEPT}{waits}",
            known_by="design",
        )


def _gateways(settings: Settings) -> Iterator[Loss]:
    count = settings.gateway.replicas
    if count > 1:
        yield Loss(_some(count - 1, count, "gateway"), "within", GO_ON, GO_ON, KEPT, "design")
    writes = "wait in the collectors, see below"
    yield Loss(_some(count, count, "gateway"), "for a time", writes, f"fail {_back(count, count - 1)}", KEPT, "design")


def _node(settings: Settings) -> Loss:
    """A node carries one pod of each role at most (logstack/manifests/loki/values.py: spread), or everything."""
    if settings.cluster.single_node:
        writes = "stop until it is back"
        return Loss("the only node", "beyond", writes, "fail until it is back", f"{KEPT} if its disk is", "design")
    writer, gateways = _lost_writers(settings, 1), settings.gateway.replicas
    only = [role for role in settings.roles if role != settings.writer and settings.replica_count(role) == 1]
    takes, asked = (
        [role.row.noun for role in only if stops(settings, role)] for stops in (_stops_writes, _stops_queries)
    )
    first = ["gateway"] if gateways == 1 else []
    return Loss(
        lost="any one node" + (", but the object store's" if settings.object_store.runs_in_stack else ""),
        budget="for a time" if writer.budget == "within" and (first or takes) else writer.budget,
        writes=writer.writes + _pause([*first, *takes]),
        queries=writer.queries + _pause([*first, *asked]),
        acknowledged_lines=f"{writer.acknowledged_lines}; lines not sent yet stay on its disk",
        known_by="arithmetic",
    )


def _stops_writes(settings: Settings, role: Role) -> bool:
    return one_lost(settings, role).refused > 0


def _stops_queries(settings: Settings, role: Role) -> bool:
    return not one_lost(settings, role).answered


def _pause(only: list[str]) -> str:
    return f"; if it carries the only {' or '.join(only)}, only after that has moved" if only else ""


def _store(settings: Settings) -> Iterator[Loss]:
    if settings.object_store.on_loki_volume:
        return
    if settings.object_store.runs_in_stack:
        reached, data = "the object store's pod or node", "the object store's volume"
    else:
        reached, data = "the object store", "the bucket's objects"
    size = settings.resources_of(settings.writer)
    # Unflushed chunks stay in memory and in the log; disk_full_threshold is 0.9 (pkg/ingester/wal.go).
    full = f"{GO_ON} until the memory ({spoken_size(size.memory)}) or 90 % of the volume"
    if size.disk:
        full += f" ({spoken_size(size.disk)})"
    full += f" of each {_writer(settings)} is full"
    waits = f"{KEPT} on the {_writer(settings)}s' volumes"
    yield Loss(reached, "for a time", full, "fail for flushed lines", waits, "design")
    lines = "everything flushed is lost: logstack keeps no second copy"
    yield Loss(data, "beyond", GO_ON, "find only what is not flushed", lines, "design")


def _collector() -> Loss:
    """What was read and not delivered is in its memory; nobody has acknowledged it."""
    writes = "go on; its node's lines wait in their files until these are rotated"
    return Loss("a collector pod", "within", writes, GO_ON, KEPT, "design")
