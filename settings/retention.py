"""How long lines are kept: rules for single streams, beside the default."""

from pydantic import Field

from settings.base import Group
from settings.quantities import Duration


class RetentionStream(Group):
    """Streams that are kept for another time than the default; Loki's retention_stream."""

    selector: str
    """Which streams: label matchers in LogQL over index labels, such as {namespace="airflow"}; no filters of lines."""
    period: Duration
    """How long their lines are kept, in whole days, at least 1d."""
    priority: int = Field(default=0, ge=0)
    """Of several rules that match a stream the one with the highest priority decides."""
