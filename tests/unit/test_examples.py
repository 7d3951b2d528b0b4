"""The examples: each runs as a user runs it, and deploys what it states."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from logstack.manifests.deployment import deployment
from logstack.plan.command import plan_stack, plan_text
from logstack.settings.load.loader import load_stack_file, settings_from
from logstack.settings.load.source import SECRETS, Source
from logstack.settings.load.stack_file import stacks
from logstack.settings.tree import Settings
from tests.support.installed import MINIMAL, lay_out, record_minimal
from tests.support.stacks import AWS, AZURE, GCP, ROOT, TODAY

EXAMPLES = ROOT / "examples"
on_aws = pytest.mark.parametrize("name", stacks(AWS))
# An example of each mode that no shipped stack has, and what its plan promises.
MODES = {
    "monolithic-ha": "The stack survives the loss of any 1 of 3 Loki pods, or of any one node",
    "distributed": "The stack survives the loss of any 1 of 3 ingesters, or of any one node",
}
# Programs of the component package. tests/engine/test_package.py previews the one in YAML; the one in TypeScript was
# compiled and previewed by hand with the engine and the language host for Node.js.
OTHER_LANGUAGES = ("typescript", "yaml")
# The settings of examples/minimal, as a stack file writes them.
MINIMAL_SETTINGS = {
    "cluster": {
        "name": "dev",
        "context": "kind-dev",
        "apiServer": "https://127.0.0.1:6443",
        "singleNode": True,
    },
    "objectStore": {"kind": "filesystem"},
    "deploymentMode": "monolithic",
    "replicationFactor": 1,
}


def test_every_example_is_tested_here() -> None:
    tested = {MINIMAL.name, AWS.name, GCP.name, AZURE.name, *MODES, *OTHER_LANGUAGES}
    assert {folder.name for folder in EXAMPLES.iterdir() if folder.is_dir()} == tested


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with logstack as an installation lays it out."""
    return str(lay_out(tmp_path_factory.mktemp("installed")))


def test_minimal_program_declares_what_the_shipped_program_does(packages: str, tmp_path: Path) -> None:
    recorded = record_minimal(tmp_path, packages)
    deployed = deployment(Settings.model_validate(MINIMAL_SETTINGS))
    trees = {tree.name: tree for tree in deployed if tree.name in recorded.registered}
    assert trees.keys() == {"cluster", "store", "loki", "alloy"}
    manifests = {each.name: (tree.name, each) for tree in trees.values() for each in tree.manifests}
    assert recorded.registered.keys() == trees.keys() | manifests.keys()
    for name, (parent, manifest) in manifests.items():
        type_, parent_made, inputs = recorded.registered[name]
        assert (type_, parent_made) == (manifest.type, parent)
        if not manifest.type.startswith("pulumi:providers:"):
            assert inputs == manifest.inputs, name
    assert recorded.exports == {"pushUrl": "http://loki-gateway.monitoring.svc.cluster.local/loki/api/v1/push"}


def test_minimal_program_has_eleven_lines() -> None:
    lines = (MINIMAL / "__main__.py").read_text().partition('"""\n')[2].splitlines()
    assert len([line for line in lines if line]) == 11


