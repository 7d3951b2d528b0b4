"""How a field takes a quantity, a count, a share, a switch or a text: its form and its plausible range.

A range reads a value of a stack file strictly: sizes, durations and ingests need a unit, whole numbers and booleans are
no texts. A program in Python hands over what `parse_size` and its siblings return. Which field has which range is in
`logstack/settings/model/bounds.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from math import isnan
from typing import Annotated, Any, ClassVar

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from logstack.settings.model.quantities import (
    daily_bytes,
    duration_seconds,
    kubernetes_cpu,
    parse_cpu,
    parse_size,
    plain_duration,
    plain_ingest,
    plain_size,
)

BELOW, ABOVE, NO_UNIT, NO_FORM = "below_range", "above_range", "no_unit", "no_form"
# The validation context of a stack file or of the engine: there, a number without a unit is none.
STACK_FILE: Mapping[str, bool] = {"stack_file": True}

# True and false of YAML; no text and no number that looks like one.
Switch = Annotated[bool, Field(strict=True)]

Measure = int | float | Decimal


@dataclass(frozen=True)
class Range(ABC):
    """The plausible values of a field, both ends included, as people write them."""

    of: str
    """What is bounded, for the reference: `memory of a pod`."""
    least: str
    most: str
    reason: str
    """Where the bounds come from."""
    or_nothing: bool = False
    """Zero passes as well: it has a meaning, or a rule of its own that names the consequence."""

    noun: ClassVar[str]
    form: ClassVar[str] = ""
    units: ClassVar[tuple[str, ...]] = ()
    """What may be missing behind a number, the likeliest first."""
    examples: ClassVar[tuple[str, ...]] = ()
    """Lines to paste where there is no default, the likeliest first."""
    pattern: ClassVar[str] = ""
    types: ClassVar[str | list[str]] = "string"

    @abstractmethod
    def measure(self, value: object) -> Measure:
        """The value as a number that can be compared; raises ValueError for what is no such value."""

    def bound(self, text: str) -> Measure:
        """A bound as a number that can be compared."""
        return self.measure(text)

    @abstractmethod
    def value(self, measure: Measure) -> object:
        """What the program works with."""

    @abstractmethod
    def written(self, value: Any) -> str | int | float:  # noqa: ANN401 - what `value` returns
        """A value of the program as a stack file says it."""

    @property
    def words(self) -> str:
        """What the field takes: `a size from 64Mi to 4Ti`."""
        return f"{self.noun} from {self.least} to {self.most}"

    def validate(self, value: object, info: ValidationInfo) -> object:
        """The value as the program works with it; raises the error that says which bound was passed."""
        if isinstance(value, bool):
            raise PydanticCustomError(NO_FORM, "this is no quantity")
        if self.units and self.has_no_unit(value, is_written=bool(info.context)):
            raise PydanticCustomError(NO_UNIT, "the number has no unit")
        try:
            measure = self.measure(value)
        except (ValueError, InvalidOperation):
            raise PydanticCustomError(NO_FORM, "this is no quantity") from None
        if not (self.or_nothing and measure == 0):
            if measure < self.bound(self.least):
                raise PydanticCustomError(BELOW, "the value is too small")
            if self.is_above(measure):
                raise PydanticCustomError(ABOVE, "the value is too large")
        return self.value(measure)

    def is_above(self, measure: Measure) -> bool:
        """Whether the upper bound is passed."""
        return measure > self.bound(self.most)

    def has_no_unit(self, value: object, *, is_written: bool) -> bool:
        """Whether a unit is missing; numbers of a program in Python need none."""
        if isinstance(value, int | float):
            return is_written
        return isinstance(value, str) and is_number(value)

    def takes(self, text: str) -> bool:
        """Whether a text, as a bound is written, is within the range."""
        try:
            measure = self.bound(text)
        except (ValueError, InvalidOperation):
            return False
        return self.bound(self.least) <= measure and not self.is_above(measure)

    def meant_by(self, text: str) -> tuple[str, ...]:
        """What a text that is refused may stand for, the likeliest first."""
        return tuple(f"{text}{unit}" for unit in self.units) if is_number(text) else ()

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Reads by `validate` alone, and writes what a stack file says."""
        return core_schema.with_info_plain_validator_function(
            self.validate, serialization=core_schema.plain_serializer_function_ser_schema(self.written)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The form for editors, and the range for messages and the reference."""
        words = f"{self.words}: {self.form}" if self.form else self.words
        return {
            "type": self.types,
            "format": "quantity",
            **({"pattern": self.pattern} if self.pattern else {}),
            **self.limits(),
            "patternErrorMessage": f"must be {words}",
            "range": {"of": self.of, "from": self.least, "to": self.most, "reason": self.reason},
        }

    def limits(self) -> dict[str, Any]:
        """The bounds that an editor checks: those of numbers."""
        return {}


def is_number(text: str) -> bool:
    """Whether a text is digits alone, with a sign or a fraction or without."""
    whole, _, fraction = text.strip().lstrip("+-").partition(".")
    return whole.isascii() and whole.isdigit() and (not fraction or (fraction.isascii() and fraction.isdigit()))


class DurationRange(Range):
    """Durations; a `timedelta` in the program."""

    noun = "a duration"
    form = "a number and a unit, such as 7d, 12h or 30m"
    units = ("d", "h", "m", "s")
    examples = ("7d", "1h", "1m", "1s")
    pattern = r"^([0-9]+[smhdw])+$"

    def measure(self, value: object) -> Measure:
        """Seconds."""
        return int(value.total_seconds()) if isinstance(value, timedelta) else duration_seconds(value)

    def value(self, measure: Measure) -> timedelta:
        """The duration."""
        return timedelta(seconds=int(measure))

    def written(self, value: timedelta) -> str:
        """In its largest whole unit."""
        return plain_duration(value)


class SizeRange(Range):
    """Sizes; bytes in the program."""

    noun = "a size"
    form = "a number and a unit, such as 10Gi, 512Mi or 256KB"
    units = ("Gi", "Mi", "Ki", "Ti", "B")
    examples = ("2Gi", "1Mi")
    pattern = r"^[0-9]+(\.[0-9]+)?\s*([KMGT](i|iB|B)|B)$"

    def measure(self, value: object) -> Measure:
        """Bytes."""
        return parse_size(value)

    def value(self, measure: Measure) -> int:
        """Bytes."""
        return int(measure)

    def written(self, value: int) -> str:
        """In its largest whole unit."""
        return plain_size(value)

    def meant_by(self, text: str) -> tuple[str, ...]:
        """Bytes, where a number is large enough for them; else the likeliest unit."""
        as_bytes = (plain_size(parse_size(text)),) if text.isdigit() and len(text) <= len(str(2**63)) else ()
        return (*as_bytes, *super().meant_by(text))


class CpuRange(Range):
    """CPU; millicores in the program. A number without a unit is cores, as in Kubernetes."""

    noun = "an amount of CPU"
    form = "cores (2, 0.5) or millicores (500m)"
    examples = ("500m",)
    pattern = r"^([0-9]+m|[0-9]+(\.[0-9]{1,3})?)$"
    types = ["string", "number"]  # noqa: RUF012 - JSON schema's own form

    def measure(self, value: object) -> Measure:
        """Millicores."""
        return parse_cpu(value)

    def value(self, measure: Measure) -> int:
        """Millicores."""
        return int(measure)

    def written(self, value: int) -> str:
        """Cores, or millicores where they are no whole cores."""
        return kubernetes_cpu(value)

    def meant_by(self, text: str) -> tuple[str, ...]:
        """Millicores, where the cores are too many."""
        return (f"{text}m",) if text.isdigit() else ()

    def limits(self) -> dict[str, Any]:
        """In cores."""
        return {"minimum": float(self.bound(self.least)) / 1000, "maximum": float(self.bound(self.most)) / 1000}


class IngestRange(Range):
    """Amounts of lines over time; bytes a day in the program."""

    noun = "an amount of lines over time"
    form = "GB or GiB per day, hour or second, such as 110GB/day"
    units = ("GB/day", "GB/hour", "GB/second")
    examples = ("110GB/day",)
    pattern = r"^[0-9]+(\.[0-9]+)?\s*(GB|GiB)/(day|hour|second)$"

    def measure(self, value: object) -> Measure:
        """Bytes a day."""
        return value if isinstance(value, int) else daily_bytes(value)

    def value(self, measure: Measure) -> int:
        """Bytes a day."""
        return int(measure)

    def written(self, value: int) -> str:
        """In GB a day."""
        return plain_ingest(value)

    def meant_by(self, text: str) -> tuple[str, ...]:
        """An amount a day."""
        return (f"{text}/day", *super().meant_by(text))


class CountRange(Range):
    """Whole numbers."""

    noun = "a whole number"
    types = "integer"

    def measure(self, value: object) -> Measure:
        """The number; a text is none."""
        if not isinstance(value, int):
            raise ValueError("no whole number")
        return value

    def bound(self, text: str) -> Measure:
        """The number."""
        return int(text)

    def value(self, measure: Measure) -> int:
        """The number."""
        return int(measure)

    def written(self, value: int) -> int:
        """The number."""
        return value

    def meant_by(self, text: str) -> tuple[str, ...]:
        """The number of a text."""
        return (text,) if text.isascii() and text.isdigit() else ()

    def limits(self) -> dict[str, Any]:
        """Both bounds."""
        return {"minimum": int(self.least), "maximum": int(self.most)}


class ShareRange(Range):
    """Shares of a whole, whose upper bound is excluded."""

    noun = "a number"
    types = "number"

    @property
    def words(self) -> str:
        """What the field takes."""
        return f"{self.noun} from {self.least} to below {self.most}"

    def measure(self, value: object) -> Measure:
        """The number; a text and what is no number are none."""
        if not isinstance(value, int | float) or isnan(value):
            raise ValueError("no number")
        return value

    def bound(self, text: str) -> Measure:
        """The number."""
        return float(text)

    def value(self, measure: Measure) -> float:
        """The number."""
        return float(measure)

    def written(self, value: float) -> float:
        """The number."""
        return value

    def meant_by(self, text: str) -> tuple[str, ...]:
        """The number of a text, or a percentage."""
        return (text, f"{float(text) / 100:g}") if is_number(text) and len(text) <= len("100.000") else ()

    def is_above(self, measure: Measure) -> bool:
        """From the bound on."""
        return measure >= self.bound(self.most)

    def limits(self) -> dict[str, Any]:
        """Both bounds."""
        return {"minimum": float(self.least), "exclusiveMaximum": float(self.most)}


def text_of(most: int, words: str = "") -> Any:  # noqa: ANN401 - pydantic's Field
    """A text of a greatest length; `words` say what it is."""
    said = f"{words or 'text'} of at most {most:,} characters"
    return Field(max_length=most, json_schema_extra={"patternErrorMessage": f"must be {said}"})
