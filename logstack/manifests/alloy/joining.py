"""Choosing each line's format, and joining the lines of one entry."""

from collections.abc import Iterator, Mapping, Sequence

from logstack.manifests.alloy.formats import has_own_stages
from logstack.manifests.alloy.labels import FORMAT, MULTILINE, SOURCE, selector, within
from logstack.manifests.alloy.sources.catalog import LOG_SOURCES
from logstack.manifests.alloy.sources.record import LogSource
from logstack.manifests.alloy.syntax import Block, Value
from logstack.settings.model.collector import CollectorSettings, LabelName
from logstack.settings.model.processing import Language, Multiline
from logstack.settings.model.quantities import loki_duration

# A parser without a match applies to these sources.
_OF_ANY_FORMAT = "|".join(source.name for source in LOG_SOURCES if source.takes_any_format)

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


def joining(collector: CollectorSettings, sources: Sequence[LogSource]) -> Iterator[Block]:
    """Yield the stages that choose each line's format and join the lines of one entry."""
    for number, parser in enumerate(collector.parsers, start=1):
        own = f"parser-{number}"
        if kind := own if has_own_stages(parser) else parser.format:
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


def _chosen(match: Mapping[LabelName, str], label: LabelName, value: str, comment: str = "collector.parsers") -> Block:
    """Set a label on matching lines that do not have it yet, by a pod's annotation or an earlier parser."""
    static = Block("stage.static_labels", attributes={"values": {label: value}})
    lines_of_parser = selector(match, **{label: ""}) if match else f'{{{SOURCE}=~"{_OF_ANY_FORMAT}", {label}=""}}'
    return within(lines_of_parser, static, comment=comment)


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
    return within(f'{{{MULTILINE}=~"{"|".join(names)}"}}', Block("stage.multiline", attributes=attributes))
