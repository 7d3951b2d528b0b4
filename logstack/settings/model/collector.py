"""The collector (Grafana Alloy) and the canary."""

from collections.abc import Mapping
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
from logstack.settings.model.sources import SOURCE_LABELS, Namespaces, Pods, Sources

# Prometheus' label names; Loki refuses others, and Alloy takes those with two underscores for its own.
LabelName = Annotated[
    str,
    spelled(
        r"^([a-zA-Z]|_[a-zA-Z0-9])[a-zA-Z0-9_]*$",
        "a label's name: letters, digits and _, no digit and no __ at its beginning",
        max_length=1024,  # Loki's max_label_name_length
    ),
]
# The labels that the collector knows, beside those of `labels`.
KNOWN_LABELS: tuple[LabelName, ...] = ("cluster", *SOURCE_LABELS)
# Seed 002's labels; Loki's own limit is 15 names a stream.
SEED_LABELS: tuple[LabelName, ...] = (
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
# What Alloy counts as less than generally available, by our setting (its reference of each component).
NEEDED_STABILITY: Mapping[str, Stability] = {"write_ahead_log": "experimental"}


class CollectorSettings(Group):
    """Grafana Alloy as a DaemonSet that reads the nodes' logs."""

    sources: Sources = Sources()
    namespaces: Namespaces = Namespaces()
    pods: Pods = Pods()
    labels: Mapping[LabelName, LabelKey] = {}
    """Further labels, and the pod's label that each comes from: {team: example.com/team}."""
    index_labels: tuple[LabelName, ...] = SEED_LABELS
    """Labels that make a stream; every further one multiplies the streams. Other labels become structured metadata."""
    label_budget: LabelCount = 10
    """How many index labels are allowed before the plan warns (Loki refuses more than 15)."""
    parsers: tuple[Parser, ...] = ()
    """How lines are read, and which are joined; of several parsers that match a line, the first."""
    drop: tuple[Drop, ...] = ()
    """Lines that are not sent, or only a share of them."""
    redact: RedactionSettings = RedactionSettings()
    long_lines: Literal["cut", "drop"] = "cut"
    """What happens to a line above limits.maxLineSize: its beginning is sent, or nothing. Both are counted. 26 bytes of
    the limit go to what is said of the cut."""
    rate_limits: tuple[RateLimit, ...] = ()
    """How many lines a second are sent, by namespace."""
    max_age: LineAge = parse_duration("7d")
    """Lines older than this are dropped and counted (Loki's default refuses them one push at a time)."""
    batch_size: BatchSize = parse_size("1Mi")
    """Bytes of one push (Alloy's default)."""
    batch_wait: BatchWait = parse_duration("1s")
    """How long a line waits for its batch (Alloy's default)."""
    max_backoff: Backoff = parse_duration("5m")
    """The longest pause between two tries (Alloy's default)."""
    max_retries: RetryCount = 30
    """Tries before a batch is given up: 30 bridge an outage of 1 h 29 min to 1 h 48 min, Alloy's own 10 one of 4 to 8
    minutes (the pauses between the tries are random)."""
    write_ahead_log: Switch = False
    """While Loki is away, go on reading into a log on the node, so that no file is rotated away unread. Alloy's is
    experimental, so `stability` has to allow it: a collector that restarts meanwhile sends nothing of that log."""
    stability: Stability = "generally-available"
    """The least stable parts of Alloy that may run (its --stability.level)."""
    scheduling: PodScheduling = PodScheduling()
    """Where collectors run; without `tolerations` those of the nodes tolerate every taint."""

    @property
    def stream_labels(self) -> tuple[LabelName, ...]:
        """The index labels that the sources can give."""
        return tuple(label for label in self.index_labels if label not in self.sources.unknown_labels)

    @property
    def known_labels(self) -> tuple[LabelName, ...]:
        """Every label that a line can have."""
        return (*KNOWN_LABELS, *(label for label in self.labels if label not in KNOWN_LABELS))


class CanarySettings(Group):
    """loki-canary: writes a line a second and asks for it back."""

    enabled: Switch = True
    """Run the canary on every node."""
    route: Literal["collector", "direct"] = "collector"
    """`collector`: its lines go through Alloy, so collection is proven as well; `direct`: it pushes to Loki itself."""
    interval: CanaryInterval = parse_duration("1s")
    """Time between two lines."""
    scheduling: PodScheduling = PodScheduling()
    """Where canaries run; without `tolerations` they tolerate every taint."""
