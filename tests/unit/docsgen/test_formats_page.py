"""The table of lines in docs/reference/formats.md is that of the collector's cases."""

from collections.abc import Iterator
from itertools import groupby

import pytest

from logstack.docsgen.splice import spliced, table
from tests.support import golden
from tests.support.collector_cases import Case, group
from tests.support.stacks import ROOT

PAGE = ROOT / "docs/reference/formats.md"
COLUMNS = ("program", "line", "result", "Loki alone")
UNKNOWN = "unknown"
_CONTROLS = {"\x1b": r"\e", "\t": r"\t", "\r": r"\r", "\a": r"\a", "\0": r"\0", "\x01": r"\x01"}


def sections() -> Iterator[str]:
    for name, cases in groupby(group("formats").cases, lambda case: case.pod.annotations["logstack/format"]):
        yield f"### `{name}`\n\n{table(COLUMNS, (row for case in cases for row in rows(case)))}"


def rows(case: Case) -> Iterator[tuple[str, ...]]:
    for number, (written, expected) in enumerate(zip(case.written, case.expectations, strict=True)):
        metadata = {**({"level": expected.level} if expected.level else {}), **expected.metadata}
        result = "<br>".join(f"`{key}={value}`" for key, value in metadata.items())
        yield ("" if number else case.title), code(str(written.text)), result, case.declared["alone"][number]


def code(text: str) -> str:
    """Return a cell with a text as code."""
    return f"`{''.join(_CONTROLS.get(character, character) for character in text)}`".replace("|", "\\|")


def loki_alone() -> str:
    """Return how many of the levels Loki detects by itself."""
    pairs = [
        (expected.level, detected)
        for case in group("formats").cases
        for expected, detected in zip(case.expectations, case.declared["alone"], strict=True)
    ]
    with_level = [(level, detected) for level, detected in pairs if level]
    right = sum(level == detected for level, detected in with_level)
    missing = sum(detected == UNKNOWN for _, detected in with_level)
    wrong = len(with_level) - right - missing
    without = [detected for level, detected in pairs if not level]
    invented = sum(detected != UNKNOWN for detected in without)
    return (
        f"Of {len(with_level)} lines with a level Loki alone detects {right} rightly and {wrong} wrongly, "
        f"and {missing} not at all.\nOf {len(without)} lines without a level it gives one to {invented}."
    )


def test_formats_page_shows_every_line_of_the_cases(request: pytest.FixtureRequest) -> None:
    inserts = {"alone": loki_alone(), "lines": "\n\n".join(sections())}
    golden.check(PAGE, spliced(PAGE.read_text(), inserts), request)


@pytest.mark.parametrize(("text", "cell"), [("a|b", "`a\\|b`"), ("\x1b[31mred\r", "`\\e[31mred\\r`")])
def test_code_shows_control_characters_and_keeps_the_table(text: str, cell: str) -> None:
    assert code(text) == cell
