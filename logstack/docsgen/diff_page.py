"""The generated parts of docs/reference/diff.md: classes with exit codes, rules, and which values restart what."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from logstack.diff.effects import EXIT_CODES, MEANINGS, Effect
from logstack.diff.rolls import ALLOY_VALUES, LOKI_VALUES
from logstack.diff.rule import Rule
from logstack.diff.rules import RULES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "diff.md"


def generated(text: str) -> str:
    """The page with its generated parts written anew."""
    tables = {"classes": _classes(), "rules": _rules(), "restarts": _restarts()}
    for name, lines in tables.items():
        before, rest = text.split(f"<!-- {name} -->")
        _, after = rest.split(f"<!-- /{name} -->")
        block = "\n".join([f"<!-- {name} -->", "", *lines, "", f"<!-- /{name} -->"])
        text = before + block + after
    return text


def _classes() -> Iterator[str]:
    yield from ("| class | exit code | what it means |", "|---|---|---|")
    for effect in Effect:
        yield f"| `{effect}` | {EXIT_CODES[effect]} | {MEANINGS[effect]} |"


def _rules() -> Iterator[str]:
    yield from ("| class | rule | looks at | when | says |", "|---|---|---|---|---|")
    yield from map(_row, RULES)


def _row(rule: Rule) -> str:
    places = "<br>".join(_code(place.strip() or "any file's form") for place in rule.looks_at)
    return f"| {rule.effect} | `{rule.name}` | {places} | {rule.when.words} | {_cell(rule.says)} |"


def _restarts() -> Iterator[str]:
    yield from ("| chart | values | in the template of |", "|---|---|---|")
    for chart, table in (("loki", LOKI_VALUES), ("alloy", ALLOY_VALUES)):
        for who, patterns in _grouped(table):
            yield f"| {chart} | {', '.join(map(_code, patterns))} | {who} |"


def _grouped(table: Sequence[tuple[str, tuple[str, ...]]]) -> Iterator[tuple[str, list[str]]]:
    """Neighbours of the same pods together: of several patterns the first decides."""
    for who, run in groupby(table, lambda row: row[1]):
        yield " and ".join(who), [pattern for pattern, _ in run]


def _code(text: str) -> str:
    return f"`{_cell(text)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
