"""The blocks of redaction and the effect of its expressions; tests/real sends the same lines through the real Alloy."""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, get_args

import pytest
import re2  # type: ignore[import-untyped]
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logstack.manifests.alloy.redaction import CLEAN, receiver, redaction, secretfilter
from logstack.manifests.alloy.secret_rules import NUMBER, PLACEHOLDER, RULES, WORDS, Search, merged, redacted
from logstack.manifests.alloy.syntax import Block, Joined, document
from logstack.settings.model.patterns import begins_with_text
from logstack.settings.model.redaction import CustomRedaction, RedactionName, RedactionSettings
from tests.support import corpus
from tests.support.corpus import EVERY_RULE, Line

WITH_SECRETS = [line for line in corpus.lines() if line.secrets]


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    expression: re.Pattern[str] = re2.compile(pattern)
    return expression


def finds(search: Search, line: str) -> bool:
    return bool(compiled(search.text).search(line)) if search.is_pattern else search.text in line


def expression_of(stage: Block) -> str:
    """Return the expression of a stage.replace, which may be a list of parts."""
    match stage.attributes["expression"]:
        case Joined(parts, separator):
            return separator.join(part.text for part in parts)
        case expression:
            return str(expression)


def replace(stage: Block, name: str, line: str) -> str:
    """Apply a stage.replace as Alloy does (internal/component/loki/process/stages/replace.go)."""
    pieces, end = [], 0
    for match in compiled(expression_of(stage)).finditer(line):
        for group in range(1, match.re.groups + 1):
            if match.start(group) >= end and match[group] is not None:
                pieces += [
                    line[end : match.start(group)],
                    fill_template(str(stage.attributes["replace"]), name, match[group]),
                ]
                end = match.end(group)
    return "".join([*pieces, line[end:]])


def fill_template(template: str, name: str, value: str) -> str:
    """Evaluate a template of the stages, in Python."""
    is_word = f" {value.lower()} " in f" {' '.join(WORDS)} "
    if PLACEHOLDER in template and (re2.search(PLACEHOLDER, value) or is_word):
        return value
    if "b64dec" in template and b":" not in decode(value):
        return value
    if "$sum" in template and not is_luhn(re.sub("[^0-9]", "", value)):
        return value
    number = re.match(NUMBER, value) if NUMBER in template else None
    return f"{number[1]}{number[2]}{number[1]}{redacted(name)}{number[1]}" if number else redacted(name)


def decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def is_luhn(digits: str) -> bool:
    values = [int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in values) % 10 == 0


def redact(line: str, rules: Sequence[RedactionName] = EVERY_RULE) -> str:
    for name in rules:
        rule = RULES[name]
        if any(finds(search, line) for search in (*rule.searches, *rule.issued_searches)):
            for step in (*rule.issued, *rule.steps):
                if all(finds(search, line) for search in step.only):
                    for stage in step.stages:
                        line = replace(stage, name, line) if stage.name == "stage.replace" else line
    return line


@pytest.mark.parametrize("line", corpus.lines(), ids=lambda line: line.text[:60])
def test_redaction_replaces_secrets_and_nothing_else(line: Line) -> None:
    assert redact(line.text) == line.expected


@pytest.mark.parametrize("line", WITH_SECRETS, ids=lambda line: line.text[:60])
def test_redaction_is_idempotent(line: Line) -> None:
    assert redact(line.expected) == line.expected


@pytest.mark.parametrize("line", WITH_SECRETS, ids=lambda line: line.text[:60])
def test_redaction_keeps_json_of_the_corpus_valid(line: Line) -> None:
    try:
        json.loads(line.text)
    except ValueError:
        return
    json.loads(redact(line.text))


# Texts that are difficult in JSON: signs, quotes, names without a value, and secrets.
PIECES = st.sampled_from(
    [*"\"\\',:=[]{}<&\n\t ", "password=", "token:", "secret='", 'token="a b"', "--password ", "password '", "Bearer "]
    + [line.secrets[0] for line in WITH_SECRETS]
)
TEXTS = st.lists(PIECES, max_size=5).map("".join)
NAMES = st.sampled_from(["password", "api_key", "authorization", "x-api-key", "msg", "a"])
# No numbers in lists: a card number there would not stay a number, and no expression can tell it from a text's.
VALUES = st.recursive(
    st.one_of(
        TEXTS, st.just(4111111111111111), st.none(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False)
    ),
    lambda inner: st.one_of(
        st.dictionaries(NAMES, inner), st.lists(TEXTS), st.dictionaries(NAMES, inner).map(json.dumps)
    ),
    max_leaves=6,
)


@example(document={"password": ["", "\n-3.5e7bob@example.com"]}, gaps=(",", ":"), in_ascii=True)
@example(document={"msg": "\t_bob@example.com"}, gaps=(", ", ": "), in_ascii=False)
@example(document={"msg": 6584314743087104.0}, gaps=(",", ":"), in_ascii=True)
@example(document={"msg": -6584314743087104}, gaps=(", ", ": "), in_ascii=True)
@settings(max_examples=200)
@given(
    document=st.dictionaries(NAMES, VALUES), gaps=st.sampled_from([(",", ":"), (", ", ": ")]), in_ascii=st.booleans()
)
def test_redaction_keeps_generated_json_valid(document: dict[str, Any], gaps: tuple[str, str], in_ascii: bool) -> None:  # noqa: FBT001 - given by Hypothesis
    json.loads(redact(json.dumps(document, separators=gaps, ensure_ascii=in_ascii)))


