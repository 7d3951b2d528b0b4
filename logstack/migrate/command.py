"""`logstack migrate`: find the way, and say it."""

from datetime import UTC, datetime
from pathlib import Path

from logstack.migrate.edit import as_it_is
from logstack.migrate.model import Migration, Stage
from logstack.migrate.modes import mode_stages
from logstack.migrate.stores import store_stages
from logstack.migrate.target import wanted


def migration(stack: str, to: str, directory: Path, now: datetime | None = None) -> Migration:
    """The way from a stack to what `to` says; raises StackProblems, with all that is in the way."""
    at = now or datetime.now(UTC)
    version = as_it_is(stack, directory, at.date())
    was = version.stack.settings
    found = wanted(to, version)
    stages: list[Stage] = []
    moves: list[str] = []
    # A volume has one pod: its lines have to be elsewhere before there are others. In any other case the mode goes
    # first, which takes hours, and the store after it, which takes the retention.
    store_first = was.object_store.on_loki_volume
    for kind in ("store", "mode") if store_first else ("mode", "store"):
        if kind == "store" and found.store:
            further, version = store_stages(version, found.store, at)
            moves.append(f"{was.object_store.kind} to {version.stack.settings.object_store.kind}")
        elif kind == "mode" and found.of_mode:
            further, version = mode_stages(version, found.of_mode)
            moves.append(f"{was.deployment_mode} to {version.stack.settings.deployment_mode}")
        else:
            continue
        stages += further
    return Migration(stack, tuple(moves), tuple(stages))
