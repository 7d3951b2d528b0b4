"""Custom redaction rules: unique names, and patterns that leave ordinary text alone."""

import json
import re
from collections.abc import Iterator
from typing import get_args

from logstack.settings.checks.check import reads
from logstack.settings.checks.parsing import PATTERN
from logstack.settings.model.patterns import begins_with_text, compile_error, finds, replaced
from logstack.settings.model.redaction import CustomRedaction, RedactionName
from logstack.settings.problems import Problem, Rule
from logstack.settings.tree import Settings

# Lines as programs write them, without anything that somebody would hide.
_HARMLESS = (
    "started",
    "Listening on port 8080",
    "2026-06-01 12:00:00,123 INFO [main] com.example.Cart: 3 items in 12 ms",
    'ts=2026-06-01T12:00:00Z level=warn msg="retrying" attempt=2',
    '{"level":"info","msg":"request done","status":200}',
    '10.42.0.17 - - [01/Jun/2026:12:00:00 +0000] "GET /healthz HTTP/1.1" 200 2',
)

NAME_TAKEN = Rule("redaction-name-taken", "<redacted:NAME> does not tell which of the two rules replaced the text")
NOT_JSON = Rule("redaction-breaks-json", "such a line is no JSON any more, so it has no level and no fields", "warning")
SLOW = Rule(
    "redaction-slow",
    "measured: 7 to 64 us for each line of 217 bytes, beside 30 us for everything else",
    "warning",
)
EVERYTHING = Rule("redaction-of-everything", "every line is redacted, and becomes unreadable")


@reads("collector.redact")
def names(settings: Settings) -> Iterator[Problem]:
    """Check that each rule has a unique name."""
    names = [rule.name for rule in settings.collector.redact.custom]
    for index, name in enumerate(names):
        path = f"collector.redact.custom[{index}].name"
        if name in get_args(RedactionName):
            yield NAME_TAKEN.problem(path, f"{name} is a built-in rule", "choose another name")
        elif (first := names.index(name)) < index:
            yield NAME_TAKEN.problem(path, f"custom[{first}] has the same name", "choose another name")


@reads("collector.redact")
def patterns(settings: Settings) -> Iterator[Problem]:
    """Check that each pattern is valid and does not match lines without secrets."""
    for index, rule in enumerate(settings.collector.redact.custom):
        path = f"collector.redact.custom[{index}].pattern"
        if error := compile_error(rule.expression):
            fix = "correct it; RE2 has no (?=...), (?!...), (?<=...) and \\1: https://github.com/google/re2/wiki/Syntax"
            yield PATTERN.problem(path, f"invalid RE2 pattern: {error}", fix)
        elif not _is_usable(rule):
            lines = "every line, even an empty one" if finds(rule.pattern, "") else "ordinary lines"
            fix = "start with the text before the secret, and put the secret in a group: 'customer ([0-9]+)'"
            yield EVERYTHING.problem(path, f"the pattern matches {lines}, such as '{_HARMLESS[0]}'", fix)


def _is_usable(rule: CustomRedaction) -> bool:
    """Return whether Go compiles the pattern, and it leaves some harmless line alone."""
    return not compile_error(rule.expression) and not all(finds(rule.pattern, line) for line in _HARMLESS)


@reads("collector.redact")
def json_lines(settings: Settings) -> Iterator[Problem]:
    """Warn of rules that replace more than a text within quotes, which leaves no valid JSON."""
    for index, rule in enumerate(settings.collector.redact.custom):
        if not _is_usable(rule):
            continue
        text = f"<redacted:{rule.name}>" if rule.replacement is None else rule.replacement
        for line in _json_probes(rule.pattern):
            after = replaced(rule.expression, text, line)
            if not is_json(after):
                what = f"{line} becomes {after}"
                fix = 'put only what stands between the quotes into a group: \'"customer":"([^"]+)"\''
                yield NOT_JSON.problem(f"collector.redact.custom[{index}].pattern", what, fix)
                break


def _json_probes(pattern: str) -> Iterator[str]:
    """Yield lines of JSON with the words of a pattern as names and in values."""
    words = re.findall(r"[A-Za-z_][A-Za-z0-9_-]{2,}", re.sub(r"\\.|\[[^\]]*\]|\(\?[a-z]+\)", " ", pattern))
    for word in dict.fromkeys((*words, "id")):
        for value in (
            '"Kx7pQ9"',
            '"Kx7 pQ9"',
            '"4711"',
            '""',
            "4711",
            *(f"{10**digits + 7}" for digits in range(5, 20)),
            "true",
        ):
            yield f'{{"{word}":{value},"b":"c"}}'
        yield f'{{"msg":"the {word}=Kx7pQ9","b":"c"}}'
        yield f'{{"msg":"the {word} 4711","b":"c"}}'
        yield f'{{"msg":"the {word}-4711","b":"c"}}'


def is_json(line: str) -> bool:
    """Return whether a line is JSON."""
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


@reads("collector.redact")
def speed(settings: Settings) -> Iterator[Problem]:
    """Warn of patterns that Go cannot search quickly.

    Measured with Go's regexp on lines of a Kubernetes cluster of 217 bytes: 0.1 us for a pattern that begins with plain
    text, 7 to 64 us for twelve that do not. Reading, processing and sending such a line takes 30 us.
    """
    for index, rule in enumerate(settings.collector.redact.custom):
        if _is_usable(rule) and not begins_with_text(rule.pattern):
            fix = "start with the text before the secret, and put the secret in a group: 'customer ([0-9]+)'"
            yield SLOW.problem(
                f"collector.redact.custom[{index}].pattern", "the pattern does not begin with plain text", fix
            )


CHECKS = (names, patterns, json_lines, speed)
