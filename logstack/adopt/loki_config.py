"""Loki's own configuration as the values come to it.

From the sections, `loki.config`, `loki.structuredConfig`, and the copy that the running Loki reads, where it was
handed over; later ones win, as in the chart's own template.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from logstack.adopt.documents import templated
from logstack.adopt.errors import UnreadableError
from logstack.adopt.paths import Path, at, path_of, put, spelled_path
from logstack.adopt.reading import Reading
from logstack.adopt.yaml_files import parse
from logstack.manifests.merge import merged
from logstack.settings.passthrough.documents import leaves

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
class Setting:
    """A value of Loki's configuration, and the path of the Helm value that sets it."""

    value: object
    path: Path


@dataclass
class LokiConfig:
    """Loki's configuration, leaf by leaf."""

    settings: dict[Path, Setting] = field(default_factory=dict)

    def value(self, path: str) -> object:
        """Return the value at a path, or None."""
        setting = self.settings.get(path_of(path))
        return setting.value if setting else None

    def where(self, path: str) -> Path:
        """Return the path of the Helm value that sets it."""
        return self.settings[path_of(path)].path

    def document(self) -> dict[str, object]:
        """Return the configuration as one document."""
        result: dict[str, object] = {}
        for path, setting in self.settings.items():
            put(result, path, setting.value)
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
        has_running = RUNNING in reading.values
        why = "a template that only Helm can render" if templated(text) else "not valid YAML"
        reading.not_taken(
            "loki.config",
            f"{why}; logstack read the running Loki's configuration instead"
            if has_running
            else f"{why}: pass the running Loki's configuration with --loki-config "
            "(docs/how-to/adopt-a-helm-release.md)",
            decide=not has_running,
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
        if before := config.settings.get(where):
            winner = spelled_path((*prefix, *path))
            reading.translated(before.path, f"{winner} sets it too and already wins today")
        config.settings[where] = Setting(value, (*prefix, *path))


def _without_effect(reading: Reading) -> None:
    """A whole `loki.config` replaces the template that would read the sections."""
    for key in SECTIONS:
        reading.not_taken(("loki", key), "without effect today: loki.config replaces the template that reads it")


def with_running(values: Mapping[str, object], running: Mapping[str, object] | None) -> dict[str, object]:
    """The values beside the configuration that the running Loki reads."""
    return merged(values, {RUNNING: dict(running)}) if running else dict(values)
