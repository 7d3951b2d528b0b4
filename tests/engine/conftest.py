"""A project of one's own under the real engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine import Project, project


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Project]:
    with project(tmp_path) as made:
        yield made
