"""Every object that we declare is what Kubernetes 1.34 understands, in every field."""

from typing import Any

import pytest

from components.chart import CHART
from components.declaration import Secret
from tests.support.schemas import complaints
from tests.support.stacks import NAMES, declarations, settings_of


def manifest(value: Any) -> Any:
    """Inputs as they reach the API server: a secret is a text."""
    if isinstance(value, Secret):
        return "secret"
    if isinstance(value, dict):
        return {key: manifest(item) for key, item in value.items()}
    return [manifest(item) for item in value] if isinstance(value, list | tuple) else value


OBJECTS = [
    (stack, name)
    for stack in NAMES
    for name, child in declarations(settings_of(stack)).items()
    if child.type.startswith("kubernetes:") and child.type != CHART
]


@pytest.mark.parametrize(("stack", "name"), OBJECTS)
def test_a_declared_object_is_valid_in_every_field(stack: str, name: str) -> None:
    assert complaints(manifest(declarations(settings_of(stack))[name].inputs)) == ""


WRONG = [
    ({"immutabel": True}, "Additional properties are not allowed ('immutabel' was unexpected)"),
    ({"data": {"a": 1}}, "1 is not of type"),
]


@pytest.mark.parametrize(("said", "told"), WRONG)
def test_a_field_that_kubernetes_does_not_know_is_found(said: dict[str, object], told: str) -> None:
    assert told in complaints({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, **said})
