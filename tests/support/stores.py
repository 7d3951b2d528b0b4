"""Where the stand-in for the Kubernetes provider stores objects: in a dictionary, or in a real API server."""

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
    """Return an object's apiVersion, kind, namespace and name."""
    metadata = an_object["metadata"]
    return an_object["apiVersion"], an_object["kind"], metadata.get("namespace", ""), metadata["name"]


class Store(Protocol):
    """A store of objects."""

    def create(self, an_object: Object, *, upsert: bool) -> None:
        """Create it, or with `upsert` take over an existing one; raises AlreadyThereError otherwise."""

    def update(self, an_object: Object, *, force: bool) -> None:
        """Change it, with `force` also the fields that others have set: Pulumi's enablePatchForce."""

    def read(self, an_object: Object) -> Object | None:
        """Return the object as it is now; None if it does not exist."""

    def delete(self, an_object: Object, *, orphan: bool) -> None:
        """Delete it; with `orphan` without the objects that it owns."""


@dataclass
class Memory:
    """A store in memory."""

    objects: dict[Key, Object] = field(default_factory=dict)
    deleted: list[tuple[Key, bool]] = field(default_factory=list)
    """Deleted objects in order, each with whether the objects that it owns stay."""

    def create(self, an_object: Object, *, upsert: bool) -> None:
        """Implement the protocol."""
        if key_of(an_object) in self.objects and not upsert:
            raise AlreadyThereError("/".join(key_of(an_object)))
        self.objects[key_of(an_object)] = an_object

    def update(self, an_object: Object, *, force: bool) -> None:  # noqa: ARG002 - nobody else writes to it
        """Implement the protocol."""
        self.objects[key_of(an_object)] = an_object

    def read(self, an_object: Object) -> Object | None:
        """Implement the protocol."""
        return self.objects.get(key_of(an_object))

    def delete(self, an_object: Object, *, orphan: bool) -> None:
        """Implement the protocol."""
        self.objects.pop(key_of(an_object), None)
        self.deleted.append((key_of(an_object), orphan))


class Server:
    """A real API server; it applies objects as Pulumi's provider does, and a delete returns when the object is gone."""

    _MANAGER = "pulumi-kubernetes"
    _GONE_SECONDS = 180

    def __init__(self, client: DynamicClient) -> None:
        self._client = client

    def create(self, an_object: Object, *, upsert: bool) -> None:
        """Implement the protocol."""
        if not upsert and self.read(an_object) is not None:
            raise AlreadyThereError("/".join(filter(None, key_of(an_object))))
        self._apply(an_object, force=upsert)  # Helm has set the fields of what is taken over

    def update(self, an_object: Object, *, force: bool) -> None:
        """Implement the protocol."""
        self._apply(an_object, force=force)

    def read(self, an_object: Object) -> Object | None:
        """Implement the protocol."""
        try:
            live: Object = self._kind(an_object).get(**_location(an_object)).to_dict()
        except NotFoundError:
            return None
        return live

    def delete(self, an_object: Object, *, orphan: bool) -> None:
        """Implement the protocol."""
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
