"""Regular expressions and paths, as Go and Alloy read them; the table was compared with Go 1.26."""

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
def test_what_go_reads_is_no_error(pattern: str) -> None:
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
def test_what_go_does_not_read_is_told_with_a_few_characters_at_most(pattern: str, error: str) -> None:
    assert compile_error(pattern) == error
    assert group_names(pattern) == ()
    assert group_count(pattern) == 0
    assert not finds(pattern, "a")


def test_nothing_is_written_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    compile_error("(?=hunter2")
    assert capfd.readouterr() == ("", "")


def test_groups_are_those_with_a_name() -> None:
    pattern = r"^(?P<ip>\S+) (?<user>\w+) (x) (?:y) \(?P<no>"
    assert group_names(pattern) == ("ip", "user")
    assert group_count(pattern) == 3


def test_a_pattern_finds_what_is_anywhere_in_a_text() -> None:
    assert finds("b+", "abc")
    assert not finds("^b", "abc")


@pytest.mark.parametrize("path", ["user", "trace.id", '"trace-id".value', "a[0].b", "level || severity"])
def test_a_path_of_jmespath_is_one(path: str) -> None:
    assert is_json_path(path)


@pytest.mark.parametrize("path", ["", "trace-id", "a b", "a.", "@timestamp", "a("])
def test_another_text_is_no_path(path: str) -> None:
    assert not is_json_path(path)
