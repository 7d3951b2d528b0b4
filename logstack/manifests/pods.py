"""What a stack file says of every pod, whoever makes it: its images, where it runs, its annotations and labels."""

from collections.abc import Mapping
from dataclasses import dataclass

from logstack.manifests.charts import PinnedImage
from logstack.manifests.manifest import LINUX_NODES, Json
from logstack.settings.model.images import Image, Images
from logstack.settings.model.metadata import Metadata, MetadataSettings
from logstack.settings.model.scheduling import PodScheduling, SchedulingSettings, Toleration, TopologySpread
from logstack.settings.tree import Settings

_PINNED_IMAGES = Images()
_ANYWHERE = SchedulingSettings()
_NO_METADATA = MetadataSettings()


@dataclass(frozen=True)
class PodOptions:
    """What the pods of a component are given besides its own settings."""

    images: Images = _PINNED_IMAGES
    scheduling: SchedulingSettings = _ANYWHERE
    metadata: MetadataSettings = _NO_METADATA


PLAIN_PODS = PodOptions()


def pod_options(settings: Settings) -> PodOptions:
    """Return what a stack file says of every pod."""
    return PodOptions(images=settings.images, scheduling=settings.scheduling, metadata=settings.metadata)


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


def metadata_values(metadata: Metadata) -> dict[str, Json]:
    """Return the Loki chart's values of a component's annotations and labels; nothing without any."""
    pods = {"podAnnotations": metadata.pod_annotations, "podLabels": metadata.pod_labels}
    service = {"annotations": metadata.service_annotations, "labels": metadata.service_labels}
    of_service: dict[str, Json] = {key: dict(stated) for key, stated in service.items() if stated}
    return {
        **{key: dict(stated) for key, stated in pods.items() if stated},
        **({"service": of_service} if of_service else {}),
    }


def pod_metadata(
    labels: Mapping[str, str], metadata: Metadata, annotations: Mapping[str, Json] | None = None
) -> dict[str, Json]:
    """Return the metadata of a pod template of our own; `labels` and `annotations` are ours."""
    all_annotations: dict[str, Json] = {**metadata.pod_annotations, **(annotations or {})}
    return {
        "labels": {**metadata.pod_labels, **labels},
        **({"annotations": all_annotations} if all_annotations else {}),
    }


def scheduling_of(
    stated: PodScheduling, labels: Mapping[str, str], our_affinity: Mapping[str, Json] | None = None
) -> dict[str, Json]:
    """Return the fields of a pod's specification that say where it runs; a chart's values have the same names.

    `labels` are those that select the component's pods, and `our_affinity` is what counts while nothing is stated of
    the same kind. What is neither stated nor ours is left out.
    """
    fields: dict[str, Json] = {}
    if stated.node_selector is not None:
        fields["nodeSelector"] = {**LINUX_NODES, **stated.node_selector}
    if stated.tolerations is not None:
        fields["tolerations"] = [_toleration(each) for each in stated.tolerations]
    if affinity := {**(our_affinity or {}), **_affinity(stated)}:
        fields["affinity"] = affinity
    if stated.topology_spread is not None:
        fields["topologySpreadConstraints"] = [_spread(each, labels) for each in stated.topology_spread]
    if stated.priority_class:
        fields["priorityClassName"] = stated.priority_class
    return fields


def _toleration(stated: Toleration) -> Json:
    fields: dict[str, Json] = {
        "key": stated.key,
        "operator": stated.operator,
        "value": stated.value,
        "effect": stated.effect,
        "tolerationSeconds": stated.toleration_seconds,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _affinity(stated: PodScheduling) -> dict[str, Json]:
    if stated.affinity is None:
        return {}
    affinity: dict[str, Json] = stated.affinity.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if isinstance(away := affinity.get("podAntiAffinity"), Mapping):
        # An empty list, because Helm merges what is absent from the Loki chart's own values.
        affinity["podAntiAffinity"] = {"requiredDuringSchedulingIgnoredDuringExecution": [], **away}
    return affinity


def _spread(stated: TopologySpread, labels: Mapping[str, str]) -> Json:
    fields: dict[str, Json] = {
        "maxSkew": stated.max_skew,
        "topologyKey": stated.topology_key,
        "whenUnsatisfiable": stated.when_unsatisfiable,
        "labelSelector": {"matchLabels": dict(labels)},
        "minDomains": stated.min_domains,
        "nodeAffinityPolicy": stated.node_affinity_policy,
        "nodeTaintsPolicy": stated.node_taints_policy,
    }
    return {key: value for key, value in fields.items() if value is not None}
