"""Inputs of the resources of an AWS store: the pinned SDK knows each one, and the engine gets them all."""

import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi
import pytest

from components.base import Component, resource_class
from logstack.manifests.manifest import ComponentTree, Manifest
from logstack.settings.model.object_store import AwsStore
from tests.support.aws_store import EVERY_SHAPE, declared
from tests.support.monitor import record

# The SDK's own modules warn of their deprecated namesakes (BucketV2 beside Bucket) as soon as they are imported.
pytestmark = pytest.mark.filterwarnings("ignore:.*V2 has been deprecated in favor of:DeprecationWarning")


def snake(key: str) -> str:
    return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", key)


def inputs_of(resource: type[pulumi.Resource]) -> dict[str, object]:
    """Return the types of the inputs by name, from the overload of the constructor that lists them."""
    overloads = [
        typing.get_type_hints(overload, localns=UNRESOLVED) for overload in typing.get_overloads(resource.__init__)
    ]
    return max(overloads, key=len)


# Names that pulumi.Input's own definition uses.
UNRESOLVED = {"Output": pulumi.Output, "T": Any}


def dictionaries_in(hint: object) -> Iterator[type]:
    """Yield the TypedDicts anywhere in a type."""
    if typing.is_typeddict(hint) and isinstance(hint, type):
        yield hint
    for inner in typing.get_args(hint):
        yield from dictionaries_in(inner)


def assert_known(value: object, hint: object, path: str) -> None:
    """Assert that the SDK has each nested key, and that no key is missing that the SDK requires."""
    if isinstance(value, list):
        for item in value:
            assert_known(item, hint, path)
    # A value without a TypedDict is a map such as tags: any key is valid.
    shape = next(dictionaries_in(hint), None)
    if not isinstance(value, Mapping) or shape is None:
        return
    hints = typing.get_type_hints(shape, localns=UNRESOLVED)
    inputs = {snake(key): item for key, item in value.items()}
    assert set(inputs) <= set(hints), f"{path}: {sorted(set(inputs) - set(hints))} is no key of {shape.__name__}"
    assert shape.__required_keys__ <= set(inputs), f"{path}: {shape.__name__} requires more"  # type: ignore[attr-defined]
    for key, item in inputs.items():
        assert_known(item, hints[key], f"{path}.{key}")


def assert_inputs_of_the_sdk(declarations: Sequence[Manifest]) -> None:
    """Assert that the pinned SDK has each input of the resources."""
    for declaration in declarations:
        hints = inputs_of(resource_class(declaration.type))
        for key, value in declaration.inputs.items():
            assert snake(key) in hints, f"{declaration.type} has no input {key}"
            assert_known(value, hints[snake(key)], f"{declaration.type}.{key}")


def assert_registered_as_declared(declarations: Sequence[Manifest]) -> None:
    """Assert that a component gives the engine each declared input."""
    recording = record(lambda: Component(ComponentTree("logstack:index:ObjectStore", "store", tuple(declarations))))
    for declaration in declarations:
        if not declaration.type.startswith("pulumi:providers:"):  # a provider's inputs travel as JSON text
            assert recording.one(declaration.type, declaration.name).inputs == declaration.inputs


@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_aws_store_declares_only_inputs_of_the_pinned_sdk(store: AwsStore) -> None:
    assert_inputs_of_the_sdk(declared(store))


@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_component_registers_the_declared_inputs_of_an_aws_store(store: AwsStore) -> None:
    assert_registered_as_declared(declared(store))
