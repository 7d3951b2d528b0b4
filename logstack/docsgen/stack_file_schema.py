"""The declarations in Pulumi.yaml, and the JSON schema that editors check stack files with."""

import io
import json
from typing import cast

from ruamel.yaml import YAML

from logstack.docsgen.splice import splice
from logstack.docsgen.stack_file_reference import meaning
from logstack.settings import checks
from logstack.settings.checks.acknowledgements import ENVIRONMENT_NOT_READ, OF_CLUSTER
from logstack.settings.load.source import SECRETS
from logstack.settings.load.stack_file import PROJECT
from logstack.settings.load.translation import Node, child, resolved, schema

_MARK = "  # Generated from logstack/settings by `make docs`, down to the end of the file.\n"


def pulumi_yaml(committed: str) -> str:
    """Return Pulumi.yaml with its generated part up to date; ValueError without the mark that begins it."""
    return splice(committed, _MARK, _declarations())


def _declarations() -> str:
    """Return the project's keys for the engine.

    The engine requires each declared key without a default, so optional keys without one are not declared. It takes a
    group's default whole or not at all, so that default is empty: the keys of the group have their own.
    """
    required = cast("list[str]", schema()["required"])
    declared: dict[str, Node] = {}
    for key, node in cast("dict[str, Node]", schema()["properties"]).items():
        group = resolved(node)
        kind = cast("str", group.get("type", "object"))
        # A group that is there or not has no default, nor has one of several kinds.
        default = node.get("default")
        default = {} if kind == "object" and default is not None else default
        if key in required or default is not None:
            declared[key] = {"type": kind, "description": meaning(node)}
            declared[key] |= {"items": {"type": resolved(child(group, "items"))["type"]}} if kind == "array" else {}
            declared[key] |= {} if key in required else {"default": default}
    text = io.StringIO()
    yaml = YAML()
    yaml.width = 10_000
    yaml.dump(declared, text)
    return "".join(f"  {line}\n" for line in text.getvalue().splitlines())


def stack_file_schema() -> str:
    """Return the JSON schema of a whole stack file."""
    encrypted = {
        "description": "Set by `pulumi config set --secret`.",
        "type": "object",
        "properties": {"secure": {"type": "string"}},
        "required": ["secure"],
    }
    known = (*checks.rules().values(), *OF_CLUSTER, ENVIRONMENT_NOT_READ)
    warnings = sorted(rule.name for rule in known if rule.severity == "warning")
    keys = {f"{PROJECT}:{key}": _tidy(node) for key, node in child(schema(), "properties").items()}
    keys[f"{PROJECT}:acknowledge"]["items"] = {"enum": warnings}
    config = {
        "type": "object",
        "properties": keys | {f"{PROJECT}:{key}": encrypted for key in SECRETS},
        "required": [f"{PROJECT}:{key}" for key in cast("list[str]", schema()["required"])],
        "patternProperties": {f"^(?!{PROJECT}:)[^:]+:": {"description": "A key of another project or of a provider."}},
        "additionalProperties": False,
    }
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A stack file of logstack",
        "type": "object",
        "properties": {"config": config},
        "required": ["config"],
        "$defs": {name: _tidy(node) for name, node in child(schema(), "$defs").items()},
    }
    return json.dumps(document, indent=2) + "\n"


def _tidy(node: object) -> Node:
    """Return a node without titles, nulls and the defaults of groups, which editors would offer."""
    tidied = dict(cast("Node", node))
    for option in cast("list[Node]", tidied.pop("anyOf", [])):
        tidied |= option if option != {"type": "null"} else {}
    if isinstance(tidied.get("default"), dict | None):
        tidied.pop("default", None)
    if "patternProperties" in tidied:
        tidied["additionalProperties"] = False
    if "properties" in tidied:
        tidied["properties"] = {key: _tidy(inner) for key, inner in child(tidied, "properties").items()}
    return {key: value for key, value in tidied.items() if key not in ("title", "discriminator")}
