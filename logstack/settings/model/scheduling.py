"""Scheduling: on which nodes pods run, and which of them go first."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field, create_model
from pydantic.alias_generators import to_camel

from logstack.settings.model.affinity import Affinity
from logstack.settings.model.base import DnsName, Group, LabelText, QualifiedName
from logstack.settings.model.bounds import DomainCount, SpreadSkew, TolerationSeconds
from logstack.settings.model.roles import Role

Policy = Literal["Honor", "Ignore"]


class Toleration(Group):
    """A taint of nodes that the pods tolerate."""

    key: QualifiedName | None = None
    """The taint's key; without it, and with `operator: Exists`, every taint."""
    operator: Literal["Equal", "Exists"] = "Equal"
    """Equal: the taint's value is `value`; Exists: whatever its value."""
    value: LabelText | None = None
    """The taint's value; without it the empty one."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """The taint's effect; without it every effect."""
    toleration_seconds: TolerationSeconds | None = None
    """For how long a pod stays after the taint has come; without it for ever. Of effect NoExecute alone."""


class TopologySpread(Group):
    """Over which places the pods of one component are spread. Which pods those are, logstack says."""

    topology_key: QualifiedName
    """The label of nodes whose value makes a place: topology.kubernetes.io/zone."""
    max_skew: SpreadSkew = 1
    """By how many pods two places may differ."""
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"] = "DoNotSchedule"
    """Whether a pod waits, or goes where it may not."""
    min_domains: DomainCount | None = None
    """As if there were at least so many places."""
    node_affinity_policy: Policy | None = None
    """Whether places count whose nodes the pod may not run on."""
    node_taints_policy: Policy | None = None
    """Whether places count whose taints the pod does not tolerate."""


class PodScheduling(Group):
    """On which nodes pods run."""

    node_selector: Mapping[QualifiedName, LabelText] | None = None
    """Labels that a node has, beside kubernetes.io/os: linux."""
    tolerations: tuple[Toleration, ...] | None = None
    """Taints that the pods tolerate."""
    affinity: Affinity | None = None
    """Kubernetes' own affinity, beside ours: no two pods of a role on one node."""
    topology_spread: tuple[TopologySpread, ...] | None = None
    """Over which places the pods of a component are spread."""
    priority_class: DnsName | None = None
    """An existing PriorityClass."""


# Pods that Loki's roles are not, with what they are.
_OTHER_PODS = {
    "gateway": "The gateway's pods.",
    "caches": "The caches' pods.",
    "object_store": "The embedded object store's pod.",
}

if TYPE_CHECKING:
    # A type checker cannot read the table.
    _SchedulingOfEach = Group
else:
    _ABOUT = {**{role.field: f"The {role.row.noun}'s pods." for role in Role}, **_OTHER_PODS}
    _SchedulingOfEach = create_model(
        "SchedulingOfEach",
        __base__=Group,
        **{name: (PodScheduling, Field(PodScheduling(), description=about)) for name, about in _ABOUT.items()},
    )


class ComponentScheduling(_SchedulingOfEach):
    """What differs for the pods of one component; each key replaces the general one."""

    if TYPE_CHECKING:

        def __init__(self, **components: PodScheduling) -> None: ...

    def __getitem__(self, component: str) -> PodScheduling:
        """Return what differs for a component."""
        own: PodScheduling = dict(self)[component]
        return own


class SchedulingSettings(PodScheduling):
    """On which nodes Loki's pods run, with the gateway, the caches and the embedded object store; `collector` and
    `canary` have their own."""

    components: ComponentScheduling = ComponentScheduling()

    def of(self, component: str) -> PodScheduling:
        """Return what counts for the pods of a component: its own keys, and the general ones."""
        general = {key: value for key, value in self if key in PodScheduling.model_fields}
        own = {key: value for key, value in self.components[component] if value is not None}
        return PodScheduling.model_construct(**general | own)

    @property
    def by_component(self) -> dict[str, PodScheduling]:
        """Return what differs for each component, by its key in the stack file."""
        return {to_camel(name): own for name, own in self.components}
