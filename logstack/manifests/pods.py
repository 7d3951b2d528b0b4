"""What a stack file says of every pod, whoever makes it: its images."""

from dataclasses import dataclass

from logstack.manifests.charts import PinnedImage
from logstack.manifests.manifest import Json
from logstack.settings.model.images import Image, Images
from logstack.settings.model.tree import Settings

_PINNED_IMAGES = Images()


@dataclass(frozen=True)
class PodOptions:
    """What the pods of a component are given besides its own settings."""

    images: Images = _PINNED_IMAGES


PLAIN_PODS = PodOptions()


def pod_options(settings: Settings) -> PodOptions:
    """Return what a stack file says of every pod."""
    return PodOptions(images=settings.images)


def image_values(images: Images, image: Image) -> dict[str, Json]:
    """Return a chart's values of a component's image: what the stack file states of it, and nothing else."""
    stated = {
        "registry": image.registry or images.registry,
        "repository": image.repository,
        "tag": image.tag,
        "digest": image.digest,
    }
    return {key: value for key, value in stated.items() if value}


def image_reference(pin: PinnedImage, images: Images, image: Image) -> str:
    """Return what a pod pulls for a pinned image; a digest takes the place of the tag, as in the charts."""
    name = f"{image.registry or images.registry or pin.registry}/{image.repository or pin.repository}"
    return f"{name}@{image.digest}" if image.digest else f"{name}:{image.tag or pin.tag}"


def image_pull_secrets(images: Images) -> dict[str, Json]:
    """Return a pod's imagePullSecrets; nothing without any."""
    return {"imagePullSecrets": secrets} if (secrets := pull_secrets(images)) else {}


def pull_secrets(images: Images) -> list[Json]:
    """Return references to the Secrets that images are pulled with."""
    return [{"name": name} for name in images.pull_secrets]