def test_minimal_program_passes_its_own_tests(packages: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir=."]
    environment = os.environ | {"PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(
        command, cwd=MINIMAL, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, run.stdout
    assert "3 passed" in run.stdout


def test_minimal_project_has_a_name_a_runtime_and_its_requirement() -> None:
    project = yaml.safe_load((MINIMAL / "Pulumi.yaml").read_text())
    assert (project["name"], project["runtime"]["name"]) == ("minimal", "python")
    (requirement,) = [
        line for line in (MINIMAL / "requirements.txt").read_text().splitlines() if not line.startswith("#")
    ]
    assert (MINIMAL / requirement).resolve() == ROOT


@on_aws
def test_aws_stack_has_no_problem_and_a_plan(name: str) -> None:
    stack = load_stack_file(name, AWS, today=TODAY)
    accepted = {problem.name for problem in stack.accepted}
    assert (stack.problems, accepted) == ((), {"simple-scalable-ends-with-loki-4"} if name == "aws" else set())
    text = plan_text(plan_stack(name, AWS, objects=False), width=110)
    assert f"bucket {stack.settings.object_store.model_dump()['bucket']}" in text
    assert f"The stack survives the loss of any 1 of 3 {'writers' if name == 'aws' else 'Loki pods'}" in text


@on_aws
def test_aws_stack_gives_loki_a_role_by_pod_identity_and_no_key(name: str) -> None:
    settings = load_stack_file(name, AWS, today=TODAY).settings
    declared = {manifest.name: manifest for tree in deployment(settings) for manifest in tree.manifests}
    association = declared["store-pod-identity"].inputs
    assert (association["clusterName"], association["namespace"]) == ("production", "monitoring")
    values: Any = declared["loki"].inputs["values"]
    assert values["serviceAccount"]["annotations"] == {}
    assert "store-credentials" not in declared
    assert "extraEnvFrom" not in values["defaults"]


def test_google_stack_has_no_problem_and_gives_loki_a_role_and_no_key() -> None:
    stack = load_stack_file("gcp", GCP, today=TODAY)
    assert (stack.problems, stack.accepted) == ((), ())
    text = plan_text(plan_stack("gcp", GCP, objects=False), width=200)
    assert "bucket acme-loki-gke-production in europe-west3 (created by this stack, protected and retained)" in text
    assert "The stack survives the loss of any 1 of 3 Loki pods" in text
    declared = {manifest.name: manifest for tree in deployment(stack.settings) for manifest in tree.manifests}
    assert str(declared["store-role"].inputs["member"]).endswith(
        "/acme-production.svc.id.goog/subject/ns/monitoring/sa/loki"
    )
    assert "store-credentials" not in declared


def test_azure_stack_has_no_problem_and_gives_loki_an_identity_and_no_key() -> None:
    stack = load_stack_file("azure", AZURE, today=TODAY)
    assert (stack.problems, stack.accepted) == ((), ())
    text = plan_text(plan_stack("azure", AZURE, objects=False), width=200)
    stored = (
        "container loki-production of acmelokiproduction in westeurope (created by this stack, protected and retained)"
    )
    assert stored in text
    assert "The stack survives the loss of any 1 of 3 Loki pods" in text
    declared = {manifest.name: manifest for tree in deployment(stack.settings) for manifest in tree.manifests}
    assert declared["store-identity-credential"].inputs["subject"] == "system:serviceaccount:monitoring:loki-azure"
    assert "store-credentials" not in declared


@pytest.mark.parametrize(("name", "promise"), MODES.items())
def test_mode_example_has_no_problem_and_survives_a_lost_node(name: str, promise: str) -> None:
    stack = load_stack_file(name, EXAMPLES / name, today=TODAY)
    assert (stack.problems, stack.accepted) == ((), ())
    text = plan_text(plan_stack(name, EXAMPLES / name, objects=False), width=200)
    assert promise in text


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        *((cloud, name) for cloud in (AWS, GCP, AZURE) for name in stacks(cloud)),
        *((EXAMPLES / name, name) for name in MODES),
    ],
)
def test_example_stack_file_is_valid_against_its_schema(folder: Path, name: str) -> None:
    text = (folder / f"Pulumi.{name}.yaml").read_text()
    schema_path = text.splitlines()[0].partition("$schema=")[2]
    schema = json.loads((folder / schema_path).read_text())
    jsonschema.validate(yaml.safe_load(text), schema)


def yaml_example() -> dict[str, Any]:
    """Return the arguments of the example in YAML."""
    program = yaml.safe_load((EXAMPLES / "yaml" / "Pulumi.yaml").read_text())
    (resource,) = program["resources"].values()
    assert resource["type"] == "logstack:LogStack"
    arguments: dict[str, Any] = resource["properties"]
    return arguments


def test_example_in_yaml_has_no_problem() -> None:
    arguments = yaml_example()
    raw = {key: value for key, value in arguments.items() if key not in SECRETS}
    stack = settings_from(Source(raw, frozenset(SECRETS)), "example", Path("nowhere"), key_needed=True)
    assert stack.problems == ()
    assert {arguments[key] for key in SECRETS} == {f"${{{key}}}" for key in SECRETS}


def test_example_in_typescript_has_the_arguments_of_the_one_in_yaml() -> None:
    text = (EXAMPLES / "typescript" / "index.ts").read_text()
    arguments = re.search(r'new logstack\.LogStack\("logs", (\{.*?\n\})\);', text, re.DOTALL)
    assert arguments
    literal = re.sub(r"//.*", "", arguments[1]).replace("config.requireSecret", "")
    plain = re.sub(r'\("(\w+)"\)', r'"${\1}"', literal)
    # Object literals of TypeScript are flow mappings of YAML.
    assert yaml.safe_load(plain) == yaml_example()


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_example_names_the_package_of_this_repository(language: str) -> None:
    project = yaml.safe_load((EXAMPLES / language / "Pulumi.yaml").read_text())
    assert (EXAMPLES / language / project["packages"]["logstack"] / "PulumiPlugin.yaml").is_file()
