"""Inputs of the resources of a store in Azure: the pinned SDK knows each one, and the engine gets them all."""

import pytest

from components.base import Component, resource_class
from logstack.manifests.manifest import ComponentTree, Json, OutputOf
from logstack.settings.model.object_store import AzureStore
from tests.support.azure_store import (
    EVERY_SHAPE,
    IDENTITY_TYPE,
    PROVIDER_TYPE,
    ROLE_TYPE,
    SERVICE_ACCOUNT_TYPE,
    a_store,
    declared,
)
from tests.support.monitor import ANSWERED, Recording, record
from tests.unit.components.test_aws_inputs import assert_known, inputs_of, snake


def recorded(store: AzureStore) -> Recording:
    tree = ComponentTree("logstack:index:ObjectStore", "store", declared(store))
    return record(lambda: Component(tree))


def answered(value: Json) -> object:
    """Return the value as it is once the identity exists."""
    if isinstance(value, OutputOf):
        return ANSWERED[value.output]
    return {key: answered(item) for key, item in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_azure_store_declares_only_inputs_of_the_pinned_sdk(store: AzureStore) -> None:
    for declaration in declared(store):
        hints = inputs_of(resource_class(declaration.type))
        for key, value in declaration.inputs.items():
            assert snake(key) in hints or key in ("apiVersion", "kind"), f"{declaration.type} has no input {key}"
            assert_known(value, hints.get(snake(key)), f"{declaration.type}.{key}")


@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_component_registers_the_declared_inputs_of_an_azure_store(store: AzureStore) -> None:
    recording = recorded(store)
    for declaration in declared(store):
        if declaration.type != PROVIDER_TYPE:  # a provider's inputs travel as JSON text
            inputs = recording.one(declaration.type, declaration.name).inputs
            assert inputs == {key: answered(value) for key, value in declaration.inputs.items()}


def test_what_needs_the_identity_waits_for_its_answer() -> None:
    recording = recorded(a_store())
    identity = recording.one(IDENTITY_TYPE)
    for token in (ROLE_TYPE, SERVICE_ACCOUNT_TYPE):
        assert identity.urn in recording.one(token).inputs_from
