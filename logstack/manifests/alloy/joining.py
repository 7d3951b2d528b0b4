"""Choosing each line's format, and joining the lines of one entry."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from logstack.manifests.alloy.continuations import HEADLESS, NOT_CHAINED, continues, further_continuations
from logstack.manifests.alloy.formats import has_own_stages
from logstack.manifests.alloy.labels import FORMAT, MULTILINE, SOURCE, selector, within
from logstack.manifests.alloy.sources.catalog import LOG_SOURCES
from logstack.manifests.alloy.sources.record import LogSource
from logstack.manifests.alloy.syntax import Block, Joined, Value
from logstack.settings.model.collector import CollectorSettings, LabelName
from logstack.settings.model.processing import Language, Multiline, Parser
from logstack.settings.model.quantities import loki_duration

# A parser without a match applies to these sources.
_OF_ANY_FORMAT = "|".join(source.name for source in LOG_SOURCES if source.takes_any_format)

# A line that continues an entry has this before it until it is joined: stage.multiline asks what begins an entry, and
# RE2 cannot say "no continuation". A Unicode noncharacter: text that programs exchange has none (Unicode 23.7).
_MARK = "\ufdd0"
# Less than any maxWait, so that the last line of a trace finds it still open.
_CHAINED_WAIT = "500ms"


def joining(collector: CollectorSettings, sources: Sequence[LogSource]) -> Iterator[Block]:
    """Yield the stages that choose each line's format and join the lines of one entry."""
    for number, parser in enumerate(collector.parsers, start=1):
        own = f"parser-{number}"
        if kind := own if has_own_stages(parser) else parser.format:
            yield _chosen(parser.match, FORMAT, kind)
        if parser.multiline:
            yield _chosen(parser.match, MULTILINE, _label(number, parser.multiline))
    for source in sources:
        if source.format:
            yield _chosen({SOURCE: source.name}, FORMAT, source.name, f"collector.sources.{source.facts.key}")
    if not any(source.takes_any_format for source in sources) and not any(map(_is_joined, collector.parsers)):
        return  # no line has the label
    groups = [_joined(labels) for labels in _groups(collector)]
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


def _is_joined(parser: Parser) -> bool:
    return parser.multiline is not None


def _label(number: int, multiline: Multiline) -> str:
    """Return the value of the label MULTILINE: a language, or the parser if it says more than that."""
    is_language = multiline.language and multiline == Multiline(language=multiline.language)
    return str(multiline.language) if is_language else f"parser-{number}"


def _groups(collector: CollectorSettings) -> list[dict[str, Multiline]]:
    """Return the values of the label MULTILINE with their meaning, grouped by first line and limits."""
    labels = {str(language): Multiline(language=language) for language in get_args(Language)}
    labels |= {
        _label(number, parser.multiline): parser.multiline
        for number, parser in enumerate(collector.parsers, start=1)
        if parser.multiline
    }
    groups: dict[Multiline, dict[str, Multiline]] = {}
    for label, multiline in labels.items():
        groups.setdefault(multiline.model_copy(update={"language": None}), {})[label] = multiline
    return list(groups.values())


def _joined(labels: Mapping[str, Multiline]) -> Block:
    """Return the stages that join lines with these values of the label MULTILINE, which all have the same limits."""
    limits = next(iter(labels.values()))
    max_wait = loki_duration(limits.max_wait)
    lines = _with(labels)
    if limits.first_line:
        return within(lines, _multiline(limits.first_line, limits.max_lines, max_wait))
    return within(
        lines,
        _marked(continues(), "Mark lines that continue an entry."),
        *(
            within(_with(own), _marked(pattern), comment=f"Lines that continue an entry of {language} only.")
            for language, pattern in further_continuations().items()
            if (own := [label for label, multiline in labels.items() if multiline.language == language])
        ),
        _multiline(f"^[^{_MARK}]", limits.max_lines, max_wait),
        within(
            f'{lines} |~ "^{_MARK}"',
            replace(
                _multiline(f"^{_MARK}{NOT_CHAINED}", limits.max_lines, _CHAINED_WAIT),
                comment="A traceback that follows from another one is no first line.",
            ),
            _multiline(f"^{_MARK}(?:{'|'.join(HEADLESS)})", limits.max_lines, max_wait),
            comment="A trace that continues no entry, as the program was silent before, is an entry of its own.",
        ),
        # All that follows the first mark is one match: stage.replace copies the entry for each match.
        _replaced(f"(?s)({_MARK}.*)", f'{{{{ Replace .Value "{_MARK}" "" -1 }}}}', "Remove the marks."),
    )


def _with(labels: Iterable[str]) -> str:
    return f'{{{MULTILINE}=~"{"|".join(labels)}"}}'


def _marked(pattern: Joined, comment: str = "") -> Block:
    return _replaced(pattern, _MARK, comment)


def _replaced(expression: Joined | str, by: str, comment: str = "") -> Block:
    return Block("stage.replace", attributes={"expression": expression, "replace": by}, comment=comment)


def _multiline(first_line: str, max_lines: int, max_wait: str) -> Block:
    attributes: dict[str, Value] = {
        "firstline": first_line,
        "max_lines": max_lines,
        "max_wait_time": max_wait,
    }
    return Block("stage.multiline", attributes=attributes)
