"""Inputs of the resources of a store in Google Cloud: the pinned SDK knows each one, and the engine gets them all."""

import pytest

from components.base import Component, resource_class
from logstack.manifests.manifest import ComponentTree
from logstack.settings.model.object_store import GcsStore
from tests.support.gcs_store import EVERY_SHAPE, PROVIDER_TYPE, declared
from tests.support.monitor import record
from tests.unit.components.test_aws_inputs import assert_known, inputs_of, snake

# The SDK warns of a deprecated namesake as soon as its modules are imported.
pytestmark = pytest.mark.filterwarnings("ignore:.*ServieAccount has been deprecated in favor of:DeprecationWarning")


@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_gcs_store_declares_only_inputs_of_the_pinned_sdk(store: GcsStore) -> None:
    for declaration in declared(store):
        hints = inputs_of(resource_class(declaration.type))
        for key, value in declaration.inputs.items():
            assert snake(key) in hints, f"{declaration.type} has no input {key}"
            assert_known(value, hints[snake(key)], f"{declaration.type}.{key}")


@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_component_registers_the_declared_inputs_of_a_gcs_store(store: GcsStore) -> None:
    tree = ComponentTree("logstack:index:ObjectStore", "store", declared(store))
    recording = record(lambda: Component(tree))
    for declaration in declared(store):
        if declaration.type != PROVIDER_TYPE:  # a provider's inputs travel as JSON text
            assert recording.one(declaration.type, declaration.name).inputs == declaration.inputs
