"""The leaves of a document: the path of each value, and the value as text."""

import json
from collections.abc import Iterator, Mapping, Sequence


def flat(document: object) -> Iterator[tuple[str, str]]:
    """Yield all leaves.

    The path has the `name` of a list's entry if all entries have different names, else its number. A list of plain
    values is one leaf, and so is an empty group.
    """
    return ((path, _text(value)) for path, value in _leaves(document, ""))


def keys(settings: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the keys of a stack's settings with their values, without null and empty lists and groups."""
    return ((path, _text(value)) for path, value in _leaves(settings, "") if value not in (None, [], {}))


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for name, item in zip(_names(value), value, strict=True):
            yield from _leaves(item, f"{path}[{name}]")
    else:
        yield path, value


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _names(entries: Sequence[object]) -> list[str]:
    names = [str(entry["name"]) for entry in entries if isinstance(entry, Mapping) and "name" in entry]
    return names if len(set(names)) == len(entries) else [str(number) for number in range(len(entries))]
