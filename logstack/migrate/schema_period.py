"""A new schema period: its first safe day, and the stack file with it."""

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
    """Propose the period to add at `now`, which has a time zone; comments of the stack file stay.

    The function reads a file with mistakes too: if Loki does not start with the active period, the stack needs a new
    one first. Raises StackProblems for an unreadable file.
    """
    config = read_stack_file(stack, directory).config
    begin = max([next_safe_day(now), *(begin + timedelta(days=1) for begin in _begins(config))])
    path = stack_path(stack, directory)
    text = edited(path.read_text(encoding="utf-8-sig"), lambda tree: add_period(tree, begin.isoformat(), store, schema))
    return Proposal(begin, store, schema, path, text)


def _begins(config: Mapping[str, object]) -> list[date]:
    """The first days of the existing periods, without invalid ones."""
    periods = config.get(f"{PROJECT}:{_KEY}", config.get(_KEY))
    problems = []
    for each in periods if isinstance(periods, list) else []:
        try:
            problems.append(date.fromisoformat(str(each["from"]).partition(" ")[0]))
        except (ValueError, KeyError, TypeError):
            continue
    return problems
