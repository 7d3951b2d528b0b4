"""The plan for people: one screen, all sections, or chosen sections."""

from collections.abc import Sequence
from functools import partial

from rich.console import Console

from logstack.plan.model import Plan
from logstack.plan.section import Section
from logstack.text.blocks import Block
from logstack.text.layout import show_blocks, show_heading, text_of


def summary_text(plan: Plan, console: Console) -> str:
    """Return the plan on one screen: at most 50 lines at 110 columns."""
    return text_of(console, partial(_show_summary, plan, console))


def full_text(plan: Plan, console: Console) -> str:
    """Return every section that has something to say."""
    return sections_text([section for section in plan.values() if section.blocks], console)


def sections_text(sections: Sequence[Section], console: Console) -> str:
    """Return these sections; one with nothing to say is its title."""
    return text_of(console, partial(_show_sections, sections, console))


def _show_summary(plan: Plan, console: Console) -> None:
    for section in plan.values():
        if section.summary:
            _show(section.title, section.summary, console)
    console.print(f"More: --full, or --section with one of {', '.join(plan)}.")


def _show_sections(sections: Sequence[Section], console: Console) -> None:
    for section in sections:
        _show(section.title, section.blocks, console)


def _show(title: str, blocks: Sequence[Block], console: Console) -> None:
    show_heading(console, title)
    show_blocks(console, blocks)
