"""The diff and the comparison for people at a terminal."""

from collections.abc import Iterator
from functools import partial

from rich.console import Console

from logstack.diff.comparison import Comparison
from logstack.diff.consequences import Consequence, StackDiff
from logstack.diff.model import Differences
from logstack.text.layout import show_block, show_changes, show_facts, show_heading, show_lines, text_of
from logstack.text.words import counted

_SAME = [("", "the same")]
SHOWN = 5
"""Sentences of one consequence; the others are counted, and the details have all of them."""


def diff_text(found: Differences, console: Console) -> str:
    """The whole diff, as wide and as colourful as the console."""
    return text_of(console, partial(_show, found, console))


def _show(found: Differences, console: Console) -> None:
    show_heading(console, f"From {found.base} (-) to {found.head} (+): {found.worst}")
    for note in found.notes:
        show_block(console, note)
    for stack in found.stacks:
        show_facts(console, f"{stack.stack}: {counts(stack)}", [(str(c.effect), _told(c)) for c in stack.consequences])
        if stack.comparison:
            show_differences(stack.comparison, console)


def _told(consequence: Consequence) -> str:
    return "\n".join([*sentences(consequence), f"-> {consequence.do}"])


def sentences(consequence: Consequence) -> Iterator[str]:
    """The first few sentences, and how many more there are."""
    yield from (sentence.said() for sentence in consequence.sentences[:SHOWN])
    if (more := len(consequence.sentences) - SHOWN) > 0:
        yield f"And {more} more like it."


def counts(stack: StackDiff) -> str:
    """`1 data-loss, 2 cost`; what else there is to say of the stack first."""
    effects = [each.effect for each in stack.consequences]
    told = ", ".join(f"{effects.count(effect)} {effect}" for effect in dict.fromkeys(effects))
    if stack.change != "changed":
        return f"{stack.change}; {told}"
    return (
        f"{told}; {counted(len(stack.restarts), 'workload')} restart" if stack.restarts else f"{told}; no pod restarts"
    )


def comparison_text(comparison: Comparison, console: Console) -> str:
    """What differs."""
    return text_of(console, partial(_show_comparison, comparison, console))


def _show_comparison(comparison: Comparison, console: Console) -> None:
    show_heading(console, f"From {comparison.before} (-) to {comparison.after} (+)")
    if comparison.is_empty:
        show_block(console, "Nothing differs.")
    else:
        show_differences(comparison, console)


def show_differences(comparison: Comparison, console: Console) -> None:
    """What differs, in words first and line by line at the end."""
    if comparison.words:
        show_changes(console, "In words", [(each.of, each.before, each.after) for each in comparison.words])
    facts = [(each.of, f"{_said(each.before)} -> {_said(each.after)}") for each in comparison.settings]
    show_facts(console, "Settings", facts or _SAME)
    resources = [("-", name) for name in comparison.resources_removed]
    resources += [("+", name) for name in comparison.resources_added]
    show_facts(console, "Resources", resources or _SAME)
    for diff in comparison.artefacts:
        show_heading(console, f"{diff.name} ({diff.effect})" if diff.effect else diff.name)
        show_lines(console, diff.lines)


def _said(value: str | None) -> str:
    return "(nothing)" if value is None else value
