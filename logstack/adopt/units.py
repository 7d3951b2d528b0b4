"""Loki's and Kubernetes' quantities as a stack file takes them."""

import re
from datetime import timedelta
from decimal import Decimal

from logstack.settings.model.quantities import parse_size, plain_duration, plain_size

# Prometheus' durations, which Loki reads: a year is 365 days, and Go's fractions of a second are no whole ones.
_SECONDS = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_PART = re.compile(r"(\d+)(ms|[ywdhms])")
_LOKI_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", re.IGNORECASE)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


def loki_duration_of(value: object) -> timedelta | None:
    """A duration of Loki's configuration, `720h`, `30d`, `10m0s` or 0; None for anything else."""
    text = str(value)
    if text == "0":
        return timedelta()
    terms = _PART.findall(text)
    if not terms or "".join(number + unit for number, unit in terms) != text:
        return None
    return timedelta(seconds=sum(int(number) * _SECONDS.get(unit, 0) for number, unit in terms))


def loki_size_of(value: object) -> int | None:
    """Bytes of Loki's configuration, whose KB, MB and GB are powers of 1024; None for anything else."""
    match = _LOKI_SIZE.fullmatch(str(value).strip())
    if not match or isinstance(value, bool):
        return None
    return int(Decimal(match[1]) * 1024 ** _POWERS[match[2].upper()])


def mebibytes_of(value: object) -> int | None:
    """Return the bytes of one of Loki's `_mb` settings, without a fraction of a byte, as Loki does.

    Source: pkg/validation/limits.go, bytesInMB, and the int() around each product.
    """
    try:
        return None if isinstance(value, bool) else int(float(str(value)) * 1024**2)
    except (ValueError, OverflowError):
        return None


def quantity_of(value: object) -> int | None:
    """Bytes of a Kubernetes quantity; None for anything else."""
    text = str(value)
    try:
        return parse_size(f"{text}B" if re.fullmatch(r"\d+(\.\d+)?[KMGT]", text) else text)
    except ValueError:
        return None


def format_size(value: int) -> str:
    """Return bytes in the notation of a stack file: with a unit."""
    return plain_size(value)


def format_duration(value: timedelta) -> str:
    """A duration as a stack file says it."""
    return plain_duration(value)
