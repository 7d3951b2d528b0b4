"""Parsers: their formats, fields, patterns, timestamps and order."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import available_timezones

from logstack.settings.checks.check import reads
from logstack.settings.checks.labels import OWN_PREFIX
from logstack.settings.checks.matching import has_all_of
from logstack.settings.model.patterns import compile_error, finds, group_names, is_json_path
from logstack.settings.model.processing import Parser, Timestamp
from logstack.settings.problems import Problem, Rule, listed, nearest
from logstack.settings.tree import Settings

# What Prometheus' data model and Alloy's stages take for a name.
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# Formats whose fields have names that the lines choose.
_NAMED_FIELDS = ("json", "logfmt")
# Alloy's names of layouts (internal/component/loki/process/stages/util.go); any other text is a layout of Go.
_LAYOUTS = (
    *("ANSIC", "UnixDate", "RubyDate", "Unix", "UnixMs", "UnixUs", "UnixNs"),
    *("RFC822", "RFC822Z", "RFC850", "RFC1123", "RFC1123Z", "RFC3339", "RFC3339Nano"),
)

# Lines that continue an entry: frames of a trace, which are indented, and others (manifests/alloy/continuations.py).
_FRAMES = (
    "\tat com.example.Shop.order(Shop.java:42)",
    '  File "/app/shop.py", line 42, in order',
    "    at order (/app/shop.js:42:11)",
    "   at Shop.Orders.Place(Int32 id) in /src/Orders.cs:line 42",
    "\t/app/main.go:42 +0x1c",
)
_CONTINUATIONS = (*_FRAMES, "Caused by: java.io.IOException: closed", "Traceback (most recent call last):", "}")

NO_WORK = Rule("parser-without-work", "the parser does nothing with the lines that it matches")
FORMAT_OR_PATTERN = Rule(
    "parser-format-and-pattern", "a line has one format: either the format or the pattern reads nothing"
)
NO_FIELDS = Rule("parser-without-fields", "the lines have no such fields, so the parser takes nothing from them")
FIELD_NAME = Rule("field-name", "Loki changes such a name, so a query for the name written here finds nothing")
FIELD_TAKEN = Rule("field-taken", "the collector sets this name on every line: one of the two values hides the other")
FIELD_TWICE = Rule("field-read-twice", "Alloy gives the field to one of the two names, not always the same one")
JSON_PATH = Rule("json-path", "Alloy does not start with an invalid path")
PATTERN = Rule("pattern-not-re2", "Alloy does not start with an invalid pattern")
NO_GROUPS = Rule("pattern-without-groups", "the pattern takes nothing from a line")
TIMESTAMP_FIELD = Rule("timestamp-field", "Alloy finds no time, and every line keeps its original timestamp")
TIMESTAMP_FORMAT = Rule("timestamp-format", "Alloy cannot read the time, and every line keeps its original timestamp")
TIME_ZONE = Rule("time-zone", "Alloy does not start with an unknown time zone")
FIRST_LINE = Rule("multiline-first-line", "the collector cannot tell where an entry begins")
NO_WAIT = Rule("multiline-no-wait", "the collector sends every line before the next one arrives, and joins none")
EVERY_LINE = Rule("multiline-every-line", "each line of a trace begins an entry: the collector joins none")
OF_FRAMES = Rule(
    "multiline-frame-begins",
    "each such line ends the entry above it, and takes the lines up to the next one with it",
    severity="warning",
)
NEVER_REACHED = Rule("parser-never-reached", "the first parser that matches a line takes it, so this one gets none")


def _parsers(settings: Settings) -> Iterator[tuple[str, Parser]]:
    for index, parser in enumerate(settings.collector.parsers):
        yield f"collector.parsers[{index}]", parser


@reads("collector.parsers")
def work(settings: Settings) -> Iterator[Problem]:
    """Check that each parser does something, and has one format."""
    for path, parser in _parsers(settings):
        if not _reads(parser) and not parser.multiline:
            fix = "add format, pattern or multiline, or remove the parser"
            yield NO_WORK.problem(path, "the parser neither reads nor joins lines", fix)
        if parser.format and parser.pattern:
            fix = "keep one of the two; a second parser with a match of its own can have the other"
            yield FORMAT_OR_PATTERN.problem(
                f"{path}.pattern", f"both format ({parser.format}) and pattern are set", fix
            )


@reads("collector.parsers")
def fields(settings: Settings) -> Iterator[Problem]:
    """Check that fields belong to a format with named fields, are unique, and have a valid path for JSON."""
    for path, parser in _parsers(settings):
        if parser.fields and parser.format not in _NAMED_FIELDS:
            what = f"fields need the format json or logfmt, {_instead(parser)}"
            fix = (
                "name the groups of the pattern instead: (?P<name>...)"
                if parser.pattern
                else "write format: json or logfmt, or remove fields"
            )
            yield NO_FIELDS.problem(f"{path}.fields", what, fix)
        counts = Counter(text or name for name, text in parser.fields.items())
        for name, text in parser.fields.items():
            if parser.format == "logfmt" and counts[text or name] > 1:
                what = "another name reads the same field"
                yield FIELD_TWICE.problem(f"{path}.fields.{name}", what, "read each field once")
            if parser.format == "json" and not is_json_path(text):
                yield _no_path(f"{path}.fields.{name}")


def _instead(parser: Parser) -> str:
    if parser.pattern:
        return "but the parser has a pattern"
    return f"but the format is {parser.format}" if parser.format else "but the parser has no format"


def _no_path(path: str) -> Problem:
    fix = "separate names by dots, and put names with other characters in quotes: '\"trace-id\".value'"
    return JSON_PATH.problem(path, "this is not a valid JMESPath", fix)


@reads("collector.labels", "collector.parsers", "collector.sources")
def names(settings: Settings) -> Iterator[Problem]:
    """Check that fields have valid names that the collector does not use itself."""
    reserved = (*settings.collector.known_labels, *settings.collector.order_labels)
    for path, parser in _parsers(settings):
        names = [(f"{path}.fields.{name}", name) for name in parser.fields]
        names += [(f"{path}.pattern", name) for name in group_names(parser.pattern or "")]
        for key, name in names:
            if not _NAME.fullmatch(name):
                fix = "write letters, digits and _, and no digit at the beginning"
                yield FIELD_NAME.problem(key, f'"{name}" is not a valid name of structured metadata', fix)
            elif name in reserved or name.startswith(OWN_PREFIX):
                yield FIELD_TAKEN.problem(
                    key, f'the collector already uses the name "{name}"', f"choose another, such as line_{name}"
                )


@reads("collector.drop", "collector.parsers")
def patterns(settings: Settings) -> Iterator[Problem]:
    """Check that every regular expression is valid, and that a parser's pattern has named groups."""
    patterns = [
        (f"collector.drop[{index}].pattern", rule.pattern) for index, rule in enumerate(settings.collector.drop)
    ]
    for path, parser in _parsers(settings):
        patterns.append((f"{path}.pattern", parser.pattern))
        patterns.append((f"{path}.multiline.firstLine", parser.multiline.first_line if parser.multiline else None))
        if parser.pattern and not compile_error(parser.pattern) and not group_names(parser.pattern):
            fix = "name the group to read: (?P<name>...)"
            yield NO_GROUPS.problem(f"{path}.pattern", "the pattern has no named group", fix)
    for path, pattern in patterns:
        if pattern and (error := compile_error(pattern)):
            fix = "correct it; RE2 has no (?=...), (?!...), (?<=...) and \\1: https://github.com/google/re2/wiki/Syntax"
            yield PATTERN.problem(path, f"invalid RE2 pattern: {error}", fix)


