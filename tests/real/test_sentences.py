"""The lines of sources that docs/reference/sentences.md names are there, where this machine has the sources."""

import os
from pathlib import Path

import pytest

from tests.support.evidence import source_of
from tests.support.real import run
from tests.support.sentences import rows

pytestmark = pytest.mark.real


def test_every_named_line_of_a_source_on_this_machine_exists() -> None:
    modules = Path(run(["go", "env", "GOMODCACHE"]).stdout.strip())
    charts = os.environ.get("LOGSTACK_CHARTS")
    evidence = {each for row in rows() for each in row.evidence}
    found = {each: source_of(each, modules, Path(charts) if charts else None) for each in evidence}
    sources = {each: place for each, place in found.items() if place}
    if not sources:
        pytest.skip("no source of a pinned program is here")
    missing = [each for each, (file, line) in sources.items() if not _line(file, line)]
    assert missing == []


def _line(file: Path, number: int) -> str:
    lines = file.read_text(errors="replace").splitlines() if file.is_file() else []
    return lines[number - 1].strip() if number <= len(lines) else ""
