"""Reading lines: joining those of one entry, choosing each line's format, and reading its fields."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import get_args

from logstack.manifests.alloy.labels import AIRFLOW_IDS, FORMAT, LEVEL_OF_JSON, MULTILINE, SOURCE, selector
from logstack.manifests.alloy.sources.catalog import LOG_SOURCES
from logstack.manifests.alloy.sources.record import LogSource
from logstack.manifests.alloy.syntax import Block, Value
from logstack.settings.model.collector import CollectorSettings, LabelName
from logstack.settings.model.patterns import group_names
from logstack.settings.model.processing import Language, Multiline, Parser
from logstack.settings.model.quantities import loki_duration
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

# The first line of an entry begins with a date (ISO, syslog or Tomcat), a time, klog's head, a level, logfmt or JSON.
_FIRST = (
    r"\[?\d{2,4}[-/.]\d{2}[-/.]\d{2}[T ,]",
    r"[A-Z][a-z]{2} [ \d]\d \d{2}:",
    r"\d{2}-[A-Z][a-z]{2}-\d{4} ",
    r"\[?\d{2}:\d{2}:\d{2}[.,\] ]",
    r"[IWEF]\d{4} \d{2}:",
    r"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|SEVERE)\b",
    r"(?:time|ts|level)=",
    r"\{\s*\"",
)
# An uncaught exception starts an entry. An uncaught Python traceback looks like a caught one, so it has no pattern.
_FIRST_LINES: Mapping[Language, str] = {
    "java": f"^(?:{'|'.join((*_FIRST, 'Exception in thread '))})",
    "python": f"^(?:{'|'.join(_FIRST)})",
    "go": f"^(?:{'|'.join((*_FIRST, 'panic: ', 'fatal error: '))})",
}

_JSON_LEVEL = 'level || severity || lvl || loglevel || "log.level" || log.level'
_KLOG = r"^(?P<level>[IWEF])\d{4} \d{2}:\d{2}:\d{2}\.\d+\s+\d+ (?P<caller>[^\] ]+)\]"
_AIRFLOW = r"^\[[^\]]+\] \{(?P<caller>[^}]+)\} (?P<level>[A-Z]+) - "
_TIME = "logstack_time"
# A parser without a match applies to these sources.
_OF_ANY_FORMAT = "|".join(source.name for source in LOG_SOURCES if source.takes_any_format)


def joining(collector: CollectorSettings, sources: Sequence[LogSource]) -> Iterator[Block]:
    """Yield the stages that choose each line's format and join the lines of one entry."""
    for number, parser in enumerate(collector.parsers, start=1):
        own = f"parser-{number}"
        if kind := own if _has_own_stages(parser) else parser.format:
            yield _chosen(parser.match, FORMAT, kind)
        if parser.multiline:
            yield _chosen(parser.match, MULTILINE, parser.multiline.language or own)
    for source in sources:
        if source.format:
            yield _chosen({SOURCE: source.name}, FORMAT, source.name, f"collector.sources.{source.facts.key}")
    yield Block(
        "stage.match",
        attributes={"selector": f'{{{MULTILINE}=~".+"}}'},
        blocks=tuple(_joined(names, meaning) for meaning, names in _multilines(collector).items()),
        comment="Join entries of several lines (collector.parsers: multiline; annotation logstack/multiline).",
    )


def reading(collector: CollectorSettings, sources: Sequence[LogSource], *, with_metadata: bool) -> Block:
    """Return the stage that reads a line by its format: its time, and level and fields for its structured metadata."""
    parsers: dict[str, Parser] = {name: Parser(format=name) for name in get_args(LineFormat)}
    parsers |= {
        f"parser-{number}": parser for number, parser in enumerate(collector.parsers, 1) if _has_own_stages(parser)
    }
    stages = {name: tuple(_stages(parser)) for name, parser in parsers.items()}
    stages |= {source.name: source.format.stages for source in sources if source.format}
    metadata = [*map(_metadata, parsers.values()), *(source.format.metadata for source in sources if source.format)]
    names = dict.fromkeys(["level", *(name for names in metadata for name in names)])
    return Block(
        "stage.match",
        attributes={"selector": f'{{{FORMAT}=~".+"}}'},
        blocks=(
            *(_within(f'{{{FORMAT}="{name}"}}', inner) for name, inner in stages.items() if inner),
            Block("stage.template", attributes={"source": "level", "template": _LEVEL}),
            # A label `level` of the sender would override the level that the template sets.
            Block("stage.label_drop", attributes={"values": ["level"]}),
            *([structured_metadata(names)] if with_metadata else []),
        ),
        comment="Level and structured metadata by format (collector.parsers; annotation logstack/format).",
    )


def structured_metadata(names: Iterable[str], comment: str = "") -> Block:
    """Return the stage that makes structured metadata of fields and labels."""
    return Block("stage.structured_metadata", attributes={"values": dict.fromkeys(names, "")}, comment=comment)


def _has_own_stages(parser: Parser) -> bool:
    """Return whether the parser needs stages of its own beyond those of its format."""
    return bool(parser.fields or parser.pattern or parser.timestamp)


def _chosen(match: Mapping[LabelName, str], label: LabelName, value: str, comment: str = "collector.parsers") -> Block:
    """Set a label on matching lines that do not have it yet, by a pod's annotation or an earlier parser."""
    static = Block("stage.static_labels", attributes={"values": {label: value}})
    lines_of_parser = selector(match, **{label: ""}) if match else f'{{{SOURCE}=~"{_OF_ANY_FORMAT}", {label}=""}}'
    return _within(lines_of_parser, (static,), comment)


def _within(what: str, stages: tuple[Block, ...], comment: str = "") -> Block:
    return Block("stage.match", attributes={"selector": what}, blocks=stages, comment=comment)


def _multilines(collector: CollectorSettings) -> dict[tuple[str, Multiline], list[str]]:
    """Group the values of the label MULTILINE (languages and parsers) by first line and limits."""
    means: dict[str, tuple[str, Multiline]] = {name: (first, Multiline()) for name, first in _FIRST_LINES.items()}
    for number, parser in enumerate(collector.parsers, start=1):
        if multiline := parser.multiline:
            first_line = multiline.first_line or _FIRST_LINES[multiline.language or "java"]
            means[multiline.language or f"parser-{number}"] = (first_line, multiline)
    names_by_meaning: dict[tuple[str, Multiline], list[str]] = {}
    for name, meaning in means.items():
        names_by_meaning.setdefault(meaning, []).append(name)
    return names_by_meaning


def _joined(names: list[str], meaning: tuple[str, Multiline]) -> Block:
    first_line, limits = meaning
    attributes: dict[str, Value] = {
        "firstline": first_line,
        "max_lines": limits.max_lines,
        "max_wait_time": loki_duration(limits.max_wait),
    }
    return _within(f'{{{MULTILINE}=~"{"|".join(names)}"}}', (Block("stage.multiline", attributes=attributes),))


def _stages(parser: Parser) -> Iterator[Block]:
    fields = dict(parser.fields)
    if parser.timestamp:
        fields[_TIME] = parser.timestamp.field
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
        attributes: dict[str, Value] = {
            "source": _TIME if parser.format in ("json", "logfmt") else timestamp.field,
            "format": timestamp.format,
            "location": timestamp.time_zone or "UTC",
            # By default a line with an unreadable time gets the time of the line before it.
            "action_on_failure": "skip",
        }
        yield Block("stage.timestamp", attributes=attributes)


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
