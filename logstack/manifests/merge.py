"""One document over another: what a stack passes on over what logstack writes, later value files over earlier ones."""

from collections.abc import Mapping, Set
from typing import Any

from logstack.settings.passthrough.documents import Path


def merged(
    under: Mapping[str, Any], over: Mapping[str, Any], joined: Set[Path] = frozenset(), above: Path = ()
) -> dict[str, Any]:
    """Return the second document over the first, as Helm merges value files: groups are merged, all else is replaced.

    Of the lists at `joined` the second comes behind the first. `above` is the path of the documents.
    """
    result = dict(under)
    for key, value in over.items():
        below, here = result.get(key), (*above, key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            result[key] = merged(below, value, joined, here)
        else:
            result[key] = [*(below or ()), *value] if here in joined else value
    return result
