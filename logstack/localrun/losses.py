"""Kill one process of each role, one after the other, and compare the consequences with the failure budget."""

import time
from collections.abc import Sequence
from functools import partial

import httpx

from logstack.localrun.checks import Check, CheckError, Run, expect, gives_lines_back
from logstack.localrun.client import Entry, selector
from logstack.localrun.layout import Node
from logstack.manifests.loki.budget import Promise, one_lost
from logstack.settings.model.roles import Role
from logstack.settings.tree import Settings
from logstack.text.words import spoken_share

_PUSHES = 120
_STREAMS = 60
# The longest time of a query that goes to a killed process first, until another process gets it.
_QUERIES = 12
_SPACED_SECONDS = 0.5
# The gateway asks another pod when one does not answer; here the next process is asked.
_NAMESPACE = "try-losses"


def loss_checks(settings: Settings) -> list[Check]:
    """Return a check for each role but the writers, which `logstack.localrun.deep` kills under load."""
    roles = [role for role in settings.roles if role != settings.writer]
    return [(f"one {role} killed", partial(_survives, role)) for role in roles]


def _survives(role: Role, run: Run) -> str:
    """Kill a process, push and query meanwhile, start it again, and query every line."""
    platform = run.platform
    promise = one_lost(platform.settings, role)
    nodes = platform.layout.of(role)
    # The worst one: of the compactors the first, which works; of the others the last, for the first is asked here.
    killed = nodes[0] if nodes == platform.layout.compactors else nodes[-1]
    running = tuple(node for node in platform.distributors if node is not killed)
    platform.kill(killed)
    try:
        sent, refused = _push(run, role, running)
        answered, first_error = _ask(run)
    finally:
        platform.start_node(killed)
        platform.wait_ready((killed,))
    outcome = f"{refused} of {_PUSHES} pushes refused, {answered} of {_QUERIES} queries answered"
    detail = f"{killed.name} of {len(nodes)}: {outcome}"
    _expect_promise(promise, refused, answered, f"{detail}{first_error}")
    missing = _missing(run, role, sent)
    expect(not missing, f"{detail}; {missing} of {len(sent)} acknowledged lines missing after it came back")
    return f"as promised: {detail}; 0 of {len(sent)} acknowledged lines missing"


def _expect_promise(promise: Promise, refused: int, answered: int, detail: str) -> None:
    if promise.refused:
        expect(
            refused,
            f"{detail}; the failure budget says that Loki refuses {spoken_share(promise.refused)} of the pushes",
        )
    else:
        expect(not refused, f"{detail}; the failure budget says that writes continue")
    if promise.answered:
        expect(answered == _QUERIES, f"{detail}; the failure budget says that queries continue")
    else:
        expect(answered < _QUERIES, f"{detail}; the failure budget says that queries fail")


def _push(run: Run, role: Role, distributors: Sequence[Node]) -> tuple[list[Entry], int]:
    """Return the acknowledged lines and the number of refused pushes; without a distributor all are refused."""
    if not distributors:
        return [], _PUSHES
    start, sent, refused = time.time_ns() - _PUSHES * 1_000_000, [], 0
    for number in range(_PUSHES):
        labels = {**run.labels, "namespace": _NAMESPACE, "app": role, "pod": f"{role}-{number % _STREAMS}"}
        entry = Entry(start + number * 1_000_000, f"push {number} while a {role} is away")
        (push,) = run.platform.loki.push(labels, [entry], distributors[number % len(distributors)].url)
        if push.acknowledged:
            sent.append(entry)
        else:
            refused += 1
    return sent, refused


def _ask(run: Run) -> tuple[int, str]:
    """Return how many queries returned every line, and the error of the first that did not."""
    answered, first_error = 0, ""
    for _ in range(_QUERIES):
        try:
            gives_lines_back(run)
            answered += 1
        except (CheckError, httpx.HTTPError) as error:
            first_error = first_error or f" ({str(error)[:200]})"
        time.sleep(_SPACED_SECONDS)
    return answered, first_error


def _missing(run: Run, role: Role, sent: Sequence[Entry]) -> int:
    if not sent:
        return 0
    query = selector({"namespace": _NAMESPACE, "app": role})
    back = set(run.platform.loki.entries(query, sent[0].time, sent[-1].time + 1))
    return len(set(sent) - back)
