"""A new project for each test, under the real engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.aws_store import in_the_stacks_account
from tests.support.engine import Project, project
from tests.support.reached import by_a_cluster_that_answers


@pytest.fixture(scope="package", autouse=True)
def surroundings() -> Iterator[None]:
    """Let every stack's cluster answer, and let the shell's AWS credentials be of the stack's account."""
    with pytest.MonkeyPatch.context() as patch:
        by_a_cluster_that_answers(patch)
        in_the_stacks_account(patch)
        yield


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Project]:
    with project(tmp_path) as new_project:
        yield new_project
