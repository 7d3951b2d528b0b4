"""Headings, labelled lines and tables that are readable at 100 columns and narrower, in a pipe, and without colours."""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import assert_never

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree as RichTree

from logstack.text.blocks import Block, Heading, Labelled, NumberTable, Paragraph, SentenceTable, Tree
from logstack.text.words import Facts

# The width of a pipe.
WIDTH = 100
# The most that a table of sentences takes.
_WIDEST = 110
# Where a table of sentences would have columns of ten characters, each row becomes a block of its own.
_NARROW = 80
# A column of words that are no longer than this does not wrap.
_SHORT = 10
_INDENT = 2


def terminal(width: int | None = None) -> Console:
    """Return standard output as a console: NO_COLOR and a pipe turn colours off, COLUMNS sets the width."""
    if width is None and not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        width = WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False)


def text_of(console: Console, show: Callable[[], None]) -> str:
    """Return what `show` prints on the console, without trailing spaces, which would get into copies."""
    with console.capture() as text:
        show()
    return "".join(f"{line.rstrip()}\n" for line in text.get().splitlines())


def show_blocks(console: Console, blocks: Iterable[Block]) -> None:
    """Print blocks, one below the other."""
    for block in blocks:
        match block:
            case Heading(text):
                show_heading(console, text)
            case Paragraph(text, lines_below):
                show_block(console, text, lines_below)
            case Labelled(facts):
                show_labelled(console, facts)
            case SentenceTable(columns, rows):
                _show_sentences(console, columns, rows)
            case NumberTable(columns, groups):
                _show_numbers(console, columns, groups)
            case Tree(branches):
                _show_tree(console, branches)
            case _:
                assert_never(block)


def show_heading(console: Console, text: str) -> None:
    """Print a title."""
    console.print(Text(text, style="bold"))


def show_block(console: Console, block: RenderableType, below: int = 1) -> None:
    """Print an indented block and empty lines below it."""
    console.print(Padding(block, (0, 0, below, _INDENT)))


def show_facts(console: Console, heading: str, facts: Facts) -> None:
    """Print a title and labelled lines."""
    show_heading(console, heading)
    show_labelled(console, facts)


def show_labelled(console: Console, facts: Facts) -> None:
    """Print labelled lines."""
    grid = Table.grid(padding=(0, 2))
    longest = max(len(label) for label, _ in facts)
    grid.add_column(no_wrap=longest < console.width // 2, overflow="fold")
    grid.add_column(overflow="fold")
    for label, text in facts:
        grid.add_row(label, text)
    show_block(console, grid)


def show_changes(console: Console, heading: str, changes: Sequence[tuple[str, str | None, str | None]]) -> None:
    """Print each label with its text before, after a `-`, and its text after, after a `+`."""
    show_heading(console, heading)
    for label, before, after in changes:
        console.print(Padding(label, (0, 0, 0, _INDENT)))
        grid = Table.grid(padding=(0, 1))
        for mark, text in (("-", before), ("+", after)):
            if text is not None:
                grid.add_row(mark, text)
        console.print(Padding(grid, (0, 0, 0, 2 * _INDENT)))
    console.print()


def show_lines(console: Console, lines: Sequence[str]) -> None:
    """Print lines that stay whole, however wide they are."""
    for line in (*lines, ""):
        console.print(f"{' ' * _INDENT}{line}", soft_wrap=True)


def _show_sentences(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: columns of short words are as narrow as these, the others are equally wide."""
    if console.width < _NARROW:
        for row in rows:
            show_facts(console, row[0], list(zip(columns, row, strict=True))[1:])
        return
    table = _table(width=min(console.width, _WIDEST) - _INDENT)
    for column, *cells in zip(columns, *rows, strict=True):
        short = max(len(column), *map(len, cells)) <= _SHORT
        table.add_column(column, overflow="fold", no_wrap=short, ratio=None if short else 1)
    for row in rows:
        table.add_row(*row)
    show_block(console, table)


def _show_numbers(console: Console, columns: Sequence[str], groups: Sequence[Sequence[Sequence[str]]]) -> None:
    table = _table()
    for column in columns:
        table.add_column(column, overflow="fold", justify="left" if column == columns[0] else "right")
    for group in groups:
        for row in group:
            table.add_row(*row)
        table.add_section()
    show_block(console, table)


def _show_tree(console: Console, branches: Sequence[tuple[str, Sequence[str]]]) -> None:
    tree = RichTree("", hide_root=True)
    for name, leaves in branches:
        branch = tree.add(Text(name))
        for leaf in leaves:
            branch.add(Text(leaf))
    show_block(console, tree)


def _table(width: int | None = None) -> Table:
    return Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="", width=width)
