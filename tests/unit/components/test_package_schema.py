"""The component package's schema: every key of a stack file, and nothing else."""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import yaml

from components.package_schema import package_schema
from components.provider import VERSION
from logstack.settings.load.source import SECRETS
from logstack.settings.load.translation import keys, schema
from tests.support.stacks import ROOT

Node = dict[str, Any]
PACKAGE: Node = json.loads(json.dumps(package_schema("1.2.3")))
LOG_STACK: Node = PACKAGE["resources"]["logstack:index:LogStack"]


def named(node: Node) -> list[Node]:
    """Return the named types that a property takes: itself, one of several, entries of a list or values of a map."""
    if "oneOf" in node:
        return [each for option in node["oneOf"] for each in named(option)]
    if reference := node.get("$ref"):
        return [PACKAGE["types"][reference.removeprefix("#/types/")]] if reference.startswith("#/types/") else []
    inner = node.get("items") or node.get("additionalProperties")
    return named(inner) if inner else []


def paths(prefix: str, properties: Node) -> Iterator[str]:
    for name, node in properties.items():
        yield f"{prefix}{name}"
        of_entries = "items" in node or "additionalProperties" in node
        for type_ in named(node):
            yield from paths(f"{prefix}{name}{'[]' if of_entries else ''}.", type_["properties"])


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from ([value["$ref"]] if "$ref" in value else [])
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_every_key_of_a_stack_file_is_an_argument_and_nothing_else_is() -> None:
    arguments = set(paths("", LOG_STACK["inputProperties"]))
    assert arguments == {path for path, _ in keys()} | set(SECRETS)
    assert LOG_STACK["requiredInputs"] == schema()["required"]


def test_every_argument_is_plain_but_the_access_key_which_is_secret() -> None:
    secret = {name for name, node in LOG_STACK["inputProperties"].items() if node.get("secret")}
    not_plain = {name for name, node in LOG_STACK["inputProperties"].items() if not node.get("plain")}
    assert secret == not_plain == set(SECRETS)


def test_every_type_is_used_and_every_reference_leads_to_one() -> None:
    named_types = {f"#/types/{token}" for token in PACKAGE["types"]}
    assert set(references(PACKAGE)) - {"pulumi.json#/Any"} == named_types


def test_types_follow_the_keys() -> None:
    inputs, types = LOG_STACK["inputProperties"], PACKAGE["types"]
    assert inputs["replicationFactor"]["type"] == "integer"
    assert inputs["acknowledge"] | {"description": ""} == {
        "type": "array",
        "items": {"type": "string"},
        "plain": True,
        "description": "",
    }
    assert inputs["objectStore"]["discriminator"]["mapping"]["aws-s3"] == "#/types/logstack:index:AwsStore"
    assert types["logstack:index:AwsStore"]["properties"]["kind"]["const"] == "aws-s3"
    assert types["logstack:index:Resources"]["properties"]["cpu"]["oneOf"] == [{"type": "string"}, {"type": "number"}]
    anything = {"type": "object", "additionalProperties": {"$ref": "pulumi.json#/Any"}}
    config = types["logstack:index:LokiPassthrough"]["properties"]["config"]
    assert {key: config[key] for key in anything} == anything
    assert "One of simple-scalable, monolithic, distributed." in inputs["deploymentMode"]["description"]


def test_version_is_that_of_logstack() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_plugins_folder_installs_what_the_program_does() -> None:
    """The engine runs it in the environment of its repository, which a download brings along."""
    plugin = yaml.safe_load((ROOT / "package" / "PulumiPlugin.yaml").read_text())
    assert plugin["runtime"] == {"name": "python", "options": {"toolchain": "pip", "virtualenv": "../.venv"}}
    assert re.fullmatch(r"-r \.\./requirements\.txt\n", (ROOT / "package" / "requirements.txt").read_text())
