"""Values that Helm, Flux or a script fills in: neither the stack file nor a verdict rests on their text."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from logstack.adopt.documents import templated
from logstack.adopt.paths import spelled_path
from logstack.adopt.reading import Reading, Verdict
from logstack.adopt.schema import PERIODS

# What a stack file passes on as it is has been read for placeholders already.
_PASSED = ("loki", "alloy")
_ASK = "write what it becomes, or take it from the running Loki (--loki-config)"


def placeholders(reading: Reading) -> None:
    """Remove placeholders from the stack file, and ask for their values."""
    for key in [key for key, value in reading.stack.items() if key not in _PASSED and any(_names(value))]:
        cleaned = _without(reading.stack[key])
        if cleaned:
            reading.stack[key] = cleaned
        elif key == PERIODS:
            reading.stack[key] = []  # refused by the checks: a default would hide the stored lines
        else:
            del reading.stack[key]
    values = {spelled_path(path): value for path, value in reading.by_path.items()}
    for number, entry in enumerate(reading.entries):
        names = [name for value in entry.values for name in _names(values.get(value))]
        if names and entry.key and entry.verdict is Verdict.UNDERSTOOD:
            text = f"{names[0]}: {_ASK}"
            reading.entries[number] = replace(entry, verdict=Verdict.NOT_TAKEN, text=text, decide=True)


def _names(value: object) -> Iterator[str]:
    """Yield what each placeholder in a value is."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _names(item)
    elif name := templated(value):
        yield name


def _without(value: object) -> object:
    """Return a value without placeholders; a list that has one is incomplete, so nothing of it stays."""
    if isinstance(value, Mapping):
        cleaned = {key: _without(item) for key, item in value.items()}
        return {key: item for key, item in cleaned.items() if item is not None and (item != {} or value[key] == {})}
    return None if any(_names(value)) else value
