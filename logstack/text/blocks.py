"""What a section consists of, before anybody decides how wide a terminal is."""

from collections.abc import Sequence
from dataclasses import dataclass

from logstack.text.words import Facts


@dataclass(frozen=True)
class Heading:
    """The title of the blocks that follow."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str
    lines_below: int = 1
    """Empty ones."""


@dataclass(frozen=True)
class Labelled:
    """Lines with a label each."""

    facts: Facts


@dataclass(frozen=True)
class SentenceTable:
    """A table of phrases; in a narrow terminal, each row becomes a list."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class NumberTable:
    """A table of numbers with names in the first column; a line separates the groups of rows."""

    columns: Sequence[str]
    groups: Sequence[Sequence[Sequence[str]]]


@dataclass(frozen=True)
class Tree:
    """Branches with the names of their leaves."""

    branches: Sequence[tuple[str, Sequence[str]]]


Block = Heading | Paragraph | Labelled | SentenceTable | NumberTable | Tree
