"""Reading a line by its format: its time, its level and its fields."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import assert_never, get_args

from logstack.manifests.alloy.heads import ACCESS, KLOG, LETTERS, WORDS
from logstack.manifests.alloy.labels import AIRFLOW_IDS, FORMAT, within
from logstack.manifests.alloy.levels import LETTER, LEVEL, SPELLED, json_expressions, level_template, logfmt_mapping
from logstack.manifests.alloy.sources.record import LogSource
from logstack.manifests.alloy.syntax import Block, quoted
from logstack.manifests.alloy.times import OWN_TIME, own_time, reading_time
from logstack.manifests.loki.intake import Intake
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.patterns import group_names
from logstack.settings.model.processing import Parser
from logstack.settings.model.sources import LineFormat

_KLOG = rf"^(?P<{LETTER}>[IWEF]){KLOG}"
_AIRFLOW = r"^\[[^{]+\] \{(?P<caller>[^}]+)\} (?P<level>[A-Z]+)\S* - "
# How `auto` recognises logfmt; the other formats' stages fail at the beginning of a line that is not theirs.
_LOGFMT = r"^(?:[\d\[]\S* +){0,3}[a-zA-Z_@][\w.@/-]*="


def reading(collector: CollectorSettings, sources: Sequence[LogSource], to: Intake) -> Block:
    """Return the stage that reads a line by its format: its time, and level and fields for its structured metadata.

    Alloy hands a line from one goroutine to the next at every stage, which costs more than a short regular expression:
    so formats that only a pod's annotation can name are behind one selector.
    """
    parsers: dict[str, Parser] = {name: Parser(format=name) for name in get_args(LineFormat)}
    parsers |= {
        f"parser-{number}": parser for number, parser in enumerate(collector.parsers, 1) if has_own_stages(parser)
    }
    stages = {name: tuple(_stages(parser, to.latest_behind)) for name, parser in parsers.items()}
    stages |= {source.name: source.format.stages for source in sources if source.format}
    by_annotation = [name for name in get_args(LineFormat) if name not in {it.format for it in collector.parsers}]
    metadata = [*map(_metadata, parsers.values()), *(source.format.metadata for source in sources if source.format)]
    # An index label of the same name, such as `status` of a shipper, stays one.
    not_so = {"level", *collector.all_stream_labels}
    values = {name: "" for names in metadata for name in names if name not in not_so}
    return within(
        f'{{{FORMAT}=~".+"}}',
        *([reading_time()] if collector.reads_times else []),
        *(_of_format(name, inner) for name, inner in stages.items() if inner and name not in by_annotation),
        *([_of_annotations(stages, by_annotation)] if by_annotation else []),
        Block("stage.template", attributes={"template": level_template(), "source": SPELLED}),
        *([_metadata_stage({"level": SPELLED, **values})] if to.structured_metadata else []),
        comment="Level and structured metadata by format (collector.parsers; annotation logstack/format).",
    )


def _of_annotations(stages: Mapping[str, Sequence[Block]], names: Sequence[str]) -> Block:
    of_each = (_of_format(name, stages[name]) for name in names)
    return within(f'{{{FORMAT}=~"{"|".join(names)}"}}', *of_each, comment="Formats that only annotations name.")


def _of_format(name: str, stages: Sequence[Block]) -> Block:
    return within(f'{{{FORMAT}="{name}"}}', *stages)


def _metadata_stage(values: Mapping[str, str], comment: str = "") -> Block:
    return Block("stage.structured_metadata", attributes={"values": values}, comment=comment)


def structured_metadata(names: Iterable[str], comment: str = "") -> Block:
    """Return the stage that makes structured metadata of fields and labels."""
    return _metadata_stage(dict.fromkeys(names, ""), comment)


def has_own_stages(parser: Parser) -> bool:
    """Return whether the parser needs stages of its own beyond those of its format."""
    return bool(parser.fields or parser.pattern or parser.timestamp)


def _stages(parser: Parser, latest_behind: timedelta) -> Iterator[Block]:
    if parser.format:
        yield from _format_stages(parser.format, _named_fields(parser))
    if parser.pattern:
        yield _regex(parser.pattern)
    if timestamp := parser.timestamp:
        field = OWN_TIME if parser.format in ("json", "logfmt") else timestamp.field
        yield from own_time(timestamp, field, latest_behind)


def _named_fields(parser: Parser) -> dict[str, str]:
    return {**parser.fields, **({OWN_TIME: parser.timestamp.field} if parser.timestamp else {})}


def _format_stages(name: LineFormat, fields: Mapping[str, str]) -> Iterator[Block]:
    match name:
        case "auto":
            yield _json(json_expressions())
            yield within(f'{{{FORMAT}="auto"}} |~ {quoted(_LOGFMT)}', _logfmt(logfmt_mapping()))
            yield from (_regex(LETTERS), _regex(WORDS), _regex(ACCESS))
        case "json":
            yield _json({**fields, **json_expressions(first=fields.get("level", ""))})
        case "logfmt":
            yield _logfmt(logfmt_mapping())
            # A level that the stack names comes before the others, as for JSON.
            yield from (_logfmt({LEVEL if name == "level" else name: field}) for name, field in fields.items())
        case "klog":
            yield _regex(_KLOG)
        case "text":
            yield from (_regex(LETTERS), _regex(WORDS))
        case "access":
            yield _regex(ACCESS)
        case "airflow":
            yield _regex(_AIRFLOW)
            # As labels of the pod they would override those of the line.
            yield Block("stage.label_drop", attributes={"values": list(AIRFLOW_IDS)})
            yield from (_regex(rf"\b{name}=['\"]?(?P<{name}>[^,\s\]'\"]+)") for name in AIRFLOW_IDS)
        case _:
            assert_never(name)


# The structured metadata of a format, besides the level.
_METADATA: Mapping[LineFormat | None, Sequence[str]] = {
    "klog": ("caller",),
    "text": ("caller",),
    "access": ("method", "status"),
    "airflow": ("caller", *AIRFLOW_IDS),
    "auto": ("caller", "method", "status"),
}


def _metadata(parser: Parser) -> list[str]:
    """Return the names of the structured metadata that a parser reads, besides the level."""
    return [*_METADATA.get(parser.format, ()), *parser.fields, *(group_names(parser.pattern) if parser.pattern else ())]


def _regex(expression: str) -> Block:
    return Block("stage.regex", attributes={"expression": expression})


def _json(expressions: Mapping[str, str]) -> Block:
    return Block("stage.json", attributes={"expressions": expressions})


def _logfmt(mapping: Mapping[str, str]) -> Block:
    return Block("stage.logfmt", attributes={"mapping": mapping})