def test_corpus_has_enough_lines_for_each_rule() -> None:
    for name in get_args(RedactionName):
        assert sum(line.rule == name for line in corpus.lines()) >= 8
    assert sum(not line.secrets for line in corpus.lines()) >= 60
    for line in WITH_SECRETS:
        assert not [secret for secret in line.secrets if secret in line.expected], line
        assert all(secret in line.text for secret in line.secrets), line


TWO_WORDS = [
    ("api", "key"),
    ("access", "key"),
    ("private", "key"),
    ("client", "secret"),
    ("secret", "key"),
    ("db", "pwd"),
]
TWO_WORDS += [("access", "token"), ("user", "password"), ("user", "passwd"), ("key", "passphrase"), ("db", "pass")]


def spellings() -> Iterator[str]:
    for first, second in TWO_WORDS:
        yield from (f"{first}_{second}", f"{first}-{second}", f"{first}_{second}".upper(), f"{first}-{second}".upper())
        yield from (first + second.title(), first.title() + second.title())
        yield f"{first}-{second}".title()


@pytest.mark.parametrize("name", list(spellings()))
@pytest.mark.parametrize(
    "form", ["{}=hunter2", "{}: hunter2", '{{"{}":"hunter2"}}', '{{"{}": 12345}}', "{} := 'hunter2'"]
)
def test_redaction_recognises_every_spelling_of_a_secret_name(name: str, form: str) -> None:
    line = form.format(name)
    output = redact(line)
    assert "<redacted:" in output
    assert "hunter2" not in output
    assert "12345" not in output


def test_searches_begin_with_plain_text_or_the_line() -> None:
    """Go's regular expressions find plain text quickly; everything else costs microseconds on every line."""
    searches = [search for rule in RULES.values() for search in (*rule.searches, *rule.issued_searches)]
    slow = [search.text for search in merged(searches) if search.is_pattern and not begins_with_text(search.text)]
    assert slow == []


def test_merged_searches_find_the_same_lines() -> None:
    searches = [search for rule in RULES.values() for search in (*rule.searches, *rule.issued_searches)]
    for line in corpus.lines():
        separately = any(finds(search, line.text) for search in searches)
        assert any(finds(search, line.text) for search in merged(searches)) == separately


# --- blocks


def all_blocks(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        yield from all_blocks(block.blocks)


def stages_named(name: str, **keys: object) -> list[Block]:
    blocks = redaction(RedactionSettings.model_validate(keys))
    return [block for block in all_blocks(blocks) if block.name == name]


def test_redaction_applies_the_rules_of_the_stack_in_a_fixed_order() -> None:
    replaces = [stage.attributes["replace"] for stage in stages_named("stage.replace", rules=["mails", "private-keys"])]
    assert replaces == ["<redacted:private-keys>", "<redacted:private-keys>", "<redacted:mails>"]


def test_redaction_has_no_blocks_when_the_stack_has_no_rules() -> None:
    assert redaction(RedactionSettings(rules=())) == ()


def test_redaction_marks_clean_lines_with_an_internal_label() -> None:
    marks = [stage.attributes["values"] for stage in stages_named("stage.static_labels")]
    assert marks == [{CLEAN: mark} for mark in ("all", "tokens")]
    assert CLEAN.startswith("__")


def test_selector_of_clean_lines_has_every_search() -> None:
    selector = stages_named("stage.match", rules=EVERY_RULE)[0].attributes["selector"]
    assert isinstance(selector, Joined)
    filters = {part.text for part in selector.parts}
    searches = [search for rule in RULES.values() for search in (*rule.searches, *rule.issued_searches)]
    assert {search.absent for search in merged(list(dict.fromkeys(searches)))} <= filters


def test_every_line_of_the_configuration_can_be_read() -> None:
    assert max(map(len, document(redaction(RedactionSettings(rules=EVERY_RULE))).splitlines())) < 1200


def test_secretfilter_gets_the_lines_after_the_rules() -> None:
    settings = RedactionSettings(secretfilter=True)
    assert receiver(settings) == "loki.secretfilter.default.receiver"
    assert "forward_to  = [loki.write.default.receiver]" in document(list(secretfilter(settings)))
    assert receiver(RedactionSettings()) == "loki.write.default.receiver"
    assert list(secretfilter(RedactionSettings())) == []


CUSTOM = [
    ({"pattern": "x1"}, "(x1)", "<redacted:a>"),
    ({"pattern": "x(1)"}, "x(1)", "<redacted:a>"),
    ({"pattern": r'"x" (\d+)', "replacement": ""}, r'"x" (\d+)', ""),
    ({"pattern": "x1", "replacement": "{{ .Value }}"}, "(x1)", '{{ "{{" }} .Value }}'),
]


@pytest.mark.parametrize(("keys", "expression", "template"), CUSTOM)
def test_custom_rule_becomes_a_stage_for_matching_lines(keys: dict[str, str], expression: str, template: str) -> None:
    rule = CustomRedaction.model_validate({"name": "a"} | keys)
    (block,) = redaction(RedactionSettings(rules=(), custom=(rule,)))
    assert block.comment == "collector.redact.custom: a"
    (stage,) = block.blocks
    assert dict(stage.attributes) == {"expression": expression, "replace": template}
    assert str(block.attributes["selector"]).startswith('{logstack_source=~".*"} |~ "')


def test_custom_rules_come_last() -> None:
    rule = CustomRedaction(name="a", pattern="x")
    assert [block.comment for block in redaction(RedactionSettings(custom=(rule,)))] == [
        "Lines without any text of collector.redact.rules pass by.",
        "All other lines: collector.redact.rules.",
        "collector.redact.custom: a",
    ]
    assert "logstack_source" in document(redaction(RedactionSettings(custom=(rule,))))
