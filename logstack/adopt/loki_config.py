"""Loki's own configuration as the values come to it.

From the sections, `loki.config`, `loki.structuredConfig`, and the copy that the running Loki reads, where it was
handed over; later ones win, as in the chart's own template.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from logstack.adopt.documents import templated
from logstack.adopt.errors import UnreadableError
from logstack.adopt.paths import Path, at, leaves, merged, path_of, put, spelled_path
from logstack.adopt.reading import Reading
from logstack.adopt.yaml_files import parse

RUNNING = "running-config"
# The chart's keys below `loki`, and what they are called in Loki's configuration.
SECTIONS = {
    "commonConfig": "common",
    "schemaConfig": "schema_config",
    "rulerConfig": "ruler",
    "extraMemberlistConfig": "memberlist",
    "memberlistConfig": "memberlist",
    **{
        name: name
        for name in (
            "analytics",
            "block_builder",
            "bloom_build",
            "bloom_gateway",
            "compactor",
            "compactor_grpc_client",
            "distributor",
            "frontend",
            "frontend_worker",
            "index_gateway",
            "ingester",
            "ingester_client",
            "limits_config",
            "operational_config",
            "pattern_ingester",
            "querier",
            "query_range",
            "query_scheduler",
            "server",
            "storage_config",
            "tracing",
        )
    },
}


@dataclass(frozen=True)
class Said:
    """A value of Loki's configuration, and where the values say it."""

    value: object
    path: Path


@dataclass
class LokiConfig:
    """Loki's configuration, leaf by leaf."""

    said: dict[Path, Said] = field(default_factory=dict)

    def value(self, path: str) -> object:
        """What is said at a path; None if nothing is."""
        found = self.said.get(path_of(path))
        return found.value if found else None

    def where(self, path: str) -> Path:
        """Where the values say it."""
        return self.said[path_of(path)].path

    def document(self) -> dict[str, object]:
        """The whole of it."""
        result: dict[str, object] = {}
        for path, said in self.said.items():
            put(result, path, said.value)
        return result


def with_config_text(values: Mapping[str, object]) -> dict[str, object]:
    """The values with `loki.config` as a document; a template stays text, for nobody knows what it becomes."""
    text = at(values, path_of("loki.config"))
    if not isinstance(text, str) or templated(text):
        return dict(values)
    try:
        document = parse(text, "loki.config")[0]
    except (UnreadableError, IndexError):
        return dict(values)
    loki = values["loki"]
    if not isinstance(document, dict) or not isinstance(loki, Mapping):
        return dict(values)
    return {**values, "loki": {**loki, "config": document}}


def assembled(reading: Reading) -> LokiConfig:
    """The configuration; what another part overrules is spoken of here."""
    config = LokiConfig()
    whole = isinstance(at(reading.values, path_of("loki.config")), Mapping)
    if whole:
        _without_effect(reading)
    else:
        for key, section in SECTIONS.items():
            _lay(reading, config, ("loki", key), (section,))
    for prefix in (path_of("loki.config"), path_of("loki.structuredConfig"), (RUNNING,)):
        _lay(reading, config, prefix, ())
    text = at(reading.values, path_of("loki.config"))
    if isinstance(text, str):
        seen = RUNNING in reading.values
        why = "it is a template, which only Helm can fill in" if templated(text) else "it is no YAML"
        reading.not_taken(
            "loki.config",
            f"{why}; the running Loki's copy was read instead"
            if seen
            else f"{why}: hand over what came of it with --loki-config (docs/how-to/adopt-a-helm-release.md says how "
            "to get it)",
            decide=not seen,
        )
    return config


def _lay(reading: Reading, config: LokiConfig, prefix: Path, section: Path) -> None:
    document = at(reading.values, prefix)
    if not isinstance(document, Mapping):
        return
    for path, value in leaves(document):
        where = (*section, *path)
        if value == {}:
            continue
        if before := config.said.get(where):
            winner = spelled_path((*prefix, *path))
            reading.translated(before.path, f"{winner} says it as well, and wins today already")
        config.said[where] = Said(value, (*prefix, *path))


def _without_effect(reading: Reading) -> None:
    """A whole `loki.config` replaces the template that would read the sections."""
    for key in SECTIONS:
        reading.not_taken(("loki", key), "without effect today: loki.config replaces the template that would read it")


def with_running(values: Mapping[str, object], running: Mapping[str, object] | None) -> dict[str, object]:
    """The values beside the configuration that the running Loki reads."""
    return merged(values, {RUNNING: dict(running)}) if running else dict(values)
