"""Stack files edited as a person would: comments stay, and so does every line that nothing is said about."""

import difflib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import cast

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from settings.checks.acknowledgements import UNNEEDED
from settings.load import Stack, settings_from
from settings.source import from_file
from settings.stack_file import PROJECT, YamlFile, parsed, plain, read_stack_file, stack_path

Edit = Callable[[CommentedMap], None]
"""Changes what stands under `config:`."""
_CONTEXT_LINES = 1
# No line is folded that is not folded already.
_WIDTH = 10_000


@dataclass(frozen=True)
class Version:
    """A stack file on its way, and the stack that it says."""

    directory: Path
    today: date
    """In UTC."""
    text: str
    stack: Stack

    def config(self) -> CommentedMap:
        """What stands under `config:`."""
        return cast("CommentedMap", cast("CommentedMap", parsed(self.text))["config"])

    def edited(self, edit: Edit) -> "Version":
        """The file after an edit; raises StackProblems. Acknowledgements of risks that are over are taken out."""
        version = self._saying(_edited(self.text, edit))
        over = [problem.what.split()[0] for problem in version.stack.problems if problem.name == UNNEEDED.name]
        return self._saying(_edited(version.text, lambda config: _forget(config, over))) if over else version

    def _saying(self, text: str) -> "Version":
        tree = replace(self, text=text).config()
        path = stack_path(self.stack.name, self.directory)
        file = YamlFile(path, cast("dict[str, object]", plain(tree)), tree)  # type: ignore[arg-type]
        stack = settings_from(from_file(file), self.stack.name, self.directory, file=file, today=self.today)
        return Version(self.directory, self.today, text, stack)


def as_it_is(stack: str, directory: Path, today: date) -> Version:
    """The stack file of now; raises StackProblems."""
    file = read_stack_file(stack, directory)
    loaded = settings_from(from_file(file), stack, directory, file=file, today=today)
    return Version(directory, today, file.path.read_text(encoding="utf-8-sig"), loaded)


def difference(before: Version, after: Version) -> tuple[str, ...]:
    """The lines that differ."""
    lines = difflib.unified_diff(before.text.splitlines(), after.text.splitlines(), n=_CONTEXT_LINES, lineterm="")
    return tuple(lines)[2:]


def key_of(config: CommentedMap, key: str) -> str:
    """A key as this file writes it: with the project's name before it, or without."""
    return key if key in config else f"{PROJECT}:{key}"


def flow(group: Mapping[str, object]) -> CommentedMap:
    """A group in braces, on one line."""
    written = CommentedMap(group)
    written.fa.set_flow_style()
    return written


def _edited(text: str, edit: Edit) -> str:
    yaml = YAML()
    yaml.width, yaml.preserve_quotes = _WIDTH, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    tree = yaml.load(text)
    edit(tree["config"])
    written = io.StringIO()
    yaml.dump(tree, written)
    return written.getvalue()


def _forget(config: CommentedMap, names: list[str]) -> None:
    key = key_of(config, "acknowledge")
    acknowledged = config[key]
    for name in names:
        acknowledged.remove(name)
    if not acknowledged:
        del config[key]
