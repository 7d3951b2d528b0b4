"""Field types for quantities, counts, shares, switches and texts: their forms and plausible ranges.

A range reads a value of a stack file strictly: sizes, durations and ingests need a unit, and a text is neither a whole
number nor a boolean. A program in Python passes the results of `parse_size` and its siblings.
`logstack/settings/model/bounds.py` has the range of each field.
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
# The validation context of a stack file or of the engine: there, a quantity needs a unit.
STACK_FILE: Mapping[str, bool] = {"stack_file": True}

# True and false of YAML, and no text or number that looks like one.
Switch = Annotated[bool, Field(strict=True)]

Measure = int | float | Decimal


@dataclass(frozen=True)
class Range(ABC):
    """The plausible values of a field, both ends included, in the notation of a stack file."""

    of: str
    """The name of the quantity, for the reference: `memory of a pod`."""
    least: str
    most: str
    reason: str
    """The source of the bounds."""
    or_nothing: bool = False
    """Whether zero passes as well: it has a meaning, or a rule of its own that names the consequence."""

    noun: ClassVar[str]
    form: ClassVar[str] = ""
    units: ClassVar[tuple[str, ...]] = ()
    """The units that a number may lack, the likeliest first."""
    examples: ClassVar[tuple[str, ...]] = ()
    """Lines to paste where there is no default, the likeliest first."""
    pattern: ClassVar[str] = ""
    types: ClassVar[str | list[str]] = "string"

    @abstractmethod
    def measure(self, value: object) -> Measure:
        """Return the value as a comparable number; raises ValueError for anything else."""

    def bound(self, text: str) -> Measure:
        """Return a bound as a comparable number."""
        return self.measure(text)

    @abstractmethod
    def value(self, measure: Measure) -> object:
        """Return the program's own value of a measure."""

    @abstractmethod
    def format(self, value: Any) -> str | int | float:  # noqa: ANN401 - any result of `value`
        """Return a value of the program in the notation of a stack file."""

    @property
    def words(self) -> str:
        """Return a description of the range: `a size from 64Mi to 4Ti`."""
        return f"{self.noun} from {self.least} to {self.most}"

    def validate(self, value: object, info: ValidationInfo) -> object:
        """Return the program's own value; raises PydanticCustomError, whose type names the mistake."""
        if isinstance(value, bool):
            raise PydanticCustomError(NO_FORM, "this is not a quantity")
        if self.units and self.has_no_unit(value, in_stack_file=bool(info.context)):
            raise PydanticCustomError(NO_UNIT, "the number has no unit")
        try:
            measure = self.measure(value)
        except (ValueError, InvalidOperation):
            raise PydanticCustomError(NO_FORM, "this is not a quantity") from None
        if not (self.or_nothing and measure == 0):
            if measure < self.bound(self.least):
                raise PydanticCustomError(BELOW, "the value is too small")
            if self.is_above(measure):
                raise PydanticCustomError(ABOVE, "the value is too large")
        return self.value(measure)

    def is_above(self, measure: Measure) -> bool:
        """Return whether the measure exceeds the upper bound."""
        return measure > self.bound(self.most)

    def has_no_unit(self, value: object, *, in_stack_file: bool) -> bool:
        """Return whether a unit is missing; numbers of a program in Python need none."""
        if isinstance(value, int | float):
            return in_stack_file
        return isinstance(value, str) and is_number(value)

    def takes(self, text: str) -> bool:
        """Return whether a text, in the notation of the bounds, is within the range."""
        try:
            measure = self.bound(text)
        except (ValueError, InvalidOperation):
            return False
        return self.bound(self.least) <= measure and not self.is_above(measure)

    def corrections(self, text: str) -> tuple[str, ...]:
        """Return what the author of a wrong text may have meant, the likeliest first."""
        return tuple(f"{text}{unit}" for unit in self.units) if is_number(text) else ()

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read by `validate` alone, and write in the notation of a stack file."""
        return core_schema.with_info_plain_validator_function(
            self.validate, serialization=core_schema.plain_serializer_function_ser_schema(self.format)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the form for editors, and the range for messages and the reference."""
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
        """Return the bounds that an editor checks: those of numbers."""
        return {}


def is_number(text: str) -> bool:
    """Return whether a text is a decimal number, with or without a sign and a fraction."""
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
        """Return seconds."""
        return int(value.total_seconds()) if isinstance(value, timedelta) else duration_seconds(value)

    def value(self, measure: Measure) -> timedelta:
        """Return the duration."""
        return timedelta(seconds=int(measure))

    def format(self, value: timedelta) -> str:
        """Return the value in its largest whole unit."""
        return plain_duration(value)


_NONE = "none"


class SizeRange(Range):
    """Sizes; bytes in the program."""

    noun = "a size"
    form = "a number and a unit, such as 10Gi, 512Mi or 256KB"
    units = ("Gi", "Mi", "Ki", "Ti", "B")
    examples = ("2Gi", "1Mi")
    pattern = r"^[0-9]+(\.[0-9]+)?\s*([KMGT](i|iB|B)|B)$"

    def measure(self, value: object) -> Measure:
        """Return bytes."""
        return parse_size(value)

    def value(self, measure: Measure) -> int:
        """Return bytes."""
        return int(measure)

    def format(self, value: int) -> str:
        """Return the value in its largest whole unit."""
        return plain_size(value)

    def corrections(self, text: str) -> tuple[str, ...]:
        """Return the text as bytes, if they are not too many, then the text with each unit."""
        as_bytes = (plain_size(parse_size(text)),) if text.isdigit() and len(text) <= len(str(2**63)) else ()
        return (*as_bytes, *super().corrections(text))


