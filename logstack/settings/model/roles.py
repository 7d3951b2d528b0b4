"""The roles of Loki's pods: one row each, from which names, sizes, chart values, plan and picture are derived.

The table stands below everything that reads it: a stack file's groups `replicas` and `resources` are made from it.
To add a role, add a row here and its pods to the tiers of `settings/resolve/sizing.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import Literal, NamedTuple, Self

from pydantic.alias_generators import to_camel

DeploymentMode = Literal["simple-scalable", "monolithic", "distributed"]


class Duty(Enum):
    """The work of a role's pods for all others of the mode; a mode has one role for each duty."""

    RECEIVES = auto()
    """Takes lines in from the gateway."""
    HOLDS = auto()
    """Holds lines until they are flushed to the object store."""
    SPLITS = auto()
    """Takes queries from the gateway, splits them, and caches their results."""
    QUEUES = auto()
    """Queues the parts of queries."""
    ANSWERS = auto()
    """Answers queries from the writers and the object store."""
    INDEXES = auto()
    """Reads the index for the pods that answer queries."""
    COMPACTS = auto()
    """Compacts the index, deletes expired lines, and takes delete requests."""
    EVALUATES = auto()
    """Evaluates rules."""


class Size(NamedTuple):
    """The resources of one pod, in Kubernetes' notation."""

    cpu: str
    memory: str
    disk: str | None = None


@dataclass(frozen=True, kw_only=True)
class Volume:
    """How the Loki chart makes the volumes of a role, below `persistence`."""

    switch: str = "enabled"
    """The key that turns volumes on."""
    is_default: bool = False
    """Whether the chart's own values turn them on."""
    has_claim_list: bool = False
    """Whether `claims` lists the volumes, so that the chart ignores the size beside it."""
    claim: str = "data"
    """The first part of the claims' names."""
    can_delete_claims: bool = True
    """Whether the chart can delete the claims with their StatefulSet."""
    size_restarts_pods: bool = False
    """Whether the pod template has the size."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """All that is particular to one role."""

    name: str
    """Loki's -target, and the last part of the pods' names."""
    mode: DeploymentMode
    duties: frozenset[Duty]
    noun: str
    """One of its pods in a sentence; the plural ends with s."""
    about: str
    """Its replicas in the reference of the stack file."""
    does: str
    """Its work in a picture's box."""
    waits: str = ""
    """The work that waits while all of its pods are lost, besides writes and queries."""
    replicas: int
    """The default number of pods."""
    sizes: tuple[Size, Size, Size]
    """One pod's size when the stack's is extra-small, small and medium; `sizes.py` has the sources."""
    chart_key: str
    """Its group of the Loki chart's values."""
    kind: Literal["Deployment", "StatefulSet"]
    volume: Volume | None = None
    chart_replicas: int | None = None
    """The chart's default of `replicas`; None where the chart has none."""
    chart_values: Mapping[str, bool | Mapping[str, bool]] = field(default_factory=dict)
    """Values that the chart needs for this role and for no other."""
    has_switch: bool = False
    """Whether the chart reads `enabled` in every mode, so the other modes need no `replicas: 0`."""
    has_autoscaling: bool = False
    """Whether the chart has a HorizontalPodAutoscaler for it."""
    has_disruption_budget: bool = True
    """Whether the chart has a PodDisruptionBudget for it."""
    flags: tuple[str, ...] = ()
    """Command line flags that the chart gives its pods."""
    target: str = ""
    """Loki's -target where it is not the name."""
    component: str = ""
    """The chart's label `app.kubernetes.io/component` where it is not the name."""
    is_named_by_release: bool = False
    """Whether the chart calls its pods as the release, without the role's name."""


