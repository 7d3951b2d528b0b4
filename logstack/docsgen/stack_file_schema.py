"""What is generated from the settings tree: `make docs` writes it, `--check` fails when it is out of date.

Three files: the declarations in Pulumi.yaml, the JSON schema that editors check stack files with, and the reference.
"""

import argparse
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from ruamel.yaml import YAML

from logstack.docsgen.stack_file_reference import meaning, reference
from logstack.settings import checks
from logstack.settings.load.source import SECRETS
from logstack.settings.load.stack_file import PROJECT
from logstack.settings.load.translation import Node, child, resolved, schema

_MARK = "  # Generated from logstack/settings by `make docs`, down to the end of the file.\n"


def pulumi_yaml(committed: str) -> str:
    """Pulumi.yaml with its generated part as it should be; raises ValueError without the mark where that begins."""
    return committed[: committed.index(_MARK)] + _MARK + _declarations()


def _declarations() -> str:
    """The project's keys for the engine.

    It demands each declared key that has no default: so optional keys without one are not declared. It takes a group's
    default whole or not at all, so that is empty: what the group leaves out has defaults of its own.
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
    """The JSON schema of a whole stack file."""
    encrypted = {
        "description": "Set by `pulumi config set --secret`.",
        "type": "object",
        "properties": {"secure": {"type": "string"}},
        "required": ["secure"],
    }
    warnings = sorted(rule.name for rule in checks.rules().values() if rule.severity == "warning")
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
    """A node without titles, nulls and the defaults of groups: editors would offer them."""
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


def main(arguments: Sequence[str], root: Path = Path()) -> int:
    """Writes the three files, or with `--check` names those that differ; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file differs")
    only_check: bool = parser.parse_args(arguments).check
    generated = {
        root / "Pulumi.yaml": pulumi_yaml((root / "Pulumi.yaml").read_text()),
        root / "docs" / "stack-file.schema.json": stack_file_schema(),
        root / "docs" / "reference" / "stack-file.md": reference(),
    }
    differing = [path for path, text in generated.items() if not path.is_file() or path.read_text() != text]
    for path in differing:
        if only_check:
            sys.stderr.write(f"{path} is out of date: run `make docs`\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(generated[path])
    return 1 if only_check and differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
