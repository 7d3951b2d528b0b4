"""From the keys of a stack to a typed stack file; what cannot be read is left out, so that the rest is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from logstack.settings.load.stack_file import Value
from logstack.settings.load.translation import translated, typed
from logstack.settings.model.ranges import STACK_FILE
from logstack.settings.model.stack_file import StackFile
from logstack.settings.problems import Problem

_FIELDS = {field.alias or name: (name, field) for name, field in StackFile.model_fields.items()}
# In place of what cannot be read and has no default, or none that anything is derived from; no check reads it.
_STAND_INS: Mapping[str, Value] = {
    "cluster": {"name": "unknown", "context": "unknown"},
    "objectStore": {"kind": "filesystem"},
    "ingest": "1GB/day",
}


@dataclass(frozen=True)
class Parsed:
    """A stack file as far as it can be read."""

    file: StackFile
    """Whole: keys that cannot be read have their default, or a value that stands in for them."""
    problems: tuple[Problem, ...]
    misread: frozenset[str]
    """The paths of fields that cannot be read."""


def parse(raw: Mapping[str, Value]) -> Parsed:
    """Return the typed stack file of what a stack says, and everything that could not be read."""
    keys: dict[str, Value] = typed(raw)
    problems: list[Problem] = []
    misread: set[str] = set()
    while True:
        try:
            file = StackFile.model_validate(keys, by_alias=True, by_name=False, context=STACK_FILE)
        except ValidationError as error:
            # A group whose keys are good may still be refused as a whole: by the next round.
            problems += translated(error)
            for details in error.errors(include_url=False):
                keys, unreadable = _without(keys, details)
                misread |= unreadable
        else:
            return Parsed(file, tuple(problems), frozenset(misread))


def _without(keys: dict[str, Value], details: ErrorDetails) -> tuple[dict[str, Value], set[str]]:
    """The keys without what an error is about, and the paths of fields that are unknown because of it."""
    alias, *below = details["loc"]
    if details["type"] == "extra_forbidden" and (without := _pruned(keys, details["loc"])) != keys:
        return without, set()
    name, field = _FIELDS[str(alias)]
    group = field.annotation
    if below and isinstance(group, type) and issubclass(group, BaseModel):
        for inner_name, inner in group.model_fields.items():
            if inner.alias == below[0] and not inner.is_required():
                return _pruned(keys, details["loc"][:2]), {f"{name}.{inner_name}"}
    stand_in = {key: value for key, value in _STAND_INS.items() if key == alias}
    return _pruned(keys, [alias]) | stand_in, {name}


def _pruned(keys: Mapping[str, Value], location: Sequence[int | str]) -> dict[str, Value]:
    """The keys without that at a location, in which the validator puts the kinds of groups as well."""
    key, *below = location
    if not below:
        return {name: value for name, value in keys.items() if name != key}
    match keys.get(str(key)):
        case Mapping() as inner:
            return {**keys, str(key): _pruned(inner, below)}
        case list() as entries:
            index, *inside = below
            inner_entries = [
                _pruned(each, inside) if number == index and inside and isinstance(each, Mapping) else each
                for number, each in enumerate(entries)
            ]
            return {**keys, str(key): inner_entries}
        case _:
            return _pruned(keys, below)
