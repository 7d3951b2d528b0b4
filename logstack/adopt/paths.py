"""Values by their paths: a path is the keys from the top, and lists are values as a whole."""

import re
from collections.abc import Mapping

Path = tuple[str, ...]
_PLAIN = re.compile(r"[\w\-<>$+]+")


def path_of(text: str) -> Path:
    """`loki.storage.type` as a path; for keys that have no dot in them."""
    return tuple(text.split("."))


def spelled_path(path: Path) -> str:
    """The path as people write it; a key with a dot or a space in it stands in brackets."""
    text = "".join(f".{key}" if _PLAIN.fullmatch(key) else f'["{key}"]' for key in path)
    return text.removeprefix(".")


def at(document: object, path: Path) -> object:
    """Return the value at a path, or None."""
    for key in path:
        if not isinstance(document, Mapping) or key not in document:
            return None
        document = document[key]
    return document


def put(document: dict[str, object], path: Path, value: object) -> None:
    """Sets a value, with the groups above it."""
    *groups, last = path
    for key in groups:
        inner = document.get(key)
        if not isinstance(inner, dict):
            inner = document[key] = {}
        document = inner
    document[last] = value
