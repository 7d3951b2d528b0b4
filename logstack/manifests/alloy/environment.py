"""The values of config.alloy that depend on the environment: the defaults of a cluster, which a local run replaces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from logstack.settings.model.sources import PORTS


@dataclass(frozen=True)
class Environment:
    """Folders and ports of one collector; a local run replaces these and the address of Loki, and nothing else."""

    logs: str = "/var/log"
    """The folder of the node's logs."""
    pods: Sequence[Mapping[str, str]] | None = None
    """Targets with Kubernetes' meta labels that replace discovery by the API server."""
    listen: str = "0.0.0.0"  # noqa: S104 - in a pod that is only its own address
    """The address that sources with ports listen on."""
    ports: Mapping[str, int] = field(default_factory=lambda: {port.name: port.number for port in PORTS})
    """The number of each port, by its name."""
