"""Changes of stacks for the diff's tests: of keys of the stack file, or of rendered text."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from logstack.diff.snapshot import Rendered, render
from logstack.diff.snapshot_json import read, written
from logstack.settings.load.loader import Stack
from logstack.settings.tree import Settings
from tests.support.stacks import settings_of

_FILE = Path(__file__).parents[1] / "unit" / "diff" / "diff_changes.yaml"


@dataclass(frozen=True)
class Seeded:
    """One change, and what the diff must report about it."""

    name: str
    stack: str
    classes: list[str]
    words: list[str]
    change: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    text: Mapping[str, str] = field(default_factory=dict)

    def sides(self) -> tuple[Settings, Settings]:
        """Return the settings before and after."""
        return changed(self.stack, self.before), changed(self.stack, self.change)

    def rendered(self) -> tuple[Rendered, Rendered]:
        """Return the rendered stack before and after."""
        before, after = self.sides()
        unchanged = _rendered(self.stack, before) if self.before else _shipped(self.stack)
        return unchanged, replaced(_rendered(self.stack, after), self.text)


@cache
def _shipped(stack: str) -> Rendered:
    return _rendered(stack, changed(stack, {}))


def _rendered(stack: str, settings: Settings) -> Rendered:
    return render(Stack(stack, settings, (), (), "none"))


@cache
def seeded() -> list[Seeded]:
    """Return every change of diff_changes.yaml."""
    entries = yaml.safe_load(_FILE.read_text())
    return [Seeded(**{"before" if key == "from" else key: value for key, value in each.items()}) for each in entries]


def changed(stack: str, change: Mapping[str, Any]) -> Settings:
    """Return a stack's settings with changed keys; `=` replaces a whole group, null removes a key."""
    stated = settings_of(stack).model_dump(mode="json", by_alias=True, exclude_unset=True)
    return Settings.model_validate(_merged(stated, change))


def _merged(stated: Any, change: Any) -> Any:
    if not isinstance(change, Mapping):
        return change
    if "=" in change:
        return change["="]
    merged = dict(stated) if isinstance(stated, Mapping) else {}
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), value)
    return merged


def replaced(stack: Rendered, text: Mapping[str, str]) -> Rendered:
    """Return a rendered stack with texts of its document replaced."""
    if not text:
        return stack
    document = json.dumps(json.loads(written({"it": stack})), ensure_ascii=False)
    for old, new in text.items():
        document = document.replace(old, new)
    outcome = read(document)["it"]
    assert isinstance(outcome, Rendered)
    return outcome
