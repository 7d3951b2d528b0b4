"""The resources of a stack as plain data, with `(secret NAME)` for each secret."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from logstack.manifests.charts import CHART
from logstack.manifests.manifest import ComponentTree, mask_secrets


@dataclass(frozen=True)
class Resource:
    """One resource that Pulumi registers."""

    part: str
    """The logical name of its component."""
    type: str
    name: str
    inputs: Mapping[str, object]
    """Plain values; `(secret NAME)` stands for a secret."""
    depends_on: tuple[str, ...] = ()
    protect: bool = False
    retain_on_delete: bool = False

    @property
    def called(self) -> str:
        """Return the name of the object or of the release, else the resource's logical name."""
        metadata = self.inputs.get("metadata")
        if isinstance(metadata, Mapping) and "name" in metadata:
            return str(metadata["name"])
        return str(self.inputs["name"]) if self.type == CHART and "name" in self.inputs else self.name

    @property
    def identity(self) -> tuple[str, str]:
        """Return an identity that does not depend on the logical name."""
        return self.type, self.called


def resources_of(components: Iterable[ComponentTree]) -> tuple[Resource, ...]:
    """Return every resource that Pulumi registers below the components, in its order."""
    return tuple(
        Resource(
            part=component.name,
            type=manifest.type,
            name=manifest.name,
            inputs={key: mask_secrets(value) for key, value in manifest.inputs.items()},
            depends_on=manifest.depends_on,
            protect=manifest.protect,
            retain_on_delete=manifest.retain_on_delete,
        )
        for component in components
        for manifest in component.manifests
    )