@reads("collector.parsers")
def timestamps(settings: Settings) -> Iterator[Problem]:
    """Check that a timestamp names an existing field, and a format and a time zone that Alloy reads."""
    for path, parser in _parsers(settings):
        if timestamp := parser.timestamp:
            yield from _field(f"{path}.timestamp.field", parser, timestamp.field)
            yield from _form(f"{path}.timestamp", timestamp)


def _field(path: str, parser: Parser, field: str) -> Iterator[Problem]:
    if parser.pattern and not parser.format:
        groups = group_names(parser.pattern)
        if groups and field not in groups:
            similar = nearest(field, groups)
            fix = f"did you mean {similar}?" if similar else f"the groups are called {listed(groups, 'and')}"
            yield TIMESTAMP_FIELD.problem(path, "the pattern has no group of this name", fix)
    elif parser.format not in _NAMED_FIELDS:
        what = f"a timestamp needs the format json or logfmt or a pattern, {_instead(parser)}"
        yield NO_FIELDS.problem(path, what, "write format: json or logfmt, or a pattern, or remove timestamp")
    elif not field:
        yield TIMESTAMP_FIELD.problem(path, "field is empty", "name the field with the time")
    elif parser.format == "json" and not is_json_path(field):
        yield _no_path(path)


def _form(path: str, timestamp: Timestamp) -> Iterator[Problem]:
    # Without a year Go reads the year 0, and the line is dropped for its age.
    if timestamp.format not in _LAYOUTS and "06" not in timestamp.format:
        similar = nearest(timestamp.format, _LAYOUTS)
        what = "this is neither the name of a layout nor a layout with Go's year 2006"
        fix = (
            f"did you mean {similar}?"
            if similar
            else "write 2 January 2006, 15:04:05 in the format of the lines: 2006-01-02 15:04:05"
        )
        yield TIMESTAMP_FORMAT.problem(f"{path}.format", what, fix)
    if timestamp.time_zone is not None and timestamp.time_zone not in (zones := available_timezones()):
        similar = nearest(timestamp.time_zone, zones)
        fix = f"did you mean {similar}?" if similar else "use a name of the time zone database, such as Europe/Berlin"
        yield TIME_ZONE.problem(f"{path}.timeZone", "unknown time zone", fix)


