"""The diff of two sides as data, and the problems of a side."""

from dataclasses import dataclass, replace

from logstack.diff.consequences import StackDiff
from logstack.diff.effects import EXIT_CODES, Effect, worst
from logstack.settings.problems import Problem


@dataclass(frozen=True)
class Differences:
    """The differences between two sides."""

    base: str
    head: str
    notes: tuple[str, ...]
    """How the diff was made, where it matters: such as a side that today's code rendered."""
    stacks: tuple[StackDiff, ...]
    """The stacks that differ."""

    @property
    def worst(self) -> Effect | None:
        """Return the worst class; None if nothing differs."""
        return worst(stack.worst for stack in self.stacks if stack.worst)

    @property
    def exit_code(self) -> int:
        """Return the exit code of the worst class; 0 if nothing differs."""
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
        """Return a block of plain text with the location as git writes it: revision:file:line."""
        where = f"{self.revision}:{self.problem.where or self.stack}"
        return f"{self.side} {replace(self.problem, where=where)}"


class SideProblemsError(Exception):
    """Raised for the problems of both sides; at least one is an error."""

    def __init__(self, problems: tuple[SideProblem, ...]) -> None:
        """Take the problems, BASE first."""
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        """Return each problem as a block of plain text."""
        return "\n\n".join(map(str, self.problems))
