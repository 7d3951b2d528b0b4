"""Every image of a stack's pods: where it comes from, and what the pods pull."""

from collections.abc import Iterator
from dataclasses import dataclass

from logstack.manifests.alloy.chart import ALLOY_IMAGE, RELOADER_IMAGE
from logstack.manifests.canary.resources import IMAGE as CANARY_IMAGE
from logstack.manifests.charts import PinnedImage
from logstack.manifests.loki.chart import EXPORTER_IMAGE, GATEWAY_IMAGE, MEMCACHED_IMAGE, loki_image
from logstack.manifests.pods import image_reference
from logstack.manifests.stores.kind import SERVER_IMAGE
from logstack.settings.tree import Settings


@dataclass(frozen=True)
class PodImage:
    """An image of a stack's pods."""

    component: str
    """Its key of `images` in the stack file."""
    source: str
    """The public image that logstack is tested with."""
    pulled: str
    """What the pods pull: the same, or another registry, name, tag or digest."""


def pod_images(settings: Settings) -> tuple[PodImage, ...]:
    """Return the images of all pods that a stack has, each once."""
    images, stated = settings.images, settings.images.by_component
    return tuple(
        PodImage(component, pin.reference, image_reference(pin, images, stated[component]))
        for component, pin in _pins(settings)
    )


def _pins(settings: Settings) -> Iterator[tuple[str, PinnedImage]]:
    sources, former = settings.collector.sources, settings.former_object_store
    yield "loki", loki_image(settings.loki_version)
    if settings.gateway.enabled:
        yield "gateway", GATEWAY_IMAGE
    if settings.caches.chunks or settings.caches.results:
        yield "memcached", MEMCACHED_IMAGE
        yield "memcachedExporter", EXPORTER_IMAGE
    if sources.on_nodes or sources.in_one_pod:
        yield "alloy", ALLOY_IMAGE
        yield "configReloader", RELOADER_IMAGE
    if settings.canary.enabled:
        yield "canary", CANARY_IMAGE
    if settings.object_store.runs_in_stack or (former and former.store.runs_in_stack):
        yield "objectStore", SERVER_IMAGE
