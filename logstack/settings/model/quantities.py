"""Durations, sizes, CPU and rates in the notations of people, Loki and Kubernetes.

A stack file has `30d`, `10Gi`, `500m` and `110GB/day`; in the program these are a `timedelta`, a number of bytes, a
number of millicores and a number of bytes a day. Charts get numbers with units as strings, because Pulumi sends a large
number as a float.
"""

import re
from datetime import timedelta
from decimal import Decimal

# Go's durations, which Loki reads, end at 292 years.
_LONGEST = 100 * 365 * 86400
# No quantity has so many characters; Python refuses to read whole numbers of more than 4,300 digits.
_LONGEST_TEXT = 1000
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
# ASCII digits: Python would read those of other scripts, and neither Loki nor Kubernetes does.
_DURATION = re.compile(r"([0-9]+)([smhdw])")
_BYTES = {"": 1, "B": 1} | {
    unit + suffix: base ** (power + 1)
    for power, unit in enumerate("KMGT")
    for suffix, base in (("i", 1024), ("iB", 1024), ("B", 1000))
}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]{1,9})?)[ \t]*([KMGT]?i?B?)")
_CPU = re.compile(r"([0-9]+)m|([0-9]+(?:\.[0-9]{1,3})?)")
_GB = 10**9
_INGEST = re.compile(r"([0-9]+(?:\.[0-9]{1,9})?)[ \t]*(GB|GiB)/(day|hour|second)")
_NO_INGEST = "not an ingest; write GB or GiB per day, hour or second, such as 110GB/day"
_A_DAY = {"day": 1, "hour": 24, "second": 86400}


def parse_duration(value: object) -> timedelta:
    """Read `90s`, `15m`, `12h`, `30d`, `2w` or a sum such as `1d12h`; raises ValueError for anything else."""
    if isinstance(value, timedelta):
        return value
    seconds = duration_seconds(value)
    if seconds > _LONGEST:
        raise ValueError(f"{str(value)!r} is longer than 100 years")
    return timedelta(seconds=seconds)


def duration_seconds(value: object) -> int:
    """Return the seconds of a duration, however long; raises ValueError for anything else."""
    text = _text(value)
    terms = _DURATION.findall(text)
    if not terms or "".join(number + unit for number, unit in terms) != text:
        raise ValueError(f"{text!r} is not a duration; write a number and a unit, such as 7d, 12h or 30m")
    return sum(int(number) * _SECONDS[unit] for number, unit in terms)


def parse_size(value: object) -> int:
    """Return the bytes of `10Gi`, `512Mi` (powers of 1024) or `110GB` (powers of 1000); raises ValueError otherwise."""
    text = _text(value)
    match = _SIZE.fullmatch(text)
    if not match or match[2] not in _BYTES:
        raise ValueError(f"{text!r} is not a size; write a number and a unit, such as 10Gi, 512Mi or 256KB")
    return int(Decimal(match[1]) * _BYTES[match[2]])


def parse_cpu(value: object) -> int:
    """Return the millicores of `500m`, `2` or `0.5`; raises ValueError for anything else."""
    text = _text(value)
    match = _CPU.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not an amount of CPU; write cores (2, 0.5) or millicores (500m)")
    return int(match[1]) if match[1] else int(Decimal(match[2]) * 1000)


def parse_ingest(value: object) -> int:
    """Return the bytes a day of `110GB/day`, `2GiB/hour` or `0.5GB/second`; raises ValueError otherwise, and for 0."""
    daily = daily_bytes(value)
    if not daily:
        raise ValueError(f"{_text(value)!r} is {_NO_INGEST}")
    return daily


def daily_bytes(value: object) -> int:
    """Return the bytes a day of an ingest, which may be 0; raises ValueError for anything else."""
    text = _text(value)
    match = _INGEST.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is {_NO_INGEST}")
    return int(Decimal(match[1]) * _BYTES[match[2]] * _A_DAY[match[3]])


def _text(value: object) -> str:
    """Return the value as text; raises ValueError if it is too long for a quantity."""
    if isinstance(value, int) and abs(value) >= 10**_LONGEST_TEXT:
        raise ValueError(f"a number of more than {_LONGEST_TEXT} digits is not a quantity")
    text = str(value)
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"a text of {len(text)} characters is not a quantity")
    return text


def loki_duration(value: timedelta) -> str:
    """Return a duration for Loki and Go, in its largest whole unit up to hours: `720h`, `90s`."""
    seconds = int(value.total_seconds())
    for unit in ("h", "m"):
        if seconds and seconds % _SECONDS[unit] == 0:
            return f"{seconds // _SECONDS[unit]}{unit}"
    return f"{seconds}s"


def plain_duration(value: timedelta) -> str:
    """Return a duration for people, in its largest whole unit up to days: `30d`, `12h`."""
    seconds = int(value.total_seconds())
    return f"{seconds // 86400}d" if seconds and seconds % 86400 == 0 else loki_duration(value)


def kubernetes_size(value: int) -> str:
    """Return bytes as a Kubernetes quantity in its largest whole binary unit: `10Gi`."""
    for power, unit in ((4, "Ti"), (3, "Gi"), (2, "Mi"), (1, "Ki")):
        if value and value % 1024**power == 0:
            return f"{value // 1024**power}{unit}"
    return str(value)


def plain_size(value: int) -> str:
    """Return bytes for people, always with a unit: `10Gi`, `1000B`."""
    text = kubernetes_size(value)
    return f"{text}B" if text.isdigit() else text


def loki_size(value: int) -> str:
    """Return bytes for Loki, whose KB, MB and GB are powers of 1024 (c2h5oh/datasize)."""
    return re.sub(r"([KMGT])i$", r"\1B", kubernetes_size(value)) if value % 1024 == 0 else f"{value}B"


def kubernetes_cpu(millicores: int) -> str:
    """Return millicores as a Kubernetes quantity: `500m`, `2`."""
    return str(millicores // 1000) if millicores % 1000 == 0 else f"{millicores}m"


def plain_ingest(daily: int) -> str:
    """Return bytes a day for people, without rounding: `110GB/day`, `0.5GB/day`."""
    return f"{(Decimal(daily) / _GB).normalize():f}GB/day"
