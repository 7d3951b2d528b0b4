"""YAML and JSON documents, leaf by leaf."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

# libyaml's loader is ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> Any:
    """Read a YAML document."""
    return yaml.load(text, _LOADER)  # noqa: S506 - both are safe


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield every value that is no mapping and no list, with its path; list items are [n]."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def differences(before: object, after: object) -> dict[str, tuple[object, object]]:
    """Return the leaves that differ, by path."""
    old, new = dict(leaves(before)), dict(leaves(after))
    return {path: (old.get(path), new.get(path)) for path in old.keys() | new.keys() if old.get(path) != new.get(path)}


def loki_bytes(text: str) -> int:
    """Return the bytes of a size as Loki reads it: KB, MB and GB are powers of 1024."""
    match = re.fullmatch(r"(\d+)([KMGT]?)B", text)
    assert match, text
    return int(match[1]) * int(1024 ** " KMGT".index(match[2] or " "))
