"""The checks between a stack's keys: each runs when the keys that it reads are known."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from functools import partial

from logstack.settings.checks import (
    access,
    autoscaling,
    canary,
    cluster,
    collector,
    former,
    images,
    ingest,
    labels,
    limits,
    lines,
    matching,
    memory,
    metadata,
    object_store,
    parsing,
    passthrough,
    redaction,
    replication,
    retention,
    retention_rules,
    scheduling,
    schema,
    sources,
    versions,
    volumes,
)
from logstack.settings.problems import Problem, Rule
from logstack.settings.resolve.unknown import have_common_keys
from logstack.settings.tree import Settings

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
    passthrough,
    lines,
    redaction,
    canary,
    collector,
    versions,
    images,
    scheduling,
    metadata,
    autoscaling,
)


def rules() -> dict[str, Rule]:
    """Every rule of the checks, by name."""
    all_rules = [rule for topic in TOPICS for rule in vars(topic).values() if isinstance(rule, Rule)]
    return {rule.name: rule for rule in all_rules}


def problems_of(
    settings: Settings,
    unknown: Collection[str] = (),
    *,
    today: date | None = None,
    neighbours: Mapping[str, object] | None = None,
) -> list[Problem]:
    """Return what the checks find whose keys are known.

    `unknown` are the keys that could not be read and what is derived from them, `today` is in UTC, `neighbours` are the
    other stack files' object stores by file name.
    """
    day = today or datetime.now(UTC).date()
    checks = [(each.reads, each) for topic in TOPICS for each in topic.CHECKS]
    dated = [each for topic in (schema, former, ingest) for each in topic.DATED_CHECKS]
    checks += [(each.reads, partial(each, today=day)) for each in dated]
    checks += [(each.reads, partial(each, neighbours=neighbours or {})) for each in object_store.NEIGHBOUR_CHECKS]
    runnable = (find for reads, find in checks if not have_common_keys(reads, unknown))
    return [problem for find in runnable for problem in find(settings)]
