"""What the stack file says of every pod: where its images come from, and where it runs."""

from collections.abc import Iterator
from dataclasses import dataclass

from logstack.manifests.images import PodImage, pod_images
from logstack.plan.section import Section
from logstack.settings.load.loader import Stack
from logstack.settings.model.autoscaling import Scaling
from logstack.settings.model.images import Images
from logstack.settings.model.scheduling import PodScheduling, Toleration
from logstack.settings.tree import Settings


@dataclass(frozen=True)
class Pods:
    """The pods' images, and the nodes that they run on."""

    images: tuple[PodImage, ...]
    pull_secrets: tuple[str, ...]
    scheduling: dict[str, str]
    """Where pods run, in words, by whose pods they are; without those of which nothing is stated."""
    autoscaling: dict[str, str]
    """How components grow, in words."""
    metadata: dict[str, str]
    """The keys of annotations and labels of one's own, by what has them."""


def pods_section(stack: Stack) -> Section:
    """Plan the pods as far as the stack file changes them."""
    settings = stack.settings
    pods = Pods(
        pod_images(settings),
        settings.images.pull_secrets,
        _scheduling(settings),
        _autoscaling(settings),
        _metadata(settings),
    )
    return Section("Pods", "pods", pods, facts=list(_facts(settings, pods)))


def _facts(settings: Settings, pods: Pods) -> Iterator[tuple[str, str]]:
    if settings.images != Images():
        for image in pods.images:
            own = "" if image.pulled == image.source else f", instead of {image.source}"
            yield f"image {image.component}", f"{image.pulled}{own}"
    if pods.pull_secrets:
        yield "pull Secrets", f"{', '.join(pods.pull_secrets)}, in {settings.cluster.namespace}"
    yield from pods.scheduling.items()
    yield from pods.autoscaling.items()
    yield from pods.metadata.items()


def _scheduling(settings: Settings) -> dict[str, str]:
    stated = {
        "pods": settings.scheduling,
        **{f"pods of {key}": own for key, own in settings.scheduling.by_component.items()},
        "collectors": settings.collector.scheduling,
        "canaries": settings.canary.scheduling,
    }
    return {label: "; ".join(words) for label, group in stated.items() if (words := list(_where(group)))}


def _autoscaling(settings: Settings) -> dict[str, str]:
    least = {role.key: settings.replica_count(role) for role in settings.roles}
    least["gateway"] = settings.gateways
    return {
        f"autoscaling of {key}": f"{least[key]} to {scaling.max_replicas} pods, at {_load(scaling)} of the request; "
        f"failure budget, requests and disruption budget count {least[key]}"
        for key, scaling in settings.autoscaling.by_component.items()
        if key in least
    }


def _load(scaling: Scaling) -> str:
    cpu = scaling.cpu or (None if scaling.memory else 60)
    loads = [f"{share} % {of}" for share, of in ((cpu, "CPU"), (scaling.memory, "memory")) if share]
    return " or ".join(loads)


def _metadata(settings: Settings) -> dict[str, str]:
    groups = {"": settings.metadata, **{f" of {key}": own for key, own in settings.metadata.by_component.items()}}
    return {
        f"{what}{label}": ", ".join(stated)
        for label, group in groups.items()
        for what, stated in (
            ("pod annotations", group.pod_annotations),
            ("pod labels", group.pod_labels),
            ("Service annotations", group.service_annotations),
            ("Service labels", group.service_labels),
        )
        if stated
    }


def _where(group: PodScheduling) -> Iterator[str]:
    if group.node_selector is not None:
        labels = [f"{key}={value}" for key, value in group.node_selector.items()]
        yield f"nodes with {', '.join(labels)}" if labels else "every Linux node"
    if group.tolerations is not None:
        taints = [_taint(each) for each in group.tolerations]
        yield f"tolerating {', '.join(taints)}" if taints else "tolerating no taint"
    if group.affinity:
        ours = "instead of ours" if group.affinity.pod_anti_affinity is not None else "beside ours"
        yield f"an affinity of your own, {ours}"
    if group.topology_spread is not None:
        places = [each.topology_key for each in group.topology_spread]
        yield f"spread over {', '.join(places)}" if places else "not spread over places"
    if group.priority_class:
        yield f"priority class {group.priority_class}"


def _taint(toleration: Toleration) -> str:
    value = f"={toleration.value}" if toleration.value else ""
    effect = f":{toleration.effect}" if toleration.effect else ""
    return f"{toleration.key or 'every taint'}{value}{effect}"
