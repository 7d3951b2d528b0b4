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
"""Sentences of one consequence to print; the output counts the others."""


def diff_text(comparison: Differences, console: Console) -> str:
    """Return the whole diff, formatted for the console."""
    return text_of(console, partial(_show, comparison, console))


def _show(comparison: Differences, console: Console) -> None:
    show_heading(console, f"From {comparison.base} (-) to {comparison.head} (+): {comparison.worst}")
    for note in comparison.notes:
        show_block(console, note)
    for stack in comparison.stacks:
        show_facts(
            console, f"{stack.stack}: {counts(stack)}", [(str(c.effect), _consequence(c)) for c in stack.consequences]
        )
        if stack.comparison:
            show_differences(stack.comparison, console)


def _consequence(consequence: Consequence) -> str:
    return "\n".join([*sentences(consequence), f"-> {consequence.do}"])


def sentences(consequence: Consequence) -> Iterator[str]:
    """Yield the first few sentences, and the number of the others."""
    yield from (sentence.text() for sentence in consequence.sentences[:SHOWN])
    if (more := len(consequence.sentences) - SHOWN) > 0:
        yield f"And {more} more of this kind."


def counts(stack: StackDiff) -> str:
    """Return the classes with their numbers, such as `1 data-loss, 2 cost`, and the number of restarts."""
    effects = [each.effect for each in stack.consequences]
    classes = ", ".join(f"{effects.count(effect)} {effect}" for effect in dict.fromkeys(effects))
    if stack.change != "changed":
        return f"{stack.change}; {classes}"
    return (
        f"{classes}; {counted(len(stack.restarts), 'workload')} restart"
        if stack.restarts
        else f"{classes}; no pod restarts"
    )


def comparison_text(comparison: Comparison, console: Console) -> str:
    """Return a comparison, formatted for the console."""
    return text_of(console, partial(_show_comparison, comparison, console))


def _show_comparison(comparison: Comparison, console: Console) -> None:
    show_heading(console, f"From {comparison.before} (-) to {comparison.after} (+)")
    if comparison.is_empty:
        show_block(console, "Nothing differs.")
    else:
        show_differences(comparison, console)


def show_differences(comparison: Comparison, console: Console) -> None:
    """Print the differences: the plan's sentences first, the files' lines last."""
    if comparison.words:
        show_changes(console, "In words", [(each.of, each.before, each.after) for each in comparison.words])
    facts = [(each.of, f"{_value(each.before)} -> {_value(each.after)}") for each in comparison.settings]
    show_facts(console, "Settings", facts or _SAME)
    resources = [("-", name) for name in comparison.resources_removed]
    resources += [("+", name) for name in comparison.resources_added]
    show_facts(console, "Resources", resources or _SAME)
    for diff in comparison.artefacts:
        show_heading(console, f"{diff.name} ({diff.effect})" if diff.effect else diff.name)
        show_lines(console, diff.lines)


def _value(value: str | None) -> str:
    return "(none)" if value is None else value
