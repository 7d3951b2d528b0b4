"""The differences between two renderings, value by value: the input of the rules."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from itertools import chain, zip_longest

import yaml

from logstack.diff.alloy import Line, lines
from logstack.diff.comparison import Files
from logstack.diff.snapshot import Rendered
from logstack.render.artefacts import artefact as text_of
from logstack.render.flat import flat, keys
from logstack.render.model import Resource

SETTINGS = "settings"
RESOURCES = "resources"


@dataclass(frozen=True)
class Change:
    """One value that differs; None where a side has none."""

    artefact: str
    """A file of `logstack render`, `settings`, or `resources`."""
    path: str
    """The value's path in it; empty for its formatting: order, comments, line breaks."""
    before: str | None
    after: str | None

    @property
    def location(self) -> str:
        """Return artefact and path."""
        return f"{self.artefact} {self.path}".rstrip()

    def is_at(self, pattern: str) -> bool:
        """Return whether a pattern `<artefact> <path>` matches, with `*` for any text."""
        artefact, _, path = pattern.partition(" ")
        return fnmatchcase(self.artefact, artefact) and fnmatchcase(self.path, path)


def changes(before: Rendered, after: Rendered, files: Sequence[tuple[Files, Files]]) -> tuple[Change, ...]:
    """Return all changes: keys of the stack file, added and removed resources, and values of the others.

    `files` are those of `changed_files`.
    """
    old, new = ({resource.identity: resource for resource in side.resources} for side in (before, after))
    changed = list(_leaves(SETTINGS, dict(keys(before.settings)), dict(keys(after.settings))))
    changed += [Change(RESOURCES, _called(old[key]), "present", None) for key in old if key not in new]
    changed += [Change(RESOURCES, _called(new[key]), None, "present") for key in new if key not in old]
    texts = [dict(chain.from_iterable(each[side].items() for each in files)) for side in (0, 1)]
    for name in dict.fromkeys([*texts[1], *texts[0]]):
        changed += _artefact(name, texts[0].get(name, ""), texts[1].get(name, ""))
    return tuple(changed)


def _called(resource: Resource) -> str:
    return f"{resource.type} {resource.called}"


def _artefact(name: str, before: str, after: str) -> Iterator[Change]:
    if before == after:
        return
    if name.endswith(".alloy"):
        changed = list(_lines(name, list(lines(before)), list(lines(after))))
    else:
        changed = list(_leaves(name, _yaml_leaves(before), _yaml_leaves(after)))
    yield from changed or [Change(name, "", "its form", "another form")]


def leaves_of(stack: Rendered, artefact: str) -> dict[str, str]:
    """Return the values of one of a stack's YAML files by path; empty without such a file."""
    return _yaml_leaves(text_of(stack.resources, artefact))


def _yaml_leaves(text: str) -> dict[str, str]:
    """The leaves of a YAML document, and of JSON in its strings (policies)."""
    try:
        document = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.YAMLError:
        return {"text": text}
    return {inner: leaf for path, value in flat(document) for inner, leaf in _within(path, value)}


def _within(path: str, value: str) -> Iterator[tuple[str, str]]:
    if value.startswith("{") and '"' in value:
        try:
            yield from ((f"{path}.{inner}", leaf) for inner, leaf in flat(json.loads(value)))
        except ValueError:
            yield path, value
    else:
        yield path, value


def _leaves(artefact: str, before: dict[str, str], after: dict[str, str]) -> Iterator[Change]:
    for path in dict.fromkeys([*before, *after]):
        old, new = before.get(path), after.get(path)
        if old != new:
            yield Change(artefact, path, old, new)


def _lines(artefact: str, before: Sequence[Line], after: Sequence[Line]) -> Iterator[Change]:
    """Lines that only one side has, or that differ at the same path."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            continue
        paths: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
        for side, run in enumerate((before[start:end], after[new_start:new_end])):
            for path, value in run:
                paths[path][side].append(value)
        for path, (old, new) in paths.items():
            for was, is_now in zip_longest(old, new):
                if was != is_now:
                    yield Change(artefact, path, was, is_now)
