"""`logstack render`: Kubernetes objects, files, and the document for `logstack diff`."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from logstack.cli import app
from logstack.diff.snapshot import render
from logstack.diff.snapshot_json import FORMAT, UnreadableError, read
from logstack.render.artefacts import all_artefacts, artefacts, as_yaml, object_name
from logstack.render.flat import flat
from logstack.settings.load.loader import Stack
from tests.support.stacks import NAMES, ROOT, data, declarations, settings_of

INVALID_STACK = "config:\n  logstack:cluster: {name: here, context: here}\n  logstack:retentoin: 30d\n"


def run(*arguments: str, directory: Path = ROOT) -> Result:
    return CliRunner().invoke(app, ["render", *arguments, "--directory", str(directory)])


@pytest.mark.parametrize("name", NAMES)
def test_every_artefact_has_a_unique_name(name: str) -> None:
    resources = render(Stack(name, settings_of(name), (), (), "none")).resources
    assert len(all_artefacts(resources)) == sum(len(artefacts(resource)) for resource in resources)
    assert all("/" not in each for each in all_artefacts(resources))


def test_render_prints_a_stream_of_kubernetes_objects() -> None:
    result = run("staging")
    assert result.exit_code == 0
    documents = list(yaml.safe_load_all(result.stdout))
    assert {document["kind"] for document in documents} >= {"ConfigMap", "Secret", "StatefulSet", "DaemonSet"}
    assert all({"apiVersion", "kind", "metadata"} <= document.keys() for document in documents)
    assert "kubernetes:helm.sh/v4:Chart: no object of Kubernetes; its objects are the chart's" in result.stdout


def test_render_writes_the_deployed_files_byte_for_byte(tmp_path: Path) -> None:
    result = run("production", "--to", str(tmp_path / "out"))
    declared = declarations(settings_of("production"))
    files = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}
    assert result.stdout == f"{len(files)} files in {tmp_path / 'out'}\n"
    assert files["loki.yaml"] == data(declared, "loki/loki-config")
    assert files["overrides.yaml"] == data(declared, "loki/loki-overrides")
    assert files["config.alloy"] == data(declared, "alloy/alloy-config")
    assert {"loki-values.yaml", "alloy-values.yaml", "alloy-events-values.yaml", "events.alloy"} <= files.keys()
    config_map = yaml.safe_load(files["alloy-config.configmap.yaml"])
    assert config_map["data"]["config.alloy"] == files["config.alloy"]


def test_render_writes_a_folder_for_each_of_several_stacks(tmp_path: Path) -> None:
    assert run("staging", "production", "--to", str(tmp_path)).exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"staging", "production"}


def test_render_document_has_stacks_with_problems_too(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.wrong.yaml").write_text(INVALID_STACK)
    (tmp_path / "Pulumi.right.yaml").write_text((ROOT / "Pulumi.production.yaml").read_text())
    result = run("wrong", "right", "--json", directory=tmp_path)
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["format"] == FORMAT
    assert document["stacks"]["right"]["settings"]["retention"] == "30d"
    assert {problem["name"] for problem in document["stacks"]["wrong"]["problems"]} >= {"unknown-key"}


def test_render_writes_no_file_for_a_stack_with_problems(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.wrong.yaml").write_text(INVALID_STACK)
    result = run("wrong", "--to", str(tmp_path / "out"), directory=tmp_path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert 'unknown key "retentoin"' in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 1}', '{"format": 1, "stacks": {"a": {}}}'])
def test_read_refuses_text_that_is_no_document(text: str) -> None:
    with pytest.raises(UnreadableError, match="it wrote no JSON document"):
        read(text)


def test_read_refuses_a_document_of_a_later_format() -> None:
    with pytest.raises(UnreadableError, match="its format is 2, this code reads 1"):
        read('{"format": 2, "stacks": {}}')


def test_as_yaml_writes_multiline_text_as_a_block() -> None:
    text = "a {\n\tb = 1\n}\n"
    assert as_yaml({"c": text}) == "c: |\n  a {\n  \tb = 1\n  }\n"
    assert yaml.safe_load(as_yaml({"c": text})) == {"c": text}


def test_artefacts_indents_policies_without_changing_them() -> None:
    resources = render(Stack("aws", settings_of("aws"), (), (), "none")).resources
    role = next(each for each in resources if each.type == "aws:iam/rolePolicy:RolePolicy")
    policy = yaml.safe_load(artefacts(role)[object_name(role)])["policy"]
    assert '"Action": [\n' in policy
    assert json.loads(policy) == json.loads(str(role.inputs["policy"]))


def test_flat_names_leaves_so_that_a_growing_list_keeps_them() -> None:
    document = {"a": [{"name": "x", "v": 1}, {"name": "y", "v": None}], "b": [{"v": 1}], "c": [1, 2], "d": {}, "e": []}
    assert dict(flat(document)) == {
        "a[x].name": "x",
        "a[x].v": "1",
        "a[y].name": "y",
        "a[y].v": "null",
        "b[0].v": "1",
        "c": "[1, 2]",
        "d": "{}",
        "e": "[]",
    }
