"""What differs between two stacks: in words, in the stack files, in the resources and in what they are made of."""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import yaml

from components.declaration import Declaration, Json, Secret
from components.platform import platform
from ops.plan.words import Facts
from settings.load import Stack
from settings.tree import Settings

_CONTEXT_LINES = 2
_EFFECTS = {
    "config.yaml": "rolls the Loki pods, one after the other",
    "overrides.yaml": "Loki reads it within ten seconds; nothing restarts",
    "config.alloy": "Alloy reloads it; nothing restarts",
}


@dataclass(frozen=True)
class Difference:
    """What is said of something before and after; None where nothing is."""

    of: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Diff:
    """A text that differs, as a unified diff."""

    name: str
    lines: tuple[str, ...]
    effect: str = ""
    """What the cluster does when this changes."""


@dataclass(frozen=True)
class Comparison:
    """From one stack, `before`, to another."""

    before: str
    after: str
    words: tuple[Difference, ...]
    """The plan's sentences."""
    settings: tuple[Difference, ...]
    """Keys with their defaults."""
    resources_removed: tuple[str, ...]
    resources_added: tuple[str, ...]
    artefacts: tuple[Diff, ...]
    """Of the resources that both have: configurations, chart values and other inputs."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.words or self.settings or self.resources_removed or self.resources_added or self.artefacts)


def compare(before: Stack, after: Stack, words: tuple[Facts, Facts]) -> Comparison:
    """The differences; `words` are the two plans' sentences."""
    old, new = _resources(before.settings), _resources(after.settings)
    return Comparison(
        before=before.name,
        after=after.name,
        words=tuple(_differences(*words)),
        settings=tuple(_differences(_settings(before.settings), _settings(after.settings))),
        resources_removed=tuple(name for name in old if name not in new),
        resources_added=tuple(name for name in new if name not in old),
        artefacts=tuple(_artefacts(old, new)),
    )


def _differences(before: Facts, after: Facts) -> Iterator[Difference]:
    old, new = dict(before), dict(after)
    for of in dict.fromkeys([*new, *old]):
        if old.get(of) != new.get(of):
            yield Difference(of, old.get(of), new.get(of))


def _settings(settings: Settings) -> Facts:
    return list(_flat("", settings.model_dump(mode="json", by_alias=True)))


def _flat(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(f"{path}.{key}" if path else key, item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _flat(f"{path}[{index}]", item)
    elif value is not None:
        yield path, value if isinstance(value, str) else json.dumps(value)


def _resources(settings: Settings) -> dict[str, Declaration]:
    """Resources by their type and name: a name is used by many types."""
    return {f"{child.name}  {child.type}": child for part in platform(settings) for child in part.children}


def _artefacts(old: Mapping[str, Declaration], new: Mapping[str, Declaration]) -> Iterator[Diff]:
    for name in (name for name in new if name in old):
        texts = _texts(old[name]), _texts(new[name])
        for key in dict.fromkeys([*texts[0], *texts[1]]):
            diff = _diff(f"{old[name].name}: {key}", *(text.get(key, "").splitlines() for text in texts))
            if diff.lines:
                yield replace(diff, effect=_EFFECTS.get(key, ""))


def _texts(declared: Declaration) -> dict[str, str]:
    """A ConfigMap's files, and everything else as YAML."""
    files, inputs = {}, dict(declared.inputs)
    if declared.type.endswith(":ConfigMap"):
        data = inputs.pop("data")
        files = {key: str(text) for key, text in data.items()} if isinstance(data, Mapping) else {}
    values = {"values": yaml.safe_dump(inputs.pop("values"))} if "values" in inputs else {}
    return {**files, **values, "inputs": yaml.safe_dump(_shown(inputs))}


def _shown(value: Json) -> object:
    """The value with the name of each Secret in its place."""
    if isinstance(value, Secret):
        return f"(secret {value.name})"
    if isinstance(value, Mapping):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_shown(item) for item in value]
    return value


def _diff(name: str, before: Sequence[str], after: Sequence[str]) -> Diff:
    lines = difflib.unified_diff(before, after, n=_CONTEXT_LINES, lineterm="")
    return Diff(name, tuple(lines)[2:])
