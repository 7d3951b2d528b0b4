"""How old a line may be that the collector sends."""

from collections.abc import Iterator
from datetime import timedelta

from logstack.settings.checks.check import reads
from logstack.settings.model.quantities import plain_duration
from logstack.settings.problems import Problem, Rule
from logstack.settings.tree import Settings

# Our loki.yaml refuses lines older than the retention, and at most a week, Loki's default, is let in.
_OLDEST_LINE = timedelta(days=7)

TOO_OLD = Rule(
    "collector-age-above-loki",
    "the collector sends lines that Loki refuses for their age, or deletes with the next compaction",
)
ALL_TOO_OLD = Rule("collector-age-zero", "every line is older than that when the collector reads it, and is dropped")


@reads("collector.max_age", "retention", "retention_streams", "tenants")
def age(settings: Settings) -> Iterator[Problem]:
    """Check that the collector drops lines older than the retention; a default maxAge never fails."""
    oldest = min(settings.longest_retention, _OLDEST_LINE)
    if settings.collector.max_age == timedelta():
        yield ALL_TOO_OLD.problem("collector.maxAge", "maxAge is 0s", "remove it: the default is 7d")
    if "max_age" in settings.collector.model_fields_set and settings.collector.max_age > oldest:
        sent, accepted = plain_duration(settings.collector.max_age), plain_duration(oldest)
        what = f"maxAge is {sent}, but Loki only accepts lines of up to {accepted}"
        yield TOO_OLD.problem("collector.maxAge", what, f"logstack:collector: {{maxAge: {accepted}}}")


CHECKS = (age,)
