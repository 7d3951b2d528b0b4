"""A cluster that answers, where a test has none."""

import pytest

from components import guards


def by_a_cluster_that_answers(patch: pytest.MonkeyPatch) -> None:
    """From now on every stack's API server answers, and is new enough; nobody is asked."""
    patch.setattr(guards, "server_version", lambda _cluster, _files: (1, 34))
