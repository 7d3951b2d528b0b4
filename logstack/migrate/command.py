"""`logstack migrate`: plan the stages from a stack to its target."""

from datetime import UTC, datetime
from pathlib import Path

from logstack.migrate.edit import load_version
from logstack.migrate.model import Migration, Stage
from logstack.migrate.modes import mode_stages
from logstack.migrate.stores import store_stages
from logstack.migrate.target import resolve_target


def migration(stack: str, to: str, directory: Path, now: datetime | None = None) -> Migration:
    """Plan the stages from a stack to the target `to`; raises StackProblems with everything that prevents it."""
    at = now or datetime.now(UTC)
    version = load_version(stack, directory, at.date())
    current = version.stack.settings
    target = resolve_target(to, version)
    stages: list[Stage] = []
    moves: list[str] = []
    # A volume belongs to one pod, so its lines must move before other pods start. In every other case the mode moves
    # first, in hours; the store then needs the retention.
    store_first = current.object_store.on_loki_volume
    for kind in ("store", "mode") if store_first else ("mode", "store"):
        if kind == "store" and target.store:
            further, version = store_stages(version, target.store, at)
            moves.append(f"{current.object_store.kind} to {version.stack.settings.object_store.kind}")
        elif kind == "mode" and target.of_mode:
            further, version = mode_stages(version, target.of_mode)
            moves.append(f"{current.deployment_mode} to {version.stack.settings.deployment_mode}")
        else:
            continue
        stages += further
    return Migration(stack, tuple(moves), tuple(stages))
