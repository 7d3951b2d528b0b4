"""The collector's log sources: their settings, and the facts that checks and manifests share."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from logstack.settings.model.base import DnsLabel, Group, spelled
from logstack.settings.model.bounds import JournalAge, LabelKey, LabelValue
from logstack.settings.model.quantities import parse_duration
from logstack.settings.model.ranges import Switch

PodSource = Literal["files", "api", "none"]
LineFormat = Literal["auto", "json", "logfmt", "klog", "text", "access", "airflow"]
NodePath = Annotated[
    str,
    spelled(
        r"^/var/log/[^\x00\n]+$",
        "a path or a pattern below /var/log, such as /var/log/syslog or /var/log/*.log",
        max_length=4096,  # Linux: PATH_MAX
    ),
]
AttributeName = Annotated[
    str,
    spelled(
        r"^[a-zA-Z][a-zA-Z0-9._/-]{0,254}$",
        "a resource attribute of OpenTelemetry: a letter, then letters, digits, '.', '_', '-' and '/'",
    ),
]
JobName = Annotated[str, spelled(r"^[^\x00\n]{1,100}$", "a name of at most 100 characters")]


class Namespaces(Group):
    """The namespaces to collect: all, or those of `only`; without those of `never`."""

    only: tuple[DnsLabel, ...] = ()
    """Collect these namespaces and no other."""
    never: tuple[DnsLabel, ...] = ()
    """Do not collect these namespaces."""


class Pods(Group):
    """The pods to collect, by their own labels. A pod opts out with the annotation `logstack/collect: "false"`."""

    only: Mapping[LabelKey, LabelValue] = {}
    """Collect only pods that have all of these labels with these values, such as {tier: backend}."""
    never: Mapping[LabelKey, LabelValue] = {}
    """Do not collect pods that have one of these labels with its value."""


class Journal(Group):
    """The nodes' systemd journal; its lines have the labels `job`, `node` and `unit`."""

    enabled: Switch = False
    """Read /run/log/journal and /var/log/journal of each node."""
    units: tuple[JobName, ...] = ()
    """The units to collect, such as kubelet.service; by default all of them."""
    max_age: JournalAge = parse_duration("7h")
    """How far back the first read goes (Alloy's default)."""


class NodeFile(Group):
    """One file, or all files that a pattern matches."""

    path: NodePath
    """The file, below /var/log of the node; `*` stands for any part of a name, `**` for any folders. Rotate it with
    logrotate's `create`: with `copytruncate` lines are lost, and nothing tells."""
    job: JobName
    """The label `job` of their lines."""


class Otlp(Group):
    """Logs in OpenTelemetry's protocol, which every collector receives."""

    grpc: Switch = False
    """On port 4317."""
    http: Switch = False
    """On port 4318."""
    index_labels: tuple[AttributeName, ...] = ()
    """Resource attributes that become index labels of OTLP lines too, such as cloud.region. The label has Loki's name
    for the attribute, with one underscore for each run of other characters: cloud_region."""

    @property
    def enabled(self) -> bool:
        """Return whether either is on."""
        return self.grpc or self.http

    @property
    def attributes(self) -> Mapping[str, str]:
        """Return the attributes of `index_labels` by their labels."""
        return {label_of(attribute): attribute for attribute in self.index_labels}


def label_of(attribute: str) -> str:
    """Return the label of a resource attribute, as Loki names it (otlptranslator: LabelNamer.Build)."""
    return re.sub(r"[^a-zA-Z0-9]+", "_", attribute)


# The default that reads lines, switched off.
NO_SOURCE: Mapping[str, str] = {"pods": "none"}


class Sources(Group):
    """Where lines come from."""

    pods: PodSource = "files"
    """`files`: the node's /var/log/pods, read-only, as root. `api`: the Kubernetes API, without host paths or root, and
    without the label `stream`; the pinned Alloy loses lines that it reads so (`api-loses-lines`). `none`: no pods."""
    events: Switch = False
    """Kubernetes events, which a collector of their own reads once per cluster; their lines have the labels `job` and
    `namespace`."""
    journal: Journal = Journal()
    node_files: tuple[NodeFile, ...] = ()
    """Files of the nodes, such as /var/log/syslog; their lines have the labels `job` and `node`."""
    otlp: Otlp = Otlp()
    push: Switch = False
    """Loki's push API on port 3500 of every collector, for Vector and other shippers."""

    @property
    def active(self) -> tuple["SourceFacts", ...]:
        """Return the sources that are on, in the order of `SOURCES`."""
        return tuple(source for source in SOURCES if source.is_on(self))

    @property
    def on_nodes(self) -> bool:
        """Return whether a collector runs on every node."""
        return any(source.on_nodes for source in self.active)

    @property
    def in_one_pod(self) -> bool:
        """Return whether a further collector runs in a single pod, for sources that exist once per cluster."""
        return any(not source.on_nodes for source in self.active)

    @property
    def open_ports(self) -> tuple["Port", ...]:
        """Return the ports that every node's collector listens on, lowest first."""
        return tuple(port for port in PORTS if port.is_open(self))

    @property
    def further_labels(self) -> tuple[str, ...]:
        """Return the index labels of single sources' lines beside those of `collector.indexLabels`."""
        return tuple(label for source in self.active for label in source.further_labels(self))

    @property
    def unknown_labels(self) -> tuple[str, ...]:
        """Return the labels that this way of reading pods cannot set."""
        return NOT_BY_API if self.pods == "api" else ()


