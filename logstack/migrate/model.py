"""A migration as data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One step: change, consequences, commands, checks and rollback."""

    title: str
    change: tuple[str, ...]
    """The stack file's changed lines as a unified diff; empty if the file stays."""
    follows: tuple[str, ...]
    """The consequences of the change by `logstack diff`, such as the pods that restart."""
    do: tuple[str, ...]
    """The operator's steps, in order."""
    check: tuple[str, ...]
    """Conditions to verify before the next stage."""
    back: str
    """The rollback from this stage, and what it loses."""


@dataclass(frozen=True)
class Migration:
    """Every stage from one stack to another."""

    stack: str
    moves: tuple[str, ...]
    """Each as `old to new`."""
    stages: tuple[Stage, ...]
