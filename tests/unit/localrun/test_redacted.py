"""The lines of a run that redaction changed: each is found with its rule, and shown without its secret."""

import json

import pytest

from logstack.localrun.checks import Outcome
from logstack.localrun.client import Entry
from logstack.localrun.redacted import RedactedLines, by_rule, redactions
from logstack.localrun.report import Report
from logstack.settings.model.redaction import CustomRedaction

REDACTED = [
    ("password=hunter2 ok", "password=<redacted:passwords> ok", True),
    ("a=1 b=2", "a=<redacted:x> b=<redacted:y>", True),
    ('{"password":12345678}', '{"password":"<redacted:passwords>"}', True),
    (r'{"log":"{\"token\": 987654321}"}', r'{"log":"{\"token\": \"<redacted:passwords>\"}"}', True),
    ("password=hunter2 ok", "password=<redacted:passwords> no", False),
    ("password=hunter2", "something else", False),
    ("", "<redacted:x>", False),
]
PASSWORDS = RedactedLines("passwords", 2, ["password=<redacted:passwords> [/x] ok"])


@pytest.mark.parametrize(("sent", "received", "matches"), REDACTED)
def test_redactions_match_a_line_by_the_text_around_its_secrets(sent: str, received: str, *, matches: bool) -> None:
    sent_entry, received_entry = Entry(1, sent), Entry(1, received)
    assert redactions([sent_entry], [received_entry]) == ({sent_entry: received_entry} if matches else {})
    assert redactions([Entry(2, sent)], [received_entry]) == {}


CUSTOM = (
    CustomRedaction(name="ticket", pattern=r"T-\d+", replacement="T-(removed)"),
    CustomRedaction(name="customer", pattern=r"customer-(\d+)"),
)


def test_redactions_and_by_rule_know_the_replacements_that_a_stack_chose() -> None:
    sent, stored = Entry(1, "T-17 of customer-9"), Entry(1, "T-(removed) of customer-<redacted:customer>")
    assert redactions([sent], [stored]) == {}
    changed = redactions([sent], [stored], CUSTOM)
    assert changed == {sent: stored}
    assert [(each.rule, each.lines) for each in by_rule(changed, CUSTOM)] == [("customer", 1), ("ticket", 1)]


def grouped(*pairs: tuple[str, str]) -> list[RedactedLines]:
    return by_rule({Entry(time, sent): Entry(time, stored) for time, (sent, stored) in enumerate(pairs)})


def test_by_rule_counts_a_line_for_each_of_its_rules_and_sorts_by_lines() -> None:
    lines = grouped(("a 1 b 2", "a <redacted:x> b <redacted:y>"), ("c 3", "c <redacted:y>"), ("d 4", "d <redacted:y>"))
    assert [(each.rule, each.lines) for each in lines] == [("y", 3), ("x", 1)]


def test_by_rule_leaves_out_what_was_redacted_before_it_was_sent() -> None:
    sent, stored = "a <redacted:x> b 2", "a <redacted:x> b <redacted:y>"
    assert [each.rule for each in grouped((sent, stored))] == ["y"]


def test_by_rule_shows_three_examples_that_differ_in_more_than_numbers() -> None:
    words = ("one", "two", "three", "four")
    pairs = [(f"{word} {number} p=s", f"{word} {number} p=<redacted:x>") for word in words for number in range(9)]
    (lines,) = grouped(*pairs)
    assert lines == RedactedLines("x", 36, [f"{word} 0 p=<redacted:x>" for word in words[:3]])


def test_by_rule_cuts_an_example_around_the_replacement() -> None:
    (lines,) = grouped((f"{'a' * 200}secret{'b' * 200}", f"{'a' * 200}<redacted:x>{'b' * 200}"))
    assert lines.examples == [f"...{'a' * 60}<redacted:x>{'b' * 40}..."]


def test_by_rule_of_no_changed_line_is_empty() -> None:
    assert by_rule({}) == []


def test_report_lists_redacted_lines_by_rule(capsys: pytest.CaptureFixture[str]) -> None:
    Report(as_json=False).redacted([PASSWORDS])
    assert capsys.readouterr().out.splitlines()[1:] == ["  passwords: 2 lines", f"    {PASSWORDS.examples[0]}"]


def test_report_says_when_no_line_was_redacted(capsys: pytest.CaptureFixture[str]) -> None:
    Report(as_json=False).redacted([])
    assert capsys.readouterr().out == "Redacted lines: none\n"


def test_report_has_redacted_lines_in_its_json(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(as_json=True)
    report.redacted([PASSWORDS])
    report.outcome(Outcome("x", passed=True, detail=""))
    report.finish("staging", 1.0, [])
    assert json.loads(capsys.readouterr().out)["redacted"] == [
        {"rule": "passwords", "lines": 2, "examples": PASSWORDS.examples}
    ]
