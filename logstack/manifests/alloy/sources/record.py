"""The record of a log source: everything that the manifests and their readers need."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from logstack.manifests.alloy.environment import Environment
from logstack.manifests.alloy.syntax import Block, Expression, Value
from logstack.manifests.loki.intake import Intake
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.sources import SourceFacts, Sources

NODE = Expression('sys.env("HOSTNAME")')
"""The name of the collector's node."""


@dataclass(frozen=True)
class SourceFormat:
    """The format of a source's lines that no parser matches."""

    stages: tuple[Block, ...] = ()
    metadata: tuple[str, ...] = ()
    """The names of the structured metadata that the stages read, besides the level."""


@dataclass(frozen=True)
class HostPath:
    """A path of the node that a source's collector mounts read-only."""

    name: str
    """The volume's name."""
    path: str
    type: str = ""
    """Kubernetes' type of the host path; empty for no check."""


@dataclass(frozen=True)
class LogSource:
    """A log source; `facts` is the part that the settings' checks need as well."""

    facts: SourceFacts
    blocks: Callable[[CollectorSettings, Environment, Intake], Iterator[Block]]
    """Its blocks of config.alloy, which forward every line to `to_lines()`."""
    describe: Callable[[Sources], Iterator[str]]
    """Its lines of the plan."""
    format: SourceFormat | None = None
    """Its own format; None if a parser or a pod's annotation names it."""
    takes_any_format: bool = False
    """Whether a parser without a match applies to its lines."""
    needs_var_log: Callable[[Sources], bool] = lambda _: False
    """Whether the collector mounts the node's /var/log, which takes root."""
    needs_docker_folder: Callable[[Sources], bool] = lambda _: False
    """Whether its files are links into Docker's folder on nodes with Docker."""
    host_paths: tuple[HostPath, ...] = ()
    """Further paths of the node."""
    api_resources: Callable[[Sources], tuple[str, ...]] = lambda _: ()
    """The resources of Kubernetes' core API that the collector gets, and lists and watches unless they are
    subresources."""
    component: str = ""
    """The Alloy component that `adopt` takes as a sign that the source is on, if that alone says so."""
    runs_locally: bool = False
    """Whether `try` exercises it."""

    @property
    def name(self) -> str:
        """Return the value of the label `logstack_source` on its lines."""
        return self.facts.name


def to(receiver: str) -> list[Value]:
    """Return the value of `forward_to` for one receiver."""
    return [Expression(receiver)]


def to_lines() -> list[Value]:
    """Return the value of `forward_to` for the process that every line goes through."""
    return to("loki.process.lines.receiver")