class Role(StrEnum):
    """The roles of Loki's pods; the members are the rows of the table, in the order of stack files and plans."""

    row: Row

    def __new__(cls, row: Row) -> Self:
        """Make the member, which is the role's name."""
        member = str.__new__(cls, row.name)
        member._value_ = row.name
        member.row = row
        return member

    @property
    def field(self) -> str:
        """Return its field of `Replicas` and `SizeOverrides`, such as query_frontend."""
        return self.value.replace("-", "_")

    @property
    def key(self) -> str:
        """Return its key in a stack file's groups, such as queryFrontend."""
        return to_camel(self.field)

    @property
    def target(self) -> str:
        """Return Loki's -target."""
        return self.row.target or self.value

    @property
    def component(self) -> str:
        """Return the value of the chart's label `app.kubernetes.io/component`."""
        return self.row.component or self.value

    def workload(self, release: str) -> str:
        """Return the name of its StatefulSet or Deployment, which is its Service's as well."""
        return release if self.row.is_named_by_release else f"{release}-{self.value}"

    WRITE = Row(
        name="write",
        mode="simple-scalable",
        duties=frozenset({Duty.RECEIVES, Duty.HOLDS}),
        noun="writer",
        about="Writers: they take lines in and hold them until they are flushed to the object store.",
        does="takes lines in, keeps them in its WAL",
        replicas=3,
        sizes=(Size("100m", "512Mi", "5Gi"), Size("500m", "1Gi", "10Gi"), Size("1", "2Gi", "20Gi")),
        chart_key="write",
        has_autoscaling=True,
        kind="StatefulSet",
        volume=Volume(switch="volumeClaimsEnabled", is_default=True),
        chart_replicas=3,
    )
    READ = Row(
        name="read",
        mode="simple-scalable",
        duties=frozenset({Duty.SPLITS, Duty.ANSWERS}),
        noun="reader",
        about="Readers: they answer queries.",
        does="answers queries",
        replicas=3,
        sizes=(Size("100m", "512Mi"), Size("500m", "1Gi"), Size("1", "2Gi")),
        chart_key="read",
        has_autoscaling=True,
        kind="Deployment",
        chart_replicas=3,
        flags=("-legacy-read-mode=false",),
    )
    BACKEND = Row(
        name="backend",
        mode="simple-scalable",
        duties=frozenset({Duty.QUEUES, Duty.INDEXES, Duty.COMPACTS, Duty.EVALUATES}),
        noun="backend",
        about="Backends: compaction, retention, index gateway, rules.",
        does="index, compaction, retention, rules",
        waits="retention, delete requests and rules wait",
        replicas=3,
        sizes=(Size("100m", "512Mi", "5Gi"), Size("250m", "1Gi", "10Gi"), Size("500m", "1Gi", "10Gi")),
        chart_key="backend",
        has_autoscaling=True,
        kind="StatefulSet",
        volume=Volume(switch="volumeClaimsEnabled", is_default=True),
        chart_replicas=3,
        # The chart's own value, for the sidecar of rules, which we turn off, wins over `defaults`.
        chart_values={"automountServiceAccountToken": False},
        flags=("-legacy-read-mode=false",),
    )
    MONOLITHIC = Row(
        name="monolithic",
        mode="monolithic",
        duties=frozenset(Duty),
        noun="Loki pod",
        about="Single binaries, in the monolithic mode: 1, or 3 for high availability.",
        does="every role",
        replicas=1,
        sizes=(Size("200m", "1Gi", "10Gi"), Size("500m", "2Gi", "20Gi"), Size("2", "4Gi", "50Gi")),
        chart_key="singleBinary",
        has_autoscaling=True,
        kind="StatefulSet",
        volume=Volume(is_default=True, claim="storage", size_restarts_pods=True),
        chart_replicas=0,
        target="all",
        component="single-binary",
        is_named_by_release=True,
    )
    DISTRIBUTOR = Row(
        name="distributor",
        mode="distributed",
        duties=frozenset({Duty.RECEIVES}),
        noun="distributor",
        about="Distributors; these and the roles below run in the distributed mode. They take lines in and send each "
        "to its ingesters.",
        does="takes lines in",
        replicas=3,
        sizes=(Size("100m", "512Mi"), Size("500m", "500Mi"), Size("2", "512Mi")),
        chart_key="distributor",
        has_autoscaling=True,
        kind="Deployment",
    )
    INGESTER = Row(
        name="ingester",
        mode="distributed",
        duties=frozenset({Duty.HOLDS}),
        noun="ingester",
        about="Ingesters: they hold lines until they are flushed to the object store.",
        does="keeps lines in its WAL",
        replicas=3,
        sizes=(Size("100m", "512Mi", "5Gi"), Size("500m", "3Gi", "10Gi"), Size("2", "4Gi", "20Gi")),
        chart_key="ingester",
        has_autoscaling=True,
        kind="StatefulSet",
        volume=Volume(has_claim_list=True),
        # The chart's default makes three StatefulSets of three zones, which are rolled by an operator of Grafana's.
        chart_values={"zoneAwareReplication": {"enabled": False}},
    )
    QUERIER = Row(
        name="querier",
        mode="distributed",
        duties=frozenset({Duty.ANSWERS}),
        noun="querier",
        about="Queriers: they answer queries from the ingesters and the object store.",
        does="answers queries",
        replicas=3,
        sizes=(Size("100m", "512Mi"), Size("750m", "1536Mi"), Size("1", "1Gi")),
        chart_key="querier",
        has_autoscaling=True,
        kind="Deployment",
    )
    QUERY_FRONTEND = Row(
        name="query-frontend",
        mode="distributed",
        duties=frozenset({Duty.SPLITS}),
        noun="query frontend",
        about="Query frontends: they split queries and cache results; the gateway asks them.",
        does="splits queries",
        replicas=2,
        sizes=(Size("100m", "512Mi"), Size("500m", "500Mi"), Size("1", "2Gi")),
        chart_key="queryFrontend",
        has_autoscaling=True,
        kind="Deployment",
    )
    QUERY_SCHEDULER = Row(
        name="query-scheduler",
        mode="distributed",
        duties=frozenset({Duty.QUEUES}),
        noun="query scheduler",
        about="Query schedulers: the queue between frontends and queriers.",
        does="queues queries",
        replicas=2,
        sizes=(Size("100m", "512Mi"), Size("500m", "256Mi"), Size("1", "512Mi")),
        chart_key="queryScheduler",
        kind="Deployment",
    )
    INDEX_GATEWAY = Row(
        name="index-gateway",
        mode="distributed",
        duties=frozenset({Duty.INDEXES}),
        noun="index gateway",
        about="Index gateways: they read the index for the queriers.",
        does="serves the index",
        replicas=2,
        sizes=(Size("100m", "512Mi", "5Gi"), Size("150m", "250Mi", "10Gi"), Size("500m", "2Gi", "10Gi")),
        chart_key="indexGateway",
        kind="StatefulSet",
        volume=Volume(),
    )
    COMPACTOR = Row(
        name="compactor",
        mode="distributed",
        duties=frozenset({Duty.COMPACTS}),
        noun="compactor",
        about="Compactors: compaction, retention and delete requests; one of them works, the others stand by.",
        does="compaction, retention",
        waits="retention and delete requests wait",
        replicas=1,
        sizes=(Size("100m", "512Mi", "5Gi"), Size("500m", "500Mi", "10Gi"), Size("2", "10Gi", "10Gi")),
        chart_key="compactor",
        kind="StatefulSet",
        volume=Volume(has_claim_list=True),
        has_disruption_budget=False,
    )
    RULER = Row(
        name="ruler",
        mode="distributed",
        duties=frozenset({Duty.EVALUATES}),
        noun="ruler",
        about="Rulers: each evaluates every rule, so two rulers send every alert twice.",
        does="rules",
        waits="Loki does not evaluate rules, and does not catch up",
        replicas=1,
        sizes=(Size("100m", "512Mi", "5Gi"), Size("750m", "1536Mi", "10Gi"), Size("1", "1Gi", "10Gi")),
        chart_key="ruler",
        kind="StatefulSet",
        volume=Volume(can_delete_claims=False),
        has_switch=True,
    )


def roles_of(mode: DeploymentMode) -> tuple[Role, ...]:
    """Return the roles that a mode runs."""
    return tuple(role for role in Role if role.row.mode == mode)
