"""Durations, sizes, CPU and rates as people write them, and as Loki and Kubernetes read them.

A stack file says `30d`, `10Gi`, `500m` and `110GB/day`; inside the program these are a `timedelta`, a number of bytes,
a number of millicores and a number of bytes a day. Numbers with units reach charts as strings, because a large number
crosses Pulumi's wire as a float.
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
_NO_INGEST = "no ingest; write GB or GiB per day, hour or second, such as 110GB/day"
_A_DAY = {"day": 1, "hour": 24, "second": 86400}


def parse_duration(value: object) -> timedelta:
    """`90s`, `15m`, `12h`, `30d`, `2w` or a sum such as `1d12h`; raises ValueError for anything else."""
    if isinstance(value, timedelta):
        return value
    seconds = duration_seconds(value)
    if seconds > _LONGEST:
        raise ValueError(f"{str(value)!r} is longer than 100 years")
    return timedelta(seconds=seconds)


def duration_seconds(value: object) -> int:
    """Seconds of a duration, however long; raises ValueError for anything else."""
    text = _text(value)
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no duration; write a number and a unit, such as 7d, 12h or 30m")
    return sum(int(number) * _SECONDS[unit] for number, unit in parts)


def parse_size(value: object) -> int:
    """Bytes of `10Gi`, `512Mi` (powers of 1024) or `110GB` (powers of 1000); raises ValueError for anything else."""
    text = _text(value)
    match = _SIZE.fullmatch(text)
    if not match or match[2] not in _BYTES:
        raise ValueError(f"{text!r} is no size; write a number and a unit, such as 10Gi, 512Mi or 256KB")
    return int(Decimal(match[1]) * _BYTES[match[2]])


def parse_cpu(value: object) -> int:
    """Millicores of `500m`, `2` or `0.5`; raises ValueError for anything else."""
    text = _text(value)
    match = _CPU.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no amount of CPU; write cores (2, 0.5) or millicores (500m)")
    return int(match[1]) if match[1] else int(Decimal(match[2]) * 1000)


def parse_ingest(value: object) -> int:
    """Bytes a day of `110GB/day`, `2GiB/hour` or `0.5GB/second`; raises ValueError for anything else, and for none."""
    daily = daily_bytes(value)
    if not daily:
        raise ValueError(f"{_text(value)!r} is {_NO_INGEST}")
    return daily


def daily_bytes(value: object) -> int:
    """Bytes a day of an ingest, or 0 of none; raises ValueError for anything else."""
    text = _text(value)
    match = _INGEST.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is {_NO_INGEST}")
    return int(Decimal(match[1]) * _BYTES[match[2]] * _A_DAY[match[3]])


def _text(value: object) -> str:
    """The value as it is written; raises ValueError where that is too long for a quantity."""
    if isinstance(value, int) and abs(value) >= 10**_LONGEST_TEXT:
        raise ValueError(f"a number of more than {_LONGEST_TEXT} digits is no quantity")
    text = str(value)
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"a text of {len(text)} characters is no quantity")
    return text


def loki_duration(value: timedelta) -> str:
    """A duration as Loki and Go read it, in its largest whole unit up to hours: `720h`, `90s`."""
    seconds = int(value.total_seconds())
    for unit in ("h", "m"):
        if seconds and seconds % _SECONDS[unit] == 0:
            return f"{seconds // _SECONDS[unit]}{unit}"
    return f"{seconds}s"


def plain_duration(value: timedelta) -> str:
    """A duration for people, in its largest whole unit up to days: `30d`, `12h`."""
    seconds = int(value.total_seconds())
    return f"{seconds // 86400}d" if seconds and seconds % 86400 == 0 else loki_duration(value)


def kubernetes_size(value: int) -> str:
    """Bytes as a Kubernetes quantity in its largest whole binary unit: `10Gi`."""
    for power, unit in ((4, "Ti"), (3, "Gi"), (2, "Mi"), (1, "Ki")):
        if value and value % 1024**power == 0:
            return f"{value // 1024**power}{unit}"
    return str(value)


def plain_size(value: int) -> str:
    """Bytes for people, always with a unit: `10Gi`, `1000B`."""
    text = kubernetes_size(value)
    return f"{text}B" if text.isdigit() else text


def loki_size(value: int) -> str:
    """Bytes as Loki reads them; its KB, MB and GB are powers of 1024 (c2h5oh/datasize)."""
    return re.sub(r"([KMGT])i$", r"\1B", kubernetes_size(value)) if value % 1024 == 0 else f"{value}B"


def kubernetes_cpu(millicores: int) -> str:
    """Millicores as a Kubernetes quantity: `500m`, `2`."""
    return str(millicores // 1000) if millicores % 1000 == 0 else f"{millicores}m"


def plain_ingest(daily: int) -> str:
    """Bytes a day for people, exactly: `110GB/day`, `0.5GB/day`."""
    return f"{(Decimal(daily) / _GB).normalize():f}GB/day"
