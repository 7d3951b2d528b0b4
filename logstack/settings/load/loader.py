"""Load and check a stack: the same way for the plan, the local run, the tests and the engine."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from logstack.settings import checks
from logstack.settings.checks.acknowledgements import names_are_known, names_are_needed
from logstack.settings.checks.object_store import keyless
from logstack.settings.load.credentials import Credentials, complete, credentials, present
from logstack.settings.load.parsing import parse
from logstack.settings.load.source import Source, from_file
from logstack.settings.load.stack_file import (
    PROJECT,
    YamlFile,
    disputed_numbers,
    read_stack_file,
    read_yaml,
    stack_path,
    stacks,
)
from logstack.settings.load.translation import takes_text
from logstack.settings.problems import Problem, StackProblems
from logstack.settings.resolve.unknown import have_common_keys, unknown_keys
from logstack.settings.tree import Settings

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
    """Where the store's access key comes from; `config-missing` only offline: a program stops without a key."""


def load_stack_file(stack: str, directory: Path = Path(), *, today: date | None = None) -> Stack:
    """Load a stack from its file in the directory; raise StackProblems with all its errors and warnings."""
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
    """Check the keys of a stack and return its settings; raise StackProblems with all its errors and warnings.

    `file` gives problems their lines. The directory's other stack files are read to find a shared bucket. With
    `key_needed` an object store without its access key is an error.
    """
    parsed = parse(source.raw)
    settings = Settings.of(parsed.file)
    unknown = unknown_keys(parsed.file, parsed.misread)
    rules = list(checks.rules().values())
    acknowledged = settings.acknowledge
    check_problems = checks.problems_of(settings, unknown, today=today, neighbours=_neighbours(stack, directory))
    if not have_common_keys(["object_store"], unknown):
        check_problems += keyless(settings, has_key=bool(source.secrets))
    disputed = list(disputed_numbers(file, takes_text)) if file else []
    reported = {problem.path for problem in (*source.problems, *disputed)}
    misread = [problem for problem in parsed.problems if problem.path not in reported]
    problems = [
        *source.problems,
        *disputed,
        *misread,
        *check_problems,
        *names_are_known(acknowledged, rules),
        *complete(source),
    ]
    if key_needed and not have_common_keys(["object_store"], parsed.misread):
        problems += present(settings, source)
    if not _errors(problems):
        problems += names_are_needed(acknowledged, check_problems, rules)
    located = [replace(problem, where=file.where(problem.path) if file else "") for problem in problems]
    open_ones = [problem for problem in located if problem.severity == "error" or problem.name not in acknowledged]
    if _errors(open_ones):
        raise StackProblems(open_ones)
    accepted = tuple(problem for problem in located if problem not in open_ones)
    return Stack(stack, settings, tuple(open_ones), accepted, credentials(settings, source))


def _errors(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == "error"]


def _neighbours(stack: str, directory: Path) -> dict[str, object]:
    """Return the other stacks' object stores by file name, without the files that cannot be read."""
    stores: dict[str, object] = {}
    for path in (stack_path(name, directory) for name in stacks(directory) if name != stack):
        try:
            config = read_yaml(path).config
        except StackProblems:
            continue
        stores[path.name] = config.get(f"{PROJECT}:objectStore", config.get("objectStore"))
    return stores
