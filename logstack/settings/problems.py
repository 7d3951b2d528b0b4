"""What can be wrong with a stack, in words: what it is, what would happen, and how to fix it."""

import difflib
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """One problem of one stack."""

    name: str
    """The rule's name; a warning is silenced by it (`acknowledge`)."""
    path: str
    """The key in the stack file, such as logstack:schemaPeriods[1].from."""
    what: str
    """What the stack says now."""
    consequence: str
    """What would happen."""
    fix: str
    """What to write instead."""
    severity: Severity = "error"
    where: str = ""
    """The file and the line, such as Pulumi.production.yaml:12; empty where they are not known."""

    def __str__(self) -> str:
        """The problem as a block of plain text."""
        return self.text(f"{self.severity}: ")

    def text(self, severity: str = "") -> str:
        """The same with other words for the severity, for those who say it in words of their own."""
        place = f"{self.where}: " if self.where else ""
        lines = [f"{place}{severity}{self.path} [{self.name}]"]
        for label, text in (("what: ", self.what), ("then: ", self.consequence), ("fix:  ", self.fix)):
            lines.append(textwrap.indent(label + text.replace("\n", "\n      "), "  "))
        return "\n".join(lines)


@dataclass(frozen=True)
class Rule:
    """A kind of problem: its name, what would happen, and whether it stops the stack."""

    name: str
    consequence: str
    """What would happen; with the measurement or the source it is known from."""
    severity: Severity = "error"

    def problem(self, path: str, what: str, fix: str) -> Problem:
        """This rule broken at a key of the stack file, given without its `logstack:`."""
        if self.severity == "warning":
            fix = f"{fix}\nor accept it: add {self.name} to logstack:acknowledge"
        return Problem(self.name, f"logstack:{path}", what, self.consequence, fix, self.severity)


class StackProblems(Exception):  # noqa: N818 - it carries warnings as well
    """All the problems of a stack, of which at least one is an error."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """`problems` are shown errors first."""
        self.problems = tuple(sorted(problems, key=lambda problem: problem.severity))
        super().__init__(self.problems)

    def __str__(self) -> str:
        """The number of problems and a block of text for each."""
        errors = sum(problem.severity == "error" for problem in self.problems)
        counts = [_count(errors, "error"), _count(len(self.problems) - errors, "warning")]
        return "\n\n".join([f"{', '.join(filter(None, counts))}:", *map(str, self.problems)])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}" if number else ""


def nearest(word: str, known: Iterable[str], cutoff: float = 0.7) -> str | None:
    """The known word that was probably meant; case, `-` and `_` do not count."""
    plain = {name.lower().replace("-", "").replace("_", ""): name for name in known}
    found = difflib.get_close_matches(word.lower().replace("-", "").replace("_", ""), plain, n=1, cutoff=cutoff)
    return plain[found[0]] if found else None


def listed(words: Sequence[str], last: str = "or") -> str:
    """`a, b or c`."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)
