"""Logs of many loggers and languages as entries with their lines, and how the collector should join them.

A file of this folder is a language, or programs that have no language of their own in `logstack/multiline`. Each of its
formats has the source that its lines follow, and entries of our own in that style, neighbours between them included. An
entry is its lines; or a mapping that says where an annotation separates lines of an entry (`splits`: their numbers,
from 0) or joins it to the entry before (`joins`), and why that cannot be told from the line.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
AUTO = "auto"


@dataclass(frozen=True)
class Entry:
    """Lines that belong together."""

    lines: tuple[str, ...]
    splits: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """By annotation: the lines that begin another entry, though they belong to this one."""
    joins: Sequence[str] = ()
    """The annotations that join it to the entry before, to which it does not belong."""
    because: str = ""


@dataclass(frozen=True)
class Format:
    """Entries of one logger, in the order in which a program writes them."""

    group: str
    """The file's name."""
    number: int
    name: str
    source: str
    language: str | None
    """The language of `logstack/multiline`, if there is one besides `auto`."""
    entries: tuple[Entry, ...]

    @property
    def annotations(self) -> tuple[str, ...]:
        """Return the values of `logstack/multiline` that join this format."""
        return (AUTO, self.language) if self.language else (AUTO,)

    @property
    def lines(self) -> list[str]:
        """Return all lines."""
        return [line for entry in self.entries for line in entry.lines]

    def lengths(self, annotation: str) -> list[int]:
        """Return the number of lines of each entry that the collector makes."""
        lengths: list[int] = []
        for entry in self.entries:
            bounds = [0, *entry.splits.get(annotation, ()), len(entry.lines)]
            parts = [end - start for start, end in pairwise(bounds)]
            if annotation in entry.joins:
                lengths[-1] += parts.pop(0)
            lengths += parts
        return lengths

    def exceptions(self, annotation: str) -> list[tuple[str, str]]:
        """Return each line that begins an entry, or does not, against what belongs together; and why."""
        split = [(each, number) for each in self.entries for number in each.splits.get(annotation, ())]
        joined = [(each, 0) for each in self.entries if annotation in each.joins]
        return [(each.lines[number], each.because) for each, number in (*split, *joined)]


def formats() -> Iterator[Format]:
    """Yield every format of every file."""
    for path in sorted(FOLDER.glob("*.yaml")):
        page = yaml.safe_load(path.read_text())
        for number, declared in enumerate(page["formats"], start=1):
            entries = tuple(map(_entry, declared["entries"]))
            yield Format(path.stem, number, declared["format"], declared["source"], page.get("language"), entries)


def _entry(declared: str | Mapping[str, Any]) -> Entry:
    if isinstance(declared, str):
        return Entry(tuple(declared.removesuffix("\n").split("\n")))
    about = {name: value for name, value in declared.items() if name != "lines"}
    return Entry(tuple(declared["lines"].removesuffix("\n").split("\n")), **about)
