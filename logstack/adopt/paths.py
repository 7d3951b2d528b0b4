"""Values by their paths: a path is the keys from the top, and lists are values as a whole."""

import re
from collections.abc import Iterator, Mapping

Path = tuple[str, ...]
_PLAIN = re.compile(r"[\w\-<>$+]+")


def path_of(text: str) -> Path:
    """`loki.storage.type` as a path; for keys that have no dot in them."""
    return tuple(text.split("."))


def spelled_path(path: Path) -> str:
    """The path as people write it; a key with a dot or a space in it stands in brackets."""
    text = "".join(f".{key}" if _PLAIN.fullmatch(key) else f'["{key}"]' for key in path)
    return text.removeprefix(".")


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every value that is no group; an empty group and a list are values."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, str(key)))
    elif path:
        yield path, value


def at(document: object, path: Path) -> object:
    """Return the value at a path, or None."""
    for key in path:
        if not isinstance(document, Mapping) or key not in document:
            return None
        document = document[key]
    return document


def merged(under: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """The second document over the first, as Helm merges value files: groups are merged, all else is replaced."""
    result = dict(under)
    for key, value in over.items():
        below = result.get(key)
        result[key] = merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return result


def put(document: dict[str, object], path: Path, value: object) -> None:
    """Sets a value, with the groups above it."""
    *groups, last = path
    for key in groups:
        inner = document.get(key)
        if not isinstance(inner, dict):
            inner = document[key] = {}
        document = inner
    document[last] = value
