"""`logstack render`: Kubernetes' objects, files, and the document that a diff reads."""

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

WRONG = "config:\n  logstack:cluster: {name: here, context: here}\n  logstack:retentoin: 30d\n"


def run(*arguments: str, directory: Path = ROOT) -> Result:
    return CliRunner().invoke(app, ["render", *arguments, "--directory", str(directory)])


@pytest.mark.parametrize("name", NAMES)
def test_every_artefact_has_a_name_of_its_own(name: str) -> None:
    resources = render(Stack(name, settings_of(name), (), (), "none")).resources
    assert len(all_artefacts(resources)) == sum(len(artefacts(resource)) for resource in resources)
    assert all("/" not in each for each in all_artefacts(resources))


def test_the_objects_are_a_stream_that_kubernetes_takes() -> None:
    result = run("staging")
    assert result.exit_code == 0
    documents = list(yaml.safe_load_all(result.stdout))
    assert {document["kind"] for document in documents} >= {"ConfigMap", "Secret", "StatefulSet", "DaemonSet"}
    assert all({"apiVersion", "kind", "metadata"} <= document.keys() for document in documents)
    assert "kubernetes:helm.sh/v4:Chart: no object of Kubernetes; its objects are the chart's" in result.stdout


def test_the_files_are_what_the_stack_deploys_byte_for_byte(tmp_path: Path) -> None:
    result = run("production", "--to", str(tmp_path / "out"))
    declared = declarations(settings_of("production"))
    written = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}
    assert result.stdout == f"{len(written)} files in {tmp_path / 'out'}\n"
    assert written["loki.yaml"] == data(declared, "loki/loki-config")
    assert written["overrides.yaml"] == data(declared, "loki/loki-overrides")
    assert written["config.alloy"] == data(declared, "alloy/alloy-config")
    assert {"loki-values.yaml", "alloy-values.yaml", "alloy-events-values.yaml", "events.alloy"} <= written.keys()
    whole = yaml.safe_load(written["alloy-config.configmap.yaml"])
    assert whole["data"]["config.alloy"] == written["config.alloy"]


def test_files_of_several_stacks_have_a_folder_each(tmp_path: Path) -> None:
    assert run("staging", "production", "--to", str(tmp_path)).exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"staging", "production"}


def test_the_document_has_all_stacks_those_with_problems_too(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.wrong.yaml").write_text(WRONG)
    (tmp_path / "Pulumi.right.yaml").write_text((ROOT / "Pulumi.production.yaml").read_text())
    result = run("wrong", "right", "--json", directory=tmp_path)
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["format"] == FORMAT
    assert document["stacks"]["right"]["settings"]["retention"] == "30d"
    assert {problem["name"] for problem in document["stacks"]["wrong"]["problems"]} >= {"unknown-key"}


def test_a_stack_with_problems_writes_no_file(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.wrong.yaml").write_text(WRONG)
    result = run("wrong", "--to", str(tmp_path / "out"), directory=tmp_path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert 'unknown key "retentoin"' in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 1}', '{"format": 1, "stacks": {"a": {}}}'])
def test_what_is_no_document_is_told_apart(text: str) -> None:
    with pytest.raises(UnreadableError, match="it wrote no JSON document"):
        read(text)


def test_a_document_of_a_later_form_is_not_guessed_at() -> None:
    with pytest.raises(UnreadableError, match="its format is 2, this code reads 1"):
        read('{"format": 2, "stacks": {}}')


def test_texts_of_several_lines_stay_readable() -> None:
    text = "a {\n\tb = 1\n}\n"
    assert as_yaml({"c": text}) == "c: |\n  a {\n  \tb = 1\n  }\n"
    assert yaml.safe_load(as_yaml({"c": text})) == {"c": text}


def test_policies_are_indented_and_mean_the_same() -> None:
    resources = render(Stack("aws", settings_of("aws"), (), (), "none")).resources
    role = next(each for each in resources if each.type == "aws:iam/rolePolicy:RolePolicy")
    shown = yaml.safe_load(artefacts(role)[object_name(role)])["policy"]
    assert '"Action": [\n' in shown
    assert json.loads(shown) == json.loads(str(role.inputs["policy"]))


def test_leaves_are_named_by_what_stays_when_a_list_grows() -> None:
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
