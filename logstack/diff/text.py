"""The diff for people at a terminal."""

from collections.abc import Iterator
from functools import partial

from rich.console import Console

from logstack.diff.consequences import Consequence, StackDiff
from logstack.diff.model import Differences
from logstack.plan.text import show_differences
from logstack.text.layout import show_block, show_facts, show_heading, text_of
from logstack.text.words import counted

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
