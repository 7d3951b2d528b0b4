"""Every sentence of plan, checks and diff has evidence: docs/reference/sentences.md has no gap and nothing else."""

import re
from dataclasses import replace

import pytest

from logstack.plan.model import plan
from logstack.plan.model import sentences as printed_by
from logstack.settings.load.loader import Stack
from tests.support.evidence import EXPECTED, evidence_problem
from tests.support.sentences import (
    EVIDENCE,
    OWN,
    ROOT,
    Row,
    Sentence,
    own,
    rows,
    sentences,
    table_row,
    words_from_elsewhere,
)
from tests.support.stacks import NAMES, settings_of

# A program that does something: such a text says more than what logstack does.
PROGRAM = (
    r"\b(?:Loki|Alloy|Kubernetes|Grafana|Pulumi|AWS|Rook|nginx|memcached|cert-manager|Talos) (?:always |never |only )?"
    r"(?!pods\b|lines\b|events\b|credentials\b|Labs\b|answers there|does$)(?:\w+s|does|cannot)\b|\(measured"
)
A_TENTH = 10
MODULE = "add the module that prints this to GROUPS in tests/support/sentences.py"


def unlisted(printed: list[Sentence], listed: list[Row], own_texts: set[tuple[str, str]]) -> list[str]:
    """Return the line to paste for each text that neither list has."""
    known = {(row.group, row.where, row.text) for row in listed} | {(*each, "own") for each in own_texts}
    return [
        f"## {each.group}\n{table_row(each, 'EVIDENCE')}"
        for each in printed
        if (each.group, each.where, each.text) not in known and (each.group, each.text, "own") not in known
    ]


def test_every_sentence_has_a_row_or_is_logstacks_own() -> None:
    missing = unlisted(list(sentences()), rows(), own())
    page, own_page = EVIDENCE.relative_to(ROOT), OWN.relative_to(ROOT)
    assert not missing, (
        f"Paste each into {page} with its evidence (a test, a line of a pinned source, expected). If it only says what "
        f"the stack file says or what logstack does, write `- TEXT` into {own_page} instead. Both have the heading:\n\n"
        + "\n".join(missing)
    )


def test_no_row_is_of_a_sentence_that_nobody_prints() -> None:
    printed = {(each.group, each.where, each.text) for each in sentences()}
    assert [row for row in rows() if (row.group, row.where, row.text) not in printed] == []


def test_no_text_of_our_own_is_one_that_nobody_prints_or_that_has_a_row() -> None:
    assert own() - {(each.group, each.text) for each in sentences()} == set()
    assert own() & {(row.group, row.text) for row in rows()} == set()


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.group} {row.text[:40]}")
def test_evidence_of_a_row_exists(row: Row) -> None:
    assert row.evidence != ("",)
    assert {each: problem for each in row.evidence if (problem := evidence_problem(row, each))} == {}


def test_at_most_one_sentence_in_ten_is_only_expected() -> None:
    expected = [row.text for row in rows() if EXPECTED in row.evidence]
    assert len(expected) * A_TENTH <= len(rows()), f"{len(expected)} of {len(rows())}: {expected}"


def test_no_text_of_our_own_says_what_a_program_does() -> None:
    assert sorted(text for _, text in own() if re.search(PROGRAM, text)) == []


@pytest.mark.parametrize("name", NAMES)
def test_plan_has_no_words_of_a_module_whose_texts_are_not_listed(name: str) -> None:
    facts = printed_by(plan(Stack(name, settings_of(name), (), (), "config")))
    assert [(label, pairs) for label, text in facts if (pairs := words_from_elsewhere(text))] == [], MODULE


def test_messages_have_no_words_of_a_module_whose_texts_are_not_listed() -> None:
    page = (ROOT / "tests/unit/settings/messages.md").read_text()
    lines = re.findall(r"^  (?:what: |then: |fix:  |      )(.*)", page, re.MULTILINE)
    assert len(lines) > 1000
    assert [(line, pairs) for line in lines if (pairs := words_from_elsewhere(line))] == [], MODULE


def test_words_from_elsewhere_are_found() -> None:
    assert words_from_elsewhere("Loki refuses purple elephants")[-1] == ("purple", "elephants")


def test_new_sentence_without_a_row_is_reported_with_the_line_to_paste() -> None:
    new = Sentence("checks: memory", "cache-too-small", "Loki | Alloy does {what} now")
    (line,) = unlisted([new], rows(), own())
    assert line == "## checks: memory\n| cache-too-small | Loki \\| Alloy does {what} now | EVIDENCE |"


def test_sentence_that_moved_to_another_rule_is_reported() -> None:
    moved = next(each for each in sentences() if each.where == "cache-too-small")
    assert unlisted([replace(moved, where="other-rule")], rows(), own())


@pytest.mark.parametrize(
    ("evidence", "problem"),
    [
        ("tests/real/test_late_lines.py::test_renamed", "there is no test"),
        ("tests/real/test_gone.py::test_loki", "there is no test"),
        ("tests/unit/test_sentences.py::test_no_row_is_of_a_sentence_that_nobody_prints", "runs no real program"),
        ("loki 3.7.7: pkg/ingester/stream.go:442", "the pinned loki is"),
        ("mimir 3.0.0: pkg/ingester/stream.go:442", "write tests/real"),
        ("expected", "the sentence itself has to say"),
        ("by experience", "write tests/real"),
    ],
)
def test_evidence_that_is_none_is_refused(evidence: str, problem: str) -> None:
    assert problem in evidence_problem(Row("", "", "Loki does it", (evidence,)), evidence)


@pytest.mark.parametrize("text", ["Loki refuses it", "Alloy never sends it", "refused (measured with 3 writers)"])
def test_claims_are_recognised(text: str) -> None:
    assert re.search(PROGRAM, text)


@pytest.mark.parametrize("text", ["add Loki pods", "the values of Loki", "Loki pods", "Grafana's datasources"])
def test_what_is_no_claim_is_not(text: str) -> None:
    assert not re.search(PROGRAM, text)
