"""Which kubeconfig files count, and whether a context points at the stack's cluster."""

from pathlib import Path

import pytest
import yaml

from logstack.preflight.kubeconfig import kubeconfig_files, refuse_wrong_cluster
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.problems import StackProblems

CLUSTER = ClusterSettings(name="production", context="production")


FILES = {
    "one file": ({"KUBECONFIG": "/a/config"}, ["/a/config"]),
    "several files and an empty name": ({"KUBECONFIG": "/a/config::/b/config"}, ["/a/config", "/b/config"]),
    "no variable": ({}, [str(Path.home() / ".kube" / "config")]),
    "an empty variable": ({"KUBECONFIG": ""}, [str(Path.home() / ".kube" / "config")]),
}


@pytest.mark.parametrize(("environment", "files"), FILES.values(), ids=FILES)
def test_kubeconfig_files_are_those_that_kubectl_reads(environment: dict[str, str], files: list[str]) -> None:
    assert [str(file) for file in kubeconfig_files(environment)] == files


def write_kubeconfig(path: Path, server: str, context: str = "production") -> Path:
    cluster = {"name": "c", "cluster": {"server": server}}
    path.write_text(
        yaml.safe_dump({"contexts": [{"name": context, "context": {"cluster": "c"}}], "clusters": [cluster]})
    )
    return path


SERVERS = [
    ("https://10.0.40.2:6443", None, True),
    ("https://10.0.40.2:6443", "https://10.0.40.2:6443", True),
    ("https://10.0.40.2:6443/", "https://10.0.40.2:6443", True),
    ("https://10.0.40.2:6443", "https://10.0.40.2:6443/", True),
    ("https://10.0.40.3:6443", "https://10.0.40.2:6443", False),
    ("https://10.0.40.2:6443.evil.example", "https://10.0.40.2:6443", False),
    ("", "https://10.0.40.2:6443", False),
]


@pytest.mark.parametrize(("server", "expected", "is_right"), SERVERS)
def test_wrong_cluster_is_refused_when_the_context_has_another_api_server(
    tmp_path: Path, server: str, expected: str | None, *, is_right: bool
) -> None:
    files = [write_kubeconfig(tmp_path / "config", server)]
    cluster = CLUSTER.model_copy(update={"api_server": expected})
    if is_right:
        refuse_wrong_cluster(cluster, files)
    else:
        with pytest.raises(StackProblems, match="wrong-api-server"):
            refuse_wrong_cluster(cluster, files)


def test_first_kubeconfig_file_that_names_the_context_or_cluster_wins(tmp_path: Path) -> None:
    cluster = CLUSTER.model_copy(update={"api_server": "https://first"})
    files = [write_kubeconfig(tmp_path / "one", "https://first"), write_kubeconfig(tmp_path / "two", "https://second")]
    refuse_wrong_cluster(cluster, [tmp_path / "none", *files])
    with pytest.raises(StackProblems):
        refuse_wrong_cluster(cluster, files[::-1])


EMPTY = ["", "contexts:\n", "contexts: []\nclusters: []\n", "contexts:\n- name: production\n"]


@pytest.mark.parametrize("text", EMPTY)
def test_kubeconfig_without_the_cluster_is_refused_with_a_message(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config"
    file.write_text(text)
    with pytest.raises(StackProblems, match=r"contexts there: none|points at None"):
        refuse_wrong_cluster(CLUSTER.model_copy(update={"api_server": "https://10.0.40.2:6443"}), [file])
