"""Helm values on their way into a stack file: the open ones, the entries of the report, and the keys written."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from logstack.adopt.chart import Version, default
from logstack.adopt.paths import Path, at, path_of, put, spelled_path
from logstack.settings.passthrough.documents import leaves


class Verdict(StrEnum):
    """How the stack treats a value."""

    UNDERSTOOD = "understood"
    """The stack behaves the same: by a key of the stack file, or always."""
    TRANSLATED = "translated"
    """The stack differs on purpose, or uses another key."""
    DEFAULT = "default"
    """The value equals the chart's default in this version."""
    NOT_TAKEN = "not taken"
    """The stack does not support it."""
    UNKNOWN = "unknown"
    """No version of the chart reads it."""


@dataclass(frozen=True)
class Entry:
    """The report's entry about one value, or about several that belong together."""

    path: str
    verdict: Verdict
    text: str
    """What the stack does instead and why; never the value itself."""
    key: str | None = None
    """The key of the stack file."""
    decide: bool = False
    """Whether somebody has to decide before the first deployment."""
    values: tuple[str, ...] = ()
    """The paths of the values; empty for an entry about a missing value."""


@dataclass
class Reading:
    """Values on their way into a stack file. A value without an entry is open."""

    values: Mapping[str, object]
    version: Version
    chart_defaults: Mapping[str, object] = field(default_factory=dict)
    """The chart's own values file in this version; empty where it is not at hand."""
    stack: dict[str, object] = field(default_factory=dict)
    """The stack file's keys."""
    entries: list[Entry] = field(default_factory=list)
    side_by_side: list[str] = field(default_factory=list)
    """Why the running Loki cannot be taken over in place."""
    starts_anew: bool = False
    """Whether the stack has a store of its own in any case, without the old lines."""
    collector: str = "config.alloy"
    """The kind of the collector's configuration."""
    unread: tuple[Path, ...] = ()
    """The paths of values that are filled in or decrypted later."""
    _open: dict[Path, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._open = dict(leaves(self.values))

    @property
    def by_path(self) -> dict[Path, object]:
        """Return every value by its path."""
        return dict(leaves(self.values))

    @property
    def open(self) -> dict[Path, object]:
        """Return the values without an entry."""
        return dict(self._open)

    def has(self, path: str | Path) -> bool:
        """Return whether the values have the path or one below it."""
        prefix = _path(path)
        return any(leaf[: len(prefix)] == prefix for leaf in self.by_path)

    def value(self, path: str | Path) -> object:
        """Return the value at the path, or else the chart's default."""
        keys = _path(path)
        value = at(self.values, keys)
        return self.default(keys) if value is None or value == {} else value

    def default(self, path: str | Path) -> object:
        """The chart's default at the path, as far as it is known."""
        keys = _path(path)
        from_file = at(self.chart_defaults, keys)
        return default(keys, self.version) if from_file is None else from_file

    def text(self, path: str | Path) -> str | None:
        """Return the value at the path, if it is a text that is not empty."""
        value = self.value(path)
        return value if isinstance(value, str) and value else None

    def add(
        self, path: str | Path, verdict: Verdict, text: str, *, key: str | None = None, decide: bool = False
    ) -> None:
        """Add one entry for the open values at a path and below it, if there are any."""
        prefix = _path(path)
        below = [leaf for leaf in self._open if leaf[: len(prefix)] == prefix]
        for leaf in below:
            del self._open[leaf]
        if below:
            names = tuple(map(spelled_path, below))
            name = names[0] if len(names) == 1 else spelled_path(prefix)
            self.entries.append(Entry(name, verdict, text, key, decide, names))

    def understood(self, path: str | Path, key: str | None = None, text: str = "") -> None:
        """Report that the stack behaves the same."""
        self.add(path, Verdict.UNDERSTOOD, text, key=key)

    def translated(self, path: str | Path, text: str, *, key: str | None = None, decide: bool = False) -> None:
        """Report that the stack differs on purpose."""
        self.add(path, Verdict.TRANSLATED, text, key=key, decide=decide)

    def not_taken(self, path: str | Path, text: str, *, decide: bool = False) -> None:
        """Report that the stack does not support it."""
        self.add(path, Verdict.NOT_TAKEN, text, decide=decide)

    def missing(self, about: str, text: str, *, key: str | None = None, decide: bool = False) -> None:
        """Report what a missing value leads to."""
        self.entries.append(Entry(about, Verdict.TRANSLATED, text, key, decide))

    def ask(self, about: str, text: str, *, key: str) -> None:
        """Ask for a value that no file has; where it is known to be filled in later, in the entry that says so."""
        for number, entry in enumerate(self.entries):
            if entry.path == about:
                self.entries[number] = replace(entry, key=key, decide=True)
                return
        self.missing(about, text, key=key, decide=True)

    def write(self, key: str, value: object) -> None:
        """Set a key of the stack file, such as `limits.queryTimeout`."""
        put(self.stack, path_of(key), value)

    def key_value(self, key: str) -> object:
        """Return the stack file's value of a key."""
        return at(self.stack, path_of(key))


def _path(path: str | Path) -> Path:
    return path_of(path) if isinstance(path, str) else path
