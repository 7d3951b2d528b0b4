"""A process's metrics, in Prometheus' text format as far as Alloy and the canary use it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)(?: -?\d+)?$")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True)
class Sample:
    """One number."""

    name: str
    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Metrics:
    """The samples of /metrics at one moment."""

    samples: tuple[Sample, ...]

    def of(self, name: str, **labels: str) -> list[Sample]:
        """The samples of a name that have these labels."""
        return [sample for sample in self.samples if sample.name == name and labels.items() <= sample.labels.items()]

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of the samples; 0 without any, because an unused counter is often absent."""
        return sum(sample.value for sample in self.of(name, **labels))

    def quantile(self, histogram: str, share: float) -> float:
        """The bound of the first bucket below which this share of a histogram's values lies."""
        count = self.total(f"{histogram}_count")
        bounds = sorted((float(sample.labels["le"]), sample.value) for sample in self.of(f"{histogram}_bucket"))
        return next((bound for bound, below in bounds if below >= share * count), float("inf"))


def parse_metrics(text: str) -> Metrics:
    """The samples of a text; comments are left out."""
    return Metrics(tuple(_samples(text)))


def _samples(text: str) -> Iterator[Sample]:
    for line in text.splitlines():
        if line and not line.startswith("#") and (match := _SAMPLE.match(line)):
            labels = {name: _ESCAPED.sub(_unescaped, value) for name, value in _LABEL.findall(match["labels"] or "")}
            yield Sample(match["name"], labels, float(match["value"]))


def _unescaped(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else match[1]
