"""A chart as a folder on this machine, such as a git checkout: the real helm beside the check."""

import json
from pathlib import Path

import pytest

from tests.support.real import binary, run
from tests.unit.settings.stacks import messages_for

pytestmark = pytest.mark.real


def checkout(folder: Path, *charts: str) -> Path:
    """Write a chart with a dependency that its values switch off, and these charts in charts/."""
    dependency = {
        "name": "minio",
        "version": "5.4.0",
        "repository": "https://example.com",
        "condition": "minio.enabled",
    }
    write_chart(folder, {"name": "loki", "dependencies": [dependency]})
    (folder / "values.yaml").write_text("minio: {enabled: false}\n")
    for name in charts:
        write_chart(folder / "charts" / name, {"name": name})
    return folder


def write_chart(folder: Path, facts: dict[str, object]) -> None:
    (folder / "templates").mkdir(parents=True)
    (folder / "templates" / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    (folder / "Chart.yaml").write_text(json.dumps({"apiVersion": "v2", "version": "5.4.0", **facts}))


def test_helm_refuses_the_folder_that_the_check_refuses_though_the_dependency_is_switched_off(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "loki")
    refused = run([binary("helm"), "template", "loki", folder])
    assert refused.returncode != 0
    assert "found in Chart.yaml, but missing in charts/ directory: minio" in refused.stderr
    text = messages_for(f"charts: {{loki: {{path: {folder}}}}}")
    assert "error[chart-dependencies-missing]" in text
    assert f"helm dependency build {folder}" in text


def test_helm_and_the_check_accept_a_folder_and_an_archive_of_the_dependency(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "folder", "minio")
    archived = checkout(tmp_path / "archive")
    (archived / "charts").mkdir()
    packed = run([binary("helm"), "package", folder / "charts" / "minio", "--destination", archived / "charts"])
    assert packed.returncode == 0, packed.stderr
    for each in (folder, archived):
        rendered = run([binary("helm"), "template", "loki", each])
        assert rendered.returncode == 0, rendered.stderr
        assert messages_for(f"charts: {{loki: {{path: {each}}}}}") == ""
