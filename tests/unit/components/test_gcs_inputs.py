"""Inputs of the resources of a store in Google Cloud: the pinned SDK knows each one, and the engine gets them all."""

import pytest

from logstack.settings.model.object_store import GcsStore
from tests.support.gcs_store import EVERY_SHAPE, declared
from tests.unit.components.test_aws_inputs import assert_inputs_of_the_sdk, assert_registered_as_declared

# The SDK warns of a deprecated namesake as soon as its modules are imported.
pytestmark = pytest.mark.filterwarnings("ignore:.*ServieAccount has been deprecated in favor of:DeprecationWarning")


@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_gcs_store_declares_only_inputs_of_the_pinned_sdk(store: GcsStore) -> None:
    assert_inputs_of_the_sdk(declared(store))


@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_component_registers_the_declared_inputs_of_a_gcs_store(store: GcsStore) -> None:
    assert_registered_as_declared(declared(store))
