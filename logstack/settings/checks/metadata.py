"""Annotations and labels that would overwrite those of logstack and of the charts."""

from collections.abc import Iterator

from logstack.settings.checks.check import reads
from logstack.settings.model.metadata import Metadata
from logstack.settings.problems import Problem, Rule
from logstack.settings.tree import Settings

OVERWRITES = Rule(
    "metadata-of-logstack",
    "Services, disruption budgets and rollouts go by it: pods would be lost to them, or not restart when they have to",
)
NO_PLACE = Rule("metadata-without-place", "the chart of the collector has no value for it, so nothing would have it")

_RECOMMENDED = "app.kubernetes.io/"
_POD_LABELS = frozenset(
    {
        *(f"{_RECOMMENDED}{name}" for name in ("name", "instance", "component", "version", "part-of", "managed-by")),
        "helm.sh/chart",
        "name",
        "rollout-group",
        "pod-template-hash",
        "controller-revision-hash",
        "statefulset.kubernetes.io/pod-name",
    }
)
_POD_ANNOTATIONS = frozenset(
    {
        "checksum/config",
        "kubectl.kubernetes.io/default-container",
        "storage/size",
    }
)
_SERVICE_LABELS = _POD_LABELS | {"prometheus.io/service-monitor", "variant"}
_RESERVED = {"podLabels": _POD_LABELS, "podAnnotations": _POD_ANNOTATIONS, "serviceLabels": _SERVICE_LABELS}
_OURS = "logstack/"


@reads("metadata")
def overwritten(settings: Settings) -> Iterator[Problem]:
    """Nothing that logstack or a chart sets is set again."""
    yield from _problems("metadata", settings.metadata)
    for component, own in settings.metadata.by_component.items():
        yield from _problems(f"metadata.components.{component}", own)
    if settings.metadata.components["alloy"].service_labels:
        what = "the Service of the collectors takes no labels"
        yield NO_PLACE.problem("metadata.components.alloy.serviceLabels", what, "remove serviceLabels")


def is_reserved(key: str, name: str) -> bool:
    """Return whether logstack or a chart sets a name itself; `key` is one of the stack file's four."""
    return name in _RESERVED.get(key, ()) or name.startswith(_OURS)


def _problems(path: str, group: Metadata) -> Iterator[Problem]:
    kinds = (
        ("podLabels", group.pod_labels),
        ("podAnnotations", group.pod_annotations),
        ("serviceLabels", group.service_labels),
        ("serviceAnnotations", group.service_annotations),
    )
    for key, stated in kinds:
        for name in stated:
            if is_reserved(key, name):
                fix = "remove it, or choose another key, such as example.com/team"
                yield OVERWRITES.problem(f"{path}.{key}", f'"{name}" is set already', fix)


CHECKS = (overwritten,)
