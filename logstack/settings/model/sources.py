"""Where the collector takes lines from, and which pods' lines."""

from collections.abc import Mapping
from typing import Annotated, Literal

from logstack.settings.model.base import DnsLabel, Group, spelled
from logstack.settings.model.bounds import JournalAge, LabelKey, LabelValue
from logstack.settings.model.quantities import parse_duration
from logstack.settings.model.ranges import Switch

PodSource = Literal["files", "api", "none"]
LineFormat = Literal["json", "logfmt", "klog", "airflow"]
NodePath = Annotated[
    str,
    spelled(
        r"^/var/log/[^\x00\n]+$",
        "a path or a pattern below /var/log, such as /var/log/syslog or /var/log/*.log",
        max_length=4096,  # Linux: PATH_MAX
    ),
]
JobName = Annotated[str, spelled(r"^[^\x00\n]{1,100}$", "a name of at most 100 characters")]


class Namespaces(Group):
    """Whose pods are collected: all, unless `only` names some; never those of `never`."""

    only: tuple[DnsLabel, ...] = ()
    """Collect these namespaces and no other."""
    never: tuple[DnsLabel, ...] = ()
    """Do not collect these namespaces."""


class Pods(Group):
    """Which pods are collected, by their own labels; a pod's annotation `logstack/collect: "false"` opts it out."""

    only: Mapping[LabelKey, LabelValue] = {}
    """Collect only pods that have all of these labels with these values, such as {tier: backend}."""
    never: Mapping[LabelKey, LabelValue] = {}
    """Do not collect pods that have one of these labels with its value."""


class Journal(Group):
    """The nodes' systemd journal; its lines have the labels `job`, `node` and `unit`."""

    enabled: Switch = False
    """Read /run/log/journal and /var/log/journal of each node."""
    units: tuple[JobName, ...] = ()
    """Only these units, such as kubelet.service; without any all of them."""
    max_age: JournalAge = parse_duration("7h")
    """How far back the first read goes (Alloy's default)."""


class NodeFile(Group):
    """One file, or all that a pattern matches."""

    path: NodePath
    """The file, below /var/log of the node; `*` stands for any part of a name, `**` for any folders."""
    job: JobName
    """The label `job` of their lines."""


class Otlp(Group):
    """Logs in OpenTelemetry's protocol, taken in by every collector."""

    grpc: Switch = False
    """On port 4317."""
    http: Switch = False
    """On port 4318."""

    @property
    def enabled(self) -> bool:
        """Whether either is on."""
        return self.grpc or self.http


class Sources(Group):
    """Where lines come from."""

    pods: PodSource = "files"
    """`files`: the node's /var/log/pods, read-only, as root; `api`: the Kubernetes API, without host paths and root,
    and without the label `stream`; `none`: no pods."""
    events: Switch = False
    """Kubernetes events, taken once per cluster by a collector of their own; their lines have the labels `job` and
    `namespace`."""
    journal: Journal = Journal()
    node_files: tuple[NodeFile, ...] = ()
    """Files of the nodes, such as /var/log/syslog; their lines have the labels `job` and `node`."""
    otlp: Otlp = Otlp()
    push: Switch = False
    """Loki's push API on port 3500 of every collector, for Vector and other shippers."""

    @property
    def read_the_node(self) -> bool:
        """Whether the collector needs the node's /var/log."""
        return self.pods == "files" or self.journal.enabled or bool(self.node_files)

    @property
    def on_nodes(self) -> bool:
        """Whether a collector runs on every node."""
        return self.read_the_node or self.pods == "api" or self.otlp.enabled or self.push
