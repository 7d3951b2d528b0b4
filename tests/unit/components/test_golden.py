"""All that a stack's settings become, as files that a reviewer reads: `pytest --update-golden` writes them."""

from pathlib import Path

import pytest

from tests.support import golden
from tests.support.stacks import NAMES, artefacts, settings_of

GOLDEN = Path(__file__).parent / "golden"
FILES = [(name, file) for name in NAMES for file in artefacts(settings_of(name))]


@pytest.mark.parametrize(("stack", "file"), FILES)
def test_an_artefact_is_as_it_was_last_read(stack: str, file: str, request: pytest.FixtureRequest) -> None:
    golden.check(GOLDEN / stack / file, artefacts(settings_of(stack))[file], request)


def test_every_golden_file_belongs_to_a_stack() -> None:
    assert {(path.parent.name, path.name) for path in GOLDEN.glob("*/*")} == set(FILES)
