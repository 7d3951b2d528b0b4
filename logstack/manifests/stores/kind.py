"""The record of a kind of object store; the module of each kind makes one."""

from collections.abc import Callable
from dataclasses import dataclass

from logstack.manifests.charts import PinnedImage
from logstack.manifests.manifest import Manifest
from logstack.manifests.pods import PodOptions
from logstack.manifests.stores.access import StoreAccess
from logstack.settings import pins
from logstack.settings.model.sizes import Resources

SERVER_IMAGE = PinnedImage("ghcr.io", "versity/versitygw", f"v{pins.VERSITYGW_VERSION}")
"""The S3 server of a store that runs in the stack."""


def management(*, created: bool) -> str:
    """Return who manages a bucket, as a part of a sentence."""
    return "created by this stack, protected and retained" if created else "existing, not managed by this stack"


def _declare_nothing(name: str, size: Resources, options: PodOptions) -> tuple[Manifest, ...]:  # noqa: ARG001 - as others
    return ()


@dataclass(frozen=True)
class StoreKind:
    """One object store: Loki's access to it, the manifests that the stack declares for it, and notes for people."""

    access: StoreAccess
    location: str
    """Where lines are, as a part of a sentence."""
    label: str
    """The same in a picture; <br/> ends a line."""
    declare: Callable[[str, Resources, PodOptions], tuple[Manifest, ...]] = _declare_nothing
    """What the stack makes besides the key's Secret, given the component's name, and the size and options
    of a server's pod."""
