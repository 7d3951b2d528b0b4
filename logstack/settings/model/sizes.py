"""The resources of each component, in three sizes.

CPU is a request without a limit; memory is request and limit in one, so that no pod is evicted for using its request,
unless a stack file states another limit.
"""

from decimal import Decimal
from enum import StrEnum

from logstack.settings.model.base import Group
from logstack.settings.model.bounds import Cpu, GatewayMemory, GatewayMemoryLimit, Memory, MemoryLimit, Volume
from logstack.settings.model.roles import Role, Size


class SizeName(StrEnum):
    """The sizes; `medium` is the plan for 110 GB a day."""

    EXTRA_SMALL = "extra-small"
    SMALL = "small"
    MEDIUM = "medium"


class Resources(Group):
    """CPU, memory and disk of one pod."""

    cpu: Cpu
    """CPU request."""
    memory: Memory
    """Memory request, and the limit if `memoryLimit` states no other one."""
    memory_limit: MemoryLimit | None = None
    """Memory limit, where it is more than the request; `none` for no limit. Above its request a pod may be evicted."""
    disk: Volume | None = None
    """The size of the pod's volume; by default the size table's. A component without a volume has none."""

    @property
    def limit(self) -> int | None:
        """Return the memory limit in bytes; None for no limit."""
        return self.memory if self.memory_limit is None else self.memory_limit or None

    @property
    def go_memory_limit(self) -> int | None:
        """Return GOMEMLIMIT in bytes, from which Go collects garbage more often; None without a limit.

        85 % of the limit: the rest is for what Go does not count.
        """
        return None if self.limit is None else self.limit * 85 // 100


class GatewayResources(Resources):
    """CPU and memory of one gateway pod, whose nginx needs less than any other process."""

    memory: GatewayMemory
    """Memory request, and the limit if `memoryLimit` states no other one."""
    memory_limit: GatewayMemoryLimit | None = None
    """Memory limit, where it is more than the request; `none` for no limit. Above its request a pod may be evicted."""


def _resources(size: Size) -> Resources:
    return Resources.model_validate(size._asdict())


# Sources, by size (roles.py has those of Loki's pods):
#   extra-small  measured: a Loki process of staging holds 116 to 136 MiB after 2,000 lines. All of staging asks for
#                1 CPU and 5.3Gi, which one node has.
#   small        the chart's default volumes (10Gi); writers and readers have half of medium's CPU and memory.
#   medium       a sizing plan for 110 GB a day: write and read 3 CPU and 6Gi over 3 replicas each, backend 0.5 CPU
#                and 1Gi, gateway 1 CPU and 1Gi over 2, Alloy 0.5 CPU and 512Mi a node. Volumes: Loki's documentation of
#                the WAL measures 10 to 15 GB at 5 MB/s a writer; 110 GB a day is 1.3 MB/s a writer at replication 3, so
#                20Gi leaves a factor of 5.
#   distributed  medium is a pod each of Grafana's table for less than 3 TB a day (Loki's documentation, setup/size);
#                small is the operator's 1x.pico (operator/internal/manifests/internal/sizes.go), with half of medium's
#                scheduler, which the operator does not run; a ruler evaluates queries as a querier does. The disks are
#                the writers' and the chart's default. extra-small is as above: a process holds 119 to 166 MiB
#                (measured).
#   alloy        measured: 300 MB resident with 2,000 lines in flight; hence no less than 384Mi.
#   alloy-events measured: 188 MiB resident at rest; events are few.
#   canary, object-store   measured in the local run: 35 and 33 MiB.
_OTHER_PARTS: dict[str, tuple[Size, Size, Size]] = {
    "gateway": (Size("10m", "64Mi"), Size("50m", "128Mi"), Size("500m", "512Mi")),
    "alloy": (Size("50m", "384Mi"), Size("100m", "384Mi"), Size("500m", "512Mi")),
    "alloy-events": (Size("50m", "320Mi"), Size("50m", "320Mi"), Size("50m", "320Mi")),
    "canary": (Size("10m", "64Mi"), Size("10m", "64Mi"), Size("10m", "64Mi")),
    "object-store": (Size("50m", "256Mi"), Size("100m", "512Mi"), Size("500m", "1Gi")),
}
OTHER_PARTS = tuple(_OTHER_PARTS)
_PARTS: dict[str, tuple[Size, Size, Size]] = {**{role.value: role.row.sizes for role in Role}, **_OTHER_PARTS}
SIZES: dict[SizeName, dict[str, Resources]] = {
    name: {part: _resources(sizes[index]) for part, sizes in _PARTS.items()} for index, name in enumerate(SizeName)
}

# The Loki chart requests this multiple of a cache's memory, for memcached's own overhead.
CACHE_OVERHEAD = Decimal("1.2")
