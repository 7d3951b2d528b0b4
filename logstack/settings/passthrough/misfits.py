"""Values that a document does not take: keys that it does not know, and values of another type."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from logstack.settings.passthrough.documents import Path
from logstack.settings.passthrough.tables import ANY_KEY, Kind, Table
from logstack.settings.problems import nearest

# Go's and Prometheus' durations, and the sizes of Loki and of its libraries.
_GO_DURATION = re.compile(r"[-+]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+|0")
_DAYS = re.compile(r"(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?|0")
_SIZE = re.compile(r"\d+(\.\d+)?\s*([KMGTPE]?(i?B)?)", re.IGNORECASE)
# Loki expands it before it reads the value.
_VARIABLE = "${"
# More suggestions than these are none.
_FEW = 3

TAKEN: Mapping[str, str] = {
    "group": "a group of keys",
    "map": "a group of keys",
    "list": "a list",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "duration": "a duration without days, such as 1h30m",
    "prometheus-duration": "a duration, such as 1h30m or 7d",
    "size": "a size, such as 10MB",
    "string": "text",
    "text": "text",
    "any": "a value",
}


@dataclass(frozen=True)
class UnknownKey:
    """A key that the document does not have."""

    path: Path
    meant: tuple[str, ...]
    """What was probably meant: keys of the same group, or whole paths."""


@dataclass(frozen=True)
class WrongType:
    """A value of another type than the key takes."""

    path: Path
    takes: str


def misfits(table: Table, document: object, above: Path = ()) -> Iterator[UnknownKey | WrongType]:
    """Yield every key and value of a document that it does not take."""
    yield from _misfits(table, Kind("group", table.root), above, document)


def _misfits(table: Table, kind: Kind, path: Path, value: object) -> Iterator[UnknownKey | WrongType]:
    if not _fits(kind.word, value):
        yield WrongType(path, kind.word)
        return
    entry = Kind("group", kind.group)
    if kind.word == "group" and isinstance(value, Mapping):
        keys = table.keys(kind)
        for key, inner in value.items():
            here = (*path, str(key))
            if found := keys.get(str(key)) or keys.get(ANY_KEY):
                yield from _misfits(table, found, here, inner)
            else:
                yield UnknownKey(here, _meant(table, keys, str(key)))
    elif kind.group and isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _misfits(table, entry, (*path, str(key)), inner)
    elif kind.group and isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _misfits(table, entry, (*path, f"@{number}"), inner)


def _meant(table: Table, keys: Mapping[str, Kind], key: str) -> tuple[str, ...]:
    if near := nearest(key, keys):
        return (near,)
    elsewhere = table.paths(key)
    return tuple(elsewhere) if len(elsewhere) <= _FEW else ()


def _fits(word: str, value: object) -> bool:
    if isinstance(value, str) and _VARIABLE in value:
        return word not in ("group", "map", "list")
    return _FITS[word](value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _spells(value: object, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and value != "" and bool(pattern.fullmatch(value))


_FITS: Mapping[str, Callable[[object], bool]] = {
    "group": lambda value: isinstance(value, Mapping),
    "map": lambda value: isinstance(value, Mapping),
    "list": lambda value: isinstance(value, list),
    "bool": lambda value: isinstance(value, bool),
    "int": _is_whole,
    "float": lambda value: _is_whole(value) or isinstance(value, float),
    "duration": lambda value: value == 0 or _spells(value, _GO_DURATION),
    "prometheus-duration": lambda value: value == 0 or _spells(value, _DAYS),
    "size": lambda value: _is_whole(value) or _spells(value, _SIZE),
    # YAML's numbers and booleans are text for Loki, and Helm's schema refuses them.
    "string": lambda value: isinstance(value, str | int | float),
    "text": lambda value: isinstance(value, str),
    "any": lambda value: value is not None,
}
