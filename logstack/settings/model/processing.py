"""What the collector makes of a line: how it is read, joined, dropped, and whose it is."""

from collections.abc import Mapping
from typing import Annotated, Literal

from logstack.settings.model.base import DnsLabel, Group, spelled
from logstack.settings.model.bounds import EntryWait, KeptShare, LineCount, LineRate, MatchText, ShortText
from logstack.settings.model.quantities import parse_duration
from logstack.settings.model.sources import LineFormat

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
    max_lines: LineCount = 128
    """Lines of the longest entry (Alloy's default); what comes after them is an entry of its own."""
    max_wait: EntryWait = parse_duration("3s")
    """How long the last line of an entry is waited for (Alloy's default)."""


class Timestamp(Group):
    """A line's own time, instead of the time at which the container runtime had it."""

    field: MatchText
    """Where it stands: a field of format json (a path) or logfmt, or a group of the pattern."""
    format: ShortText = "RFC3339Nano"
    """RFC3339Nano, RFC3339, Unix, UnixMs, UnixUs, UnixNs or another name of Go's, or how the lines would write Go's own
    moment: 2006-01-02 15:04:05."""
    time_zone: ShortText | None = None
    """The zone of a format without one, such as Europe/Berlin; without it UTC."""


class Parser(Group):
    """Pods choose a format or a language themselves by the annotations `logstack/format` and `logstack/multiline`,
    which win."""

    match: Mapping[MatchText, MatchText] = {}
    """Whose lines: their labels, all of which have to fit, with `*` for any text: {namespace: airflow, container:
    "*-worker"}. Without it all lines of pods and node files, and all that is pushed."""
    format: LineFormat | None = None
    """How a line is written. Its level becomes structured metadata; a line that is written otherwise stays as it is."""
    pattern: Pattern | None = None
    """A regular expression instead of a format; its named groups become structured metadata, `level` the level."""
    fields: Mapping[MatchText, MatchText] = {}
    """Further structured metadata of format json or logfmt: its name and the field that it is taken from, of JSON a
    path (JMESPath): {trace_id: trace.id}."""
    timestamp: Timestamp | None = None
    multiline: Multiline | None = None


class Drop(Group):
    """What is dropped is counted by the rule's name. All rules apply, one after another."""

    name: RuleName
    """The reason in the metric loki_process_dropped_lines_total."""
    match: Mapping[MatchText, MatchText] = {}
    """Whose lines, as in `parsers`."""
    pattern: Pattern | None = None
    """A regular expression that a line has to contain; without it all lines."""
    keep: KeptShare = 0
    """The share that is kept, chosen at random: 0.1 is one line of ten."""


class RateLimit(Group):
    """Each node's collector counts for itself; what is above the limit is dropped and counted."""

    namespace: DnsLabel | None = None
    """Whose lines; without it those of each namespace that has no limit of its own."""
    rate: LineRate
    """Lines a second."""
    burst: LineRate
    """Lines at once, after a silence."""
