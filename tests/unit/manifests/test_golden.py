"""The artefacts of each stack as files for reviewers: `pytest --update-golden` writes them.

Blocks of config.alloy that are the same in every stack are long: their text is once in `golden/shared`, and a line with
the file's name stands in each stack's file.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from logstack.manifests.alloy.joining import joining
from logstack.manifests.alloy.redaction import redaction
from logstack.manifests.alloy.sources.catalog import LOG_SOURCES
from logstack.manifests.alloy.syntax import Block, document
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.redaction import RedactionSettings
from tests.support import golden
from tests.support.stacks import NAMES, artefacts, settings_of

GOLDEN = Path(__file__).parent / "golden"
SHARED = "shared"


@cache
def shared_files() -> Mapping[str, str]:
    """Return the text of each shared block as it is in a `loki.process`."""
    stages = {
        "redaction.alloy": redaction(RedactionSettings()),
        "entries.alloy": (*joining(CollectorSettings(), LOG_SOURCES),)[-1:],
    }
    return {name: _inner(document([Block("loki.process", "lines", {}, blocks)])) for name, blocks in stages.items()}


def _inner(text: str) -> str:
    return text.partition("\n")[2].rpartition("}")[0]


@cache
def files_of(stack: str) -> Mapping[str, str]:
    return {file: _shortened(text) for file, text in artefacts(settings_of(stack)).items()}


def _shortened(text: str) -> str:
    for name, block in shared_files().items():
        text = text.replace(block, f"\t// {SHARED}/{name}\n")
    return text


FILES = [(name, file) for name in NAMES for file in files_of(name)]


@pytest.mark.parametrize(("stack", "file"), FILES)
def test_artefact_equals_its_golden_file(stack: str, file: str, request: pytest.FixtureRequest) -> None:
    golden.check(GOLDEN / stack / file, files_of(stack)[file], request)


@pytest.mark.parametrize("file", list(shared_files()))
def test_shared_block_equals_its_golden_file_and_stacks_have_it(file: str, request: pytest.FixtureRequest) -> None:
    golden.check(GOLDEN / SHARED / file, shared_files()[file], request)
    assert f"\t// {SHARED}/{file}\n" in files_of("production")["config.alloy"]


def test_golden_files_all_belong_to_a_stack() -> None:
    shared = {(SHARED, file) for file in shared_files()}
    assert {(path.parent.name, path.name) for path in GOLDEN.glob("*/*")} == {*FILES, *shared}
