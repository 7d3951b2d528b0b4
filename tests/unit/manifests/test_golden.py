"""The artefacts of each stack as files for reviewers: `pytest --update-golden` writes them."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.support import golden
from tests.support.stacks import NAMES, artefacts, settings_of

GOLDEN = Path(__file__).parent / "golden"


@cache
def files_of(stack: str) -> Mapping[str, str]:
    return artefacts(settings_of(stack))


FILES = [(name, file) for name in NAMES for file in files_of(name)]


@pytest.mark.parametrize(("stack", "file"), FILES)
def test_artefact_equals_its_golden_file(stack: str, file: str, request: pytest.FixtureRequest) -> None:
    golden.check(GOLDEN / stack / file, files_of(stack)[file], request)


def test_golden_files_all_belong_to_a_stack() -> None:
    assert {(path.parent.name, path.name) for path in GOLDEN.glob("*/*")} == set(FILES)
