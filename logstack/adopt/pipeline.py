"""A collector's stages that a stack file has keys for, and sources that it passes on as they are."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from logstack.adopt.paths import at
from logstack.adopt.reading import Reading, Verdict
from logstack.adopt.units import format_duration, loki_duration_of
from logstack.settings.passthrough.alloy_text import AlloyBlock, literals
from logstack.settings.passthrough.credentials import is_credential

U, T = Verdict.UNDERSTOOD, Verdict.TRANSLATED
# Sources to which others send: one that fetches by itself would read everything once on each node.
_PASSED_ON = ("loki.source.syslog", "loki.source.gelf", "loki.source.heroku", "loki.source.awsfirehose")
_LINES = "loki.process.lines.receiver"
_PAIR = re.compile(r'"?([\w.-]+)"?\s*=\s*("(?:\\.|[^"\\])*"|`[^`]*`)')
_RULE_NAME = re.compile(r"[^a-z0-9]+")
_SELECTOR = re.compile(r"\{([^{}]*)\}\s*(?:\|~\s*(\"(?:\\.|[^\"\\])*\"|`[^`]*`))?")
_MATCHER = re.compile(r'\s*(\w+)\s*=\s*"([^"*\\]*)"\s*')
# Labels that a match of a drop rule knows, of each line.
_MATCHED = ("namespace", "pod", "container", "app", "component", "job", "stream", "node")


@dataclass(frozen=True)
class Taken:
    """What becomes of a stage or a source."""

    verdict: Verdict
    text: str
    key: str


def stage(reading: Reading, block: AlloyBlock, following: Sequence[AlloyBlock]) -> Taken | None:
    """Write a stage of a pipeline's first level, with those behind it at hand; None where no key says the same."""
    match block.name.removeprefix("stage."):
        case "drop":
            taken = _drop(reading, block)
        case "match" if _text(block, "action") == "drop":
            taken = _drop_matched(reading, block)
        case "json":
            taken = _parser(reading, "json", _pairs(block, "expressions"), following)
        case "logfmt":
            taken = _parser(reading, "logfmt", _pairs(block, "mapping"), following)
        case "multiline":
            taken = _multiline(reading, block)
        case "labels" if _parser_of(reading) and set(_pairs(block, "values")) - {"level"} <= _fields_of(reading):
            text = "structured metadata: a query filters by it behind the selector, {...} | name=`value`"
            taken = Taken(T, text, "collector.parsers")
        case _:
            taken = None
    return taken


def _text(block: AlloyBlock, name: str) -> str | None:
    """Return an attribute that is one text; None where it is missing or something else."""
    return _unquoted(block.attributes.get(name, "").strip())


def _unquoted(text: str) -> str | None:
    if len(literals(text)) != 1 or text[:1] != text[-1:] or text[:1] not in ('"', "`"):
        return None
    if text.startswith("`"):
        return text[1:-1]
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, str) else None


def _pairs(block: AlloyBlock, name: str) -> dict[str, str]:
    return {key: _unquoted(text) or "" for key, text in _PAIR.findall(block.attributes.get(name, ""))}


def _drop(reading: Reading, block: AlloyBlock) -> Taken | None:
    keys = set(block.attributes) - {"drop_counter_reason"}
    if keys == {"older_than"} and (age := loki_duration_of(_text(block, "older_than"))):
        reading.write("collector.maxAge", format_duration(age))
        return Taken(U, "", "collector.maxAge")
    pattern = _text(block, "expression")
    if keys != {"expression"} or not pattern:
        return None
    return _dropped(reading, _text(block, "drop_counter_reason"), {"pattern": pattern})


def _drop_matched(reading: Reading, block: AlloyBlock) -> Taken | None:
    """Write the lines of a selector of plain matchers, at most with one pattern behind it."""
    found = _SELECTOR.fullmatch((_text(block, "selector") or "").strip())
    if found is None:
        return None
    matchers = [_MATCHER.fullmatch(each) for each in found[1].split(",") if each.strip()]
    match = {each[1]: each[2] for each in matchers if each and each[1] in _MATCHED}
    pattern = _unquoted(found[2]) if found[2] else None
    if len(match) != len(matchers) or (found[2] and not pattern):
        return None
    rule: dict[str, object] = {"match": match} if match else {}
    return _dropped(reading, _text(block, "drop_counter_reason"), {**rule, **({"pattern": pattern} if pattern else {})})


