"""Limits that contradict each other."""

from collections.abc import Iterator
from datetime import timedelta

from logstack.settings.checks.check import reads
from logstack.settings.model.loki import Limits
from logstack.settings.model.quantities import kubernetes_size, plain_duration
from logstack.settings.model.tenants import TenantLimits
from logstack.settings.problems import Problem, Rule
from logstack.settings.tree import Settings

# nginx in the chart's gateway: proxy_read_timeout 600.
_GATEWAY_TIMEOUT = timedelta(minutes=10)

TIMEOUT = Rule(
    "query-timeout-above-gateway",
    "the gateway ends a request that has no answer for 10 minutes, so the result of a longer query is lost",
)
BURST = Rule(
    "batch-above-burst",
    "Loki refuses each full batch with 429 at every try; after its last try Alloy drops it",
)

# What the collector writes at the end of a line that it has cut (manifests/alloy/lines.py) has to fit into one.
_SHORTEST_LONG_LINE = 1024

SHORT_LINES = Rule(
    "longest-line-too-short",
    "almost every line would be cut or dropped, and below 27 bytes Alloy does not start",
)
LONG_LINES = Rule(
    "tenant-line-below-collector",
    "the collector cuts at the stack's limit, so it sends lines that Loki refuses for this tenant",
)


@reads("limits.max_line_size", "tenants")
def longest_line(settings: Settings) -> Iterator[Problem]:
    """Check that a cut line is not empty, and that no tenant's limit is below the collector's."""
    longest = settings.limits.max_line_size
    if longest < _SHORTEST_LONG_LINE:
        what = f"maxLineSize is {longest} bytes"
        yield SHORT_LINES.problem("limits.maxLineSize", what, "logstack:limits: {maxLineSize: 256Ki}, or 1Ki at least")
    for path, limits in _of_tenants(settings):
        if limits.max_line_size < longest:
            what = (
                f"maxLineSize is {kubernetes_size(limits.max_line_size)}, below the stack's {kubernetes_size(longest)}"
            )
            yield LONG_LINES.problem(f"{path}.maxLineSize", what, f"{kubernetes_size(longest)} or more, or remove it")


@reads("limits.query_timeout", "tenants")
def query_timeout(settings: Settings) -> Iterator[Problem]:
    """Check that a query's time limit is shorter than the connection's."""
    for path, limits in _of_all(settings):
        if limits.query_timeout > _GATEWAY_TIMEOUT:
            what = f"queryTimeout is {plain_duration(limits.query_timeout)}, but the gateway waits 10m at most"
            yield TIMEOUT.problem(f"{path}.queryTimeout", what, f"logstack:{path}: {{queryTimeout: 10m}}, or shorter")


@reads("collector.batch_size", "limits.ingestion_burst", "tenants")
def batches_fit_the_burst(settings: Settings) -> Iterator[Problem]:
    """Check that Loki accepts a batch of the collector in one burst."""
    batch = settings.collector.batch_size
    for path, limits in _of_all(settings):
        if batch > limits.ingestion_burst:
            burst = kubernetes_size(limits.ingestion_burst)
            what = f"collector.batchSize is {kubernetes_size(batch)}, above the ingestionBurst of {burst}"
            fix = f"logstack:{path}: {{ingestionBurst: {kubernetes_size(batch)}}}, or a smaller batchSize"
            yield BURST.problem(f"{path}.ingestionBurst", what, fix)


def _of_all(settings: Settings) -> Iterator[tuple[str, Limits]]:
    """Yield the stack's own limits, and those of each tenant that has some."""
    yield "limits", settings.limits
    yield from _of_tenants(settings)


def _of_tenants(settings: Settings) -> Iterator[tuple[str, Limits]]:
    for index, tenant in enumerate(settings.tenants):
        if tenant.limits != TenantLimits():
            yield f"tenants[{index}].limits", settings.limits_of(tenant)


CHECKS = (query_timeout, batches_fit_the_burst, longest_line)
