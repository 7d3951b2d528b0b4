"""The versions of a stack file during a migration, each loaded and checked like any stack file."""

import difflib
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import cast

from ruamel.yaml.comments import CommentedMap

from logstack.settings.checks.acknowledgements import UNNEEDED
from logstack.settings.load.edit import Edit, edited, key_of
from logstack.settings.load.loader import Stack, settings_from
from logstack.settings.load.source import from_file
from logstack.settings.load.stack_file import YamlFile, parsed, plain, read_stack_file, stack_path

_CONTEXT_LINES = 1


@dataclass(frozen=True)
class Version:
    """A version of a stack file, and its stack."""

    directory: Path
    today: date
    """In UTC."""
    text: str
    stack: Stack

    def config(self) -> CommentedMap:
        """Return the keys under `config:`."""
        return cast("CommentedMap", cast("CommentedMap", parsed(self.text))["config"])

    def edited(self, edit: Edit) -> "Version":
        """Return the file after an edit, without acknowledgements it no longer needs; raises StackProblems."""
        version = self._with_text(edited(self.text, edit))
        unneeded = [problem.what.split()[0] for problem in version.stack.problems if problem.name == UNNEEDED.name]
        return self._with_text(edited(version.text, lambda config: _forget(config, unneeded))) if unneeded else version

    def _with_text(self, text: str) -> "Version":
        tree = replace(self, text=text).config()
        path = stack_path(self.stack.name, self.directory)
        file = YamlFile(path, cast("dict[str, object]", plain(tree)), tree)  # type: ignore[arg-type]
        stack = settings_from(from_file(file), self.stack.name, self.directory, file=file, today=self.today)
        return Version(self.directory, self.today, text, stack)


def load_version(stack: str, directory: Path, today: date) -> Version:
    """Load the current stack file; raises StackProblems. `today` is in UTC."""
    file = read_stack_file(stack, directory)
    loaded = settings_from(from_file(file), stack, directory, file=file, today=today)
    return Version(directory, today, file.path.read_text(encoding="utf-8-sig"), loaded)


def difference(before: Version, after: Version) -> tuple[str, ...]:
    """Return the changed lines as a unified diff."""
    lines = difflib.unified_diff(before.text.splitlines(), after.text.splitlines(), n=_CONTEXT_LINES, lineterm="")
    return tuple(lines)[2:]


def _forget(config: CommentedMap, names: list[str]) -> None:
    key = key_of(config, "acknowledge")
    acknowledged = config[key]
    for name in names:
        acknowledged.remove(name)
    if not acknowledged:
        del config[key]
