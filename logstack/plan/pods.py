"""What the stack file says of every pod: where its images come from."""

from collections.abc import Iterator
from dataclasses import dataclass

from logstack.manifests.images import PodImage, pod_images
from logstack.plan.section import Section
from logstack.settings.load.loader import Stack
from logstack.settings.model.images import Images
from logstack.settings.model.tree import Settings


@dataclass(frozen=True)
class Pods:
    """The pods' images."""

    images: tuple[PodImage, ...]
    pull_secrets: tuple[str, ...]


def pods_section(stack: Stack) -> Section:
    """Plan the pods as far as the stack file changes them."""
    settings = stack.settings
    pods = Pods(pod_images(settings), settings.images.pull_secrets)
    return Section("Pods", "pods", pods, facts=list(_facts(settings, pods)))


def _facts(settings: Settings, pods: Pods) -> Iterator[tuple[str, str]]:
    if settings.images != Images():
        for image in pods.images:
            own = "" if image.pulled == image.source else f", instead of {image.source}"
            yield f"image {image.component}", f"{image.pulled}{own}"
    if pods.pull_secrets:
        yield "pull Secrets", f"{', '.join(pods.pull_secrets)}, in {settings.cluster.namespace}"
