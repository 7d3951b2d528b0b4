"""The collector (Grafana Alloy) and the canary."""

from typing import Literal

from pydantic import Field

from settings.base import DnsLabel, Group
from settings.quantities import Duration, Size, parse_duration, parse_size

IndexLabel = Literal["cluster", "namespace", "pod", "container", "app", "job", "stream", "container_runtime", "node"]
# Seed 002's labels; Loki's own limit is 15 names a stream.
SEED_LABELS: tuple[IndexLabel, ...] = (
    "cluster",
    "namespace",
    "pod",
    "container",
    "app",
    "job",
    "stream",
    "container_runtime",
)


class Namespaces(Group):
    """Whose pods are collected: all, unless `only` names some; never those of `never`."""

    only: tuple[DnsLabel, ...] = ()
    """Collect these namespaces and no other."""
    never: tuple[DnsLabel, ...] = ()
    """Do not collect these namespaces."""


class CollectorSettings(Group):
    """Grafana Alloy as a DaemonSet that reads the nodes' pod logs."""

    index_labels: tuple[IndexLabel, ...] = SEED_LABELS
    """Labels that make a stream; every further one multiplies the streams."""
    label_budget: int = Field(default=10, ge=1, le=15)
    """How many index labels are allowed before the plan warns (Loki refuses more than 15)."""
    namespaces: Namespaces = Namespaces()
    max_age: Duration = parse_duration("7d")
    """Lines older than this are dropped and counted (Loki's default refuses them one push at a time)."""
    batch_size: Size = parse_size("1Mi")
    """Bytes of one push (Alloy's default)."""
    batch_wait: Duration = parse_duration("1s")
    """How long a line waits for its batch (Alloy's default)."""
    max_backoff: Duration = parse_duration("5m")
    """The longest pause between two tries (Alloy's default)."""
    max_retries: int = Field(default=30, ge=1)
    """Tries before a batch is given up: 30 bridge an outage of 1 h 29 min to 1 h 48 min, Alloy's own 10 one of 4 to 8
    minutes (the pauses between the tries are random)."""


class CanarySettings(Group):
    """loki-canary: writes a line a second and asks for it back."""

    enabled: bool = True
    """Run the canary on every node."""
    route: Literal["collector", "direct"] = "collector"
    """`collector`: its lines go through Alloy, so collection is proven as well; `direct`: it pushes to Loki itself."""
    interval: Duration = parse_duration("1s")
    """Time between two lines."""
