"""What the stand-in for the Kubernetes provider writes to: a dictionary, or a real API server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Object = Mapping[str, Any]
Key = tuple[str, str, str, str]


class AlreadyThereError(Exception):
    """An object of that kind and name exists."""


def key_of(an_object: Object) -> Key:
    """apiVersion, kind, namespace and name."""
    metadata = an_object["metadata"]
    return an_object["apiVersion"], an_object["kind"], metadata.get("namespace", ""), metadata["name"]


class Store(Protocol):
    """Where objects are."""

    def create(self, an_object: Object, *, upsert: bool) -> None:
        """Make it; raises AlreadyThereError unless `upsert` takes over what exists."""

    def update(self, an_object: Object) -> None:
        """Change it."""

    def read(self, an_object: Object) -> Object | None:
        """The object as it is now; None when there is none."""

    def delete(self, an_object: Object, *, orphan: bool) -> None:
        """Remove it; with `orphan` without what it owns."""


@dataclass
class Memory:
    """A store that nothing runs in."""

    objects: dict[Key, Object] = field(default_factory=dict)
    deleted: list[tuple[Key, bool]] = field(default_factory=list)
    """In their order, and whether what they own was kept."""

    def create(self, an_object: Object, *, upsert: bool) -> None:
        """As the protocol says."""
        if key_of(an_object) in self.objects and not upsert:
            raise AlreadyThereError("/".join(key_of(an_object)))
        self.objects[key_of(an_object)] = an_object

    def update(self, an_object: Object) -> None:
        """As the protocol says."""
        self.objects[key_of(an_object)] = an_object

    def read(self, an_object: Object) -> Object | None:
        """As the protocol says."""
        return self.objects.get(key_of(an_object))

    def delete(self, an_object: Object, *, orphan: bool) -> None:
        """As the protocol says."""
        self.objects.pop(key_of(an_object), None)
        self.deleted.append((key_of(an_object), orphan))
