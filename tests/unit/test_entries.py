"""The page about entries of several lines has each continuation and each format of the corpus."""

import builtins
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from logstack.manifests.alloy.continuations import (
    CONTINUATIONS,
    HEADLESS,
    Continuation,
    continues,
    further_continuations,
)
from logstack.manifests.alloy.syntax import Joined
from logstack.settings.model.patterns import compile_error, finds
from tests.support import golden
from tests.support.entries import AUTO, Format, formats
from tests.support.real import LOGS, log_lines

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "entries.md"


def text_of(pattern: Joined) -> str:
    return pattern.separator.join(part.text for part in pattern.parts)


def is_marked(pattern: str, line: str) -> bool:
    """Return whether the pattern's group takes part in the match."""
    import re2  # type: ignore[import-untyped]  # noqa: PLC0415 - as in the settings

    match = re2.search(pattern, line)
    return match is not None and match.group(1) is not None


def continuation_rows() -> Iterator[str]:
    for each in CONTINUATIONS:
        yield f"| {each.of} | {each.examples} | {f'`{each.language}`' if each.language else ''} | {each.source} |"


def format_rows() -> Iterator[str]:
    for each in formats():
        own = _joined(each, each.language) if each.language else ""
        yield f"| {each.name} | {each.group} | {_joined(each, AUTO)} | {own} | {each.source} |"


def _joined(each: Format, annotation: str) -> str:
    exceptions = each.exceptions(annotation)
    return "; ".join(["joined", *(f"not as it should be: `{line}`, because {because}" for line, because in exceptions)])


def with_rows(page: str, heading: str, rows: Sequence[str]) -> str:
    """Return the page with these rows in the table below a heading."""
    section = re.compile(rf"(## {heading}\n.*?\|[-|]+\|\n)(?:\|[^\n]*\n)*", re.DOTALL)
    text, count = section.subn(lambda match: match[1] + "".join(f"{row}\n" for row in rows), page, count=1)
    assert count == 1, heading
    return text


def test_page_has_each_continuation_and_each_format(request: pytest.FixtureRequest) -> None:
    page = with_rows(PAGE.read_text(), "What continues an entry", list(continuation_rows()))
    golden.check(PAGE, with_rows(page, "Formats", list(format_rows())), request)


def test_patterns_of_continuations_are_re2() -> None:
    patterns = [text_of(continues()), *map(text_of, further_continuations().values()), *HEADLESS]
    assert [error for pattern in patterns if (error := compile_error(pattern))] == []


@pytest.mark.parametrize("each", CONTINUATIONS, ids=[f"{each.of}, {each.language}" for each in CONTINUATIONS])
def test_each_pattern_of_a_continuation_has_a_line_in_the_corpus(each: Continuation) -> None:
    lines = [line for some in formats() for line in some.lines]
    unused = [pattern for pattern in each.patterns if not any(finds(f"^(?:{pattern})", line) for line in lines)]
    assert unused == []


@pytest.mark.parametrize("name", LOGS)
def test_no_line_of_a_real_log_without_traces_continues_an_entry(name: str) -> None:
    patterns = [text_of(continues()), *map(text_of, further_continuations().values())]
    lines = log_lines(name)
    assert len(lines) > 1000
    assert [line for line in lines if any(is_marked(pattern, line) for pattern in patterns)] == []


def test_builtin_exceptions_of_python_continue_an_entry() -> None:
    pattern = text_of(continues())
    names = [
        name
        for name, value in vars(builtins).items()
        if isinstance(value, type) and issubclass(value, BaseException) and not issubclass(value, Warning)
    ]
    # These print as OSError, or with a frame before them.
    others = {"EnvironmentError", "IOError", "WindowsError", "BaseExceptionGroup", "ExceptionGroup"}
    # Node has these too: there they begin an entry.
    of_node = {"ReferenceError"}
    unmarked = {name for name in names if not is_marked(pattern, f"{name}: x")}
    assert unmarked - others == of_node
