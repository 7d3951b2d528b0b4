"""The record of a kind of object store; the module of each kind makes one."""

from collections.abc import Callable
from dataclasses import dataclass

from logstack.manifests.manifest import Manifest
from logstack.manifests.stores.access import StoreAccess
from logstack.settings.model.sizes import Resources


def _declare_nothing(name: str, size: Resources) -> tuple[Manifest, ...]:  # noqa: ARG001 - as the kinds that make something
    return ()


@dataclass(frozen=True)
class StoreKind:
    """One object store: Loki's access to it, the manifests that the stack declares for it, and notes for people."""

    access: StoreAccess
    location: str
    """Where lines are, as a part of a sentence."""
    label: str
    """The same in a picture; <br/> ends a line."""
    declare: Callable[[str, Resources], tuple[Manifest, ...]] = _declare_nothing
    """What the stack makes besides the key's Secret, given the component's name and the size of a server."""
