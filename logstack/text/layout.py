"""Headings, labelled lines and tables that are readable at 100 columns and narrower, in a pipe, and without colours."""

import os
import sys
from collections.abc import Callable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from logstack.text.words import Facts

# The width of a pipe, and the most that a table of sentences takes.
WIDTH = 100
# Where a table of sentences would have columns of ten characters, each row becomes a block of its own.
_NARROW = 80
_INDENT = 2


def terminal(width: int | None = None) -> Console:
    """Standard output; NO_COLOR and a pipe take its colours, COLUMNS decides its width."""
    if width is None and not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        width = WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False)


def text_of(console: Console, show: Callable[[], None]) -> str:
    """What `show` prints on the console, without trailing spaces: it is there to be copied and kept."""
    with console.capture() as text:
        show()
    return "".join(f"{line.rstrip()}\n" for line in text.get().splitlines())


def show_heading(console: Console, text: str) -> None:
    """A section's name."""
    console.print(Text(text, style="bold"))


def show_block(console: Console, block: RenderableType, below: int = 1) -> None:
    """What stands under a heading, and an empty line."""
    console.print(Padding(block, (0, 0, below, _INDENT)))


def show_facts(console: Console, heading: str, facts: Facts) -> None:
    """A section of labelled lines."""
    show_heading(console, heading)
    show_labelled(console, facts)


def show_labelled(console: Console, facts: Facts) -> None:
    """Labelled lines."""
    grid = Table.grid(padding=(0, 2))
    longest = max(len(label) for label, _ in facts)
    grid.add_column(no_wrap=longest < console.width // 2, overflow="fold")
    grid.add_column(overflow="fold")
    for label, text in facts:
        grid.add_row(label, text)
    show_block(console, grid)


def show_changes(console: Console, heading: str, changes: Sequence[tuple[str, str | None, str | None]]) -> None:
    """What is said of each thing: before, after a `-`, and after, after a `+`."""
    show_heading(console, heading)
    for of, before, after in changes:
        console.print(Padding(of, (0, 0, 0, _INDENT)))
        grid = Table.grid(padding=(0, 1))
        for mark, said in (("-", before), ("+", after)):
            if said is not None:
                grid.add_row(mark, said)
        console.print(Padding(grid, (0, 0, 0, 2 * _INDENT)))
    console.print()


def show_lines(console: Console, lines: Sequence[str]) -> None:
    """Lines that stay whole, however wide they are."""
    for line in (*lines, ""):
        console.print(f"{' ' * _INDENT}{line}", soft_wrap=True)


def show_sentences(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table whose columns are equally wide but the last; in a narrow terminal, a block for each row."""
    if console.width < _NARROW:
        for row in rows:
            show_facts(console, row[0], list(zip(columns, row, strict=True))[1:])
        return
    table = _table(width=min(console.width, WIDTH) - _INDENT)
    for column in columns:
        table.add_column(column, overflow="fold", ratio=None if column == columns[-1] else 1)
    for row in rows:
        table.add_row(*row)
    show_block(console, table)


def show_numbers(console: Console, columns: Sequence[str], sections: Sequence[Sequence[Sequence[str]]]) -> None:
    """A table of numbers with names in front, in sections."""
    table = _table()
    for column in columns:
        table.add_column(column, overflow="fold", justify="left" if column == columns[0] else "right")
    for section in sections:
        for row in section:
            table.add_row(*row)
        table.add_section()
    show_block(console, table)


def _table(width: int | None = None) -> Table:
    return Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="", width=width)
