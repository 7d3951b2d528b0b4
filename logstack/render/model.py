"""The resources of a stack as plain data, with `(secret NAME)` in each secret's place."""

from collections.abc import Mapping
from dataclasses import dataclass

from logstack.manifests.charts import CHART
from logstack.manifests.declaration import shown
from logstack.manifests.deployment import platform
from logstack.settings.model.tree import Settings


@dataclass(frozen=True)
class Resource:
    """One resource that Pulumi registers."""

    part: str
    type: str
    name: str
    inputs: Mapping[str, object]
    """Plain values; `(secret NAME)` stands for a secret."""
    depends_on: tuple[str, ...] = ()
    protect: bool = False
    retain_on_delete: bool = False

    @property
    def called(self) -> str:
        """What it is called where it runs: the object's or the release's name, else the one that Pulumi knows it by."""
        metadata = self.inputs.get("metadata")
        if isinstance(metadata, Mapping) and "name" in metadata:
            return str(metadata["name"])
        return str(self.inputs["name"]) if self.type == CHART and "name" in self.inputs else self.name

    @property
    def identity(self) -> tuple[str, str]:
        """The same for the same thing, by whatever name Pulumi knows it."""
        return self.type, self.called


def resources_of(settings: Settings) -> list[Resource]:
    """Every resource that Pulumi registers, in its order."""
    return [
        Resource(
            part=part.name,
            type=child.type,
            name=child.name,
            inputs={key: shown(value) for key, value in child.inputs.items()},
            depends_on=child.depends_on,
            protect=child.protect,
            retain_on_delete=child.retain_on_delete,
        )
        for part in platform(settings)
        for child in part.children
    ]
