"""Nodes with Docker, where the files of /var/log/pods are links into /var/lib/docker/containers."""

from dataclasses import replace
from pathlib import Path

import pytest

from logstack.settings.tree import Settings
from tests.cases.pods import STACKS, Pods, pods_of
from tests.support.collector import carry_out, loki, stack
from tests.support.collector_cases import group
from tests.support.real import binary

pytestmark = pytest.mark.prove

FOLDER = "/var/lib/docker/containers"


def collector_of(directory: Path, sources: dict[str, object]) -> Pods:
    """The nodes' collector of a stack with these sources."""
    settings = Settings.model_validate({**STACKS["monolithic"], "collector": {"sources": sources}})
    (pods,) = [each for each in pods_of(settings, directory) if each.name == "alloy"]
    return pods


def test_collector_mounts_dockers_folder_unchecked_and_read_only(tmp_path: Path) -> None:
    pods = collector_of(tmp_path, {})
    (volume,) = [each for each in pods.spec["volumes"] if each.get("hostPath", {}).get("path") == FOLDER]
    # Without a type the kubelet checks nothing: the folder may be missing, as it is with containerd.
    assert volume["hostPath"].keys() == {"path"}
    (mount,) = [each for each in pods.spec["containers"][0]["volumeMounts"] if each["name"] == volume["name"]]
    assert (mount["mountPath"], mount["readOnly"]) == (FOLDER, True)


@pytest.mark.parametrize("sources", [{"pods": "api"}, {"pods": "api", "journal": {"enabled": True}}])
def test_collector_that_reads_no_files_of_pods_does_not_mount_it(sources: dict[str, object], tmp_path: Path) -> None:
    pods = collector_of(tmp_path, sources)
    assert FOLDER not in [each.get("hostPath", {}).get("path") for each in pods.spec["volumes"]]


def test_lines_of_linked_files_arrive(tmp_path: Path) -> None:
    every_case = group("defaults")
    of_docker = tuple(case for case in every_case.cases if case.source == "pods" and case.pod.runtime == "docker")
    assert len(of_docker) > 1
    docker, root = tmp_path / "docker", tmp_path / "alloy"
    docker.mkdir()
    binary("alloy")
    settings = stack(every_case.name, every_case.settings)
    with loki(tmp_path / "loki", settings) as platform:
        cases = replace(every_case, cases=of_docker)
        outcome = carry_out(cases, settings, platform, root, docker)
    assert len(list(docker.iterdir())) == len(of_docker)
    assert {case.name: outcome.differences(case) for case in of_docker} == {case.name: [] for case in of_docker}
