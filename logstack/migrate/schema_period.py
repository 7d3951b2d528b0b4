"""A new period of the schema: which day is safe, and the stack file with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from logstack.manifests.loki.history import next_safe_day
from logstack.settings.load.edit import add_period, edited
from logstack.settings.load.stack_file import PROJECT, read_stack_file, stack_path

_KEY = "schemaPeriods"


@dataclass(frozen=True)
class Proposal:
    """The next period of a stack."""

    begin: date
    """Its first day, in UTC."""
    store: str
    schema: str
    path: Path
    """The stack file."""
    text: str
    """The stack file with the period."""

    def __str__(self) -> str:
        return f'- {{from: "{self.begin}", store: {self.store}, schema: {self.schema}}}'


def next_period(stack: str, directory: Path, now: datetime, *, store: str, schema: str) -> Proposal:
    """The period as it can be added at `now`, which has a time zone; comments of the stack file stay.

    The file is read as it is, with its mistakes: a stack whose active period Loki does not start with needs this first.
    Raises StackProblems for a file that cannot be read.
    """
    said = read_stack_file(stack, directory).config
    begin = max([next_safe_day(now), *(begin + timedelta(days=1) for begin in _begins(said))])
    path = stack_path(stack, directory)
    text = edited(
        path.read_text(encoding="utf-8-sig"), lambda config: add_period(config, begin.isoformat(), store, schema)
    )
    return Proposal(begin, store, schema, path, text)


def _begins(said: Mapping[str, object]) -> list[date]:
    """The first days of the periods that are there; what is no day says nothing here."""
    periods = said.get(f"{PROJECT}:{_KEY}", said.get(_KEY))
    found = []
    for each in periods if isinstance(periods, list) else []:
        try:
            found.append(date.fromisoformat(str(each["from"]).partition(" ")[0]))
        except (ValueError, KeyError, TypeError):
            continue
    return found
