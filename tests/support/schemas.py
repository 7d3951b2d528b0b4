"""Validate objects offline by Kubernetes' schemas and those of other operators' kinds; an unknown field is an error."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import kubernetes_validate  # type: ignore[import-untyped]
import yaml
from kubernetes_validate import utils

from tests.support.real import KUBERNETES

_CRDS = Path(__file__).with_name("crds.yaml")

# Without a cache it reads 2 MB of definitions for every object.
utils.schema_contents = cache(utils.schema_contents)


def complaints(manifest: Mapping[str, Any]) -> str:
    """Return the first schema violation of an object as text; empty if it is valid."""
    schema = _custom_schemas().get((manifest["apiVersion"], manifest["kind"]))
    try:
        if schema:
            jsonschema.validate(dict(manifest), schema)
        else:
            kubernetes_validate.validate(dict(manifest), KUBERNETES, strict=True)
    except (kubernetes_validate.ValidationError, jsonschema.ValidationError) as error:
        return f"{manifest['kind']}: {'.'.join(map(str, error.absolute_path))}: {error.message}"
    return ""


@cache
def crds() -> tuple[Mapping[str, Any], ...]:
    """Return the definitions of other operators' kinds that stacks declare."""
    return tuple(yaml.safe_load_all(_CRDS.read_text()))


@cache
def _custom_schemas() -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """Return their schemas by apiVersion and kind, with the fields that every object has."""
    common: dict[str, Any] = {"apiVersion": {}, "kind": {}, "metadata": {"type": "object"}}
    schemas = {}
    for spec in (each["spec"] for each in crds()):
        for version in spec["versions"]:
            schema = version["schema"]["openAPIV3Schema"]
            strict = _strict({**schema, "properties": {**common, **schema["properties"]}})
            schemas[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = strict
    return schemas


def _strict(schema: Any) -> Any:
    """Return a schema that allows no other fields, as the API server's strict validation does."""
    if not isinstance(schema, Mapping):
        return schema
    strict = {key: _strict(value) for key, value in schema.items() if key != "properties"}
    if "properties" in schema:
        strict |= {
            "properties": {key: _strict(value) for key, value in schema["properties"].items()},
            "additionalProperties": False,
        }
    return strict
