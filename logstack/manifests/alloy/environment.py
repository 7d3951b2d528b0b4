"""Where a collector runs: what the cluster gives, and what a local run replaces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from logstack.settings.model.sources import PORTS


@dataclass(frozen=True)
class Place:
    """Folders and ports of one collector; a local run replaces these values, the address of Loki, and nothing else."""

    logs: str = "/var/log"
    """The folder with the node's logs."""
    pods: Sequence[Mapping[str, str]] | None = None
    """Pods as targets with Kubernetes' meta labels, instead of those that the API server knows."""
    listen: str = "0.0.0.0"  # noqa: S104 - in a pod that is its own address alone
    """Where the receivers listen."""
    ports: Mapping[str, int] = field(default_factory=lambda: {port.name: port.number for port in PORTS})
    """The number of each port, by its name."""
