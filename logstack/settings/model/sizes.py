"""What each part asks of the cluster, in three sizes.

CPU is a request without a limit; memory is request and limit in one, so no pod is evicted for what it was promised.
"""

from enum import StrEnum

from logstack.settings.model.base import Group
from logstack.settings.model.bounds import Cpu, Memory, Volume


class SizeName(StrEnum):
    """The sizes; `medium` is seed 000's plan for 110 GB a day."""

    EXTRA_SMALL = "extra-small"
    SMALL = "small"
    MEDIUM = "medium"


class Resources(Group):
    """CPU, memory and disk of one pod."""

    cpu: Cpu
    """CPU request."""
    memory: Memory
    """Memory request and limit."""
    disk: Volume | None = None
    """The size of the pod's volume; without it the table's, and none where the part has no volume."""


def _row(cpu: str, memory: str, disk: str | None = None) -> Resources:
    return Resources.model_validate({"cpu": cpu, "memory": memory, "disk": disk})


# Sources, by row:
#   extra-small  measured: a Loki process of staging holds 116 to 136 MiB after 2,000 lines. All of staging asks for
#                1 CPU and 5.3Gi, which one node has.
#   small        the chart's default volumes (10Gi); writers and readers have half of medium's CPU and memory.
#   medium       seed 000: write and read 3 CPU and 6Gi over 3 replicas each, backend 0.5 CPU and 1Gi, gateway 1 CPU and
#                1Gi over 2, Alloy 0.5 CPU and 512Mi a node. Volumes: Loki's WAL documentation measures 10 to 15 GB at
#                5 MB/s a writer; 110 GB a day is 1.3 MB/s a writer at replication 3, so 20Gi leaves a factor of 5.
#   distributed  medium is a pod each of Grafana's table for less than 3 TB a day (Loki's documentation, setup/size);
#                small is the operator's 1x.pico (operator/internal/manifests/internal/sizes.go), with half of medium's
#                scheduler, which the operator has not; a ruler evaluates queries as a querier does. The disks are the
#                writers' and the chart's default. extra-small is as above: a process holds 119 to 166 MiB (measured).
#   alloy        measured: 300 MB resident with 2,000 lines in flight; hence no less than 384Mi.
#   alloy-events measured: 188 MiB resident at rest; events are few.
#   canary, object-store   measured in the local run: 35 and 33 MiB.
SIZES: dict[SizeName, dict[str, Resources]] = {
    SizeName.EXTRA_SMALL: {
        "write": _row("100m", "512Mi", "5Gi"),
        "read": _row("100m", "512Mi"),
        "backend": _row("100m", "512Mi", "5Gi"),
        "monolithic": _row("200m", "1Gi", "10Gi"),
        "distributor": _row("100m", "512Mi"),
        "ingester": _row("100m", "512Mi", "5Gi"),
        "querier": _row("100m", "512Mi"),
        "query-frontend": _row("100m", "512Mi"),
        "query-scheduler": _row("100m", "512Mi"),
        "index-gateway": _row("100m", "512Mi", "5Gi"),
        "compactor": _row("100m", "512Mi", "5Gi"),
        "ruler": _row("100m", "512Mi", "5Gi"),
        "gateway": _row("10m", "64Mi"),
        "alloy": _row("50m", "384Mi"),
        "alloy-events": _row("50m", "320Mi"),
        "canary": _row("10m", "64Mi"),
        "object-store": _row("50m", "256Mi"),
    },
    SizeName.SMALL: {
        "write": _row("500m", "1Gi", "10Gi"),
        "read": _row("500m", "1Gi"),
        "backend": _row("250m", "1Gi", "10Gi"),
        "monolithic": _row("500m", "2Gi", "20Gi"),
        "distributor": _row("500m", "500Mi"),
        "ingester": _row("500m", "3Gi", "10Gi"),
        "querier": _row("750m", "1536Mi"),
        "query-frontend": _row("500m", "500Mi"),
        "query-scheduler": _row("500m", "256Mi"),
        "index-gateway": _row("150m", "250Mi", "10Gi"),
        "compactor": _row("500m", "500Mi", "10Gi"),
        "ruler": _row("750m", "1536Mi", "10Gi"),
        "gateway": _row("50m", "128Mi"),
        "alloy": _row("100m", "384Mi"),
        "alloy-events": _row("50m", "320Mi"),
        "canary": _row("10m", "64Mi"),
        "object-store": _row("100m", "512Mi"),
    },
    SizeName.MEDIUM: {
        "write": _row("1", "2Gi", "20Gi"),
        "read": _row("1", "2Gi"),
        "backend": _row("500m", "1Gi", "10Gi"),
        "monolithic": _row("2", "4Gi", "50Gi"),
        "distributor": _row("2", "512Mi"),
        "ingester": _row("2", "4Gi", "20Gi"),
        "querier": _row("1", "1Gi"),
        "query-frontend": _row("1", "2Gi"),
        "query-scheduler": _row("1", "512Mi"),
        "index-gateway": _row("500m", "2Gi", "10Gi"),
        "compactor": _row("2", "10Gi", "10Gi"),
        "ruler": _row("1", "1Gi", "10Gi"),
        "gateway": _row("500m", "512Mi"),
        "alloy": _row("500m", "512Mi"),
        "alloy-events": _row("50m", "320Mi"),
        "canary": _row("10m", "64Mi"),
        "object-store": _row("500m", "1Gi"),
    },
}
