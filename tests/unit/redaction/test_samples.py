"""The corpora that redaction is measured with: complete, the same every time, and without a whole token in a file."""

import json
import re
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.redaction.samples import Sample, innocents, kinds, samples
from tests.support.redaction.values import RUN, luhn_digit

# Changes with every sample. Whoever changes a sample after a rule was written says so in the commit.
DIGEST = "0135db1fea23151a"
CORPORA = Path(__file__).parents[2] / "support/redaction"


def test_samples_are_the_same_on_every_machine() -> None:
    lines = "\n".join(line for sample in samples() for line in sample.lines)
    lines += "\n".join(innocent.line for innocent in innocents())
    assert sha256(lines.encode()).hexdigest()[:16] == DIGEST


def test_kinds_have_a_value_of_at_least_twelve_random_letters_and_a_source() -> None:
    assert len({kind.name for kind in kinds()}) == len(kinds())
    assert not [kind.name for kind in kinds() if not kind.source]
    shortest = {sample.kind: sum(map(len, sample.secret)) for sample in samples()}
    assert not {kind: length for kind, length in shortest.items() if length < 10}


def test_kinds_that_only_a_name_makes_a_secret_appear_with_it() -> None:
    named = {kind.name: kind.variable for kind in kinds() if not kind.is_issued}
    plain = re.compile("[^a-z0-9]")
    headers = ("authorization", "xapikey", "xauthtoken")
    for sample in samples():
        if sample.kind in named:
            line = plain.sub("", sample.lines[0].lower())
            assert plain.sub("", named[sample.kind].lower()) in line or any(name in line for name in headers), sample


def test_a_third_of_the_samples_and_of_the_innocent_lines_is_set_aside() -> None:
    for corpus in (samples(), innocents()):
        assert sum(entry.set_aside for entry in corpus) / len(corpus) == pytest.approx(1 / 3, abs=0.02)


def test_innocent_lines_are_more_than_ten_thousand() -> None:
    assert len(innocents()) > 10_000


def test_samples_in_json_are_json() -> None:
    in_json = [sample for sample in samples() if "JSON" in sample.form]
    assert len(in_json) > 2000
    for sample in in_json:
        json.loads(sample.lines[0])


def test_sample_leaks_when_a_run_of_its_secret_remains() -> None:
    sample = Sample("kind", "bare", 0, ("password=abcdefgh;ijklmnop host=abcd",), ("abcdefgh", "ijklmnop"))
    assert sample.leaks_in(["password=<redacted>;ijklmnop host=abcd"])
    assert sample.leaks_in(["password=<redacted>" + "mnop"[:RUN]])
    assert not sample.leaks_in(["password=<redacted> host=abcd"])
    assert sample.leaks_in(sample.lines)


def test_sample_loses_more_when_text_behind_its_secret_is_gone() -> None:
    sample = Sample("kind", "bare", 0, ("password=abcdefgh host=db",), ("abcdefgh",), " host=db")
    assert sample.loses_more_in(["password=<redacted>"])
    assert not sample.loses_more_in(["password=<redacted> host=db"])


def test_no_sample_loses_more_in_its_own_line() -> None:
    whole = [sample for sample in samples() if sample.form != "line by line"]
    assert not [sample for sample in whole if sample.loses_more_in(sample.lines)]


def test_every_sample_leaks_in_its_own_line() -> None:
    assert not [sample for sample in samples() if not sample.leaks_in(sample.lines)]


def test_corpora_contain_no_secret_themselves() -> None:
    for file in CORPORA.glob("*.yaml"):
        runs = re.findall(r"[A-Za-z0-9+/_-]{32,}", file.read_text())
        assert not [run for run in runs if re.search("[0-9]", run) and re.search("[a-z]", run) and "/" not in run], file


@pytest.mark.parametrize(("digits", "check"), [("7992739871", "3"), ("411111111111111", "1")])
def test_luhn_digit_is_that_of_published_examples(digits: str, check: str) -> None:
    assert luhn_digit(digits) == check
