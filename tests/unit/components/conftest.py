"""A kubeconfig with a context for every tested stack, a cluster that answers, and the right AWS account."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.aws_store import use_the_stacks_account
from tests.support.reached import let_every_cluster_answer
from tests.support.stacks import NAMES, settings_of


@pytest.fixture(scope="package")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """KUBECONFIG with the context of every stack."""
    clusters = [settings_of(name).cluster for name in NAMES]
    file = tmp_path_factory.mktemp("kube") / "config"
    contexts = [{"name": cluster.context, "context": {"cluster": f"{cluster.name}-cluster"}} for cluster in clusters]
    servers = [
        {"name": f"{cluster.name}-cluster", "cluster": {"server": cluster.api_server or "https://somewhere.example"}}
        for cluster in clusters
    ]
    file.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "contexts": contexts, "clusters": servers}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(file))
        yield file


@pytest.fixture(scope="module")
def reachable_cluster_and_account() -> Iterator[None]:
    """The cluster of every stack answers, and the AWS credentials of the shell belong to its account."""
    with pytest.MonkeyPatch.context() as patch:
        let_every_cluster_answer(patch)
        use_the_stacks_account(patch)
        yield
