"""The texts that the plan, the checks and the diff print, read from their source; and the tables of their evidence.

A text is a string of four words or more, with the names of its placeholders in braces, and what a rule says would
happen, however short. Others (a heading, a unit, the end of a sentence) state nothing by themselves.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
EVIDENCE = ROOT / "docs/reference/sentences.md"
OWN = ROOT / "tests/docs/own_sentences.md"

# Where a person's texts are written, by the name of their group; a folder is one group for each of its modules.
GROUPS = {
    "plan": "logstack/plan",
    "checks": "logstack/settings/checks",
    "reading": "logstack/settings/load",
    "preflight": "logstack/preflight",
    "passthrough": "logstack/settings/passthrough",
    "diff": "logstack/diff",
    "diff rules": "logstack/diff/rules",
    "stack file": "logstack/settings/model",
    "stores": "logstack/manifests/stores",
    "sources": "logstack/manifests/alloy/sources",
    "derived": "logstack/settings/resolve",
    "pins": "logstack/settings/pins.py",
    "guards": "components/guards.py",
    "engine": "components/config.py",
}

_WORDS = 4
_PLAIN = re.compile(r"[a-z][a-z'-]*[a-z]")
_WORD = re.compile(r"[A-Za-z][a-z']+")
# Regular expressions, patterns of keys and the form of a message are no text.
_NO_TEXT = re.compile(
    r"^(settings|resources|\*) |^[\w*-]+\.(yaml|alloy) \S+$|\(\?P?<|\[\^|\\[wSd.]|^[\w*-]+(\.\w+)?[.*]* [a-z*]+\.\S+$"
)


@dataclass(frozen=True)
class Sentence:
    """One text of the source."""

    group: str
    where: str
    """The problem's name, or the function or constant that has the text."""
    text: str


@dataclass(frozen=True)
class Row:
    """One row of the page: a text and its evidence."""

    group: str
    where: str
    text: str
    evidence: tuple[str, ...]


@cache
def sentences() -> tuple[Sentence, ...]:
    """Return every text of the groups, each once for its group."""
    texts = {
        (group, text): Sentence(group, where, text)
        for group, module in _modules()
        for where, text in _texts(ast.parse(module.read_text()))
    }
    return tuple(texts.values())


def words_from_elsewhere(text: str) -> list[tuple[str, str]]:
    """Return each two neighbouring words of a printed text that no string of the groups has, inside or at an end."""
    inside, first, last = _known_words()
    pairs = pairwise(_words(text))
    return [
        pair
        for pair in pairs
        if all(map(_PLAIN.fullmatch, pair)) and pair not in inside and pair[0] not in last and pair[1] not in first
    ]


@cache
def _known_words() -> tuple[set[tuple[str, str]], set[str], set[str]]:
    """Return the neighbouring words within each string of the groups, and the first and the last word of each."""
    nodes = (node for _, module in _modules() for node in ast.walk(ast.parse(module.read_text())))
    strings = [words for node in nodes if isinstance(node, ast.Constant) and (words := _words(str(node.value)))]
    inside = {pair for words in strings for pair in pairwise(words)}
    return inside, {words[0] for words in strings}, {words[-1] for words in strings}


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z][a-z'-]*[a-z]|[A-Z][a-z]+|[,;:.()]|\S+", text)


def rows() -> list[Row]:
    """Read the page: each group is a heading with one table."""
    return [
        Row(group, cells[0], cells[1], tuple(cells[2].split("<br>")))
        for group, line in _grouped(EVIDENCE.read_text())
        if line.startswith("| ")
        for cells in [[cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]]
        if cells[1] != "sentence"
    ]


def own() -> set[tuple[str, str]]:
    """Read the texts that only say what the stack file says or what logstack does, each with its group."""
    return {(group, line[2:]) for group, line in _grouped(OWN.read_text()) if line.startswith("- ")}


def table_row(sentence: Sentence, evidence: str) -> str:
    """Return the row of the page for a text."""
    cells = (sentence.where, sentence.text, evidence)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _grouped(page: str) -> Iterator[tuple[str, str]]:
    group = ""
    for line in page.splitlines():
        if line.startswith("## "):
            group = line[3:]
        else:
            yield group, line


def _modules() -> Iterator[tuple[str, Path]]:
    for name, path in GROUPS.items():
        if (ROOT / path).is_file():
            yield name, ROOT / path
        else:
            for module in sorted((ROOT / path).glob("*.py")):
                yield f"{name}: {module.stem.replace('_', ' ')}", module


def _texts(tree: ast.AST, where: str = "") -> Iterator[tuple[str, str]]:
    for child in ast.iter_child_nodes(tree):
        match child:
            case ast.Expr(value=ast.Constant()):
                continue
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.Assign(targets=[ast.Name(id=name)]):
                yield from _texts(child, where or name)
            case ast.Call(
                func=ast.Name(id="Rule"), args=[ast.Constant(value=str(name)), ast.Constant() as consequence, *_]
            ):
                if text := _template(consequence):
                    yield name, _line(text)
            case ast.Call(func=ast.Name(id="Rule" | "_rule"), args=[ast.Constant(value=str(name)), *_]):
                yield from _texts(child, name)
            case ast.Constant(value=str(text)) if _is_text(text):
                yield where, _line(text)
            case ast.JoinedStr(values=values):
                if _is_text(text := _template(child)):
                    yield where, _line(text)
                inner = (value for value in values if isinstance(value, ast.FormattedValue))
                yield from (found for value in inner for found in _texts(value, where))
            case _:
                yield from _texts(child, where)


def _template(text: ast.expr) -> str:
    match text:
        case ast.Constant(value=str(words)):
            return words
        case ast.JoinedStr(values=values):
            return "".join(map(_template, values))
        case ast.FormattedValue(value=ast.Name(id=name) | ast.Attribute(attr=name)):
            return f"{{{name}}}"
        case _:
            return "{}"


def _is_text(text: str) -> bool:
    return (
        len(_WORD.findall(re.sub(r"\{\w*\}", "", text))) >= _WORDS and " " in text.strip() and not _NO_TEXT.search(text)
    )


def _line(text: str) -> str:
    return " ".join(text.replace("\n", r" \n ").split())
