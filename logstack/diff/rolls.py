"""Which pods restart: what of a chart's values, or of an object of ours, stands in which pods' template.

The tables were held against both pinned charts, rendered by Helm before and after each change of
tests/unit/diff/diff_changes.yaml; the test does that again where Helm and the charts are at hand.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import cast

from logstack.diff.changes import Change
from logstack.diff.snapshot import Rendered
from logstack.manifests.charts import CHART
from logstack.manifests.loki.addresses import RELEASE
from logstack.render.model import Resource
from logstack.settings.model.roles import Role

CONFIG_HASH = "podAnnotations.logstack/config-hash"
_ROLES = {role.row.chart_key: role for role in Role}
ROLE_KEYS = tuple(_ROLES)
# The other workloads: what is behind the release in their names.
_OTHERS = {"gateway": "gateway", "chunksCache": "chunks-cache", "resultsCache": "results-cache"}
_DEPLOYMENTS = ("gateway", *(key for key, role in _ROLES.items() if role.row.kind == "Deployment"))
_TEMPLATED = ("DaemonSet", "StatefulSet", "Deployment")

ROLES, GATEWAY, SELF, ALL, NONE = "every Loki role", "the gateway", "its own pods", "all pods of the chart", "no pod"

# The first pattern that a path of the Loki chart's values matches says whose template it is in.
LOKI_VALUES: Sequence[tuple[str, tuple[str, ...]]] = (
    ("*.replicas", (NONE,)),
    ("*.podDisruptionBudget*", (NONE,)),
    *(
        (f"{key}.persistence.size", (SELF,))
        for key, role in _ROLES.items()
        if role.row.volume and role.row.volume.size_restarts_pods
    ),
    ("*.persistence.size", (NONE,)),
    ("*.persistence.claims*", (NONE,)),
    ("*.persistence.storageClass", (NONE,)),
    ("*.persistence.enableStatefulSetAutoDeletePVC", (NONE,)),
    ("*.persistence.when*", (NONE,)),
    ("gateway.deploymentStrategy*", (NONE,)),
    ("gateway.*", (GATEWAY,)),
    ("global.*", (GATEWAY,)),
    ("deploymentMode", (GATEWAY,)),
    ("*Cache.enabled", (NONE,)),
    ("*Cache.*", (SELF,)),
    *((f"{key}.enabled", (NONE,)) for key, role in _ROLES.items() if role.row.has_switch),
    *((f"{key}.*", (SELF,)) for key in ROLE_KEYS),
    ("loki.image*", (ROLES,)),
    ("loki.podAnnotations*", (ROLES,)),
    ("defaults.enableServiceLinks", (ROLES, GATEWAY)),
    ("defaults.*", (ROLES,)),
    ("serviceAccount.name", (ROLES,)),
    ("serviceAccount.*", (NONE,)),
    ("loki.auth_enabled", (NONE,)),
    ("loki.commonConfig*", (NONE,)),
    ("loki.storage*", (NONE,)),
    ("loki.schemaConfig*", (NONE,)),
    ("memberlist.service*", (NONE,)),
    ("rbac*", (NONE,)),
    ("*", (ALL,)),
)
ALLOY_VALUES: Sequence[tuple[str, tuple[str, ...]]] = (
    ("rbac*", (NONE,)),
    ("crds*", (NONE,)),
    ("controller.replicas", (NONE,)),
    ("controller.updateStrategy*", (NONE,)),
    ("*", (ALL,)),
)


@dataclass(frozen=True)
class Roll:
    """Pods that restart, one after the other."""

    workload: str
    """As kubectl names it: `StatefulSet loki-write`."""
    pods: int | None
    """How many after the change; None for one on every node."""
    because: tuple[Change, ...]
    part: str = ""
    """The key of the chart's values that the workload is of."""
    anew: bool = False
    """In another namespace, so nothing restarts: new pods come, and the old ones go."""


