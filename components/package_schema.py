"""The schema of the component package: what programs in YAML, TypeScript, Go and other languages may write.

Its types are the settings': each key of a stack file is an argument of the same name.
"""

from collections.abc import Iterator
from typing import cast

from logstack.settings.load.source import SECRETS
from logstack.settings.load.stack_file import PROJECT
from logstack.settings.load.translation import Node, child, schema, variants

from .log_stack import LOG_STACK

_ANYTHING: Node = {"$ref": "pulumi.json#/Any"}
_OUTPUTS = {
    "gatewayUrl": "The address of the gateway; absent without one.",
    "pushUrl": "Where collectors push lines to.",
    "queryUrl": "Where queries are asked.",
    "datasourceUid": "The uid of the datasource in Grafana.",
}
_OPTIONAL_OUTPUTS = ("gatewayUrl",)


def package_schema(version: str) -> Node:
    """Return the package's schema as Pulumi's engine and its SDK generators read it."""
    keys = {name: _plain(node) for name, node in child(schema(), "properties").items()}
    credentials = {
        name: {"type": "string", "secret": True, "description": f"The store's {part} access key, if it needs one."}
        for name, part in zip(SECRETS, ("public half of the", "secret half of the"), strict=True)
    }
    component = {
        "isComponent": True,
        "description": "A log platform on Kubernetes: object store, Loki, Alloy, canary and Grafana's datasource. The "
        "arguments are the keys of a stack file.",
        "inputProperties": keys | credentials,
        "requiredInputs": schema()["required"],
        "properties": {name: {"type": "string", "description": text} for name, text in _OUTPUTS.items()},
        "required": [name for name in _OUTPUTS if name not in _OPTIONAL_OUTPUTS],
    }
    return {
        "name": PROJECT,
        "version": version,
        "displayName": PROJECT,
        "description": "A log platform on Kubernetes from one component, proven before apply",
        "resources": {LOG_STACK: component},
        "types": {_token(name): _type(node) for name, node in _objects()},
        "language": {
            language: {"respectSchemaVersion": True} for language in ("nodejs", "python", "go", "csharp", "java")
        },
    }


def _objects() -> Iterator[tuple[str, Node]]:
    for name, node in child(schema(), "$defs").items():
        if "properties" in (definition := cast("Node", node)):
            yield name, definition


def _token(name: str) -> str:
    return f"{PROJECT}:index:{name}"


def _type(node: Node) -> Node:
    properties = {name: _property(inner) for name, inner in child(node, "properties").items()}
    described = {"description": node["description"]} if "description" in node else {}
    return {"type": "object", "properties": properties, "required": node.get("required", []), **described}


def _plain(node: object) -> Node:
    """Return an argument whose value is known before anything runs: the checks and the preview need it."""
    return _property(node) | {"plain": True}


def _property(node: object) -> Node:
    """Return a property's type and its description, with the words that it takes."""
    property_ = cast("Node", node)
    type_ = _type_of(property_)
    description = str(property_.get("description", ""))
    if words := _words(property_):
        description = f"{description} One of {', '.join(words)}.".strip()
    constant = {"const": property_["const"]} if "const" in property_ else {}
    return type_ | constant | ({"description": description} if description else {})


def _words(node: Node) -> list[str]:
    options = [_definition(option) for option in [node, *cast("list[Node]", node.get("anyOf", []))]]
    return [str(word) for option in options for word in cast("list[object]", option.get("enum", []))]


def _type_of(node: Node) -> Node:
    """Return the type of a node: a name, a list, a mapping, one of several, or anything."""
    if kinds := variants(node):
        references = {kind: f"#/types/{_token(name)}" for kind, name in _kinds(node).items()}
        discriminator = {"propertyName": "kind", "mapping": references}
        return {"oneOf": [{"$ref": references[kind]} for kind in kinds], "discriminator": discriminator}
    if options := [each for each in cast("list[Node]", node.get("anyOf", [])) if each != {"type": "null"}]:
        return _one_of([_type_of(option) for option in options])
    if "$ref" in node:
        name = str(node["$ref"]).rsplit("/", 1)[-1]
        definition = _definition(node)
        return {"$ref": f"#/types/{_token(name)}"} if "properties" in definition else _type_of(definition)
    return _unnamed(node)


def _unnamed(node: Node) -> Node:
    match node.get("type"):
        case list() as types:
            return _one_of([{"type": type_} for type_ in types if type_ != "null"])
        case "array":
            return {"type": "array", "items": _type_of(child(node, "items"))}
        case "object":
            values = [*child(node, "patternProperties").values(), node.get("additionalProperties")]
            of_values = [cast("Node", each) for each in values if isinstance(each, dict)]
            return {"type": "object", "additionalProperties": _type_of(of_values[0]) if of_values else _ANYTHING}
        case str() as type_:
            return {"type": type_}
    return _ANYTHING


def _one_of(types: list[Node]) -> Node:
    distinct = [each for number, each in enumerate(types) if each not in types[:number]]
    return distinct[0] if len(distinct) == 1 else {"oneOf": distinct}


def _definition(node: Node) -> Node:
    """Return what a reference stands for; any other node itself."""
    reference = node.get("$ref")
    return child(child(schema(), "$defs"), str(reference).rsplit("/", 1)[-1]) if reference else node


def _kinds(node: Node) -> dict[str, str]:
    """Return the names of the groups that a `kind` chooses from, by kind."""
    mapping = child(child(node, "discriminator"), "mapping")
    return {kind: str(reference).rsplit("/", 1)[-1] for kind, reference in mapping.items()}
