"""Retention rules for single streams."""

from collections.abc import Sequence
from datetime import timedelta

from logstack.settings.model.base import Group
from logstack.settings.model.bounds import Priority, Retention, SelectorText

Periods = Sequence[tuple[float, timedelta]]
"""Shares of the ingest, and the retention of each."""


class RetentionStream(Group):
    """A retention for some streams, instead of the default; Loki's retention_stream."""

    selector: SelectorText
    """The streams: LogQL label matchers over index labels, such as {namespace="airflow"}, without line filters."""
    period: Retention
    """How long Loki keeps their lines, in whole days, at least 1d."""
    priority: Priority = 0
    """If several rules match a stream, the rule with the highest priority applies."""
