"""How long Loki may be unavailable before the collectors drop lines.

Alloy 1.19.0 sends one batch at a time and tries it `max_retries` times (loki/client/shards.go, sendBatch). Between two
tries it pauses (dskit, backoff/backoff.go): a random time between 500 ms and twice that, then both ends double until
the upper one is `max_backoff`; after the last try it does not pause. A try itself adds up to 10 s when nothing answers,
which is left out. Meanwhile the queue is full and holds the files' readers back (`block_on_overflow`), so lines wait on
the node; after the last try it drops the batch and begins the next one.
"""

from dataclasses import dataclass
from datetime import timedelta

from logstack.settings.model.collector import CollectorSettings

# Alloy's default for min_backoff_period, which config.alloy does not set.
_MIN_BACKOFF = timedelta(milliseconds=500)


@dataclass(frozen=True)
class Outage:
    """How long Loki may be unavailable before a collector drops its first batch; the pauses are random."""

    at_least: timedelta
    at_most: timedelta
    tries: int
    batch_bytes: int
    """Each node's collector drops one batch at a time."""
    write_ahead_log: bool
    """Whether unsent lines are on the node's disk."""


def bridged_outage(collector: CollectorSettings) -> Outage:
    """Return the outage that the collector's settings bridge."""
    longest_pause = collector.max_backoff
    low, high = _MIN_BACKOFF, max(_MIN_BACKOFF, min(2 * _MIN_BACKOFF, longest_pause))
    at_least = at_most = timedelta()
    pauses = collector.max_retries - 1
    while pauses and high < longest_pause:
        at_least, at_most, pauses = at_least + low, at_most + high, pauses - 1
        low, high = 2 * low, min(2 * high, longest_pause)
    at_least, at_most = at_least + pauses * low, at_most + pauses * high
    return Outage(at_least, at_most, collector.max_retries, collector.batch_size, collector.write_ahead_log)