class LimitRange(SizeRange):
    """Sizes, and `none` for no limit; bytes in the program, 0 for none."""

    form = f"{SizeRange.form}, or none"
    pattern = rf"{SizeRange.pattern}|^none$"

    def measure(self, value: object) -> Measure:
        """Return bytes."""
        if value in (_NONE, 0):
            return 0
        # A size of zero is below the range, not the word for no limit.
        return super().measure(value) or 1

    def format(self, value: int) -> str:
        """Return the value in its largest whole unit, or `none`."""
        return super().format(value) if value else _NONE


class CpuRange(Range):
    """CPU; millicores in the program. A number without a unit is cores, as in Kubernetes."""

    noun = "an amount of CPU"
    form = "cores (2, 0.5) or millicores (500m)"
    examples = ("500m",)
    pattern = r"^([0-9]+m|[0-9]+(\.[0-9]{1,3})?)$"
    types = ["string", "number"]  # noqa: RUF012 - JSON schema's own form

    def measure(self, value: object) -> Measure:
        """Return millicores."""
        return parse_cpu(value)

    def value(self, measure: Measure) -> int:
        """Return millicores."""
        return int(measure)

    def format(self, value: int) -> str:
        """Return whole cores, else millicores."""
        return kubernetes_cpu(value)

    def corrections(self, text: str) -> tuple[str, ...]:
        """Return the text as millicores, in case the cores are too many."""
        return (f"{text}m",) if text.isdigit() else ()

    def limits(self) -> dict[str, Any]:
        """Return both bounds, in cores."""
        return {"minimum": float(self.bound(self.least)) / 1000, "maximum": float(self.bound(self.most)) / 1000}


class IngestRange(Range):
    """Amounts of lines over time; bytes a day in the program."""

    noun = "an amount of lines over time"
    form = "GB or GiB per day, hour or second, such as 110GB/day"
    units = ("GB/day", "GB/hour", "GB/second")
    examples = ("110GB/day",)
    pattern = r"^[0-9]+(\.[0-9]+)?\s*(GB|GiB)/(day|hour|second)$"

    def measure(self, value: object) -> Measure:
        """Return bytes a day."""
        return value if isinstance(value, int) else daily_bytes(value)

    def value(self, measure: Measure) -> int:
        """Return bytes a day."""
        return int(measure)

    def format(self, value: int) -> str:
        """Return GB a day."""
        return plain_ingest(value)

    def corrections(self, text: str) -> tuple[str, ...]:
        """Return the text as an amount a day, then the text with each unit."""
        return (f"{text}/day", *super().corrections(text))


class CountRange(Range):
    """Whole numbers."""

    noun = "a whole number"
    types = "integer"

    def measure(self, value: object) -> Measure:
        """Return the number; raises ValueError for anything else, such as a text."""
        if not isinstance(value, int):
            raise ValueError("not a whole number")
        return value

    def bound(self, text: str) -> Measure:
        """Return the number."""
        return int(text)

    def value(self, measure: Measure) -> int:
        """Return the number."""
        return int(measure)

    def format(self, value: int) -> int:
        """Return the number."""
        return value

    def corrections(self, text: str) -> tuple[str, ...]:
        """Return the text as a number."""
        return (text,) if text.isascii() and text.isdigit() else ()

    def limits(self) -> dict[str, Any]:
        """Return both bounds."""
        return {"minimum": int(self.least), "maximum": int(self.most)}


class ShareRange(Range):
    """Shares of a whole, whose upper bound is excluded."""

    noun = "a number"
    types = "number"

    @property
    def words(self) -> str:
        """Return a description of the range."""
        return f"{self.noun} from {self.least} to below {self.most}"

    def measure(self, value: object) -> Measure:
        """Return the number; raises ValueError for anything else, such as a text or NaN."""
        if not isinstance(value, int | float) or isnan(value):
            raise ValueError("not a number")
        return value

    def bound(self, text: str) -> Measure:
        """Return the number."""
        return float(text)

    def value(self, measure: Measure) -> float:
        """Return the number."""
        return float(measure)

    def format(self, value: float) -> float:
        """Return the number."""
        return value

    def corrections(self, text: str) -> tuple[str, ...]:
        """Return the text as a number, then as a percentage."""
        return (text, f"{float(text) / 100:g}") if is_number(text) and len(text) <= len("100.000") else ()

    def is_above(self, measure: Measure) -> bool:
        """Return whether the measure reaches the upper bound."""
        return measure >= self.bound(self.most)

    def limits(self) -> dict[str, Any]:
        """Return both bounds."""
        return {"minimum": float(self.least), "exclusiveMaximum": float(self.most)}


def text_of(most: int, words: str = "") -> Any:  # noqa: ANN401 - pydantic's Field
    """Return a text field of at most `most` characters; `words` describe the text."""
    description = f"{words or 'text'} of at most {most:,} characters"
    return Field(max_length=most, json_schema_extra={"patternErrorMessage": f"must be {description}"})
