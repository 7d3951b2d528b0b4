"""A migration as data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One step: what is changed, what follows, how it is seen to be good, and how to go back."""

    title: str
    change: tuple[str, ...]
    """The stack file's lines that differ, as a unified diff; none where the file stays."""
    follows: tuple[str, ...]
    """What the change does, as `logstack diff` says it: which pods restart, and what is not there any more."""
    do: tuple[str, ...]
    """What the operator does, in order."""
    check: tuple[str, ...]
    """What has to be seen before the next stage."""
    back: str
    """How to go back from here, and what is lost by that."""


@dataclass(frozen=True)
class Migration:
    """Every stage from one stack to another."""

    stack: str
    moves: tuple[str, ...]
    """From what to what."""
    stages: tuple[Stage, ...]
