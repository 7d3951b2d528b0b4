"""Custom redaction rules: unique names, and patterns that leave ordinary text alone."""

from collections.abc import Iterator
from typing import get_args

from logstack.settings.checks.check import reads
from logstack.settings.checks.parsing import PATTERN
from logstack.settings.model.patterns import compile_error, finds
from logstack.settings.model.redaction import RedactionName
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
        elif all(finds(rule.pattern, line) for line in _HARMLESS):
            lines = "every line, even an empty one" if finds(rule.pattern, "") else "ordinary lines"
            fix = "start with the text before the secret, and put the secret in a group: 'customer ([0-9]+)'"
            yield EVERYTHING.problem(path, f"the pattern matches {lines}, such as '{_HARMLESS[0]}'", fix)


CHECKS = (names, patterns)
