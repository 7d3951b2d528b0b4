"""Regular expressions and JMESPath, as Go and Alloy read them; the table was compared with Go 1.26."""

import pytest

from logstack.settings.model.patterns import compile_error, finds, group_count, group_names, is_json_path


@pytest.mark.parametrize(
    "pattern",
    [
        "^a+?$",
        r"(?P<user>\w+) (?<team>[[:alpha:]]+)",
        r"\pN\p{Greek}[^\d]",
        r"(?i)ä{1000}",
        r"(?s:.*)\z",
        r"\Qa\C\E",
        r"\\C",
        "(|a)*",
    ],
)
def test_compile_error_is_none_for_patterns_that_go_compiles(pattern: str) -> None:
    assert compile_error(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "error"),
    [
        ("(?=a)", "invalid perl operator: (?="),
        (r"(a)\1", r"invalid escape sequence: \1"),
        (r"a\Z", r"invalid escape sequence: \Z"),
        ("a++", "bad repetition operator: ++"),
        ("a{1001}", "invalid repetition size: {1001}"),
        ("(?P<a-b>x)", "invalid named capture group: (?P<a-b>"),
        ("(?P<ä>x)", "invalid named capture group"),
        (r"a\C", r"invalid escape sequence: \C"),
        ("[a-secret-text", "missing ]"),
    ],
)
def test_compile_error_quotes_only_the_wrong_characters_of_a_pattern(pattern: str, error: str) -> None:
    assert compile_error(pattern) == error
    assert group_names(pattern) == ()
    assert group_count(pattern) == 0
    assert not finds(pattern, "a")


def test_compile_error_writes_nothing_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    compile_error("(?=hunter2")
    assert capfd.readouterr() == ("", "")


def test_group_names_are_those_of_named_groups_only() -> None:
    pattern = r"^(?P<ip>\S+) (?<user>\w+) (x) (?:y) \(?P<no>"
    assert group_names(pattern) == ("ip", "user")
    assert group_count(pattern) == 3


def test_finds_searches_anywhere_in_the_text() -> None:
    assert finds("b+", "abc")
    assert not finds("^b", "abc")


@pytest.mark.parametrize("path", ["user", "trace.id", '"trace-id".value', "a[0].b", "level || severity"])
def test_json_path_is_accepted_when_it_is_valid_jmespath(path: str) -> None:
    assert is_json_path(path)


@pytest.mark.parametrize("path", ["", "trace-id", "a b", "a.", "@timestamp", "a("])
def test_json_path_is_refused_when_it_is_not_valid_jmespath(path: str) -> None:
    assert not is_json_path(path)
