"""Durations, sizes and shares in a sentence."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from fractions import Fraction

Facts = Sequence[tuple[str, str]]
"""Lines with a label each."""

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_GIB = 1024**3
_MIB = 1024**2


def spoken_duration(value: timedelta) -> str:
    """Return a duration in its two largest units, rounded down: `1h 29min`, `30d`."""
    return " ".join(list(_units(int(value.total_seconds())))[:2]) or "0s"


def _units(seconds: int) -> Iterator[str]:
    for unit, size in _UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            yield f"{number}{unit}"


def spoken_size(value: int) -> str:
    """Return bytes in Gi from 1Gi on, else in Mi, with at most two decimals: `7.5Gi`, `384Mi`."""
    unit, size = ("Gi", _GIB) if value >= _GIB else ("Mi", _MIB)
    return f"{round(value / size, 2):g}{unit}"


def spoken_share(share: Fraction | float) -> str:
    """Return a share in whole per cent."""
    return f"{round(share * 100)} %"


def counted(number: int, noun: str) -> str:
    """Return the number with its noun: `1 writer`, `3 writers`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
