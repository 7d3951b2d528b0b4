"""A line's own time: when it counts instead of the reading time, and which lines are late."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from logstack.manifests.alloy.labels import READ_AT
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
"""The name under which a line's own time is extracted."""
_LATE = "logstack_late"
_COMMENTS: Mapping[str, str] = {
    OWN_TIME: "A time ahead of the reading time does not count: Loki would refuse later lines of the stream.",
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


def reading_time() -> Block:
    """Return the stage that gives parsers the time at which the container runtime read a pod's line."""
    return Block(
        "stage.labels",
        attributes={"values": {READ_AT: ""}, "source_type": "structured_metadata"},
        comment="The container runtime's time, which a line's own time is compared with.",
    )


def own_time(timestamp: Timestamp, field: str, latest_behind: timedelta) -> Iterator[Block]:
    """Yield the stages that give a line its own time, unless it is ahead of the reading time, and mark late lines.

    Of a late line the label `late` is the time at which its interval begins, each as long as `latest_behind`: lines of
    one interval are never too far behind each other, so Loki refuses none of them.
    """
    before, after = (int(span.total_seconds()) for span in window(latest_behind))
    interval = int(latest_behind.total_seconds())
    # Without the runtime's time, this collector reads the line now.
    read = ("$read := (now).Unix", f"with $.{READ_AT}", f"$read = {_seconds(_RFC3339, '.')}", "end")
    times = ("$time := .", *_own(timestamp), *read)
    ahead = f"gt $own (add $read {after})"
    yield _template(OWN_TIME, f"with .{field}", *times, f"if not ({ahead})", "$time", "end", "end")
    late = f"and (gt $own 0) (lt $own (sub $read {before}))"
    begin = f"dateInZone `2006-01-02T15:04` (mul (div $own {interval}) {interval}) `UTC`"
    yield _template(_LATE, f"with .{OWN_TIME}", *times, f"if {late}", begin, "end", "end")
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


def _template(source: str, *actions: str) -> Block:
    template = "".join(f"{{{{ {action} }}}}" for action in actions)
    return Block("stage.template", attributes={"source": source, "template": template}, comment=_COMMENTS[source])


def _own(timestamp: Timestamp) -> Iterator[str]:
    """Yield the actions that set `$own`, in seconds, from `$time`; they fail for a time that cannot be read."""
    if of_second := _NUMBERS.get(timestamp.format):
        yield f"$own := div (int64 (index (splitList `.` $time) 0)) {of_second}"
        return
    layout = _LAYOUTS.get(timestamp.format, timestamp.format)
    if any(zone in layout for zone in _ZONES):
        yield f"$own := {_seconds(layout, '$time')}"
        return
    # Alloy reads its own layouts without a zone as UTC.
    zone = timestamp.time_zone if timestamp.format not in _LAYOUTS else None
    with_zone = f"{layout} -0700"
    if not zone or zone == "UTC":
        yield f"$own := {_seconds(with_zone, '(print $time ` +0000`)')}"
        return
    # The offset of a zone depends on the time that it is about: the second turn corrects the first one.
    moment = f"(mustToDate {_text(with_zone)} (print $time ` ` $offset))"
    yield from ("$offset := `+0000`", "range until 2", f"$offset = dateInZone `-0700` {moment} {_text(zone)}", "end")
    yield f"$own := {moment}.Unix"


def _seconds(layout: str, what: str) -> str:
    return f"(mustToDate {_text(layout)} {what}).Unix"


def _text(text: str) -> str:
    """Return a string of Go's templates."""
    return quoted(text) if "`" in text else f"`{text}`"
