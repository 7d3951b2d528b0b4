"""Custom redaction rules just inside and just outside the checks."""

import pytest

from logstack.settings.model.redaction import CustomRedaction, RedactionSettings
from tests.unit.settings.stacks import messages_for


def custom(*rules: str) -> str:
    return "collector: {redact: {custom: [" + ", ".join(f"{{{rule}}}" for rule in rules) + "]}}"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param("collector: {redact: {rules: []}}", id="no rule"),
        pytest.param("collector: {redact: {rules: [mails, cards]}}", id="mails, in another order"),
        pytest.param(custom("name: a, pattern: 'customer-([0-9]+)'"), id="a group"),
        pytest.param(custom("name: a, pattern: x1, replacement: ''"), id="an empty replacement"),
        pytest.param(custom("name: a, pattern: x1, replacement: '{{x}}'"), id="a replacement with braces"),
        pytest.param(custom(r"name: a, pattern: 'no [0-9]+'"), id="digits behind a word"),
        pytest.param(custom(r"name: a, pattern: '^[A-Z]{2,}'"), id="the beginning of a line"),
        pytest.param(custom("name: a, pattern: x1", "name: a-1, pattern: x1"), id="names that are almost the same"),
        pytest.param(custom(r"name: a, pattern: 'key (?P<one>\pL{8})\b'"), id="syntax that only RE2 has"),
    ],
)
def test_correct_redaction_rules_have_no_problem(changes: str) -> None:
    assert messages_for(changes) == ""


@pytest.mark.parametrize("pattern", ["", "x*", "(x)?", "|x", "^", r"\b", "x{0}"])
def test_custom_rule_is_refused_when_it_matches_an_empty_line(pattern: str) -> None:
    assert messages_for(custom(f"name: a, pattern: '{pattern}'")) != ""


@pytest.mark.parametrize("pattern", [".", ".+", r"\w+", "[a-z]", r"\S(\S)", "(?i)[a-z]{3}", "e", r"[[:alpha:]]+|\d"])
def test_custom_rule_is_refused_when_it_matches_every_ordinary_line(pattern: str) -> None:
    assert "redaction-of-everything" in messages_for(custom(f"name: a, pattern: '{pattern}'"))


@pytest.mark.parametrize("name", ["Mails", "a b", "a_b", "", "-a", "<a>", "é", "a" * 42])
def test_custom_rule_name_accepts_only_lower_case_letters_digits_and_dashes(name: str) -> None:
    assert "must be a name of lower-case letters, digits and -" in messages_for(custom(f"name: '{name}', pattern: x1"))


@pytest.mark.parametrize("replacement", ['say "x"', "a\\b", "a\nb", "a" * 101])
def test_custom_rule_replacement_cannot_end_a_json_string(replacement: str) -> None:
    with pytest.raises(ValueError, match="replacement"):
        CustomRedaction(name="a", pattern="x", replacement=replacement)


@pytest.mark.parametrize(
    ("pattern", "expression"),
    [
        ("a|b", "(a|b)"),
        ("(?i)a", "((?i)a)"),
        (r"\(a\)", r"(\(a\))"),
        ("[(]a", "([(]a)"),
        (r"\Q(a)\E", r"(\Q(a)\E)"),
        ("(?:a)b", "((?:a)b)"),
        ("a(b)", "a(b)"),
        ("a(?P<x>b)", "a(?P<x>b)"),
        ("a(?<x>b)|c", "a(?<x>b)|c"),
    ],
)
def test_custom_rule_pattern_becomes_a_group_when_it_has_none(pattern: str, expression: str) -> None:
    assert CustomRedaction(name="a", pattern=pattern).expression == expression


def test_default_rules_do_not_redact_mails() -> None:
    assert RedactionSettings().rules == ("private-keys", "tokens", "passwords", "cards")
