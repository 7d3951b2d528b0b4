"""The stack's warnings, and those that its stack file acknowledges."""

from collections.abc import Iterator, Sequence
from textwrap import shorten

from logstack.plan.section import Section
from logstack.settings.load.loader import Stack
from logstack.settings.problems import Problem, listed
from logstack.text.blocks import Block, Heading, Labelled, Paragraph
from logstack.text.words import Facts, counted

# The first screen has room for this many warnings, each of so many characters.
_SHOWN = 2
_LENGTH = 205


def warnings_section(stack: Stack) -> Section:
    """Plan the warnings."""
    warnings, acknowledged = stack.problems, [problem.name for problem in stack.accepted]
    names = f" The stack file acknowledges {listed(acknowledged, 'and')}." if acknowledged else ""
    return Section(
        title=f"Warnings: {len(warnings)}" if warnings else "Warnings",
        key="warnings",
        data=warnings,
        facts=_consequences(warnings),
        layout=tuple(_blocks(warnings)) or (Paragraph("No warnings."),),
        summary=(Paragraph(_summary(warnings) if warnings else f"No warnings.{names}"),),
    )


def acknowledged_section(stack: Stack) -> Section:
    """Plan the warnings that the stack file accepts by name."""
    problems = stack.accepted
    return Section("Acknowledged in the stack file", "acknowledged", problems, _consequences(problems))


def _consequences(problems: Sequence[Problem]) -> Facts:
    return [(problem.name, problem.consequence) for problem in problems]


def _blocks(problems: Sequence[Problem]) -> Iterator[Block]:
    for problem in problems:
        yield Heading(f"Warning: {problem.name}")
        yield Labelled(
            [
                ("where", f"{problem.path} ({problem.where})" if problem.where else problem.path),
                ("what", problem.what),
                ("then", problem.consequence),
                ("fix", problem.fix),
            ]
        )


def _summary(problems: Sequence[Problem]) -> str:
    """Return the first warnings, two lines each at 110 columns, and where the others are."""
    lines = [
        shorten(f"{each.name}: {each.what}. Fix: {each.fix.splitlines()[0]}", _LENGTH, placeholder=" ...")
        for each in problems[:_SHOWN]
    ]
    more = len(problems) - _SHOWN
    return "\n".join([*lines, f"{counted(more, 'more warning') if more > 0 else 'The whole text'}: --section warnings"])
