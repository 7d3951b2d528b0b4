"""The deep checks: a writer killed under load, a process of each other role killed, and deletion by the compactor."""

import time
from collections.abc import Sequence

from logstack.localrun.checks import REFUSALS, Check, Run, deep_labels, expect, expect_found
from logstack.localrun.client import Entry
from logstack.localrun.deletion import deletes_what_has_expired
from logstack.localrun.layout import Node
from logstack.localrun.losses import loss_checks
from logstack.settings.tree import Settings

_STREAMS = 60
_PUSHES = 900
_PER_PUSH = 5


def deep_checks(settings: Settings) -> list[Check]:
    """Return the checks of `--deep`, which run after the standard ones."""
    return [
        ("one writer killed under load", survives_as_the_budget_says),
        *loss_checks(settings),
        ("retention", deletes_what_has_expired),
        REFUSALS,
    ]


def survives_as_the_budget_says(run: Run) -> str:
    """Kill one writer under load, and compare refused pushes and found lines with the failure budget."""
    platform = run.platform
    settings = platform.settings
    killed = platform.writers[-1]
    if len(platform.writers) == 1:
        return "not exercised: the stack has only one writer"
    survives = settings.lost_writers_survived > 0
    acknowledged, refused = _under_load(run, killed, [node for node in platform.distributors if node is not killed])
    share = f"{refused} of {_PUSHES - _PUSHES // 3} pushes refused after the kill"
    if survives:
        expect(refused == 0, f"{share}, expected none at replication {settings.replication_factor}")
        expect_found(run, acknowledged, "acknowledged lines while the writer is lost")
    else:
        expect(refused, f"{share}, expected some at replication {settings.replication_factor}")
    platform.start_node(killed)
    platform.wait_ready((killed,))
    expect_found(run, acknowledged, "acknowledged lines after the writer came back")
    promise = "writes continue" if survives else "writes to its streams wait for it"
    missing = f"0 of {len(acknowledged)} acknowledged lines missing"
    return f"as promised at replication {settings.replication_factor} ({promise}): {share}; {missing}"


def _under_load(run: Run, killed: Node, distributors: Sequence[Node]) -> tuple[list[tuple[dict[str, str], Entry]], int]:
    """Return the acknowledged lines, and the number of pushes refused after the kill."""
    acknowledged: list[tuple[dict[str, str], Entry]] = []
    refused = 0
    start = time.time_ns() - _PUSHES * _PER_PUSH * 1_000_000
    for number in range(_PUSHES):
        if number == _PUSHES // 3:
            run.platform.kill(killed)
        labels = deep_labels(run, "under-load", number % _STREAMS)
        first = start + number * _PER_PUSH * 1_000_000
        entries = [Entry(first + n * 1_000_000, f"push {number} line {n}") for n in range(_PER_PUSH)]
        # The gateway would send to ready pods only.
        for push in run.platform.loki.push(labels, entries, distributors[number % len(distributors)].url):
            if push.acknowledged:
                acknowledged += [(labels, entry) for entry in push.entries]
            else:
                refused += 1
    return acknowledged, refused
