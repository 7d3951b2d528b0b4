"""How long lines are kept: rules for single streams, beside the default."""

from logstack.settings.model.base import Group
from logstack.settings.model.bounds import Priority, Retention, SelectorText


class RetentionStream(Group):
    """Streams that are kept for another time than the default; Loki's retention_stream."""

    selector: SelectorText
    """Which streams: label matchers in LogQL over index labels, such as {namespace="airflow"}; no filters of lines."""
    period: Retention
    """How long their lines are kept, in whole days, at least 1d."""
    priority: Priority = 0
    """Of several rules that match a stream the one with the highest priority decides."""
