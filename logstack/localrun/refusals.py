"""Lines that Loki's processes have refused in a run, by the reason in loki_discarded_samples_total."""

from collections import Counter
from collections.abc import Mapping, Sequence

import httpx

from logstack.localrun.layout import Node
from logstack.localrun.metrics import parse_metrics

_METRIC = "loki_discarded_samples_total"
# Loki answers 429 to the whole push, and the sender sends it again. All other reasons concern single lines or streams,
# and Loki answers 204 if a later stream of the push is fine (pkg/ingester/instance.go: Push).
_SENT_AGAIN = "rate_limited"
_LATE = "docs/concepts/collector.md#late-lines"
_ELSEWHERE = "docs/reference/errors.md"
# The key of the stack, or the page, for each reason (pkg/validation/validate.go).
_SEE: Mapping[str, str] = {
    "too_far_behind": _LATE,
    "out_of_order": _LATE,
    "too_far_in_future": _LATE,
    "greater_than_max_sample_age": "retention, collector.maxAge",
    "line_too_long": "limits.maxLineSize",
    "rate_limited": "limits.ingestionRate",
    "per_stream_rate_limit": "limits.perStreamRate",
    "stream_limit": "limits.maxStreams",
    "max_label_names_per_series": "collector.indexLabels",
    "disallowed_structured_metadata": "structuredMetadata",
}


class Refusals:
    """What the processes have refused. A process that ends takes its counters with it: `read` them before."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        """`nodes` are all Loki processes of the run."""
        self._nodes = nodes
        self._ended: Counter[str] = Counter()
        self._running: dict[str, Counter[str]] = {}
        self._intended: Counter[str] = Counter()

    def read(self) -> None:
        """Read the counters of every process that runs."""
        for node in self._nodes:
            try:
                text = httpx.get(f"{node.url}/metrics", timeout=10).raise_for_status().text
            except httpx.HTTPError:
                continue
            self._running[node.name] = discarded(text)

    def end(self, *nodes: Node) -> None:
        """Read the counters of processes that end next; they begin again at 0."""
        self.read()
        for node in nodes:
            self._ended += self._running.pop(node.name, Counter())

    def intend(self, reason: str, lines: int) -> None:
        """Expect that Loki refuses lines which a check sends for that purpose."""
        self._intended[reason] += lines

    @property
    def counts(self) -> Counter[str]:
        """Return how many lines were refused for each reason, without those of `intend`."""
        counts = sum(self._running.values(), self._ended)
        return counts - self._intended

    def lost(self) -> str:
        """Return the lines that nobody sends again, with each reason and where to look; empty if there are none."""
        return _listed({reason: count for reason, count in self.counts.items() if reason != _SENT_AGAIN})

    def sent_again(self) -> str:
        """Return the lines of pushes that the sender repeats; empty if there are none."""
        return _listed({reason: count for reason, count in self.counts.items() if reason == _SENT_AGAIN})

    def intended(self) -> str:
        """Return the lines that checks sent to be refused."""
        return _listed(self._intended)


def discarded(metrics: str) -> Counter[str]:
    """Return the lines that a process has refused, by reason, from the text of its metrics."""
    counts: Counter[str] = Counter()
    for sample in parse_metrics(metrics).of(_METRIC):
        counts[sample.labels["reason"]] += int(sample.value)
    return counts


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason} (see {_SEE.get(reason, _ELSEWHERE)})" for reason, count in counts.items())
