"""Tolerations of nothing, affinities that are none, nodes that no image is for, and writers that may share a node."""

from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from logstack.settings.checks.check import reads
from logstack.settings.model.affinity import NodeAffinity, PodAffinity
from logstack.settings.model.base import Group
from logstack.settings.model.scheduling import PodScheduling, Toleration
from logstack.settings.problems import Problem, Rule
from logstack.settings.tree import Settings

NOTHING = Rule(
    "toleration-of-nothing", "Kubernetes refuses the pod's template (its validation of tolerations): no pod is created"
)
OTHER_SYSTEM = Rule("nodes-without-linux", "every image is for Linux: the pods never start")
SHARED_NODE = Rule(
    "writers-may-share-a-node",
    "a lost node may take several writers with it, and the failure budget counts one writer a node: "
    "lines that only they have are lost, and pushes may be refused",
    "warning",
)
AFFINITY = Rule("affinity-not-of-kubernetes", "Kubernetes refuses the pod's template (expected): no pod is created")
_OS = "kubernetes.io/os"
_HOST = "kubernetes.io/hostname"


def _stated(settings: Settings) -> Iterator[tuple[str, PodScheduling]]:
    """Yield each group of the stack file that says where pods run, with its path."""
    yield "scheduling", settings.scheduling
    for component, own in settings.scheduling.by_component.items():
        yield f"scheduling.components.{component}", own
    yield "collector.scheduling", settings.collector.scheduling
    yield "canary.scheduling", settings.canary.scheduling


@reads("scheduling", "collector.scheduling", "canary.scheduling")
def tolerations(settings: Settings) -> Iterator[Problem]:
    """A toleration is one that Kubernetes takes."""
    for path, group in _stated(settings):
        for index, toleration in enumerate(group.tolerations or ()):
            if fault := _fault(toleration):
                what, fix = fault
                yield NOTHING.problem(f"{path}.tolerations[{index}]", what, fix)


def _fault(toleration: Toleration) -> tuple[str, str] | None:
    """Return what Kubernetes refuses (its validation of tolerations), and the fix."""
    if not toleration.key and toleration.operator == "Equal":
        return "it has no key, so no taint can be equal to it", "name the taint's key, or every taint: operator: Exists"
    if toleration.operator == "Exists" and toleration.value:
        return f'it has the value "{toleration.value}", which operator Exists does not compare', "remove value"
    if toleration.toleration_seconds is not None and toleration.effect != "NoExecute":
        what = f"tolerationSeconds is of effect NoExecute alone, not of {toleration.effect or 'every effect'}"
        return what, "remove tolerationSeconds, or write effect: NoExecute"
    return None


@reads("scheduling", "collector.scheduling", "canary.scheduling")
def system(settings: Settings) -> Iterator[Problem]:
    """A node selector does not ask for another operating system."""
    for path, group in _stated(settings):
        found = (group.node_selector or {}).get(_OS, "linux")
        if found != "linux":
            what = f'nodeSelector asks for nodes with {_OS}: "{found}"'
            yield OTHER_SYSTEM.problem(f"{path}.nodeSelector", what, f"remove {_OS}: every pod has it, with linux")


@reads("scheduling", "collector.scheduling", "canary.scheduling")
def affinities(settings: Settings) -> Iterator[Problem]:
    """An affinity is one that Kubernetes takes."""
    for path, group in _stated(settings):
        if group.affinity is None:
            continue
        grammars: tuple[tuple[str, type[Group], object], ...] = (
            ("nodeAffinity", NodeAffinity, group.affinity.node_affinity),
            ("podAffinity", PodAffinity, group.affinity.pod_affinity),
            ("podAntiAffinity", PodAffinity, group.affinity.pod_anti_affinity),
        )
        for key, grammar, stated in grammars:
            try:
                grammar.model_validate({} if stated is None else stated, by_alias=True, by_name=False)
            except ValidationError as error:
                yield _refused(f"{path}.affinity.{key}", error.errors(include_url=False)[0])


def _refused(path: str, details: ErrorDetails) -> Problem:
    *above, last = details["loc"]
    location = "".join(f"[{piece}]" if isinstance(piece, int) else f".{piece}" for piece in above)
    match details["type"]:
        case "extra_forbidden":
            what, fix = f'unknown key "{last}"', f"remove {last}, or correct it"
        case "missing":
            what, fix = f'missing key "{last}"', f"add {last}"
        case _:
            what, fix = f"{last} is not valid there", f"correct {last}"
    return AFFINITY.problem(f"{path}{location}", what, fix)


@reads("scheduling", "deployment_mode", "replicas", "cluster.single_node")
def separate_writers(settings: Settings) -> Iterator[Problem]:
    """Writers stay on separate nodes, where there are several."""
    writer = settings.writer
    affinity = settings.scheduling.of(writer.field).affinity
    if affinity is None or affinity.pod_anti_affinity is None or settings.cluster.single_node:
        return
    try:
        away = PodAffinity.model_validate(affinity.pod_anti_affinity, by_alias=True, by_name=False)
    except ValidationError:
        return  # which is a problem already
    required = away.required_during_scheduling_ignored_during_execution
    if settings.replica_count(writer) > 1 and not any(term.topology_key == _HOST for term in required):
        own = settings.scheduling.components[writer.field].affinity
        path = f"scheduling.components.{writer.key}" if own else "scheduling"
        what = f"podAntiAffinity replaces ours, and requires nothing of {_HOST}"
        fix = "remove podAntiAffinity: ours keeps two pods of a role from one node"
        yield SHARED_NODE.problem(f"{path}.affinity.podAntiAffinity", what, fix)


CHECKS = (tolerations, system, affinities, separate_writers)
