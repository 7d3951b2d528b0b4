"""Which pods restart: the pod templates that contain a changed chart value or object field.

The charts' own modules (manifests/loki/chart.py, manifests/alloy/chart.py) have the tables.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import cast

from logstack.diff.changes import Change
from logstack.diff.snapshot import Rendered
from logstack.manifests.alloy import chart as alloy_chart
from logstack.manifests.charts import CHART, Pods, Templates, Workload
from logstack.manifests.loki import chart as loki_chart
from logstack.render.model import Resource

_TEMPLATED = ("DaemonSet", "StatefulSet", "Deployment")


@dataclass(frozen=True)
class Roll:
    """A workload whose pods restart, one after the other."""

    workload: str
    """As kubectl names it: `StatefulSet loki-write`."""
    pods: int | None
    """Their number after the change; None for one on every node."""
    because: tuple[Change, ...]
    part: str = ""
    """The workload's key in the chart's values."""
    recreated: bool = False
    """In another namespace: Pulumi creates new pods and deletes the old ones."""


def rolls(changes: Sequence[Change], before: Rendered, after: Rendered) -> tuple[Roll, ...]:
    """Return the workloads of both sides whose pods restart."""
    old = {resource.identity for resource in before.resources}
    rolls: list[Roll] = []
    for resource in (resource for resource in after.resources if resource.identity in old):
        was = next(each for each in before.resources if each.identity == resource.identity)
        rolled = _of_chart(changes, was, resource) if resource.type == CHART else _of_object(changes, resource)
        rolls += (replace(roll, recreated=_namespace(was) != _namespace(resource)) for roll in rolled)
    return tuple(rolls)


def loki_workloads(stack: Rendered) -> dict[str, Workload]:
    """Return the Loki chart's workloads by their key in its values."""
    charts = (each for each in stack.resources if each.type == CHART and each.called == loki_chart.RELEASE)
    return {work.part: work for each in charts for work in loki_chart.workloads(each.called, _values(each))}


def _values(chart: Resource) -> Mapping[str, object]:
    return cast("Mapping[str, object]", chart.inputs.get("values", {}))


def _namespace(resource: Resource) -> object:
    metadata = resource.inputs.get("metadata")
    return metadata.get("namespace") if isinstance(metadata, Mapping) else resource.inputs.get("namespace")


def _of_object(changes: Sequence[Change], resource: Resource) -> Iterator[Roll]:
    kind = resource.type.rpartition(":")[2]
    if kind not in _TEMPLATED:
        return
    file = f"{resource.called}.{kind.lower()}.yaml"
    causes = tuple(change for change in changes if change.is_at(f"{file} spec.template.*"))
    if causes:
        replicas = cast("Mapping[str, object]", resource.inputs["spec"]).get("replicas", 1)
        yield Roll(f"{kind} {resource.called}", None if kind == "DaemonSet" else int(str(replicas)), causes)


def _of_chart(changes: Sequence[Change], before: Resource, after: Resource) -> Iterator[Roll]:
    release = after.called
    chart = loki_chart if release == loki_chart.RELEASE else alloy_chart
    old, new = _values(before), _values(after)
    old_names = {each.called for each in chart.workloads(release, old)}
    causes: dict[Workload, list[Change]] = defaultdict(list)
    staying = [each for each in chart.workloads(release, new) if each.called in old_names]
    for change in changes:
        for workload in staying:
            if _reaches(change, workload, after, chart.TEMPLATES):
                causes[workload].append(change)
    for workload in staying:
        if workload in causes:
            yield Roll(workload.called, workload.pods, tuple(causes[workload]), workload.part)


def _reaches(change: Change, workload: Workload, chart: Resource, templates: Templates) -> bool:
    """Whether the template of the workload's pods contains the change."""
    release, values = chart.called, _values(chart)
    # A mirror serves the same chart; a folder may contain another one.
    without_version = "version" not in chart.inputs
    if change.artefact == f"{release}.chart.yaml":
        return change.path == "version" or (change.path == "chart" and without_version)
    if change.artefact != f"{release}-values.yaml" or not change.path:
        return False
    pods = next(pods for pattern, pods in templates if fnmatchcase(change.path, pattern))
    if Pods.ALL in pods or (Pods.GATEWAY in pods and workload.part == loki_chart.GATEWAY_KEY):
        return True
    if Pods.CACHES in pods and workload.part in loki_chart.CACHE_KEYS:
        return True
    if Pods.ROLES in pods and workload.part in loki_chart.ROLES:
        return not _overridden(change.path, values.get(workload.part))
    return Pods.OWN in pods and change.path.startswith(f"{workload.part}.")


def _overridden(path: str, own: object) -> bool:
    """Whether a role's own value overrides that of `defaults`."""
    key = path.removeprefix("defaults.").split(".")[0].split("[")[0]
    return path.startswith("defaults.") and isinstance(own, Mapping) and key in own
