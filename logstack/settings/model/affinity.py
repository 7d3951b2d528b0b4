"""Kubernetes' affinity: near to which nodes and pods a pod may run; and the grammar that the checks hold it against."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from logstack.settings.model.base import DnsLabel, Group, LabelText, QualifiedName

# Kubernetes' own range.
Weight = Annotated[int, Field(ge=1, le=100, strict=True)]


class NodeExpression(Group):
    """One demand on a node's labels or fields."""

    key: QualifiedName
    """The label's key, or the field's name."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    """How to compare."""
    values: tuple[LabelText, ...] = ()
    """What to compare with."""


class NodeTerm(Group):
    """Demands on one node; all of them have to hold."""

    match_expressions: tuple[NodeExpression, ...] = ()
    """On its labels."""
    match_fields: tuple[NodeExpression, ...] = ()
    """On its fields: metadata.name."""


class NodeTerms(Group):
    """Nodes of which one term holds."""

    node_selector_terms: tuple[NodeTerm, ...]
    """The terms."""


class WeightedNodeTerm(Group):
    """Nodes that are preferred."""

    weight: Weight
    """How much."""
    preference: NodeTerm
    """Which nodes."""


class NodeAffinity(Group):
    """On which nodes a pod runs."""

    required_during_scheduling_ignored_during_execution: NodeTerms | None = None
    """On no others."""
    preferred_during_scheduling_ignored_during_execution: tuple[WeightedNodeTerm, ...] = ()
    """Rather than on others."""


class LabelExpression(Group):
    """One demand on labels."""

    key: QualifiedName
    """The label's key."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """How to compare."""
    values: tuple[LabelText, ...] = ()
    """What to compare with."""


class LabelSelector(Group):
    """Pods or namespaces by their labels; without a demand all of them."""

    match_labels: Mapping[QualifiedName, LabelText] = {}
    """Labels and their values."""
    match_expressions: tuple[LabelExpression, ...] = ()
    """Other demands."""


class PodTerm(Group):
    """Pods, and how near to them."""

    topology_key: QualifiedName
    """The label of nodes whose value makes a place: kubernetes.io/hostname, topology.kubernetes.io/zone."""
    label_selector: LabelSelector | None = None
    """Which pods; without it none."""
    namespaces: tuple[DnsLabel, ...] = ()
    """Of which namespaces; without it the pod's own."""
    namespace_selector: LabelSelector | None = None
    """Of which namespaces, by their labels."""
    match_label_keys: tuple[QualifiedName, ...] = ()
    """Labels in which the pods are equal to this one."""
    mismatch_label_keys: tuple[QualifiedName, ...] = ()
    """Labels in which the pods differ from this one."""


class WeightedPodTerm(Group):
    """Pods whose nearness is preferred, or avoided."""

    weight: Weight
    """How much."""
    pod_affinity_term: PodTerm
    """Which pods."""


class PodAffinity(Group):
    """Near to which pods, or away from which, a pod runs."""

    required_during_scheduling_ignored_during_execution: tuple[PodTerm, ...] = ()
    """Nowhere else."""
    preferred_during_scheduling_ignored_during_execution: tuple[WeightedPodTerm, ...] = ()
    """Rather than elsewhere."""


def _as_in_a_pod(key: str) -> Any:  # noqa: ANN401 - pydantic's Field
    return Field(json_schema_extra={"patternErrorMessage": f"must be a group as {key} of a pod"})


class Affinity(Group):
    """Kubernetes' own affinity, as a pod has it."""

    node_affinity: Annotated[Mapping[str, JsonValue], _as_in_a_pod("nodeAffinity")] | None = None
    """On which nodes."""
    pod_affinity: Annotated[Mapping[str, JsonValue], _as_in_a_pod("podAffinity")] | None = None
    """Near to which pods."""
    pod_anti_affinity: Annotated[Mapping[str, JsonValue], _as_in_a_pod("podAntiAffinity")] | None = None
    """Away from which pods; it replaces ours, which keeps two pods of a role from one node."""
