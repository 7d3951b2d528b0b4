"""Answers of a cluster, for tests without one."""

import pytest

from components import guards


def let_every_cluster_answer(patch: pytest.MonkeyPatch) -> None:
    """Let every stack's API server answer with a supported version, without a request to it."""
    patch.setattr(guards, "server_version", lambda _cluster, _files: (1, 34))
