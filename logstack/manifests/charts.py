"""A Helm chart as a manifest: the one place that knows where a pinned chart comes from.

What a chart's values are called and what they make stands in the chart.py of its component.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from logstack.manifests.manifest import Json, Manifest
from logstack.settings.model.charts import PINNED, ChartSource

CHART = "kubernetes:helm.sh/v4:Chart"


def chart(
    pinned: str,
    source: ChartSource,
    namespace: str,
    values: dict[str, Json],
    *,
    name: str,
    skip_await: bool,
    after: tuple[str, ...],
    release: str | None = None,
) -> Manifest:
    """The chart `pinned` in settings.charts.PINNED, from its repository, an OCI mirror or a folder.

    `name` is the logical name. The release's name is the chart's if no other is given: the objects' names follow from
    it.
    """
    pin = PINNED[pinned]
    inputs: dict[str, Json] = {"name": release or pinned, "namespace": namespace, "values": values, "skipCrds": True}
    repository = source.repository or pin.repository
    if source.path:
        inputs["chart"] = source.path
    else:
        inputs["version"] = source.version or pin.version
        if repository.startswith("oci://"):
            inputs["chart"] = f"{repository.rstrip('/')}/{pin.name}"
        else:
            inputs |= {"chart": pin.name, "repositoryOpts": {"repo": repository}}
    if skip_await:
        inputs["skipAwait"] = True
    return Manifest(CHART, name, inputs, depends_on=after)


@dataclass(frozen=True)
class PinnedImage:
    """An image that logstack is tested with; of a pinned chart's own, what the chart's values say."""

    registry: str
    repository: str
    tag: str

    @property
    def reference(self) -> str:
        """Return the image as a pod names it."""
        return f"{self.registry}/{self.repository}:{self.tag}"


class Pods(StrEnum):
    """Pods whose template has a value of a chart: they restart when it changes."""

    ROLES = "every Loki role"
    GATEWAY = "the gateway"
    CACHES = "the caches"
    OWN = "its own pods"
    ALL = "all pods of the chart"
    NONE = "no pod"


Templates = Sequence[tuple[str, tuple[Pods, ...]]]
"""Patterns of the paths of a chart's values, with the pods; the first pattern that matches a path decides."""


@dataclass(frozen=True)
class Workload:
    """Pods of a chart."""

    kind: str
    name: str
    part: str
    """The key of the chart's values that is the workload's own."""
    pods: int | None
    """None for one on every node."""

    @property
    def called(self) -> str:
        """As kubectl names it."""
        return f"{self.kind} {self.name}"
