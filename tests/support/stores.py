"""What the stand-in for the Kubernetes provider writes to: a dictionary, or a real API server."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import NotFoundError

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


class Server:
    """A real API server: objects are applied as Pulumi's provider applies them, and are gone when a delete returns."""

    _MANAGER = "pulumi-kubernetes"
    _GONE_SECONDS = 180

    def __init__(self, client: DynamicClient) -> None:
        self._client = client

    def create(self, an_object: Object, *, upsert: bool) -> None:
        """As the protocol says."""
        if not upsert and self.read(an_object) is not None:
            raise AlreadyThereError("/".join(filter(None, key_of(an_object))))
        # As PULUMI_K8S_ENABLE_PATCH_FORCE: what Helm had said of an object is taken over.
        self._apply(an_object, force=upsert)

    def update(self, an_object: Object) -> None:
        """As the protocol says."""
        self._apply(an_object, force=False)

    def read(self, an_object: Object) -> Object | None:
        """As the protocol says."""
        try:
            live: Object = self._kind(an_object).get(**_location(an_object)).to_dict()
        except NotFoundError:
            return None
        return live

    def delete(self, an_object: Object, *, orphan: bool) -> None:
        """As the protocol says."""
        policy = {"propagationPolicy": "Orphan" if orphan else "Background"}
        with suppress(NotFoundError):
            self._kind(an_object).delete(**_location(an_object), body=policy)
        deadline = time.monotonic() + self._GONE_SECONDS
        while self.read(an_object) is not None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{key_of(an_object)} is still there after {self._GONE_SECONDS} s")
            time.sleep(0.2)

    def _apply(self, an_object: Object, *, force: bool) -> None:
        self._kind(an_object).server_side_apply(
            body=dict(an_object), **_location(an_object), field_manager=self._MANAGER, force_conflicts=force
        )

    def _kind(self, an_object: Object) -> Any:
        return self._client.resources.get(api_version=an_object["apiVersion"], kind=an_object["kind"])


def _location(an_object: Object) -> dict[str, str]:
    namespace = an_object["metadata"].get("namespace")
    return {"name": an_object["metadata"]["name"], **({"namespace": namespace} if namespace else {})}
