"""The collector (Grafana Alloy) and the canary."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, get_args

from logstack.settings.model.base import Group, spelled
from logstack.settings.model.bounds import (
    Backoff,
    BatchSize,
    BatchWait,
    CanaryInterval,
    LabelCount,
    LabelKey,
    LineAge,
    RetryCount,
)
from logstack.settings.model.processing import Drop, Parser, RateLimit
from logstack.settings.model.quantities import parse_duration, parse_size
from logstack.settings.model.ranges import Switch
from logstack.settings.model.redaction import RedactionSettings
from logstack.settings.model.scheduling import PodScheduling
from logstack.settings.model.sources import SOURCE_LABELS, Namespaces, Pods, SourceFacts, Sources

# Prometheus' label names; Loki refuses others, and Alloy keeps names that begin with two underscores for itself.
LabelName = Annotated[
    str,
    spelled(
        r"^([a-zA-Z]|_[a-zA-Z0-9])[a-zA-Z0-9_]*$",
        "a label name: letters, digits and _, not beginning with a digit or __",
        max_length=1024,  # Loki's max_label_name_length
    ),
]
# The labels that the collector knows, beside those of `labels`.
KNOWN_LABELS: tuple[LabelName, ...] = ("cluster", *SOURCE_LABELS)
NODE: LabelName = "node"
# The index label of lines whose own time is so late that Loki would refuse them in the stream of the others.
LATE: LabelName = "late"
# The default index labels; Loki's own limit is 15 names a stream.
DEFAULT_INDEX_LABELS: tuple[LabelName, ...] = (
    "cluster",
    "namespace",
    "pod",
    "container",
    "app",
    "job",
    "stream",
    "container_runtime",
)
Stability = Literal["generally-available", "public-preview", "experimental"]
STABILITIES: tuple[Stability, ...] = get_args(Stability)


class CollectorSettings(Group):
    """Grafana Alloy as a DaemonSet that reads the nodes' logs."""

    enabled: Switch = True
    """Run collectors. Without them the stack is a Loki for collectors of your own, and the canary pushes directly:
    docs/how-to/push-from-your-own-collector.md."""
    sources: Sources = Sources()
    namespaces: Namespaces = Namespaces()
    pods: Pods = Pods()
    labels: Mapping[LabelName, LabelKey] = {}
    """Further labels, and the pod's label that each comes from: {team: example.com/team}."""
    index_labels: tuple[LabelName, ...] = DEFAULT_INDEX_LABELS
    """Labels that identify a stream; each further label multiplies the number of streams. Other labels become
    structured metadata, except `node` of the journal and of node files: it is always an index label of their lines."""
    label_budget: LabelCount = 10
    """The largest number of index labels without a warning in the plan (Loki refuses more than 15)."""
    parsers: tuple[Parser, ...] = ()
    """How the collector reads and joins lines. The first parser that matches a line applies."""
    drop: tuple[Drop, ...] = ()
    """Lines that the collector does not send, or of which it sends only a share."""
    redact: RedactionSettings = RedactionSettings()
    long_lines: Literal["cut", "drop"] = "cut"
    """For lines longer than limits.maxLineSize: `cut` sends the beginning of the line, `drop` sends nothing. The
    collector counts both. A note of 26 bytes marks a cut line and counts towards the limit."""
    rate_limits: tuple[RateLimit, ...] = ()
    """The largest number of lines a second that each node sends, by namespace."""
    max_age: LineAge = parse_duration("7d")
    """The greatest age of a line. The collector drops and counts older ones; Loki would refuse the pushes with them."""
    batch_size: BatchSize = parse_size("1Mi")
    """Bytes of one push (Alloy's default)."""
    batch_wait: BatchWait = parse_duration("1s")
    """How long a line waits for its batch (Alloy's default)."""
    max_backoff: Backoff = parse_duration("5m")
    """The longest pause between two tries (Alloy's default)."""
    max_retries: RetryCount = 30
    """Tries before the collector drops a batch. 30 tries bridge an outage of 1 h 29 min to 1 h 48 min; Alloy's default
    of 10 bridges 4 to 8 minutes (the pauses between the tries are random)."""
    write_ahead_log: Switch = False
    """While Loki is down, keep reading into a log on the node, before files are rotated away. This is experimental in
    Alloy, so `stability` must allow it: a collector that restarts during the outage sends nothing of that log."""
    stability: Stability = "generally-available"
    """The lowest stability of Alloy components that may run (Alloy's flag --stability.level)."""
    scheduling: PodScheduling = PodScheduling()
    """Where collectors run; without `tolerations` those of the nodes tolerate every taint."""

    @property
    def stream_labels(self) -> tuple[LabelName, ...]:
        """Return the index labels of every source's lines, without those that the sources cannot set."""
        return tuple(label for label in self.index_labels if label not in self.sources.unknown_labels)

    @property
    def node_streams(self) -> tuple[SourceFacts, ...]:
        """Return the sources whose lines have `node` as an index label beside `index_labels`."""
        if NODE in self.index_labels:
            return ()
        return tuple(source for source in self.sources.active if source.node_jobs(self.sources))

    @property
    def reads_times(self) -> bool:
        """Return whether a parser reads a line's own time."""
        return any(parser.timestamp for parser in self.parsers)

    @property
    def order_labels(self) -> tuple[LabelName, ...]:
        """Return the further index labels of some lines, which keep Loki from refusing lines as too far behind."""
        return self.order_labels_of(self.sources.active)

    def order_labels_of(self, sources: Iterable[SourceFacts]) -> tuple[LabelName, ...]:
        """Return those of `order_labels` that lines of these sources can have."""
        of_sources = (label for source in sources for label in source.order_labels(self.sources))
        return (*of_sources, *([LATE] if self.reads_times else []))

    @property
    def all_stream_labels(self) -> tuple[LabelName, ...]:
        """Return the index labels that lines of any source can have."""
        node = (NODE,) if self.node_streams else ()
        labels = (*self.stream_labels, *node, *self.sources.further_labels, *self.order_labels)
        return tuple(dict.fromkeys(labels))

    @property
    def known_labels(self) -> tuple[LabelName, ...]:
        """Return every label that a line can have."""
        own = dict.fromkeys((*self.labels, *self.sources.further_labels))
        return (*KNOWN_LABELS, *(label for label in own if label not in KNOWN_LABELS))


class CanarySettings(Group):
    """loki-canary: writes a line a second and queries it."""

    enabled: Switch = True
    """Run the canary on every node."""
    route: Literal["collector", "direct"] = "collector"
    """`collector`: its lines go through Alloy, which tests the collection too; `direct`: it pushes to Loki itself."""
    interval: CanaryInterval = parse_duration("1s")
    """Time between two lines."""
    scheduling: PodScheduling = PodScheduling()
    """Where canaries run; without `tolerations` they tolerate every taint."""
