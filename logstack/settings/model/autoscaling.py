"""Horizontal autoscaling, of the components for which the Loki chart has it."""

from typing import TYPE_CHECKING

from pydantic import Field, create_model
from pydantic.alias_generators import to_camel

from logstack.settings.model.base import Group
from logstack.settings.model.bounds import PodCount, Utilization
from logstack.settings.model.roles import Role


class Scaling(Group):
    """How far a component grows, and when. Its `replicas` are the least."""

    max_replicas: PodCount
    """The most pods."""
    cpu: Utilization | None = None
    """The CPU that pods use on average, in percent of their request; without `cpu` and `memory` 60, the chart's."""
    memory: Utilization | None = None
    """The memory that pods use on average, in percent of their request."""


if TYPE_CHECKING:
    # A type checker cannot read the table.
    _ScalingOfEach = Group
else:
    _ABOUT = {
        **{role.field: f"The {role.row.noun}s." for role in Role if role.row.has_autoscaling},
        "gateway": "The gateway.",
    }
    _ScalingOfEach = create_model(
        "ScalingOfEach",
        __base__=Group,
        **{name: (Scaling | None, Field(None, description=about)) for name, about in _ABOUT.items()},
    )


class Autoscaling(_ScalingOfEach):
    """Components that grow with their load, by a HorizontalPodAutoscaler each; the cluster needs the metrics API."""

    if TYPE_CHECKING:

        def __init__(self, **components: Scaling | None) -> None: ...

    def __getitem__(self, component: str) -> Scaling | None:
        """Return how a component grows; None for one that does not."""
        own: Scaling | None = dict(self).get(component)
        return own

    @property
    def by_component(self) -> dict[str, Scaling]:
        """Return how components grow, by their keys in the stack file."""
        return {to_camel(name): own for name, own in self if own}
