"""Redaction by the real Alloy: every line of the corpus, through the stages once and twice."""

from pathlib import Path

import pytest

from logstack.settings.model.redaction import CustomRedaction, RedactionSettings
from tests.support import corpus
from tests.support.corpus import EVERY_RULE
from tests.support.real import binary, run
from tests.support.redaction.runner import PASSES, config, redacted_lines

pytestmark = [pytest.mark.real, pytest.mark.prove]

CUSTOM = (
    CustomRedaction(name="customer-number", pattern=r"customer-(\d+)"),
    CustomRedaction(name="ticket", pattern=r"\bT-\d+|case (\w+) of (\w+)", replacement="{{ .Value }}"),
    CustomRedaction(name="badge", pattern="badge [0-9A-F]{4}", replacement=""),
)
CUSTOM_LINES = {
    "customer-17 called customer-18": "customer-<redacted:customer-number> called customer-<redacted:customer-number>",
    "T-1, case a of b": "T-1, case {{ .Value }} of {{ .Value }}",
    "has badge 00FF!": "has !",
    "customer-x": "customer-x",
}
SETTINGS = RedactionSettings(rules=EVERY_RULE, custom=CUSTOM)


def test_redaction_removes_every_secret_and_nothing_else_once_and_twice(tmp_path: Path) -> None:
    expected = {line.text: line.expected for line in corpus.lines()} | CUSTOM_LINES
    redacted = redacted_lines(SETTINGS, list(expected), tmp_path)
    for times in PASSES:
        differences = [
            f"{line}\n  expected: {expected_line}\n  redacted: {redacted_line}"
            for (line, expected_line), redacted_line in zip(expected.items(), redacted[times], strict=True)
            if expected_line != redacted_line
        ]
        assert not differences, f"{times}:\n" + "\n".join(differences)


def test_redaction_stages_are_formatted_as_alloy_does() -> None:
    text = config(SETTINGS, 1)
    answer = run([binary("alloy"), "fmt"], text)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == text


def test_redaction_joins_and_removes_a_key_that_a_program_prints_line_by_line(tmp_path: Path) -> None:
    begin, end = (f"-----{word} RSA PRIVATE KEY-----" for word in ("BEGIN", "END"))
    body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKB"
    key = ["2026-11-27 18:00:01 DEBUG loaded key:", begin, body, body, "q83vEX==", end]
    other = ["started", body]
    lines = [*key, *other]
    redacted = redacted_lines(
        RedactionSettings(), lines, tmp_path, ["once"], [range(len(key)), range(len(key), len(lines))]
    )
    assert redacted["once"] == [key[0], "<redacted:private-keys>", "", "", "", "", *other]
