"""What a kind of object store is to the rest of the stack: the record that the module of each kind makes."""

from collections.abc import Callable
from dataclasses import dataclass

from logstack.manifests.manifest import Manifest
from logstack.manifests.pods import PodOptions
from logstack.manifests.stores.access import StoreAccess
from logstack.settings.model.sizes import Resources


def _declare_nothing(name: str, size: Resources, options: PodOptions) -> tuple[Manifest, ...]:  # noqa: ARG001 - as others
    return ()


@dataclass(frozen=True)
class StoreKind:
    """One object store: how Loki reaches it, what the stack declares for it, and what people are told of it."""

    access: StoreAccess
    location: str
    """Where lines are, as a part of a sentence."""
    label: str
    """The same in a picture; <br/> ends a line."""
    declare: Callable[[str, Resources, PodOptions], tuple[Manifest, ...]] = _declare_nothing
    """What the stack makes besides the key's Secret, given the component's name, and the size and options
    of a server's pod."""
