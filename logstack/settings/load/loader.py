"""From what a stack says to its settings: one way for the plan, the local run, the tests and the engine."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pydantic import ValidationError, create_model

from logstack.settings import checks
from logstack.settings.checks.acknowledgements import names_are_known, names_are_needed
from logstack.settings.load.credentials import Credentials, complete, credentials, present
from logstack.settings.load.source import Source, from_file
from logstack.settings.load.stack_file import (
    PROJECT,
    Value,
    YamlFile,
    disputed_numbers,
    read_stack_file,
    read_yaml,
    stack_path,
    stacks,
)
from logstack.settings.load.translation import translated, typed
from logstack.settings.model.base import Group
from logstack.settings.model.ranges import STACK_FILE
from logstack.settings.model.tree import Settings
from logstack.settings.problems import Problem, StackProblems

__all__ = [
    "Credentials",
    "Stack",
    "load_stack_file",
    "settings_from",
    "stacks",
]


@dataclass(frozen=True)
class Stack:
    """A stack that has no error."""

    name: str
    settings: Settings
    problems: tuple[Problem, ...]
    """Warnings that are not acknowledged."""
    accepted: tuple[Problem, ...]
    """Warnings that are acknowledged."""
    credentials: Credentials
    """Where the store's access key comes from; `config-missing` only offline, for a program stops without a key."""


def load_stack_file(stack: str, directory: Path = Path(), *, today: date | None = None) -> Stack:
    """The stack as its file in the directory says it; raises StackProblems with all its errors and warnings."""
    file = read_stack_file(stack, directory)
    return settings_from(from_file(file), stack, directory, file=file, today=today)


def settings_from(
    source: Source,
    stack: str,
    directory: Path,
    *,
    file: YamlFile | None = None,
    today: date | None = None,
    key_needed: bool = False,
) -> Stack:
    """The one way from what a stack says to its settings; raises StackProblems with all its errors and warnings.

    `file` knows the lines of the keys; the directory's other stack files are read for buckets that two share; with
    `key_needed` a store without an access key is an error.
    """
    settings, misread = _tree(source)
    rules = list(checks.rules().values())
    acknowledged = getattr(settings, "acknowledge", ())
    found = checks.problems_of(settings, today=today, neighbours=_neighbours(stack, directory))
    disputed = list(disputed_numbers(file)) if file else []
    misread = [problem for problem in misread if problem.path not in {each.path for each in disputed}]
    problems = [*source.problems, *disputed, *misread, *found, *names_are_known(acknowledged, rules), *complete(source)]
    if key_needed and not misread:
        problems += present(settings, source)
    if not _errors(problems):
        problems += names_are_needed(acknowledged, found, rules)
    located = [replace(problem, where=file.where(problem.path) if file else "") for problem in problems]
    open_ones = [problem for problem in located if problem.severity == "error" or problem.name not in acknowledged]
    if _errors(open_ones):
        raise StackProblems(open_ones)
    accepted = tuple(problem for problem in located if problem not in open_ones)
    return Stack(stack, settings, tuple(open_ones), accepted, credentials(settings, source))


def _errors(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == "error"]


def _tree(source: Source) -> tuple[Settings, list[Problem]]:
    """The tree, and what could not be read; whoever asks the tree for such a field gets an AttributeError."""
    raw = typed(source.raw)
    try:
        return Settings.model_validate(raw, by_alias=True, by_name=False, context=STACK_FILE), []
    except ValidationError as error:
        bad = {details["loc"][0] for details in error.errors(include_url=False)}
        told = {problem.path for problem in source.problems}
        return _partial(raw, bad), [problem for problem in translated(error) if problem.path not in told]


def _partial(raw: Mapping[str, Value], bad: set[int | str]) -> Settings:
    fields = {
        name: (field.annotation, field) for name, field in Settings.model_fields.items() if field.alias not in bad
    }
    good = create_model("Good", __base__=Group, **fields)  # type: ignore[call-overload]
    rest = {key: raw[key] for key in raw.keys() - bad}
    read = good.model_validate(rest, by_alias=True, by_name=False, context=STACK_FILE)
    tree = Settings.model_construct(_fields_set=read.model_fields_set, **dict(read))
    for name in Settings.model_fields.keys() - fields.keys():
        tree.__dict__.pop(name, None)
    try:
        tree.resolve()
    except AttributeError:
        # What the ingest decides depends on a field that is bad: the checks of it have nothing to go by.
        tree.__dict__.pop("ingest", None)
    return tree


def _neighbours(stack: str, directory: Path) -> dict[str, object]:
    """The other stacks' object stores by file name; a file that cannot be read says nothing here."""
    found: dict[str, object] = {}
    for path in (stack_path(name, directory) for name in stacks(directory) if name != stack):
        try:
            config = read_yaml(path).config
        except StackProblems:
            continue
        found[path.name] = config.get(f"{PROJECT}:objectStore", config.get("objectStore"))
    return found
