"""Redaction as blocks, and what its expressions do; tests/real sends the same lines through the real Alloy."""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from typing import get_args

import pytest
import re2  # type: ignore[import-untyped]

from components.alloy.redaction import (
    CLEAN,
    NUMBER,
    PLACEHOLDER,
    RULES,
    WORDS,
    Rule,
    Stage,
    redacted,
    redaction,
    texts_and_patterns,
)
from components.alloy.syntax import Block, document
from settings.redaction import CustomRedaction, RedactionName, RedactionSettings
from tests.support import corpus
from tests.support.corpus import EVERY_RULE, Line

WITH_SECRETS = [line for line in corpus.lines() if line.secrets]


def searched(rule: Rule, line: str) -> bool:
    texts, patterns = texts_and_patterns([rule])
    return any(text in line for text in texts) or any(re2.search(pattern, line) for pattern in patterns)


def replaced(stage: Stage, name: str, line: str) -> str:
    """A stage.replace, as internal/component/loki/process/stages/replace.go of Alloy does it."""
    parts, end = [], 0
    for match in re2.finditer(stage.expression, line):
        for group in range(1, match.re.groups + 1):
            if match.start(group) >= end and match[group] is not None:
                parts += [line[end : match.start(group)], filled(stage.template, name, match[group])]
                end = match.end(group)
    return "".join([*parts, line[end:]])


def filled(template: str, name: str, value: str) -> str:
    """What the templates say, in Python."""
    if PLACEHOLDER in template and (re2.search(PLACEHOLDER, value) or value.lower() in WORDS):
        return value
    if "b64dec" in template and b":" not in decoded(value):
        return value
    if "$sum" in template and not is_luhn(re.sub("[^0-9]", "", value)):
        return value
    number = re.match(NUMBER, value) if NUMBER in template else None
    return f"{number[1]}{number[2]}{number[1]}{redacted(name)}{number[1]}" if number else redacted(name)


def decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def is_luhn(digits: str) -> bool:
    values = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in values) % 10 == 0


def without_secrets(line: str, rules: Sequence[RedactionName] = EVERY_RULE) -> str:
    for name in rules:
        if searched(RULES[name], line):
            for stage in RULES[name].stages:
                line = replaced(stage, name, line)
    return line


@pytest.mark.parametrize("line", corpus.lines(), ids=lambda line: line.text[:60])
def test_of_a_line_the_secrets_are_replaced_and_nothing_else_is(line: Line) -> None:
    assert without_secrets(line.text) == line.expected
