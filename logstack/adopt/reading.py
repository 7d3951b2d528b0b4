"""What is read, what has been said of each value of it, and the stack file that comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from logstack.adopt.chart import Version, default
from logstack.adopt.paths import Path, at, leaves, path_of, put, spelled_path


class Verdict(StrEnum):
    """What becomes of a value."""

    UNDERSTOOD = "understood"
    """The stack does the same: it is a key of the stack file, or what logstack always does."""
    TRANSLATED = "translated"
    """The stack does something else on purpose, or does it elsewhere."""
    DEFAULT = "default"
    """The chart's own default in this version: nothing was said with it."""
    NOT_TAKEN = "not taken"
    """The stack does not do it."""
    UNKNOWN = "unknown"
    """No version of the chart reads it."""


@dataclass(frozen=True)
class Entry:
    """What is said of one value, or of several that belong together."""

    path: str
    verdict: Verdict
    text: str
    """What it becomes and why, or what follows from its not being taken; never the value itself."""
    key: str | None = None
    """The key of the stack file."""
    decide: bool = False
    """Whether somebody has to decide before the first deployment."""
    values: tuple[str, ...] = ()
    """The paths of the values; none where it is about something that was not said."""


@dataclass
class Reading:
    """Values on their way into a stack file. A value that nobody has spoken of is still open."""

    values: Mapping[str, object]
    version: Version
    chart_defaults: Mapping[str, object] = field(default_factory=dict)
    """The chart's own values file in this version; empty where it is not at hand."""
    stack: dict[str, object] = field(default_factory=dict)
    """The stack file's keys."""
    entries: list[Entry] = field(default_factory=list)
    side_by_side: list[str] = field(default_factory=list)
    """Why the running Loki cannot be taken over in place."""
    _open: dict[Path, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._open = dict(leaves(self.values))

    @property
    def said(self) -> dict[Path, object]:
        """Every value by its path."""
        return dict(leaves(self.values))

    @property
    def open(self) -> dict[Path, object]:
        """The values that nobody has spoken of."""
        return dict(self._open)

    def given(self, path: str | Path) -> bool:
        """Whether the values say something at the path or below it."""
        prefix = _path(path)
        return any(leaf[: len(prefix)] == prefix for leaf in self.said)

    def value(self, path: str | Path) -> object:
        """What holds at the path: what the values say, else the chart's default."""
        keys = _path(path)
        said = at(self.values, keys)
        return self.default(keys) if said is None or said == {} else said

    def default(self, path: str | Path) -> object:
        """The chart's default at the path, as far as it is known."""
        keys = _path(path)
        known = at(self.chart_defaults, keys)
        return default(keys, self.version) if known is None else known

    def text(self, path: str | Path) -> str | None:
        """What holds at the path, if it is a text that says something."""
        value = self.value(path)
        return value if isinstance(value, str) and value else None

    def say(
        self, path: str | Path, verdict: Verdict, text: str, *, key: str | None = None, decide: bool = False
    ) -> None:
        """Speaks of the open values at a path and below it; of none, there is nothing to say."""
        prefix = _path(path)
        found = [leaf for leaf in self._open if leaf[: len(prefix)] == prefix]
        for leaf in found:
            del self._open[leaf]
        if found:
            names = tuple(map(spelled_path, found))
            told = names[0] if len(names) == 1 else spelled_path(prefix)
            self.entries.append(Entry(told, verdict, text, key, decide, names))

    def understood(self, path: str | Path, key: str | None = None, text: str = "") -> None:
        """The stack does the same."""
        self.say(path, Verdict.UNDERSTOOD, text, key=key)

    def translated(self, path: str | Path, text: str, *, key: str | None = None, decide: bool = False) -> None:
        """The stack does something else on purpose."""
        self.say(path, Verdict.TRANSLATED, text, key=key, decide=decide)

    def not_taken(self, path: str | Path, text: str, *, decide: bool = False) -> None:
        """The stack does not do it."""
        self.say(path, Verdict.NOT_TAKEN, text, decide=decide)

    def unsaid(self, about: str, text: str, *, key: str | None = None, decide: bool = False) -> None:
        """Something that follows from a value that is not there."""
        self.entries.append(Entry(about, Verdict.TRANSLATED, text, key, decide))

    def write(self, key: str, value: object) -> None:
        """A key of the stack file, `limits.queryTimeout`."""
        put(self.stack, path_of(key), value)

    def written(self, key: str) -> object:
        """What the stack file has at a key by now."""
        return at(self.stack, path_of(key))


def _path(path: str | Path) -> Path:
    return path_of(path) if isinstance(path, str) else path
