"""A new project for each test, under the real engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.aws_store import use_the_stacks_account
from tests.support.engine import Project, project
from tests.support.reached import let_every_cluster_answer


@pytest.fixture(scope="package", autouse=True)
def surroundings() -> Iterator[None]:
    """Let every stack's cluster answer, and let the shell's AWS credentials be of the stack's account."""
    with pytest.MonkeyPatch.context() as patch:
        let_every_cluster_answer(patch)
        use_the_stacks_account(patch)
        yield


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Project]:
    with project(tmp_path) as new_project:
        yield new_project
