"""Problems of a stack: the mistake, its consequence, and the fix."""

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
    """What is wrong, with the value in quotes unless it may be a secret."""
    consequence: str
    """What would happen; empty where that adds nothing."""
    fix: str
    """How to fix it; ends with a line to paste where there is one."""
    severity: Severity = "error"
    where: str = ""
    """The file and the line, such as Pulumi.production.yaml:12; empty where they are not known."""

    def __str__(self) -> str:
        """Return the problem as a block of plain text: `error[name] file:line: key`, and its parts below."""
        return self.text(self.severity)

    def text(self, severity: str = "") -> str:
        """Return the same block with another severity, or with none where Pulumi prints it."""
        is_about_file = self.where.startswith(f"{self.path}:")
        location = [self.where] if is_about_file else [self.where, self.path]
        lines = [f"{severity}[{self.name}] {': '.join(filter(None, location))}"]
        for label, text in (("what: ", self.what), ("then: ", self.consequence), ("fix:  ", self.fix)):
            if text:
                lines.append(textwrap.indent(label + text.replace("\n", "\n      "), "  "))
        return "\n".join(lines)


@dataclass(frozen=True)
class Rule:
    """A kind of problem: its name, what would happen, and whether it stops the stack."""

    name: str
    consequence: str
    """What would happen, with the measurement or the source; empty where that adds nothing."""
    severity: Severity = "error"

    def problem(self, path: str, what: str, fix: str) -> Problem:
        """Return the problem of a key that breaks this rule; `path` has no `logstack:` in front."""
        if self.severity == "warning":
            fix = f"{fix}\nor accept it: add {self.name} to logstack:acknowledge"
        return Problem(self.name, f"logstack:{path}", what, self.consequence, fix, self.severity)


class StackProblems(Exception):  # noqa: N818 - it carries warnings as well
    """All problems of a stack; at least one is an error."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems, errors first."""
        self.problems = tuple(sorted(problems, key=lambda problem: problem.severity))
        super().__init__(self.problems)

    def __str__(self) -> str:
        """Return the number of problems and a block of text for each."""
        errors = sum(problem.severity == "error" for problem in self.problems)
        counts = [_count(errors, "error"), _count(len(self.problems) - errors, "warning")]
        return "\n\n".join([f"{', '.join(filter(None, counts))}:", *map(str, self.problems)])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}" if number else ""


def nearest(word: str, words: Iterable[str], cutoff: float = 0.7) -> str | None:
    """Return the known word that was probably meant; ignores case, `-` and `_`."""
    plain = {name.lower().replace("-", "").replace("_", ""): name for name in words}
    matches = difflib.get_close_matches(word.lower().replace("-", "").replace("_", ""), plain, n=1, cutoff=cutoff)
    return plain[matches[0]] if matches else None


def listed(words: Sequence[str], last: str = "or") -> str:
    """Return `a, b or c`."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)
