"""How the collector processes lines: parsing, joining, dropping and rate limits."""

from collections.abc import Mapping
from typing import Annotated, Literal

from logstack.settings.model.base import DnsLabel, Group, spelled
from logstack.settings.model.bounds import EntryWait, KeptShare, LineCount, LineRate, MatchText, ShortText
from logstack.settings.model.quantities import parse_duration
from logstack.settings.model.sources import LineFormat

Language = Literal["auto", "java", "python", "go"]
# Alloy's regular expressions are RE2's; a check compiles each with RE2 itself.
Pattern = Annotated[str, spelled(r"^[^\x00\n]{1,1000}$", "a regular expression (RE2) of at most 1,000 characters")]
RuleName = Annotated[str, spelled(r"^[a-z0-9][a-z0-9-]{0,40}$", "a name of lower-case letters, digits and -")]


class Multiline(Group):
    """Joins lines to one entry, such as a stack trace and the line above it."""

    language: Language | None = None
    """Joins what continues an entry: indentation, `Caused by`, frames and the like. `auto` takes what only one language
    writes; `java` and `python` add lines that begin an entry elsewhere, and `go` adds none."""
    first_line: Pattern | None = None
    """Instead of a language, a pattern that the first line of each entry matches; all lines up to the next one join
    it."""
    max_lines: LineCount = 128
    """The largest number of lines in an entry (Alloy's default); further lines begin another entry."""
    max_wait: EntryWait = parse_duration("3s")
    """How long the collector waits for the next line of an entry (Alloy's default)."""


class Timestamp(Group):
    """The line's own time, instead of the time at which the container runtime read it. A line that is over 50 minutes
    late has the index label `late`; a time over 5 minutes ahead does not count."""

    field: MatchText
    """The field with the time: of format json (a path) or logfmt, or a group of the pattern."""
    format: ShortText = "RFC3339Nano"
    """RFC3339Nano, RFC3339, Unix, UnixMs, UnixUs, UnixNs or another name that Go has; or Go's reference time, in the
    notation of the lines: 2006-01-02 15:04:05."""
    time_zone: ShortText | None = None
    """The time zone for a format without one, such as Europe/Berlin; by default UTC."""


class Parser(Group):
    """How to read the lines that match. A pod's annotations `logstack/format` and `logstack/multiline` win over it."""

    match: Mapping[MatchText, MatchText] = {}
    """The labels of the lines, all of which must match, with `*` for any text: {namespace: airflow, container:
    "*-worker"}. Without it all lines of pods, node files and pushes."""
    format: LineFormat | None = None
    """The lines' format, or `auto` for each line's look. The level becomes structured metadata; lines of another format
    stay unchanged: docs/reference/formats.md."""
    pattern: Pattern | None = None
    """A regular expression instead of a format; its named groups become structured metadata, and `level` the level."""
    fields: Mapping[MatchText, MatchText] = {}
    """Further structured metadata from format json or logfmt: its name, and the field with its value, which is a path
    (JMESPath) for JSON: {trace_id: trace.id}."""
    timestamp: Timestamp | None = None
    multiline: Multiline | None = None


class Drop(Group):
    """A rule that drops lines and counts them under its name. All rules apply, one after another."""

    name: RuleName
    """The reason in the metric loki_process_dropped_lines_total."""
    match: Mapping[MatchText, MatchText] = {}
    """The labels of the lines, as in `parsers`."""
    pattern: Pattern | None = None
    """A regular expression that matches anywhere in the line; without it all lines."""
    keep: KeptShare = 0
    """The share of lines to keep, chosen at random: 0.1 keeps one line of ten."""


class RateLimit(Group):
    """A limit of each node's collector, which drops and counts the lines above it."""

    namespace: DnsLabel | None = None
    """The namespace of the lines; without it, each namespace that has no limit of its own."""
    rate: LineRate
    """Lines a second."""
    burst: LineRate
    """The largest number of lines at once, after a pause."""
