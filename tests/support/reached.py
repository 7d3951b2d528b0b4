"""A cluster that answers, where a test has none."""

import pytest

from logstack.preflight import api_server as reach


def by_a_cluster_that_answers(patch: pytest.MonkeyPatch) -> None:
    """From now on every stack's API server answers, and is new enough; nobody is asked."""
    patch.setattr(reach, "server_version", lambda _cluster, _files: (1, 34))
