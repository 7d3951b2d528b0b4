"""A line's own time: when it counts instead of the reading time, and which lines are late."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from logstack.manifests.alloy.labels import FORMAT, READ_AT, within
from logstack.manifests.alloy.syntax import Block, Value, quoted
from logstack.settings.model.collector import LATE
from logstack.settings.model.processing import Timestamp

_RFC3339 = "2006-01-02T15:04:05Z07:00"
# Go's layouts by the names that Alloy gives them (internal/component/loki/process/stages/util.go).
_LAYOUTS: Mapping[str, str] = {
    "ANSIC": "Mon Jan _2 15:04:05 2006",
    "UnixDate": "Mon Jan _2 15:04:05 MST 2006",
    "RubyDate": "Mon Jan 02 15:04:05 -0700 2006",
    "RFC822": "02 Jan 06 15:04 MST",
    "RFC822Z": "02 Jan 06 15:04 -0700",
    "RFC850": "Monday, 02-Jan-06 15:04:05 MST",
    "RFC1123": "Mon, 02 Jan 2006 15:04:05 MST",
    "RFC1123Z": "Mon, 02 Jan 2006 15:04:05 -0700",
    "RFC3339": _RFC3339,
    "RFC3339Nano": _RFC3339,  # Go reads a fraction of a second that the layout does not name.
}
# Alloy's names of numbers, and how many of each make a second.
_NUMBERS: Mapping[str, int] = {"Unix": 1, "UnixMs": 1000, "UnixUs": 1000**2, "UnixNs": 1000**3}
_ZONES = ("Z07", "-07", "MST")
OWN_TIME = "logstack_time"
"""The name under which the formats json and logfmt extract a line's own time."""
_OWN, _LATE = "logstack_own", "logstack_late"
_COMMENTS: Mapping[str, str] = {
    _OWN: "The line's own time, in seconds since 1970.",
    READ_AT: "The time at which the line was read: by the container runtime, else by this collector.",
    OWN_TIME: "An own time ahead of the reading time does not count: Loki would refuse later lines of its stream.",
    _LATE: "The interval of a late line: it gets a stream of its own, in which Loki does not refuse it.",
}
# The shares of Loki's tolerance that an own time may be before and after the reading time. Together they are less than
# all of it, so no line of a stream is further behind an earlier one. Loki refuses what is 10 minutes ahead of its clock
# (creation_grace_period).
_BEFORE, _AFTER = 5 / 6, 1 / 12
_LONGEST_AFTER = timedelta(minutes=5)


def window(latest_behind: timedelta) -> tuple[timedelta, timedelta]:
    """Return how far an own time may be before and after the reading time without being late or ahead.

    `latest_behind` is what a line may be behind the newest one of its stream in Loki.
    """
    return latest_behind * _BEFORE, min(latest_behind * _AFTER, _LONGEST_AFTER)


def reading_time(parsers: Sequence[str]) -> Iterator[Block]:
    """Yield the stage that gives the parsers the time at which the container runtime read a pod's line."""
    if parsers:
        yield within(
            f'{{{FORMAT}=~"{"|".join(parsers)}"}}',
            Block("stage.labels", attributes={"values": {READ_AT: ""}, "source_type": "structured_metadata"}),
            comment="The container runtime's time, which a line's own time is compared with.",
        )


def own_time(timestamp: Timestamp, field: str, latest_behind: timedelta) -> Iterator[Block]:
    """Yield the stages that give a line its own time, unless it is ahead of the reading time, and mark late lines.

    Of a late line the label `late` is the time at which its interval begins, each as long as `latest_behind`: lines of
    one interval are never too far behind each other, so Loki refuses none of them.
    """
    before, after = (int(span.total_seconds()) for span in window(latest_behind))
    interval = int(latest_behind.total_seconds())
    own, read = f"(int64 .{_OWN})", f"(int64 .{READ_AT})"
    yield _template(_OWN, f"{{{{ with .{field} }}}}{_seconds(timestamp)}{{{{ end }}}}")
    yield _template(
        READ_AT, f"{{{{ with .Value }}}}{_parsed(_RFC3339, '.')}{{{{ else }}}}{{{{ now.Unix }}}}{{{{ end }}}}"
    )
    yield _template(
        OWN_TIME, f"{{{{ if and .{_OWN} (le {own} (add {read} {after})) }}}}{{{{ .{field} }}}}{{{{ end }}}}"
    )
    begin = f"(mul (div {own} {interval}) {interval})"
    yield _template(
        _LATE,
        f"{{{{ if and .{OWN_TIME} (lt {own} (sub {read} {before})) }}}}"
        f"{{{{ dateInZone `2006-01-02T15:04` {begin} `UTC` }}}}{{{{ end }}}}",
    )
    # Alloy compares a line's time with that of the last line with the same labels: this one is different on every line.
    yield Block("stage.label_drop", attributes={"values": [READ_AT]})
    attributes: dict[str, Value] = {
        "source": OWN_TIME,
        "format": timestamp.format,
        "location": timestamp.time_zone or "UTC",
        # By default a line with an unreadable time gets the time of the line before it.
        "action_on_failure": "skip",
    }
    yield Block("stage.timestamp", attributes=attributes)
    yield Block("stage.labels", attributes={"values": {LATE: _LATE}})


def _template(source: str, template: str) -> Block:
    return Block("stage.template", attributes={"source": source, "template": template}, comment=_COMMENTS[source])


def _seconds(timestamp: Timestamp) -> str:
    """Return the template of a time's Unix seconds; a time that cannot be read has none."""
    if of_second := _NUMBERS.get(timestamp.format):
        return f"{{{{ with div (int64 (index (splitList `.` .) 0)) {of_second} }}}}{{{{ . }}}}{{{{ end }}}}"
    layout = _LAYOUTS.get(timestamp.format, timestamp.format)
    if any(zone in layout for zone in _ZONES):
        return _parsed(layout, ".")
    # Alloy reads its own layouts without a zone as UTC.
    zone = timestamp.time_zone if timestamp.format not in _LAYOUTS else None
    with_zone = f"{layout} -0700"
    if not zone or zone == "UTC":
        return _parsed(with_zone, "(print . ` +0000`)")
    # The offset of a zone depends on the time that it is about: the second turn corrects the first one.
    moment = f"(mustToDate {_text(with_zone)} (print $time ` ` $offset))"
    return (
        "{{ $time := . }}{{ $offset := `+0000` }}"
        f"{{{{ range until 2 }}}}{{{{ $offset = dateInZone `-0700` {moment} {_text(zone)} }}}}{{{{ end }}}}"
        f"{{{{ {moment}.Unix }}}}"
    )


def _parsed(layout: str, what: str) -> str:
    return f"{{{{ (mustToDate {_text(layout)} {what}).Unix }}}}"


def _text(text: str) -> str:
    """Return a string of Go's templates."""
    return quoted(text) if "`" in text else f"`{text}`"