def _dropped(reading: Reading, reason: str | None, rule: Mapping[str, object]) -> Taken:
    rules = reading.key_value("collector.drop")
    written = list(rules) if isinstance(rules, list) else []
    name = _RULE_NAME.sub("-", (reason or "").lower()).strip("-")[:40] or f"drop-{len(written) + 1}"
    if any(at(each, ("name",)) == name for each in written):
        name = f"{name[:36]}-{len(written) + 1}"
    reading.write("collector.drop", [*written, {"name": name, **rule}])
    return Taken(T, "for the lines of every source, before secrets are redacted", "collector.drop")


def _parser(
    reading: Reading, line_format: str, fields: Mapping[str, str], following: Sequence[AlloyBlock]
) -> Taken | None:
    """Write the fields that a later stage makes labels or structured metadata of."""
    used = {
        name: source or name
        for block in following
        if block.name in ("stage.labels", "stage.structured_metadata")
        for name, source in _pairs(block, "values").items()
    }
    wanted = {name: fields[source] or source for name, source in used.items() if source in fields and name != "level"}
    parser = _parser_of(reading)
    if parser is None or "format" in parser:
        return None
    parser = {**parser, "format": line_format, **({"fields": wanted} if wanted else {})}
    reading.write("collector.parsers", [parser])
    text = "lines of another format stay as they are; fields and the level become structured metadata"
    return Taken(T, text, "collector.parsers")


def _multiline(reading: Reading, block: AlloyBlock) -> Taken | None:
    parser, first = _parser_of(reading), _text(block, "firstline")
    if parser is None or "multiline" in parser or not first:
        return None
    multiline: dict[str, object] = {"firstLine": first}
    if (lines := block.attributes.get("max_lines", "").strip()).isdecimal():
        multiline["maxLines"] = int(lines)
    if wait := loki_duration_of(_text(block, "max_wait_time")):
        multiline["maxWait"] = format_duration(wait)
    reading.write("collector.parsers", [{**parser, "multiline": multiline}])
    return Taken(T, "for the lines of pods, node files and pushes", "collector.parsers")


def _parser_of(reading: Reading) -> dict[str, object] | None:
    """Return the one parser of all lines as far as it is written; None where there are several."""
    parsers = reading.key_value("collector.parsers")
    if not isinstance(parsers, list):
        return {}
    return dict(parsers[0]) if len(parsers) == 1 else None


def _fields_of(reading: Reading) -> set[str]:
    parsers = reading.key_value("collector.parsers")
    fields = at(parsers[0], ("fields",)) if isinstance(parsers, list) and parsers else None
    return set(fields) if isinstance(fields, Mapping) else set()


def passed_source(reading: Reading, block: AlloyBlock) -> Taken | None:
    """Pass a source on that others send to; None where it needs other blocks, or has a secret."""
    if block.name not in _PASSED_ON or not block.label:
        return None
    attributes = {key: text for key, text in block.attributes.items() if key not in ("forward_to", "relabel_rules")}
    body = AlloyBlock(block.name, block.label, attributes=attributes, blocks=block.blocks)
    if any(_refuses(name, text) for name, text in _attributes(body)):
        return None
    body.attributes["forward_to"] = f"[{_LINES}]"
    written = reading.key_value("alloy.config")
    text = "\n".join([*([written.rstrip()] if isinstance(written, str) else []), *_spelled(body, "")])
    reading.write("alloy.config", f"{text}\n")
    said = "passed on as it is, without relabelling; its port needs alloy.values: {alloy: {extraPorts: [...]}}"
    return Taken(T, said, "alloy.config")


def _attributes(block: AlloyBlock) -> Iterator[tuple[str, str]]:
    yield from block.attributes.items()
    for inner in block.blocks:
        yield from _attributes(inner)


def _refuses(name: str, text: str) -> bool:
    outside_texts = re.sub(r'"[^"]*"|`[^`]*`', "", text)
    has_reference = re.search(r"\b(loki|discovery|local|remote|otelcol)\.\w+\.\w+", outside_texts)
    return bool(has_reference) or any(is_credential(name, each) for each in literals(text))


def _spelled(block: AlloyBlock, indent: str) -> Iterator[str]:
    yield f"{indent}{block.name}{f' {json.dumps(block.label)}' if block.label else ''} {{"
    yield from (f"{indent}  {name} = {text}" for name, text in block.attributes.items())
    for inner in block.blocks:
        yield from _spelled(inner, f"{indent}  ")
    yield f"{indent}}}"
