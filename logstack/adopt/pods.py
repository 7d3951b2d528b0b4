"""Where pods run, their annotations and labels, and how their number follows the load."""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from logstack.adopt.access import gateway_is_off
from logstack.adopt.mode import roles_of
from logstack.adopt.paths import Path, at, path_of
from logstack.adopt.reading import Reading
from logstack.adopt.workloads import is_loose
from logstack.manifests.loki.chart import CACHES, GATEWAY_KEY
from logstack.manifests.manifest import LINUX_NODES
from logstack.settings.checks.metadata import is_reserved
from logstack.settings.model.affinity import NodeAffinity, PodAffinity
from logstack.settings.model.autoscaling import Scaling
from logstack.settings.model.metadata import Metadata
from logstack.settings.model.scheduling import PodScheduling

# The chart's keys of a pod's nodes, and those of a stack file.
_SCHEDULING = {
    "nodeSelector": "nodeSelector",
    "tolerations": "tolerations",
    "topologySpreadConstraints": "topologySpread",
    "priorityClassName": "priorityClass",
}
_METADATA = {
    "podAnnotations": "podAnnotations",
    "podLabels": "podLabels",
    "serviceAnnotations": "serviceAnnotations",
    "serviceLabels": "serviceLabels",
    "service.annotations": "serviceAnnotations",
    "service.labels": "serviceLabels",
}
# Where a role's pods find what they do not have themselves.
_GENERAL = ("defaults", "loki", "global")


def pods(reading: Reading) -> None:
    """Take node selectors, tolerations, spread, priority, affinity, annotations, labels and autoscaling over."""
    components = dict(_components(reading))
    for theirs, ours in _SCHEDULING.items():
        _scheduling(reading, components, theirs, ours)
    scaled = {GATEWAY_KEY, *(role.row.chart_key for role in roles_of(reading) if role.row.has_autoscaling)}
    for key, component in components.items():
        _affinity(reading, key, component)
        for theirs, ours in _METADATA.items():
            _metadata(reading, f"{key}.{theirs}", f"metadata.components.{component}.{ours}", ours)
        if key in scaled:
            _autoscaling(reading, key, component)
    _of_every_service(reading, components)


def _of_every_service(reading: Reading, components: Mapping[str, str]) -> None:
    """Take annotations of memberlist's Service over where all the other Services have them too."""
    path = path_of("memberlist.service.annotations")
    stated = at(reading.values, path)
    if not isinstance(stated, Mapping) or not stated:
        return
    others = [at(reading.values, (key, "service", "annotations")) for key in components]
    if all(isinstance(each, Mapping) and stated.items() <= each.items() for each in others):
        _metadata(reading, "memberlist.service.annotations", "metadata.serviceAnnotations", "serviceAnnotations")


def _components(reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield the chart's groups of values, and the component's key in a stack file."""
    yield from ((role.row.chart_key, role.key) for role in roles_of(reading))
    if not gateway_is_off(reading):
        yield GATEWAY_KEY, "gateway"
    yield from ((cache.key, "caches") for cache in CACHES if reading.value(f"{cache.key}.enabled") is not False)


def _scheduling(reading: Reading, components: Mapping[str, str], theirs: str, ours: str) -> None:
    """Take one key over: for all pods where all have the same, else by component."""
    roles = {role.row.chart_key for role in roles_of(reading)}
    found: dict[str, tuple[Path, object]] = {}
    for key in components:
        for group in (key, *(_GENERAL if key in roles else _GENERAL[:1])):
            value = _stated(ours, at(reading.values, (group, theirs)))
            if value is not None:
                found[key] = (group, theirs), value
                break
    by_component: dict[str, object] = {}
    for key, (path, value) in found.items():
        if by_component.setdefault(components[key], value) != value:
            reading.not_taken(path, "both caches have one place: the stack file has that of the other", decide=True)
    values = list(by_component.values())
    is_same = set(by_component) == set(components.values()) and all(value == values[0] for value in values)
    for component, value in by_component.items():
        reading.write(f"scheduling.{ours}" if is_same else f"scheduling.components.{component}.{ours}", value)
    target = f"scheduling.{ours}" if is_same else "scheduling.components"
    for path, _ in found.values():
        reading.understood(path, target)


def _stated(key: str, value: object) -> object:
    """Return a value as a stack file says it; None where it says nothing or nothing that a stack file takes."""
    if key == "nodeSelector" and isinstance(value, Mapping):
        value = {name: text for name, text in value.items() if (name, text) not in LINUX_NODES.items()}
    if key == "topologySpread" and isinstance(value, list):
        # logstack selects the pods of the component, as every such constraint of the chart's pods means to.
        value = [
            {name: item for name, item in each.items() if name != "labelSelector"}
            for each in value
            if isinstance(each, Mapping)
        ]
    if not value:
        return None
    try:
        PodScheduling.model_validate({key: value}, by_alias=True, by_name=False)
    except ValidationError:
        return None
    return value


def _affinity(reading: Reading, key: str, component: str) -> None:
    """Take affinities to nodes and pods over; one against pods is of `cluster.singleNode` where it is loose."""
    stated = at(reading.values, (key, "affinity"))
    if not isinstance(stated, Mapping):
        return
    grammars = {"nodeAffinity": NodeAffinity, "podAffinity": PodAffinity}
    for name, grammar in grammars.items():
        if not (value := stated.get(name)):
            continue
        try:
            grammar.model_validate(value, by_alias=True, by_name=False)
        except ValidationError:
            continue
        reading.write(f"scheduling.components.{component}.affinity.{name}", value)
        reading.understood((key, "affinity", name), f"scheduling.components.{component}.affinity")
    roles = [(role.row.chart_key, "affinity") for role in roles_of(reading)]
    path: Path = (key, "affinity")
    if key == GATEWAY_KEY and is_loose(reading, path) and not any(is_loose(reading, role) for role in roles):
        target = f"scheduling.components.{component}.affinity.podAntiAffinity"
        reading.write(target, {})
        reading.understood((*path, "podAntiAffinity"), target)


def _metadata(reading: Reading, path: str, target: str, field: str) -> None:
    stated = at(reading.values, path_of(path))
    if not isinstance(stated, Mapping):
        return
    own = {name: text for name, text in stated.items() if not is_reserved(field, str(name))}
    try:
        Metadata.model_validate({field: own}, by_alias=True, by_name=False)
    except ValidationError:
        return
    for name, text in own.items():
        written = reading.key_value(target)
        reading.write(target, {**(written if isinstance(written, Mapping) else {}), name: text})
        reading.understood((*path_of(path), name), target)


def _autoscaling(reading: Reading, key: str, component: str) -> None:
    base, target = f"{key}.autoscaling", f"autoscaling.{component}"
    if reading.value(f"{base}.enabled") is not True:
        return
    keys = {
        "maxReplicas": "maxReplicas",
        "targetCPUUtilizationPercentage": "cpu",
        "targetMemoryUtilizationPercentage": "memory",
    }
    stated = {ours: value for theirs, ours in keys.items() if (value := reading.value(f"{base}.{theirs}"))}
    try:
        Scaling.model_validate(stated, by_alias=True, by_name=False)
    except ValidationError:
        return
    reading.write(target, stated)
    for theirs in ("enabled", "minReplicas", *keys):
        reading.understood(f"{base}.{theirs}", target)
    reading.not_taken(base, "logstack decides how fast it grows, and by CPU and memory alone", decide=True)