@reads("collector.parsers")
def first_lines(settings: Settings) -> Iterator[Problem]:
    """Check that multiline has either a language or a first line, and that not every line is a first one."""
    for path, parser in _parsers(settings):
        if (multiline := parser.multiline) and bool(multiline.language) is bool(multiline.first_line):
            what = (
                "both language and firstLine are set" if multiline.language else "neither language nor firstLine is set"
            )
            yield FIRST_LINE.problem(f"{path}.multiline", what, "set one of the two, such as language: auto")
        if multiline and (first_line := multiline.first_line):
            yield from _first_line(f"{path}.multiline.firstLine", first_line)
        if multiline and multiline.max_wait == timedelta():
            yield NO_WAIT.problem(f"{path}.multiline.maxWait", "maxWait is 0s", "remove it: the default is 3s")


def _first_line(path: str, first_line: str) -> Iterator[Problem]:
    fix = "match what only first lines have, such as a date: ^\\d{4}-\\d{2}-\\d{2}; or set language: auto instead"
    matched = [line for line in _CONTINUATIONS if finds(first_line, line)]
    if len(matched) == len(_CONTINUATIONS):
        yield EVERY_LINE.problem(path, "the pattern matches every line of a trace", fix)
    elif frames := [line for line in matched if line in _FRAMES]:
        yield OF_FRAMES.problem(path, f'the pattern matches frames of a trace, such as "{frames[0].strip()}"', fix)


@reads("collector.parsers")
def order(settings: Settings) -> Iterator[Problem]:
    """Check that no earlier parser matches every line of a later one."""
    parsers = settings.collector.parsers
    for index, parser in enumerate(parsers):
        for word, does in {"reads": _reads, "joins": _joins}.items():
            before = (number for number in range(index) if does(parsers[number]))
            first = next((number for number in before if has_all_of(parsers[number].match, parser.match)), None)
            if first is not None and does(parser):
                what = f"parsers[{first}] comes first and already {word} all lines that this parser matches"
                fix = f"move it above parsers[{first}], or narrow the match of parsers[{first}]"
                yield NEVER_REACHED.problem(f"collector.parsers[{index}]", what, fix)


def _reads(parser: Parser) -> bool:
    return bool(parser.format or parser.pattern or parser.fields or parser.timestamp)


def _joins(parser: Parser) -> bool:
    return parser.multiline is not None


CHECKS = (work, fields, names, patterns, timestamps, first_lines, order)