@dataclass(frozen=True)
class Workload:
    """Pods of a chart."""

    kind: str
    name: str
    part: str
    """The key of the chart's values that is the workload's own."""
    pods: int | None

    @property
    def called(self) -> str:
        """As kubectl names it."""
        return f"{self.kind} {self.name}"


def rolls(changes: Sequence[Change], before: Rendered, after: Rendered) -> tuple[Roll, ...]:
    """The workloads that are there before and after, and whose pods restart."""
    old = {resource.identity for resource in before.resources}
    found: list[Roll] = []
    for resource in (resource for resource in after.resources if resource.identity in old):
        was = next(each for each in before.resources if each.identity == resource.identity)
        rolled = _of_chart(changes, was, resource) if resource.type == CHART else _of_object(changes, resource)
        found += (replace(roll, anew=_namespace(was) != _namespace(resource)) for roll in rolled)
    return tuple(found)


def loki_workloads(stack: Rendered) -> dict[str, Workload]:
    """The Loki chart's workloads, by the key of its values that each is of."""
    charts = (each for each in stack.resources if each.type == CHART and each.called == RELEASE)
    return {work.part: work for each in charts for work in _loki_workloads(RELEASE, _values(each))}


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
    table, workloads = (LOKI_VALUES, _loki_workloads) if release == RELEASE else (ALLOY_VALUES, _alloy_workloads)
    old, new = _values(before), _values(after)
    there = {each.called for each in workloads(release, old)}
    causes: dict[Workload, list[Change]] = defaultdict(list)
    staying = [each for each in workloads(release, new) if each.called in there]
    for change in changes:
        for workload in staying:
            if _reaches(change, workload, after, table):
                causes[workload].append(change)
    for workload in staying:
        if workload in causes:
            yield Roll(workload.called, workload.pods, tuple(causes[workload]), workload.part)


def _reaches(change: Change, workload: Workload, chart: Resource, table: Sequence[tuple[str, tuple[str, ...]]]) -> bool:
    """Whether a change stands in the template of the workload's pods."""
    release, values = chart.called, _values(chart)
    # A mirror has the same chart; a folder may have another one.
    without_version = "version" not in chart.inputs
    if change.artefact == f"{release}.chart.yaml":
        return change.path == "version" or (change.path == "chart" and without_version)
    if change.artefact != f"{release}-values.yaml" or not change.path:
        return False
    targets = next(targets for pattern, targets in table if fnmatchcase(change.path, pattern))
    if ALL in targets or (GATEWAY in targets and workload.part == "gateway"):
        return True
    if ROLES in targets and workload.part in _ROLES:
        return not _overridden(change.path, values.get(workload.part))
    return SELF in targets and change.path.startswith(f"{workload.part}.")


def _overridden(path: str, own: object) -> bool:
    """Whether a role's own value stands before that of `defaults`."""
    key = path.removeprefix("defaults.").split(".")[0].split("[")[0]
    return path.startswith("defaults.") and isinstance(own, Mapping) and key in own


def _loki_workloads(release: str, values: Mapping[str, object]) -> list[Workload]:
    name = str(values.get("fullnameOverride", release))
    found = []
    names = {
        **{key: role.workload(name) for key, role in _ROLES.items()},
        **{key: f"{name}-{suffix}" for key, suffix in _OTHERS.items()},
    }
    for part, called in names.items():
        own = values.get(part)
        if not isinstance(own, Mapping) or own.get("enabled") is False or own.get("replicas") == 0:
            continue
        if part in _ROLES and "replicas" not in own:
            continue  # a part of other pods
        found.append(
            Workload(
                "Deployment" if part in _DEPLOYMENTS else "StatefulSet", called, part, int(str(own.get("replicas", 1)))
            )
        )
    return found


def _alloy_workloads(release: str, values: Mapping[str, object]) -> list[Workload]:
    controller = values.get("controller")
    if not isinstance(controller, Mapping):
        return []
    if controller.get("type") == "deployment":
        return [Workload("Deployment", release, "controller", int(str(controller.get("replicas", 1))))]
    return [Workload("DaemonSet", release, "controller", None)]
