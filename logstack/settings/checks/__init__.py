"""The checks between a stack's fields: all are run, and each finds what it can."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import partial

from logstack.settings.checks import (
    access,
    canary,
    cluster,
    collector,
    former,
    ingest,
    labels,
    limits,
    lines,
    matching,
    memory,
    object_store,
    parsing,
    redaction,
    replication,
    retention,
    retention_rules,
    schema,
    sources,
    versions,
    volumes,
)
from logstack.settings.model.tree import Settings
from logstack.settings.problems import Problem, Rule

Check = Callable[[Settings], Iterator[Problem]]

TOPICS = (
    cluster,
    replication,
    retention,
    retention_rules,
    schema,
    object_store,
    former,
    limits,
    memory,
    ingest,
    volumes,
    access,
    sources,
    labels,
    matching,
    parsing,
    lines,
    redaction,
    canary,
    collector,
    versions,
)


def rules() -> dict[str, Rule]:
    """Every rule of the checks, by name."""
    found = [rule for topic in TOPICS for rule in vars(topic).values() if isinstance(rule, Rule)]
    return {rule.name: rule for rule in found}


def problems_of(
    settings: Settings, *, today: date | None = None, neighbours: Mapping[str, object] | None = None
) -> list[Problem]:
    """What the checks find; `today` is in UTC, `neighbours` are the other stack files' object stores by file name.

    A tree may lack fields that are bad themselves: a check that needs one of them is left at that point.
    """
    day = today or datetime.now(UTC).date()
    checks: list[Check] = [check for topic in TOPICS for check in topic.CHECKS]
    checks += [partial(check, today=day) for topic in (schema, former, ingest) for check in topic.DATED_CHECKS]
    checks += [partial(check, neighbours=neighbours or {}) for check in object_store.NEIGHBOUR_CHECKS]
    is_whole = settings.__dict__.keys() == Settings.model_fields.keys()
    found: list[Problem] = []
    for check in checks:
        with suppress(*(() if is_whole else (AttributeError,))):
            found.extend(check(settings))
    return found
