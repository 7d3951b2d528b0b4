"""A rule of the diff: the values that it checks, its condition, its class and its sentence."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from logstack.diff.changes import Change, leaves_of
from logstack.diff.effects import Effect
from logstack.diff.snapshot import Rendered
from logstack.settings.model.quantities import kubernetes_cpu, parse_cpu, parse_duration, parse_size
from logstack.text.words import counted, spoken_duration, spoken_size


@dataclass(frozen=True)
class Sides:
    """Both renderings, and the day (UTC)."""

    before: Rendered
    after: Rendered
    today: date

    @property
    def both(self) -> tuple[Rendered, Rendered]:
        """Return the side before and the side after."""
        return self.before, self.after


@dataclass(frozen=True)
class Unit:
    """How to compare values, and how to print one."""

    measured: Callable[[str], float]
    """Raises ValueError for a value of another unit."""
    spoken: Callable[[str], str]


def unquoted(value: str) -> str:
    """Remove the quotes of a string in Alloy's configuration."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def _loki_size(value: str) -> int:
    """Loki's KB, MB and GB are powers of 1024; a plain number is one of bytes."""
    return parse_size(re.sub(r"([KMGT])B$", r"\1iB", value))


def _seconds(value: str) -> float:
    return parse_duration(value).total_seconds()


TEXT = Unit(float, str)
NUMBER = Unit(float, str)
DURATION = Unit(_seconds, lambda value: spoken_duration(parse_duration(value)))
SIZE = Unit(_loki_size, lambda value: spoken_size(_loki_size(value)))
MEBIBYTES = Unit(float, lambda value: f"{float(value):g}Mi")
MEGABYTES = Unit(lambda value: float(value.removesuffix("M")), str)
PODS = Unit(float, lambda value: counted(int(value), "pod"))
CPU = Unit(parse_cpu, lambda value: kubernetes_cpu(parse_cpu(value)))


@dataclass(frozen=True)
class When:
    """A condition, as text and as a test."""

    words: str
    holds: Callable[[Change, Unit, Sides], bool]

    def and_also(self, words: str, test: Callable[[Change, Sides], bool]) -> "When":
        """Return the condition with another one added."""
        return When(
            f"{self.words}, {words}",
            lambda change, unit, sides: self.holds(change, unit, sides) and test(change, sides),
        )


def _compared(change: Change, unit: Unit) -> tuple[float, float] | None:
    """Both numbers; None if one is missing or not a number."""
    if change.before is None or change.after is None:
        return None
    try:
        return unit.measured(unquoted(change.before)), unit.measured(unquoted(change.after))
    except ValueError:
        return None


def _lowered(change: Change, unit: Unit, _sides: Sides) -> bool:
    numbers = _compared(change, unit)
    return numbers is not None and numbers[1] < numbers[0]


def _raised(change: Change, unit: Unit, _sides: Sides) -> bool:
    numbers = _compared(change, unit)
    return numbers is not None and numbers[1] > numbers[0]


def _netloc(value: str | None) -> str:
    return urlsplit(unquoted(value or "")).netloc


def _scheme(value: str | None) -> str:
    return urlsplit(unquoted(value or "")).scheme


# Every path with the size of a volume.
VOLUMES = (
    "*-values.yaml *.persistence.size",
    "*-values.yaml *.persistence.claims*.size",
    "*.statefulset.yaml spec.volumeClaimTemplates*.storage",
)
DIFFERS = When("differs", lambda _change, _unit, _sides: True)
LOWERED = When("lowered", _lowered)
RAISED = When("raised", _raised)
ADDED = When("added", lambda change, _unit, _sides: change.before is None)
REMOVED = When("removed", lambda change, _unit, _sides: change.after is None)
EDITED = When("edited", lambda change, _unit, _sides: None not in (change.before, change.after))
EDITED_OR_REMOVED = When("edited or removed", lambda change, _unit, _sides: change.before is not None)
NOW_OFF = When("on to off", lambda change, _unit, _sides: change.before == "true" and change.after != "true")
NOW_ON = When("off to on", lambda change, _unit, _sides: change.before != "true" and change.after == "true")
NOW_FALSE = When("now false", lambda change, _unit, _sides: change.after == "false")
OTHER_HOST = When("another host", lambda change, _unit, _sides: _netloc(change.before) != _netloc(change.after))
OTHER_SCHEME = When(
    "http or https",
    lambda change, _unit, _sides: _scheme(change.before) != _scheme(change.after),
)


def mentions(text: str) -> When:
    """Return the condition that the text is in the value before or after."""
    return When(f"has {text}", lambda change, _unit, _sides: text in f"{change.before} {change.after}")


def several(change: Change, stack: Rendered) -> bool:
    """Return whether the role whose chart values change has more than one pod."""
    replicas = f"{change.path.partition('.')[0]}.replicas"
    return leaves_of(stack, change.artefact).get(replicas, "1") not in ("0", "1")


@dataclass(frozen=True)
class Rule:
    """One kind of consequence."""

    name: str
    effect: Effect
    looks_at: tuple[str, ...]
    """`<artefact> <path>` each, with `*` for any text."""
    sentence: str
    """A template with {before}, {after}, {path} and {part}, the path's first segment."""
    do: str
    """The operator's next step."""
    when: When = DIFFERS
    unit: Unit = TEXT

    def holds(self, change: Change, sides: Sides) -> bool:
        """Return whether the change has this consequence."""
        return any(map(change.is_at, self.looks_at)) and self.when.holds(change, self.unit, sides)

    def spoken(self, value: str | None) -> str:
        """Return a value as text."""
        if value is None:
            return "none"
        try:
            return self.unit.spoken(unquoted(value))
        except ValueError:
            return value
