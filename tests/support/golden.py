"""Golden files: a builder's output when a person last reviewed it."""

import difflib
from pathlib import Path

import pytest


def check(path: Path, text: str, request: pytest.FixtureRequest) -> None:
    """Fail unless the text equals the file's; with --update-golden, write it to the file."""
    if request.config.getoption("--update-golden"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    known = path.read_text() if path.is_file() else ""
    difference = "".join(
        difflib.unified_diff(known.splitlines(keepends=True), text.splitlines(keepends=True), "golden", "now", n=2)
    )
    if difference:
        pytest.fail(f"{path.name} changed; read it, then run pytest with --update-golden\n{difference}", pytrace=False)
