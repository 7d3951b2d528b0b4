"""Settings: immutable, resolved from the stated keys, with the provenance of each key."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as profile
from pydantic import ValidationError

from logstack.settings.model.loki import Limits
from logstack.settings.model.quantities import parse_ingest
from logstack.settings.model.stack_file import StackFile
from logstack.settings.resolve.derivation import resolve
from logstack.settings.tree import Settings
from tests.support.generated import stacks
from tests.support.stacks import NAMES, settings_of

KEYS: dict[str, Any] = {
    "cluster": {"name": "test", "context": "test"},
    "objectStore": {"kind": "embedded"},
    "ingest": "110GB/day",
    "replicas": {"write": 4},
    "resources": {"write": {"cpu": 1, "memory": "2Gi"}},
}


@pytest.mark.parametrize("name", NAMES)
def test_dump_of_a_stack_validates_to_the_same_settings_and_provenance(name: str) -> None:
    stack = settings_of(name)
    for again in (
        Settings.model_validate(stack.model_dump()),
        Settings.model_validate(stack.model_dump(mode="json", by_alias=True)),
        Settings.model_validate_json(stack.model_dump_json(by_alias=True)),
    ):
        assert again == stack
        assert again.provenance == stack.provenance


@profile(max_examples=60)
@given(stacks())
def test_dump_of_generated_settings_validates_to_the_same_settings_and_provenance(stack: Settings) -> None:
    again = Settings.model_validate_json(stack.model_dump_json())
    assert again == stack
    assert again.provenance == stack.provenance


def test_copy_with_another_ingest_is_resolved_again() -> None:
    small = Settings.model_validate(KEYS | {"deploymentMode": "simple-scalable"})
    large = small.model_copy(update={"ingest": "1000GB/day"})
    assert large == Settings.model_validate(KEYS | {"deploymentMode": "simple-scalable", "ingest": "1000GB/day"})
    assert (small.replicas["read"], large.replicas["read"], large.replicas["write"]) == (3, 6, 4)
    assert large.limits.ingestion_rate > small.limits.ingestion_rate
    assert small.model_copy(update={"ingest": None}).limits == Limits()
    assert small.model_copy() == small


def test_copy_with_a_wrong_value_is_refused() -> None:
    with pytest.raises(ValidationError, match="retention"):
        Settings.model_validate(KEYS).model_copy(update={"retention": "soon"})


def test_group_of_resolved_settings_states_only_its_stated_keys() -> None:
    sized = Settings.model_validate(KEYS)
    plain = Settings(cluster=sized.cluster, object_store=sized.object_store, replicas=sized.replicas)
    assert (plain.replicas["write"], plain.replicas["backend"]) == (4, 3)
    assert plain.provenance["replicas.backend"].source == "default"
    assert plain.model_dump() == {
        "cluster": {"name": "test", "context": "test"},
        "object_store": {"kind": "embedded"},
        "replicas": {"write": 4},
    }


def test_settings_are_immutable() -> None:
    sized = Settings.model_validate(KEYS)
    with pytest.raises(ValidationError, match="frozen"):
        sized.retention_streams = ()  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        sized.replicas.write = 1  # type: ignore[attr-defined]


def test_resolve_leaves_the_stack_file_unchanged() -> None:
    stated = StackFile.model_validate(KEYS)
    before = stated.model_dump_json(exclude_unset=True)
    assert resolve(stated) == resolve(stated)
    assert stated.model_dump_json(exclude_unset=True) == before
    assert (stated.size, resolve(stated).size) == (None, "medium")


def test_provenance_of_each_key_is_stated_derived_or_default() -> None:
    origins = Settings.model_validate(KEYS).provenance
    assert set(StackFile.model_fields) <= set(origins)
    for key, source, rule in (
        ("ingest", "stated", ""),
        ("replicas.write", "stated", "the row"),
        ("replicas.read", "derived", "the row"),
        ("object_store.size", "derived", "room for the retention"),
        ("resources.write.disk", "derived", "the row: no disk is stated"),
        ("retention", "default", ""),
        ("limits.query_timeout", "default", ""),
    ):
        origin = origins[key]
        assert (origin.source, origin.derivation.rule if origin.derivation else "") == (source, rule), key
    assert all(bool(origin.derivation) for origin in origins.values() if origin.source == "derived")


def test_complete_settings_state_every_key() -> None:
    sized = Settings.model_validate(KEYS)
    assert sized.complete.ingest == parse_ingest("110GB/day")
    assert sized.complete.replicas == sized.replicas
    assert set(sized.complete.model_dump(by_alias=True)) == {field.alias for field in StackFile.model_fields.values()}
