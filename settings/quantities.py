"""Durations, sizes, CPU and rates as people write them, and as Loki and Kubernetes read them.

A stack file says `30d`, `10Gi`, `500m` and `110GB/day`; inside the program these are a `timedelta`, a number of bytes,
a number of millicores and a number of bytes a day. Numbers with units reach charts as strings, because a large number
crosses Pulumi's wire as a float.
"""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

# Go's durations, which Loki reads, end at 292 years.
_LONGEST = 100 * 365 * 86400
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+)([smhdw])")
_BYTES = {"": 1, "B": 1} | {
    unit + suffix: base ** (power + 1)
    for power, unit in enumerate("KMGT")
    for suffix, base in (("i", 1024), ("iB", 1024), ("B", 1000))
}
_SIZE = re.compile(r"(\d{1,19}(?:\.\d{1,9})?)\s*([KMGT]?i?B?)")
_CPU = re.compile(r"(\d+)m|(\d+(?:\.\d{1,3})?)")
_GB = 10**9
_INGEST = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(GB|GiB)/(day|hour|second)")
_A_DAY = {"day": 1, "hour": 24, "second": 86400}


def parse_duration(value: object) -> timedelta:
    """`90s`, `15m`, `12h`, `30d`, `2w` or a sum such as `1d12h`; raises ValueError for anything else."""
    if isinstance(value, timedelta):
        return value
    text = str(value)
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no duration; write a number and a unit, such as 7d, 12h or 30m")
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in parts)
    if seconds > _LONGEST:
        raise ValueError(f"{text!r} is longer than 100 years")
    return timedelta(seconds=seconds)


def parse_size(value: object) -> int:
    """Bytes of `10Gi`, `512Mi` (powers of 1024) or `110GB` (powers of 1000); raises ValueError for anything else."""
    match = _SIZE.fullmatch(str(value))
    if not match or match[2] not in _BYTES:
        raise ValueError(f"{str(value)!r} is no size; write a number and a unit, such as 10Gi, 512Mi or 256KB")
    return int(Decimal(match[1]) * _BYTES[match[2]])


def parse_cpu(value: object) -> int:
    """Millicores of `500m`, `2` or `0.5`; raises ValueError for anything else."""
    match = _CPU.fullmatch(str(value))
    if not match:
        raise ValueError(f"{str(value)!r} is no amount of CPU; write cores (2, 0.5) or millicores (500m)")
    return int(match[1]) if match[1] else round(float(match[2]) * 1000)


def parse_ingest(value: object) -> int:
    """Bytes a day of `110GB/day`, `2GiB/hour` or `0.5GB/second`; raises ValueError for anything else, and for none."""
    match = _INGEST.fullmatch(str(value))
    daily = int(Decimal(match[1]) * _BYTES[match[2]] * _A_DAY[match[3]]) if match else 0
    if not daily:
        raise ValueError(f"{str(value)!r} is no ingest; write GB or GiB per day, hour or second, such as 110GB/day")
    return daily


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


def loki_size(value: int) -> str:
    """Bytes as Loki reads them; its KB, MB and GB are powers of 1024 (c2h5oh/datasize)."""
    return re.sub(r"([KMGT])i$", r"\1B", kubernetes_size(value)) if value % 1024 == 0 else f"{value}B"


def kubernetes_cpu(millicores: int) -> str:
    """Millicores as a Kubernetes quantity: `500m`, `2`."""
    return str(millicores // 1000) if millicores % 1000 == 0 else f"{millicores}m"


def plain_ingest(daily: int) -> str:
    """Bytes a day for people, exactly: `110GB/day`, `0.5GB/day`."""
    return f"{(Decimal(daily) / _GB).normalize():f}GB/day"


def _schema(types: str | list[str], pattern: str, words: str) -> WithJsonSchema:
    form = {"pattern": pattern, "minimum": 0, "patternErrorMessage": f"must be {words}"}
    return WithJsonSchema({"type": types, "format": "quantity", **form})


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(plain_duration, return_type=str),
    _schema("string", r"^(\d+[smhdw])+$", "a duration: a number and a unit, such as 7d, 12h or 30m"),
]
Size = Annotated[
    int,
    BeforeValidator(parse_size),
    PlainSerializer(kubernetes_size, return_type=str),
    _schema(
        ["string", "integer"],
        r"^\d+(\.\d+)?\s*([KMGT](i|iB|B)|B)?$",
        "a size: a number and a unit, such as 10Gi, 512Mi or 256KB",
    ),
]
Cpu = Annotated[
    int,
    BeforeValidator(parse_cpu),
    PlainSerializer(kubernetes_cpu, return_type=str),
    _schema(["string", "number"], r"^(\d+m|\d+(\.\d{1,3})?)$", "an amount of CPU: cores (2, 0.5) or millicores (500m)"),
]
Ingest = Annotated[
    int,
    BeforeValidator(parse_ingest),
    PlainSerializer(plain_ingest, return_type=str),
    _schema(
        "string",
        r"^\d+(\.\d+)?\s*(GB|GiB)/(day|hour|second)$",
        "an amount of lines over time: GB or GiB per day, hour or second, such as 110GB/day",
    ),
]