@dataclass(frozen=True)
class Port:
    """A port that a source listens on, on every node."""

    name: str
    """Its name in the collector's Service."""
    key: str
    """The setting below `collector.sources` that opens it."""
    number: int
    is_open: Callable[[Sources], bool]


@dataclass(frozen=True)
class SourceFacts:
    """The facts of a log source that both checks and manifests read."""

    name: str
    """The value of the internal label `logstack_source` on its lines."""
    key: str
    """Its key below `collector.sources`."""
    is_on: Callable[[Sources], bool]
    example: str
    """How a stack file turns it on, below `collector.sources`."""
    switches: tuple[str, ...] = ()
    """The settings below `collector.sources` that turn it off entirely; `*` stands for any text."""
    labels: tuple[str, ...] = ()
    """The labels that it sets on its lines."""
    gives_any_label: bool = False
    """Whether its senders choose labels of their own."""
    node_jobs: Callable[[Sources], tuple[str, ...]] = lambda _: ()
    """The values of `job` of a source whose streams belong to one node each: its lines have `node` as an index label,
    whatever `collector.indexLabels` says. Loki refuses a line that is more than an hour behind the newest one of its
    stream, so the lines of a node that joins or was away need a stream without those of other nodes."""
    further_labels: Callable[[Sources], tuple[str, ...]] = lambda _: ()
    """The index labels of its lines that the source's own settings add to `collector.indexLabels`."""
    order_labels: Callable[[Sources], tuple[str, ...]] = lambda _: ()
    """The index labels of some of its lines that Loki would refuse in one stream with others, as too far behind."""
    names_any_namespace: bool = False
    """Whether its senders write the label `namespace`, so that `collector.namespaces` does not limit it."""
    on_nodes: bool = True
    """Whether every node's collector reads it, or a single pod of the cluster."""
    ports: tuple[Port, ...] = ()


# The Kubernetes API does not tell which of the two streams a line came from.
NOT_BY_API = ("stream",)
# The kubelet has the files of a container's latest two runs, and Alloy reads both at once.
RESTARTS = "restarts"
PODS = SourceFacts(
    name="pods",
    key="pods",
    is_on=lambda sources: sources.pods != "none",
    example="pods: files",
    labels=("namespace", "pod", "container", "app", "component", "job", "stream", "container_runtime", "node"),
    order_labels=lambda sources: (RESTARTS,) if sources.pods == "files" else (),
)
JOURNAL_JOB = "systemd-journal"
JOURNAL = SourceFacts(
    name="journal",
    key="journal",
    is_on=lambda sources: sources.journal.enabled,
    example="journal: {enabled: true}",
    switches=("journal.enabled",),
    labels=("job", "node", "unit"),
    node_jobs=lambda _: (JOURNAL_JOB,),
)
NODE_FILES = SourceFacts(
    name="node-files",
    key="nodeFiles",
    is_on=lambda sources: bool(sources.node_files),
    example="nodeFiles: [{path: /var/log/syslog, job: syslog}]",
    labels=("job", "node"),
    node_jobs=lambda sources: tuple(dict.fromkeys(file.job for file in sources.node_files)),
)
EVENTS = SourceFacts(
    name="events",
    key="events",
    is_on=lambda sources: sources.events,
    example="events: true",
    switches=("events",),
    labels=("namespace", "job"),
    on_nodes=False,
)
OTLP = SourceFacts(
    name="otlp",
    key="otlp",
    is_on=lambda sources: sources.otlp.enabled,
    example="otlp: {grpc: true}",
    switches=("otlp.*",),
    further_labels=lambda sources: tuple(sources.otlp.attributes),
    labels=("namespace", "pod", "container", "app", "job", "node"),
    names_any_namespace=True,
    ports=(
        Port("otlp-grpc", "otlp.grpc", 4317, lambda sources: sources.otlp.grpc),
        Port("otlp-http", "otlp.http", 4318, lambda sources: sources.otlp.http),
    ),
)
PUSH = SourceFacts(
    name="push",
    key="push",
    is_on=lambda sources: sources.push,
    example="push: true",
    switches=("push",),
    gives_any_label=True,
    names_any_namespace=True,
    ports=(Port("push", "push", 3500, lambda sources: sources.push),),
)
SOURCES = (PODS, JOURNAL, NODE_FILES, EVENTS, OTLP, PUSH)
PORTS = tuple(sorted((port for source in SOURCES for port in source.ports), key=lambda port: port.number))
SOURCE_LABELS = tuple(dict.fromkeys(label for source in SOURCES for label in source.labels))
