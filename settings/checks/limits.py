"""Limits that contradict each other."""

from collections.abc import Iterator
from datetime import timedelta

from settings.problems import Problem, Rule
from settings.quantities import kubernetes_size, plain_duration
from settings.tree import Settings

# nginx in the chart's gateway: proxy_read_timeout 600.
_GATEWAY_TIMEOUT = timedelta(minutes=10)

TIMEOUT = Rule(
    "query-timeout-above-gateway",
    "the gateway gives an answer up after 10 minutes: a longer query runs to its end for nobody",
)
BURST = Rule(
    "batch-above-burst",
    "Loki refuses each full batch as a whole with 429, however often it comes; after its last try Alloy drops it",
)

# What the collector writes at the end of a line that it has cut (components/alloy/lines.py) has to fit into one.
_SHORTEST_LONG_LINE = 1024

SHORT_LINES = Rule(
    "longest-line-too-short",
    "hardly any line would be whole, and below 27 bytes Alloy does not start with such a limit",
)


def longest_line(settings: Settings) -> Iterator[Problem]:
    """What is cut is still a line."""
    longest = settings.limits.max_line_size
    if longest < _SHORTEST_LONG_LINE:
        what = f"maxLineSize is {longest} bytes"
        yield SHORT_LINES.problem("limits.maxLineSize", what, "logstack:limits: {maxLineSize: 256Ki}, or 1Ki at least")


def query_timeout(settings: Settings) -> Iterator[Problem]:
    """A query ends before its connection."""
    timeout = settings.limits.query_timeout
    if timeout > _GATEWAY_TIMEOUT:
        what = f"queryTimeout is {plain_duration(timeout)}, and the gateway waits 10m"
        yield TIMEOUT.problem("limits.queryTimeout", what, "logstack:limits: {queryTimeout: 10m}, or shorter")


def batches_fit_the_burst(settings: Settings) -> Iterator[Problem]:
    """The collector's batches are no larger than Loki lets in at once."""
    batch, burst = settings.collector.batch_size, settings.limits.ingestion_burst
    if batch > burst:
        what = f"the collector's batchSize is {kubernetes_size(batch)}, ingestionBurst is {kubernetes_size(burst)}"
        fix = f"logstack:limits: {{ingestionBurst: {kubernetes_size(batch)}}}, or a smaller batchSize"
        yield BURST.problem("limits.ingestionBurst", what, fix)


CHECKS = (query_timeout, batches_fit_the_burst, longest_line)
