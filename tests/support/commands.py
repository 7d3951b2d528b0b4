"""The commands that a Markdown page tells its reader to run: in code blocks, and in the text."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.stacks import ROOT

PAGES = tuple(sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]))
SHELL = ("sh", "bash", "shell", "console")

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_KNOWN = ("make", "logstack", "pulumi", "python")


@dataclass(frozen=True)
class Command:
    """One command as it is written."""

    page: str
    text: str

    @property
    def words(self) -> list[str]:
        """Return the program and its arguments, without variables, the program's path, and brackets around options."""
        words = [word.strip("[]") for word in shlex.split(self.text, comments=True)]
        while words and re.match(r"[A-Z_]+=", words[0]):
            words = words[1:]
        return [words[0].removeprefix(".venv/bin/"), *words[1:]] if words else []


def commands(page: str, text: str) -> Iterator[Command]:
    """Yield the commands of a page in order: lines of shell blocks, prompts in other blocks, and code in the text."""
    after = 0
    for fence in _FENCE.finditer(text):
        yield from _spans(page, text[after : fence.start()])
        yield from _lines(page, fence[2], fence[3])
        after = fence.end()
    yield from _spans(page, text[after:])


def _lines(page: str, language: str, content: str) -> Iterator[Command]:
    for line in content.replace("\\\n", " ").splitlines():
        if language in SHELL and line.strip():
            yield Command(page, line.strip())
        elif line.lstrip().startswith("$ "):
            yield Command(page, line.lstrip().removeprefix("$ "))


def _spans(page: str, text: str) -> Iterator[Command]:
    for span in _SPAN.findall(text):
        words = re.sub(r"^([A-Z_]+=\S+ )+", "", span).removeprefix(".venv/bin/").split()
        if len(words) > 1 and words[0] in _KNOWN:
            yield Command(page, span)


def all_commands(program: str) -> list[Command]:
    """Return every command of every page that runs a program."""
    every = (command for page in PAGES for command in commands(page.name, page.read_text()))
    return [command for command in every if command.words and command.words[0] == program]


def section(text: str, title: str) -> str:
    """Return the text below a heading of the second level."""
    return re.split(r"^## ", text.partition(f"## {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
