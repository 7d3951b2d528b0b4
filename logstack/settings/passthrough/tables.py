"""The keys of loki.yaml and of the charts' values in the pinned versions, with the types of their values.

The tables are generated: loki-config.txt by the Go program in logstack/binaries/go/loki/keys from Loki's own
configuration structs, the charts' by tests/support/chart_keys.py. A line without indent names a group, the first of
them the whole document; the lines below it are its keys.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
# Keys of this name stand for every key: the group is a map.
ANY_KEY = "*"
# The deepest path that is looked for: some groups contain themselves.
_DEEPEST = 8


@dataclass(frozen=True)
class Kind:
    """What a key takes."""

    word: str
    """group, list, map, any, or the type of a plain value."""
    group: str = ""
    """The name of the group that the value is, or that each of its entries is."""


@dataclass(frozen=True)
class Table:
    """The keys of a document."""

    root: str
    groups: Mapping[str, Mapping[str, Kind]]

    def keys(self, kind: Kind) -> Mapping[str, Kind]:
        """Return the keys of a group; empty for everything else."""
        return self.groups[kind.group] if kind.group else {}

    def of_group(self, name: str) -> "Table":
        """Return the table of a document that is one of the groups."""
        return Table(name, self.groups)

    def paths(self, key: str) -> list[str]:
        """Return the paths of all keys of a name, the shortest first."""
        return sorted((path for path in self._paths(self.root, ()) if path.endswith(f".{key}")), key=len)

    def _paths(self, group: str, above: tuple[str, ...]) -> Iterator[str]:
        for name, kind in self.groups[group].items():
            here = (*above, name)
            yield ".".join(here)
            if kind.word == "group" and len(here) < _DEEPEST:
                yield from self._paths(kind.group, here)


def loki_config() -> Table:
    """Return the keys of loki.yaml."""
    return _table("loki-config.txt")


def tenant_config() -> Table:
    """Return the keys of one tenant's overrides, which are those of limits_config."""
    table = loki_config()
    return table.of_group(table.groups[table.root]["limits_config"].group)


def chart_values(chart: str) -> Table:
    """Return the keys of a pinned chart's values; `chart` is loki or alloy."""
    return _table(f"{chart}-chart.txt")


@cache
def _table(file: str) -> Table:
    lines = (FOLDER / file).read_text(encoding="utf-8").splitlines()
    names = {line for line in lines if not line.startswith(" ")}
    groups: dict[str, dict[str, Kind]] = {}
    for line in lines:
        if not line.startswith(" "):
            keys = groups[line] = {}
            continue
        key, word, *entry = line.split()
        keys[key] = Kind("group", word) if word in names else Kind(word, *entry)
    return Table(lines[0], groups)
