"""Where the pinned charts come from: a repository, an OCI mirror or a folder."""

import re

from logstack.settings import pins
from logstack.settings.model.base import Group
from logstack.settings.model.bounds import ShortText, Url


class ChartSource(Group):
    """One chart's source; by default the pinned chart."""

    repository: Url | None = None
    """Another repository, or a path in an OCI registry (oci://mirror.example/charts), for clusters without internet."""
    path: Url | None = None
    """A folder or an archive on your machine, instead of a repository."""
    version: ShortText | None = None
    """The chart's version, if not the pinned one."""


class Charts(Group):
    """The charts' sources."""

    loki: ChartSource = ChartSource()
    alloy: ChartSource = ChartSource()


def is_grafanas(repository: str | None) -> bool:
    """Return whether a chart repository is Grafana's own, and not the community's."""
    return re.search(r"/grafana([./]|$)", (repository or "").lower()) is not None


# Nothing set: the pin.
PINNED_SOURCE = ChartSource()

PINNED = {"loki": pins.LOKI_CHART, "alloy": pins.ALLOY_CHART}
