"""Read Pulumi.yaml and Pulumi.<stack>.yaml as the engine reads them, with line numbers."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import cast

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.parser import ParserError
from ruamel.yaml.scalarbool import ScalarBoolean
from ruamel.yaml.scanner import ScannerError

from logstack.settings.problems import Problem, Rule, StackProblems, listed, nearest

PROJECT = "logstack"
NOT_YAML = Rule("not-yaml", "neither Pulumi nor logstack can read the file")
UNKNOWN_STACK = Rule("unknown-stack", "")
NO_CONFIG = Rule("no-config", "the stack has neither a cluster nor an object store")

Value = str | int | float | bool | None | Mapping[str, "Value"] | list["Value"]


DISPUTED_NUMBER = Rule("disputed-number", "YAML readers disagree on the number: the file means something else to each")

# Digits alone, with a zero before them or an underscore between them: Go reads octal digits, YAML 1.2 others or text.
_DISPUTED = re.compile(r"[-+]?(0[0-9_]+|0[xob][0-9a-fA-F]*_[0-9a-fA-F_]*|[0-9][0-9_]*_[0-9_]*)")
# The most digits that a floating-point number has; the engine takes longer numbers for text.
_MOST_DIGITS = 308


class DisputedNumber(int):
    """A number as the engine reads it, written in a form that other YAML readers read differently."""

    text: str


class _Constructor(RoundTripConstructor):
    """Dates and whole numbers as the engine hands them over.

    Dates are in Go's text for a time, or as they are when there is no such day.
    """

    def whole_number(self, node: ScalarNode) -> object:
        """A whole number; a text where it has too many digits for any."""
        text = str(node.value)
        if len(text) > _MOST_DIGITS:
            return text
        if not _DISPUTED.fullmatch(text):
            return self.construct_yaml_int(node)
        number = DisputedNumber(_as_go_reads(text.replace("_", "")))
        number.text = text
        return number

    def date_text(self, node: ScalarNode) -> str:
        """The text of an unquoted date."""
        try:
            return f"{datetime.strptime(node.value, '%Y-%m-%d'):%Y-%m-%d} 00:00:00 +0000 UTC"  # noqa: DTZ007 - a date
        except ValueError:
            return str(node.value)


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _Constructor.date_text)
_Constructor.add_constructor("tag:yaml.org,2002:int", _Constructor.whole_number)


def _as_go_reads(text: str) -> int:
    """Go's strconv.ParseInt without a base: a zero before digits makes them octal, where they can be."""
    digits = text.lstrip("+-")
    is_octal = digits[:1] == "0" and digits.isdigit() and set(digits) <= set("01234567")
    if is_octal:
        return int(text, 8)
    return int(text) if digits.isdigit() else int(text, 0)


@dataclass(frozen=True)
class YamlFile:
    """A file and what it says."""

    path: Path
    config: Mapping[str, Value]
    """The keys under `config:`."""
    tree: CommentedMap
    """The same with its line numbers."""
    environments: tuple[str, ...] = ()
    """The ESC environments under `environment:`; Pulumi adds their values, under those of the file."""

    def where(self, path: str) -> str:
        """Return `<file>:<line>` of a key such as logstack:schemaPeriods[1].from, or of the nearest key above it."""
        key, *below = re.findall(r"[^.\[\]]+", path)
        node, line = self.tree, 0
        for piece in (key if key in node else key.removeprefix(f"{PROJECT}:"), *below):
            step = int(piece) if isinstance(node, CommentedSeq) and piece.isdigit() else piece
            if not isinstance(node, CommentedMap | CommentedSeq) or step not in (node.lc.data or {}):
                break
            line, node = node.lc.data[step][0] + 1, node[step]
        return f"{self.path.name}:{line}" if line else ""


def stacks(directory: Path) -> list[str]:
    """Return the names of the stacks that have a file in the directory."""
    files = (path.name for path in directory.glob("Pulumi.*.yaml"))
    return sorted(name.removeprefix("Pulumi.").removesuffix(".yaml") for name in files)


def stack_path(stack: str, directory: Path) -> Path:
    """Return the path of the stack's file."""
    return directory / f"Pulumi.{stack}.yaml"


def read_stack_file(stack: str, directory: Path) -> YamlFile:
    """Read the stack's file; raise StackProblems when it does not exist, is not YAML or has no `config:`."""
    path = stack_path(stack, directory)
    if not path.is_file():
        names = stacks(directory)
        similar = nearest(stack, names)
        fix = (
            f"did you mean {similar}?" if similar else f"name one of {listed(names)}" if names else f"write {path.name}"
        )
        raise StackProblems([_file_problem(UNKNOWN_STACK, path, f"{path.name} does not exist", fix)])
    file = read_yaml(path)
    if not file.tree:
        fix = "add keys under `config:`; docs/reference/stack-file.md lists them"
        raise StackProblems([_file_problem(NO_CONFIG, path, "nothing under `config:`", fix)])
    return file


