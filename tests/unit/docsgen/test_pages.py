"""The generated parts of the documents are up to date."""

import pytest

from logstack.docsgen.pages import PAGES, main
from logstack.docsgen.splice import splice, spliced, table
from logstack.settings.resolve.sizing import SIZING
from tests.support.stacks import ROOT


def test_every_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], ROOT) == 0, capsys.readouterr().err


@pytest.mark.parametrize("path", PAGES)
def test_page_does_not_change_when_it_is_generated_again(path: str) -> None:
    text = (ROOT / path).read_text()
    assert PAGES[path](text) == text, "run `make docs`"


def test_readme_and_platform_page_show_production() -> None:
    assert "write x3" in (ROOT / "docs/concepts/platform.md").read_text()
    assert "```text\nproduction: Loki " in (ROOT / "README.md").read_text()


def test_sizing_page_has_every_row() -> None:
    assert (ROOT / "docs/reference/sizing.md").read_text().count("| simple-scalable |") == len(
        SIZING["simple-scalable"].rows
    )


def test_spliced_replaces_only_the_text_between_markers() -> None:
    page = "a\n<!-- one -->\nold\n<!-- /one -->\nb\n<!-- two --><!-- /two -->c"
    assert spliced(page, {"one": "1", "two": "2"}) == (
        "a\n<!-- one -->\n\n1\n\n<!-- /one -->\nb\n<!-- two -->\n\n2\n\n<!-- /two -->c"
    )


@pytest.mark.parametrize("page", ["", "<!-- one -->", "<!-- /one --><!-- one -->"])
def test_spliced_refuses_a_page_without_markers(page: str) -> None:
    with pytest.raises(ValueError, match="substring not found"):
        spliced(page, {"one": "1"})


def test_splice_without_an_end_marker_replaces_the_text_to_its_end() -> None:
    assert splice("a\n# mark\nold\n", "# mark\n", "new\n") == "a\n# mark\nnew\n"


def test_table_has_a_line_for_each_row() -> None:
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n|---|---|\n| 1 | 2 |"
