"""Reading a line by its format: its time, its level and its fields."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import get_args

from logstack.manifests.alloy.labels import AIRFLOW_IDS, FORMAT, LEVEL_OF_JSON, within
from logstack.manifests.alloy.sources.record import LogSource
from logstack.manifests.alloy.syntax import Block
from logstack.manifests.alloy.times import OWN_TIME, own_time, reading_time
from logstack.manifests.loki.intake import Intake
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.patterns import group_names
from logstack.settings.model.processing import Parser
from logstack.settings.model.sources import LineFormat

# Loki's spelling of each level (pkg/distributor/field_detection.go), and the words of loggers, letters of klog, numbers
# of pino and bunyan, and keywords of syslog and the kubelet that mean it.
_LEVELS: Mapping[str, tuple[str, ...]] = {
    "trace": ("trace", "t", "10"),
    "debug": ("debug", "dbg", "d", "20"),
    "info": ("info", "information", "notice", "normal", "i", "30"),
    "warn": ("warn", "warning", "w", "40"),
    "error": ("error", "err", "severe", "e", "50"),
    "critical": ("critical", "crit", "alert", "emerg", "dpanic"),
    "fatal": ("fatal", "panic", "f", "60"),
}
_CHOICES = "{{ else ".join(
    "if has $l (list " + " ".join(f'"{word}"' for word in words) + ") }}" + level for level, words in _LEVELS.items()
)
_ANY_LEVEL = f"{{{{ with or .{LEVEL_OF_JSON} .Value }}}}"
_LEVEL = _ANY_LEVEL + "{{ $l := lower . }}{{ " + _CHOICES + "{{ else }}{{ $l }}{{ end }}{{ end }}"

_JSON_LEVEL = 'level || severity || lvl || loglevel || "log.level" || log.level'
_KLOG = r"^(?P<level>[IWEF])\d{4} \d{2}:\d{2}:\d{2}\.\d+\s+\d+ (?P<caller>[^\] ]+)\]"
_AIRFLOW = r"^\[[^\]]+\] \{(?P<caller>[^}]+)\} (?P<level>[A-Z]+) - "


def reading(collector: CollectorSettings, sources: Sequence[LogSource], to: Intake) -> Block:
    """Return the stage that reads a line by its format: its time, and level and fields for its structured metadata."""
    parsers: dict[str, Parser] = {name: Parser(format=name) for name in get_args(LineFormat)}
    parsers |= {
        f"parser-{number}": parser for number, parser in enumerate(collector.parsers, 1) if has_own_stages(parser)
    }
    stages = {name: tuple(_stages(parser, to.latest_behind)) for name, parser in parsers.items()}
    stages |= {source.name: source.format.stages for source in sources if source.format}
    metadata = [*map(_metadata, parsers.values()), *(source.format.metadata for source in sources if source.format)]
    names = dict.fromkeys(["level", *(name for names in metadata for name in names)])
    return Block(
        "stage.match",
        attributes={"selector": f'{{{FORMAT}=~".+"}}'},
        blocks=(
            *([reading_time()] if collector.reads_times else []),
            *(within(f'{{{FORMAT}="{name}"}}', *inner) for name, inner in stages.items() if inner),
            Block("stage.template", attributes={"source": "level", "template": _LEVEL}),
            # A label `level` of the sender would override the level that the template sets.
            Block("stage.label_drop", attributes={"values": ["level"]}),
            *([structured_metadata(names)] if to.structured_metadata else []),
        ),
        comment="Level and structured metadata by format (collector.parsers; annotation logstack/format).",
    )


def structured_metadata(names: Iterable[str], comment: str = "") -> Block:
    """Return the stage that makes structured metadata of fields and labels."""
    return Block("stage.structured_metadata", attributes={"values": dict.fromkeys(names, "")}, comment=comment)


def has_own_stages(parser: Parser) -> bool:
    """Return whether the parser needs stages of its own beyond those of its format."""
    return bool(parser.fields or parser.pattern or parser.timestamp)


def _stages(parser: Parser, latest_behind: timedelta) -> Iterator[Block]:
    fields = dict(parser.fields)
    if parser.timestamp:
        fields[OWN_TIME] = parser.timestamp.field
    match parser.format:
        case "json":
            yield _json({LEVEL_OF_JSON: _JSON_LEVEL} | fields)
        case "logfmt":
            # The last field that exists wins.
            yield from (_logfmt({"level": name}) for name in ("severity", "lvl", "level"))
            yield from (_logfmt({name: field}) for name, field in fields.items())
        case "klog":
            yield _regex(_KLOG)
        case "airflow":
            yield _regex(_AIRFLOW)
            yield from (_regex(rf"\b{name}=['\"]?(?P<{name}>[^,\s\]'\"]+)") for name in AIRFLOW_IDS)
    if parser.pattern:
        yield _regex(parser.pattern)
    if timestamp := parser.timestamp:
        field = OWN_TIME if parser.format in ("json", "logfmt") else timestamp.field
        yield from own_time(timestamp, field, latest_behind)


def _metadata(parser: Parser) -> list[str]:
    """Return the names of the structured metadata that a parser reads, besides the level."""
    of_format = {"klog": ["caller"], "airflow": ["caller", *AIRFLOW_IDS]}.get(parser.format or "", [])
    return [*of_format, *parser.fields, *(group_names(parser.pattern) if parser.pattern else ())]


def _regex(expression: str) -> Block:
    return Block("stage.regex", attributes={"expression": expression})


def _json(expressions: Mapping[str, str]) -> Block:
    return Block("stage.json", attributes={"expressions": expressions})


def _logfmt(mapping: Mapping[str, str]) -> Block:
    return Block("stage.logfmt", attributes={"mapping": mapping})