def read_yaml(path: Path) -> YamlFile:
    """Read a YAML file; raise StackProblems when it is not YAML."""
    try:
        return _read(path, path.read_text(encoding="utf-8-sig"))
    except MarkedYAMLError as error:
        line, column = (error.problem_mark.line + 1, error.problem_mark.column + 1) if error.problem_mark else (1, 1)
        what = f"line {line}, column {column}: {_reason(error)}"
        raise StackProblems([_file_problem(NOT_YAML, path, what, "correct the line", line)]) from None
    except Exception:  # not only YAMLError: ValueError, KeyError, RecursionError and others were seen
        what = "the file has a character, a tag or an alias that is not valid YAML"
        raise StackProblems([_file_problem(NOT_YAML, path, what, "save it as UTF-8 text with plain values")]) from None


@lru_cache(maxsize=64)  # with each stack all its neighbours are read, 5 ms each
def _read(path: Path, text: str) -> YamlFile:
    content = parsed(text)
    tree = content.get("config") if isinstance(content, CommentedMap) else None
    config = plain(tree)
    environments = _environments(plain(content.get("environment"))) if isinstance(content, CommentedMap) else ()
    if not isinstance(tree, CommentedMap) or not isinstance(config, Mapping):
        return YamlFile(path, {}, CommentedMap(), environments)
    return YamlFile(path, config, tree, environments)


def _environments(value: Value) -> tuple[str, ...]:
    """Return the names in `environment:`: a list, or the imports of an environment that the file itself has."""
    imports = value.get("imports") if isinstance(value, Mapping) else value
    entries = imports if isinstance(imports, list) else []
    names = tuple(str(next(iter(each), "") if isinstance(each, Mapping) else each) for each in entries)
    return names or (("environment",) if value else ())


def parsed(text: str) -> object:
    """Parse YAML text into a tree that knows its lines; raise whatever the parser raises."""
    reader = YAML()
    reader.Constructor = _Constructor
    return cast("object", reader.load(text))


def _reason(error: MarkedYAMLError) -> str:
    """Return why the file is not YAML; the parser's own words only where they cannot quote a value of the file."""
    if isinstance(error, DuplicateKeyError):
        key = re.match(r'found duplicate key "([^"]*)"', error.problem or "")
        return f'duplicate key "{key[1]}"' if key else "duplicate key"
    if isinstance(error, ScannerError | ParserError):
        return str(error.problem)
    return "invalid anchor, alias or tag"


def _file_problem(rule: Rule, path: Path, what: str, fix: str, line: int = 1) -> Problem:
    return Problem(rule.name, path.name, what, rule.consequence, fix, rule.severity, f"{path.name}:{line}")


def plain(value: object) -> Value:
    """Return a YAML value as the engine does: whole floats as integers, values of unknown kinds as text."""
    result: Value = str(value)
    match value:
        case Mapping():
            result = {str(key): plain(item) for key, item in value.items()}
        case list():
            result = [plain(item) for item in value]
        case bool() | None:
            result = value
        case ScalarBoolean():
            result = bool(value)
        case int() | float():
            result = int(value) if value == value // 1 else float(value)
    return result


Location = tuple[str | int, ...]


def disputed_numbers(file: YamlFile, takes_text: Callable[[Location], bool]) -> Iterator[Problem]:
    """Yield a problem for each number of the project's keys that YAML readers read differently.

    `takes_text` knows the keys that take text: the line to paste repeats what the file has, in quotes.
    """
    for key, value in file.tree.items():
        namespace, _, name = str(key).rpartition(":")
        if namespace in ("", PROJECT):
            for location, number in _disputed((name,), value):
                yield _disputed_problem(location, number, is_text=takes_text(location))


def _disputed(location: Location, value: object) -> Iterator[tuple[Location, DisputedNumber]]:
    match value:
        case DisputedNumber():
            yield location, value
        case Mapping():
            for key, item in value.items():
                yield from _disputed((*location, str(key)), item)
        case list():
            for index, item in enumerate(value):
                yield from _disputed((*location, index), item)


def _disputed_problem(location: Location, number: DisputedNumber, *, is_text: bool) -> Problem:
    path = "".join(f"[{piece}]" if isinstance(piece, int) else f".{piece}" for piece in location).lstrip(".")
    what = f'Pulumi reads "{number.text[:24]}" as {int(number)}, other YAML readers do not'
    corrected = f'"{number.text}"' if is_text else f"{int(number)}"
    last = location[-1]
    line = f"- {corrected}" if isinstance(last, int) else f"{last}: {corrected}"
    return DISPUTED_NUMBER.problem(path, what, f"{PROJECT}:{line}" if len(location) == 1 else line)


def default_config(directory: Path) -> dict[str, Value]:
    """Return the defaults that Pulumi.yaml gives the project's keys; none without the file."""
    path = directory / "Pulumi.yaml"
    declared = read_yaml(path).config if path.is_file() else {}
    return {key: item["default"] for key, item in declared.items() if isinstance(item, Mapping) and "default" in item}
