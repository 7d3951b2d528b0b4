"""The values of config.alloy that depend on the environment: the defaults of a cluster, which a local run replaces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from logstack.settings.model.cluster import ClusterSettings
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

    @property
    def listen_before_port(self) -> str:
        """The same address as it stands before a colon and a port."""
        return f"[{self.listen}]" if ":" in self.listen else self.listen


def in_cluster(cluster: ClusterSettings) -> Environment:
    """Return a pod's environment in a cluster: Linux takes IPv4 on `::` too, where a node has it."""
    return replace(Environment(), listen="::") if cluster.pods_prefer_ipv6 else Environment()
