"""Choosing each line's format, and joining the lines of one entry."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from logstack.manifests.alloy.continuations import HEADLESS, continues, further_continuations
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

# A line that continues an entry has this before it until it is joined: stage.multiline asks what begins an entry, and
# RE2 cannot say "no continuation". A Unicode noncharacter: text that programs exchange has none (Unicode 23.7).
_MARK = "\ufdd0"
_HEADLESS_WAIT = "1s"


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
    groups = [_joined(names, meaning) for meaning, names in _multilines(collector).items()]
    comment = "Join entries of several lines (collector.parsers: multiline; annotation logstack/multiline)."
    if len(groups) == 1:
        yield replace(groups[0], comment=comment)
    else:
        yield within(f'{{{MULTILINE}=~".+"}}', *groups, comment=comment)


def _chosen(match: Mapping[LabelName, str], label: LabelName, value: str, comment: str = "collector.parsers") -> Block:
    """Set a label on matching lines that do not have it yet, by a pod's annotation or an earlier parser."""
    static = Block("stage.static_labels", attributes={"values": {label: value}})
    lines_of_parser = selector(match, **{label: ""}) if match else f'{{{SOURCE}=~"{_OF_ANY_FORMAT}", {label}=""}}'
    return within(lines_of_parser, static, comment=comment)


def _multilines(collector: CollectorSettings) -> dict[Multiline, list[str]]:
    """Group the values of the label MULTILINE by first line and limits: all languages, and parsers with a first line."""
    means: dict[str, Multiline] = {name: Multiline() for name in get_args(Language)}
    for number, parser in enumerate(collector.parsers, start=1):
        if multiline := parser.multiline:
            means[multiline.language or f"parser-{number}"] = multiline.model_copy(update={"language": None})
    names_by_meaning: dict[Multiline, list[str]] = {}
    for name, meaning in means.items():
        names_by_meaning.setdefault(meaning, []).append(name)
    return names_by_meaning


def _joined(names: Sequence[str], meaning: Multiline) -> Block:
    """Return the stages that join lines with these values of the label MULTILINE."""
    lines = f'{{{MULTILINE}=~"{"|".join(names)}"}}'
    if meaning.first_line:
        return within(lines, _multiline(meaning.first_line, meaning))
    return within(
        lines,
        _marked(continues(), "Mark lines that continue an entry."),
        *(
            within(_of(language), _marked(pattern))
            for language, pattern in further_continuations().items()
            if language in names
        ),
        _multiline(f"^[^{_MARK}]", meaning),
        within(
            f'{{{MULTILINE}=~".+"}} |~ "^{_MARK}"',
            _multiline(f"^{_MARK}(?:{'|'.join(HEADLESS)})", meaning),
            comment="Lines that continue nothing, as the program was silent before: one entry from its first line on.",
        ),
        _replaced(f"({_MARK})", ""),
    )


def _of(language: str) -> str:
    return f'{{{MULTILINE}="{language}"}}'


def _marked(pattern: str, comment: str = "") -> Block:
    return _replaced(pattern, _MARK, comment)


def _replaced(expression: str, by: str, comment: str = "") -> Block:
    return Block("stage.replace", attributes={"expression": expression, "replace": by}, comment=comment)


def _multiline(first_line: str, limits: Multiline) -> Block:
    attributes: dict[str, Value] = {
        "firstline": first_line,
        "max_lines": limits.max_lines,
        "max_wait_time": loki_duration(limits.max_wait),
    }
    return Block("stage.multiline", attributes=attributes)
