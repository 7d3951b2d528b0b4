"""The differences between two stacks: plan sentences, settings, resources and artefacts."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from logstack.diff.snapshot import Rendered
from logstack.render.artefacts import artefacts
from logstack.render.flat import keys
from logstack.render.model import Resource
from logstack.text.words import Facts

_CONTEXT_LINES = 2
_EFFECTS = {
    "loki.yaml": "restarts the Loki pods, one after the other",
    "overrides.yaml": "Loki reads it within ten seconds; no pod restarts",
    "config.alloy": "Alloy reloads it; no pod restarts",
    "events.alloy": "Alloy reloads it; no pod restarts",
}


Files = Mapping[str, str]
"""The texts of files, by name."""


@dataclass(frozen=True)
class Difference:
    """A value before and after; None where a side has none."""

    of: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Diff:
    """A changed text, as a unified diff."""

    name: str
    lines: tuple[str, ...]
    effect: str = ""
    """The cluster's reaction to this change."""


@dataclass(frozen=True)
class Comparison:
    """The differences from the stack `before` to the stack `after`."""

    before: str
    after: str
    words: tuple[Difference, ...]
    """The plan's sentences."""
    settings: tuple[Difference, ...]
    """Keys with their defaults."""
    resources_removed: tuple[str, ...]
    resources_added: tuple[str, ...]
    artefacts: tuple[Diff, ...]
    """Configurations, chart values and other inputs of resources that both sides have."""

    @property
    def is_empty(self) -> bool:
        """Return whether nothing differs."""
        return not (self.words or self.settings or self.resources_removed or self.resources_added or self.artefacts)


def compare(before: Rendered, after: Rendered, files: Iterable[tuple[Files, Files]]) -> Comparison:
    """Compare two renderings; `files` are those of `changed_files`."""
    old, new = _resources(before), _resources(after)
    return Comparison(
        before=before.name,
        after=after.name,
        words=tuple(_differences(before.words, after.words)),
        settings=tuple(_differences(list(keys(before.settings)), list(keys(after.settings)))),
        resources_removed=tuple(_named(old[key]) for key in old if key not in new),
        resources_added=tuple(_named(new[key]) for key in new if key not in old),
        artefacts=tuple(_diffs(files)),
    )


def _differences(before: Facts, after: Facts) -> Iterator[Difference]:
    old, new = dict(before), dict(after)
    for of in dict.fromkeys([*new, *old]):
        if old.get(of) != new.get(of):
            yield Difference(of, old.get(of), new.get(of))


def changed_files(before: Rendered, after: Rendered) -> tuple[tuple[Files, Files], ...]:
    """Write the files, before and after, of each resource that both sides have and that differs."""
    old, new = _resources(before), _resources(after)
    both = (key for key in new if key in old and old[key] != new[key])
    return tuple((artefacts(old[key]), artefacts(new[key])) for key in both)


def _resources(stack: Rendered) -> dict[tuple[str, str], Resource]:
    return {resource.identity: resource for resource in stack.resources}


def _named(resource: Resource) -> str:
    return f"{resource.name}  {resource.type}"


def _diffs(files: Iterable[tuple[Files, Files]]) -> Iterator[Diff]:
    for old, new in files:
        for name in dict.fromkeys([*old, *new]):
            diff = _diff(name, *(texts.get(name, "").splitlines() for texts in (old, new)))
            if diff.lines:
                yield replace(diff, effect=_EFFECTS.get(name, ""))


def _diff(name: str, before: Sequence[str], after: Sequence[str]) -> Diff:
    lines = difflib.unified_diff(before, after, n=_CONTEXT_LINES, lineterm="")
    return Diff(name, tuple(lines)[2:])
