"""A stack as data: what it says, what it declares with secrets as places, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass

from components.chart import CHART
from components.declaration import Part, shown
from components.loki.budget import refused_share
from components.platform import platform
from ops.plan.model import plan
from ops.plan.sentences import sentences
from ops.plan.sizes import Sizes
from ops.plan.words import Facts
from settings.load import Stack
from settings.problems import Problem
from settings.tree import Settings


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


@dataclass(frozen=True)
class Ring:
    """The writers, and how many of them may be away."""

    writer: str
    writers: int
    replication_factor: int
    lost_writers_survived: int
    refused_share: float
    """The share of streams whose pushes are refused while one writer is away."""


@dataclass(frozen=True)
class Requests:
    """What the whole stack asks of the cluster."""

    cpu_millicores: int
    memory_bytes: int
    disk_bytes: int
    nodes: int
    """How many nodes the sums are for."""


@dataclass(frozen=True)
class Rendered:
    """A stack, rendered."""

    name: str
    settings: Mapping[str, object]
    """Keys as in a stack file, with their defaults."""
    resources: tuple[Resource, ...]
    words: Facts
    """The plan's sentences."""
    ring: Ring
    requests: Requests
    warnings: tuple[Problem, ...]
    acknowledged: tuple[Problem, ...]


def render(stack: Stack) -> Rendered:
    """A stack that has no error."""
    parts = platform(stack.settings)
    planned = plan(stack, parts=parts)
    return Rendered(
        name=stack.name,
        settings=stack.settings.model_dump(mode="json", by_alias=True),
        resources=tuple(_resources(parts)),
        words=tuple(sentences(planned)),
        ring=_ring(stack.settings),
        requests=_requests(planned.sizes),
        warnings=stack.problems,
        acknowledged=stack.accepted,
    )


def _resources(parts: tuple[Part, ...]) -> list[Resource]:
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
        for part in parts
        for child in part.children
    ]


def _ring(settings: Settings) -> Ring:
    return Ring(
        writer=settings.writer,
        writers=settings.writers,
        replication_factor=settings.replication_factor,
        lost_writers_survived=settings.lost_writers_survived,
        refused_share=float(refused_share(settings, 1)),
    )


def _requests(sizes: Sizes) -> Requests:
    total = sizes.total_with_nodes
    return Requests(total.cpu_millicores, total.memory_bytes, total.disk_bytes, sizes.nodes_assumed)
