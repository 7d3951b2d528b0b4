"""The diff as a comment: what fits the limit, and what cannot break its Markdown."""

import re
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from logstack.diff.comparison import Diff, Difference
from logstack.diff.consequences import Consequence, Sentence, stack_diff
from logstack.diff.effects import Effect
from logstack.diff.markdown import GITHUB, MARKER, code, comment, plain, problems_comment
from logstack.diff.model import Differences, SideProblem
from logstack.settings.problems import Problem
from tests.support.changes import Seeded
from tests.support.stacks import ROOT, TODAY

DOCUMENTED = Seeded("documented", "production", [], [], {"retention": "14d", "replicas": {"read": 2}})


@cache
def documented_change() -> Differences:
    difference = stack_diff(DOCUMENTED.stack, *DOCUMENTED.rendered(), TODAY)
    assert difference
    return Differences("main", "keep-less", (), (difference,))


def huge_change(lines: int, text: str) -> Differences:
    """Return a change of this many lines and settings, each with the text."""
    (stack,) = documented_change().stacks
    assert stack.comparison
    compared = replace(
        stack.comparison,
        settings=tuple(Difference(f"key{number}", text, text) for number in range(lines)),
        artefacts=(Diff("loki.yaml", tuple(f"+{number} {text}" for number in range(lines))),) * 3,
    )
    many = Sentence("{before}", {"before": text})
    bullets = tuple(Consequence(f"rule{number}", Effect.COST, (many,) * 9, "Do.", ()) for number in range(lines))
    return Differences("a" * 500, "b", (text,), (replace(stack, comparison=compared, consequences=bullets),) * 3)


def test_comment_begins_with_its_marker_and_the_worst_class() -> None:
    first, second, *_ = [line for line in comment(documented_change()).splitlines() if line]
    assert first == "<!-- logstack-diff -->" == MARKER
    assert second == "### logstack: data-loss from `main` to `keep-less`"


def test_comment_of_an_ordinary_change_omits_nothing() -> None:
    assert "Omitted, because" not in comment(documented_change())


@pytest.mark.parametrize("limit", [2_000, GITHUB, 1_000_000])
@pytest.mark.parametrize("text", ["x" * 300, "`" * 50, "ü😀|\\", "@all <!-- -->"])
def test_comment_of_a_huge_change_stays_below_the_limit_and_lists_omissions(limit: int, text: str) -> None:
    markdown = comment(huge_change(3_000, text), limit)
    assert len(markdown) <= limit
    assert markdown.startswith(MARKER)
    assert markdown.count("- **production**: ") == 3
    assert f"Omitted, because a comment has at most {limit:,} characters: " in markdown.splitlines()[-1]


def test_comment_shows_the_worst_stacks_when_there_are_many() -> None:
    (worst,) = documented_change().stacks
    mild = replace(worst, stack="mild", consequences=(Consequence("r", Effect.COST, (), "", ()),))
    markdown = comment(
        Differences("a", "b", (), (*[replace(mild, stack=f"mild-{n}") for n in range(500)], worst)), 2_000
    )
    assert len(markdown) <= 2_000
    assert "- **production**: 1 data-loss" in markdown
    assert re.search(r"- and 4\d\d more stacks", markdown)


@profile(max_examples=20)
@given(st.integers(1, 200), st.text(max_size=200), st.integers(2_000, 30_000))
def test_comment_of_any_change_stays_below_the_limit(lines: int, text: str, limit: int) -> None:
    markdown = comment(huge_change(lines, text), limit)
    assert len(markdown) <= limit
    assert markdown.count("<details>") == markdown.count("</details>")


def test_comment_fence_is_longer_than_any_inside_it() -> None:
    (stack,) = documented_change().stacks
    assert stack.comparison
    comparison = replace(stack.comparison, artefacts=(Diff("x.yaml", ("+a", "+```` ```", "+</details>")),))
    markdown = comment(Differences("a", "b", (), (replace(stack, comparison=comparison),)))
    assert "`````diff\n+a\n+```` ```\n+</details>\n`````" in markdown


def test_comment_closes_a_fence_that_it_cuts() -> None:
    markdown = comment(huge_change(3_000, "x" * 100), 60_000)
    fences = [line for line in markdown.splitlines() if re.match(r"^`{3,}", line)]
    assert len(fences) % 2 == 0


@profile(max_examples=200)
@given(st.text(max_size=60))
def test_code_span_contains_any_text(text: str) -> None:
    span = code(text)
    ticks = re.match(r"`+", span)
    assert ticks
    assert ticks[0] not in span[len(ticks[0]) : -len(ticks[0])].replace(f" {ticks[0]}`", "")
    assert "\n" not in span


def test_plain_escapes_mentions_tags_and_links() -> None:
    assert plain("@all <b> [x](y) `z` *a* #1") == ("&#64;all &#60;b&#62; &#91;x&#93;(y) &#96;z&#96; &#42;a&#42; &#35;1")


def test_comment_keeps_a_table_cell_in_one_cell() -> None:
    (stack,) = documented_change().stacks
    assert stack.comparison
    comparison = replace(stack.comparison, settings=(Difference("a", "x|y\nz", None),))
    assert "| `a` | `x\\|y z` |  |" in comment(Differences("a", "b", (), (replace(stack, comparison=comparison),)))


def test_problems_comment_shows_problems_in_a_fence() -> None:
    problem = Problem("bad", "logstack:x", "what ``` it says", "then", "fix", where="Pulumi.a.yaml:3")
    markdown = problems_comment([SideProblem("HEAD", "topic", "a", problem)])
    assert markdown.startswith(MARKER)
    assert "HEAD error[bad] topic:Pulumi.a.yaml:3: logstack:x" in markdown
    assert "````text" in markdown


def test_documented_comment_equals_the_real_one() -> None:
    """The commits after the revision names are not compared."""
    page = (ROOT / "docs" / "reference" / "diff.md").read_text()
    documented = page.split("<!-- comment -->\n\n")[1].split("\n<!-- /comment -->")[0]
    assert re.sub(r" \([0-9a-f]{9}\)", "", documented) == comment(documented_change())
