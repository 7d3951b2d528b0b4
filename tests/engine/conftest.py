"""A project of one's own under the real engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.aws_store import in_the_stacks_account
from tests.support.engine import Project, project


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    in_the_stacks_account(monkeypatch)
    with project(tmp_path) as made:
        yield made
