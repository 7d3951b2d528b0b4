"""A project of one's own under the real engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.aws_store import in_the_stacks_account
from tests.support.engine import Project, project
from tests.support.reached import by_a_cluster_that_answers


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    in_the_stacks_account(monkeypatch)
    by_a_cluster_that_answers(monkeypatch)
    with project(tmp_path) as made:
        yield made
