"""The tables of the pinned charts' values in logstack/settings/passthrough, made of the charts themselves.

`python -m tests.support.chart_keys FOLDER` writes them; FOLDER has the unpacked charts `loki` and `alloy`.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from logstack.settings.passthrough.tables import FOLDER

Node = Mapping[str, Any]
_WORDS = {"boolean": "bool", "integer": "int", "string": "text", "array": "list", "object": "map"}
# Values that the Alloy chart's templates read and its values.yaml does not have.
_UNWRITTEN = {"alloy": {"ingress": ["ingressClassName"]}}
# Groups whose keys are Kubernetes': the chart has some of them as an example.
_OPEN = ("resources", "securityContext", "annotations", "labels", "deploymentStrategy")


def table_of(chart: str, folder: Path) -> str:
    """Return the table of a chart's values: of their schema if the chart has one, else of values.yaml."""
    schema = folder / chart / "values.schema.json"
    if schema.is_file():
        return _Groups().table(json.loads(schema.read_text()))
    values = yaml.safe_load((folder / chart / "values.yaml").read_text())
    for group, keys in _UNWRITTEN.get(chart, {}).items():
        values[group] |= dict.fromkeys(keys)
    return _Groups().table(_schema_of(values))


def _schema_of(value: object) -> Node:
    """Return what a default tells of the values that may stand in its place."""
    match value:
        case dict() if value:
            return {"type": "object", "properties": {key: _schema_of(item) for key, item in value.items()}}
        case list():
            return {"type": "array"}
        case bool():
            return {"type": "boolean"}
    return {}


class _Groups:
    """Groups of keys, each once: many parts of a chart have the same."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, ...], str] = {}

    def table(self, schema: Node) -> str:
        self._group("values", schema)
        named = sorted(self._names.items(), key=lambda item: (item[1] != "values", item[1]))
        return "".join(f"{name}\n" + "".join(f" {line}\n" for line in lines) for lines, name in named)

    def _group(self, name: str, node: Node) -> str:
        lines = tuple(f"{key} {self._word(name, key, inner)}" for key, inner in node["properties"].items())
        return self._names.setdefault(lines, name)

    def _word(self, above: str, key: str, node: Node) -> str:
        if node.get("properties") and not node.get("additionalProperties") and key not in _OPEN:
            return self._group(f"{above}.{key}".removeprefix("values."), node)
        type_ = node.get("type")
        return _WORDS.get(type_, "any") if isinstance(type_, str) else "any"


if __name__ == "__main__":
    for each in ("loki", "alloy"):
        (FOLDER / f"{each}-chart.txt").write_text(table_of(each, Path(sys.argv[1])))
