"""The real cluster that a kubeconfig names, and a platform on it by the real engine."""

import os
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest
from kubernetes.config import ConfigException

from logstack.settings.load.stack_file import Value
from logstack.settings.model.charts import PINNED
from tests.support.engine import Project, project
from tests.support.live import Live
from tests.support.real import chart_or_standin
from tests.support.stacks import SHIPPED
from tests.support.standin import Kubernetes
from tests.support.stores import Server


@pytest.fixture(scope="session")
def cluster() -> Live:
    """Return the cluster of the current context; without one skip, or fail where LOGSTACK_REQUIRE_CLUSTER is 1."""
    file = os.environ.get("LOGSTACK_TEST_CLUSTER", "")
    if not file:
        reason = "LOGSTACK_TEST_CLUSTER names no kubeconfig of a cluster that tests may fill (kind, k3d)"
        if os.environ.get("LOGSTACK_REQUIRE_CLUSTER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    try:
        return Live(Path(file))
    except ConfigException as error:
        pytest.fail(f"LOGSTACK_TEST_CLUSTER: {error}")


@pytest.fixture(scope="module")
def deploying(cluster: Live, sources: dict[str, Value], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Open a project that deploys to the cluster: by the real Kubernetes provider if PATH has it, else a stand-in."""
    standin = Kubernetes(store=Server(cluster.dynamic))
    folder = tmp_path_factory.mktemp("deploying")
    with project(folder, standin, kubeconfig=cluster.kubeconfig, plugin=bool(sources)) as new_project:
        for stack in SHIPPED if sources else ():  # for the stand-in they are as they ship
            new_project.edit(stack, {"charts": sources})
        yield new_project


@pytest.fixture(scope="session")
def sources() -> dict[str, Value]:
    """Return `charts` of a stack file for the real provider: local chart folders; empty where PATH has no provider."""
    if which("pulumi-resource-kubernetes") is None:
        return {}
    return {name: {"path": str(chart_or_standin(name))} for name in PINNED}
