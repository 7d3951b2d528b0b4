"""The generated parts of docs/reference/formats.md: the levels, and the keys of JSON and logfmt that carry them."""

from collections.abc import Mapping
from itertools import groupby

from logstack.docsgen.splice import table
from logstack.manifests.alloy.levels import JSON_KEYS, LEVELS, LOGFMT_KEYS, Level


def inserts() -> Mapping[str, str]:
    """Return the text between each pair of markers."""
    columns = ("level", "words and letters, in any case", "syslog, GELF", "pino, Bunyan", "Monolog", "OpenTelemetry")
    return {
        "levels": table(columns, map(_level, LEVELS)),
        "json-keys": table(("key", "written by"), _json_keys()),
        "logfmt-keys": f"logfmt: {', '.join(f'`{key}`' for key in LOGFMT_KEYS)}.",
    }


def _level(level: Level) -> tuple[str, ...]:
    numbers = (level.syslog, level.pino, level.monolog, level.opentelemetry)
    words = ", ".join(f"`{word}`" for word in (level.name, *level.words))
    return f"`{level.name}`", words, *(", ".join(map(str, sorted(each))) for each in numbers)


def _json_keys() -> list[tuple[str, str]]:
    """Return a row for each run of keys that the same programs write."""
    runs = groupby(JSON_KEYS, lambda key: key.writers)
    return [(", ".join(f"`{key.path}`".replace("|", "\\|") for key in keys), writers) for writers, keys in runs]
