"""A stack as data: its settings, its resources with placeholders for secrets, and the plan's sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from logstack.manifests.deployment import deployment
from logstack.manifests.loki.budget import refused_share
from logstack.manifests.loki.gateway import nginx_parts
from logstack.manifests.requests import Sizes, plan_sizes
from logstack.plan.model import plan, sentences
from logstack.render.model import Resource, resources_of
from logstack.settings.load.loader import Stack, load_stack_file
from logstack.settings.problems import Problem, StackProblems
from logstack.settings.tree import Settings
from logstack.text.words import Facts


@dataclass(frozen=True)
class Ring:
    """The writers, and the number of lost writers that Loki survives."""

    writer: str
    writers: int
    replication_factor: int
    lost_writers_survived: int
    refused_share: float
    """The share of streams whose pushes Loki refuses while one writer is away."""


@dataclass(frozen=True)
class Requests:
    """The requests of the whole stack."""

    cpu_millicores: int
    memory_bytes: int
    disk_bytes: int
    nodes: int
    """The number of nodes in the sums."""


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
    nginx: Mapping[str, Mapping[str, str]] | None
    """Each concern's lines in the gateway's nginx snippets; None for a revision whose code does not separate them."""


Outcome = Rendered | StackProblems
"""A stack, or the problems that prevent its rendering."""


def render(stack: Stack) -> Rendered:
    """Render a stack without errors."""
    components = deployment(stack.settings)
    return Rendered(
        name=stack.name,
        settings=stack.settings.complete.model_dump(mode="json", by_alias=True),
        resources=resources_of(components),
        words=tuple(sentences(plan(stack, components=components))),
        ring=_ring(stack.settings),
        requests=_requests(plan_sizes(stack.settings)),
        warnings=stack.problems,
        acknowledged=stack.accepted,
        nginx=nginx_parts(stack.settings, stack.settings.cluster),
    )


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


def rendered(stacks: Sequence[str], directory: Path) -> dict[str, Outcome]:
    """Render each stack of the directory, or return its problems."""
    return {stack: _outcome(stack, directory) for stack in stacks}


def _outcome(stack: str, directory: Path) -> Outcome:
    try:
        return render(load_stack_file(stack, directory))
    except StackProblems as problems:
        return problems


def problems_of(outcomes: Mapping[str, Outcome]) -> StackProblems | None:
    """Return all problems of stacks with an error; None if there are none."""
    failures = [outcome for outcome in outcomes.values() if isinstance(outcome, StackProblems)]
    return StackProblems(problem for failure in failures for problem in failure.problems) if failures else None
