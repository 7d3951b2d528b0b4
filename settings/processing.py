"""What the collector makes of a line: how it is read, joined, dropped, and whose it is."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from settings.base import DnsLabel, Group, spelled
from settings.quantities import Duration, parse_duration
from settings.sources import LineFormat

Language = Literal["java", "python", "go"]
# As Alloy has them: RE2, checked by RE2 itself.
Pattern = Annotated[str, spelled(r"^[^\x00\n]{1,1000}$", "a regular expression (RE2) of at most 1,000 characters")]
RuleName = Annotated[str, spelled(r"^[a-z0-9][a-z0-9-]{0,40}$", "a name of lower-case letters, digits and -")]


class Multiline(Group):
    """Lines that are one entry, such as a stack trace and the line above it."""

    language: Language | None = None
    """How entries begin: `java`, `python` and `go` know the usual loggers and traces."""
    first_line: Pattern | None = None
    """What the first line of an entry matches, instead of a language."""
    max_lines: int = Field(default=128, ge=2, le=10_000)
    """The longest entry (Alloy's default)."""
    max_wait: Duration = parse_duration("3s")
    """How long the last line of an entry is waited for (Alloy's default)."""


class Timestamp(Group):
    """A line's own time, instead of the time at which the container runtime had it."""

    field: str
    """Where it stands: a field, or a group of the pattern."""
    format: str = "RFC3339Nano"
    """A name or a layout of Go's: RFC3339Nano, RFC3339, Unix, UnixMs, UnixNs, 2006-01-02 15:04:05."""
    time_zone: str | None = None
    """The zone of a format without one, such as Europe/Berlin; without it UTC."""


class Parser(Group):
    """How some lines are read. Pods choose one themselves by the annotations `logstack/format` and
    `logstack/multiline`, which win."""

    match: Mapping[str, str] = {}
    """Whose lines, by label, with `*` for any text: {namespace: airflow, container: "*-worker"}; without it all."""
    format: LineFormat | None = None
    """How a line is written. Its level becomes structured metadata; a line that is written otherwise stays as it is."""
    pattern: Pattern | None = None
    """A regular expression instead of a format; its named groups become structured metadata."""
    fields: Mapping[str, str] = {}
    """Further structured metadata: its name and the field, of JSON a path: {trace_id: trace.id}."""
    timestamp: Timestamp | None = None
    multiline: Multiline | None = None


class Drop(Group):
    """Lines that are not sent; they are counted by the rule's name."""

    name: RuleName
    """The reason, in loki_process_dropped_lines_total."""
    match: Mapping[str, str] = {}
    """Whose lines, as in `parsers`."""
    pattern: Pattern | None = None
    """A regular expression that a line has to contain; without it all lines."""
    keep: float = Field(default=0, ge=0, lt=1)
    """The share that is kept, chosen at random: 0.1 is one line of ten."""


class RateLimit(Group):
    """How many lines one node's collector sends at most; the rest is dropped and counted."""

    namespace: DnsLabel | None = None
    """Of this namespace; without it of each namespace."""
    rate: int = Field(ge=1)
    """Lines a second."""
    burst: int = Field(ge=1)
    """Lines at once."""
