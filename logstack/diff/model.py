"""The diff of two sides as data."""

from dataclasses import dataclass, replace

from logstack.diff.consequences import StackDiff
from logstack.diff.effects import EXIT_CODES, Effect, worst
from logstack.settings.problems import Problem


@dataclass(frozen=True)
class Differences:
    """What differs between two sides."""

    base: str
    head: str
    notes: tuple[str, ...]
    """What a reader must know of how it was found."""
    stacks: tuple[StackDiff, ...]
    """Those that differ."""

    @property
    def worst(self) -> Effect | None:
        """The worst class; None where nothing differs."""
        return worst(stack.worst for stack in self.stacks if stack.worst)

    @property
    def exit_code(self) -> int:
        """That of the worst class; 0 where nothing differs."""
        return EXIT_CODES[self.worst] if self.worst else 0


@dataclass(frozen=True)
class SideProblem:
    """A problem of a stack file on one side."""

    side: str
    """BASE or HEAD."""
    revision: str
    stack: str
    problem: Problem

    def __str__(self) -> str:
        """The problem as a block of plain text, its place as git writes it: revision:file:line."""
        where = f"{self.revision}:{self.problem.where or self.stack}"
        return f"{self.side} {replace(self.problem, where=where)}"


class SideProblemsError(Exception):
    """The problems of both sides, of which at least one is an error."""

    def __init__(self, problems: tuple[SideProblem, ...]) -> None:
        """`problems` are those of BASE first."""
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        """Each problem as a block of plain text."""
        return "\n\n".join(map(str, self.problems))
