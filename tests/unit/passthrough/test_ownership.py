"""The tables of owners: complete for every value that logstack renders, in every mode, and true."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given
from hypothesis import settings as profile

from logstack.manifests.manifest import mask_secrets
from logstack.settings.checks.passthrough import OWN_BLOCKS
from logstack.settings.load.translation import keys
from logstack.settings.passthrough.alloy_text import alloy_blocks
from logstack.settings.passthrough.documents import JOINED, Path, leaves, spelled
from logstack.settings.passthrough.misfits import misfits
from logstack.settings.passthrough.ownership import ALLOY_VALUES, CONFIG, LOKI_VALUES, TENANT, Row, owner
from logstack.settings.passthrough.tables import chart_values as chart_table
from logstack.settings.passthrough.tables import loki_config, tenant_config
from logstack.settings.tree import Settings
from tests.support.generated import stacks
from tests.support.stacks import NAMES, chart_values, data, declarations, releases, settings_of

# The stacks that pass nothing on.
OWN = [name for name in NAMES if name != "passing"]
TABLES: Mapping[str, Any] = {
    "loki.yaml": (CONFIG, loki_config()),
    "overrides.yaml": (TENANT, tenant_config()),
    "loki": (LOKI_VALUES, chart_table("loki")),
    "alloy": (ALLOY_VALUES, chart_table("alloy")),
}


def documents(settings: Settings) -> Iterator[tuple[str, object]]:
    """Everything that a stack may pass values into, as it is rendered."""
    declared = declarations(settings)
    yield "loki.yaml", yaml.safe_load(data(declared, "loki/loki-config"))
    overrides = yaml.safe_load(data(declared, "loki/loki-overrides"))["overrides"]
    yield from (("overrides.yaml", limits) for limits in overrides.values())
    yield from ((chart, mask_secrets(chart_values(settings, chart, release))) for chart, release in releases(settings))


def rows() -> list[Row]:
    return [row for table, _ in TABLES.values() for row in table]


@pytest.mark.parametrize("name", OWN)
def test_every_rendered_value_has_an_owner_or_is_a_default(name: str) -> None:
    ownerless = [
        f"{document}: {spelled(path)}"
        for document, content in documents(settings_of(name))
        for path, value in leaves(content, JOINED.get(document, frozenset()))
        if value not in ({}, []) and owner(TABLES[document][0], path) is None
    ]
    assert ownerless == []


@profile(max_examples=40, phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink])
@given(stacks())
def test_every_value_of_any_stack_has_an_owner_or_is_a_default(settings: Settings) -> None:
    own = settings.model_copy(update={"loki": {}, "alloy": {}})
    for document, content in documents(own):
        for path, value in leaves(content, JOINED.get(document, frozenset())):
            assert value in ({}, []) or owner(TABLES[document][0], path), f"{document}: {spelled(path)}"


@pytest.mark.parametrize("name", OWN)
def test_tables_know_every_rendered_value_with_its_type(name: str) -> None:
    for document, content in documents(settings_of(name)):
        assert list(misfits(TABLES[document][1], content)) == []


def test_owner_is_a_key_of_the_stack_file() -> None:
    known = {path for path, _ in keys()}
    elsewhere = {"loki.values.global.extraEnv"}
    assert {row.key for row in rows() if row.key} - known - elsewhere == set()


def test_row_names_a_key_or_a_reason_and_never_both() -> None:
    assert [row for row in rows() if row.key and row.reason] == []


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        ("retention", "9d", "limits_config.retention_period"),
        ("retentionStreams", [{"selector": '{a="b"}', "period": "9d"}], "limits_config.retention_stream"),
        ("replicationFactor", 1, "common.replication_factor"),
        ("limits", {"queryTimeout": "9m"}, "server.http_server_read_timeout"),
        ("walReplayCeiling", "256Mi", "ingester.wal.replay_memory_ceiling"),
        ("schemaPeriods", [{"from": "2025-01-01"}], "schema_config.configs"),
    ],
)
def test_key_decides_the_value_that_it_owns(key: str, value: object, path: str) -> None:
    before = settings_of("production")
    after = before.model_copy(update={_field(key): value})
    assert _of_config(before, path) != _of_config(after, path)
    found = owner(CONFIG, tuple(path.split(".")))
    assert found
    assert found[0].key.partition(".")[0] == key


def _field(key: str) -> str:
    return next(name for name, field in Settings.model_fields.items() if field.alias == key)


def _of_config(settings: Settings, path: str) -> object:
    content: Any = next(content for document, content in documents(settings) if document == "loki.yaml")
    for part in path.split("."):
        content = content.get(part, {})
    return content


@pytest.mark.parametrize("name", OWN)
def test_names_of_logstacks_own_blocks_are_all_known(name: str) -> None:
    text = data(declarations(settings_of(name)), "alloy/alloy-config")
    assert {block.called for block in alloy_blocks(text)} <= OWN_BLOCKS


@pytest.mark.parametrize(
    ("pattern", "path", "prefix"),
    [
        ("server", ("server", "log_level"), ("server",)),
        ("server.a|b", ("server", "b", "c"), ("server", "b")),
        (
            "storage_config.*_shipper.x",
            ("storage_config", "tsdb_shipper", "x"),
            ("storage_config", "tsdb_shipper", "x"),
        ),
        ("server.log_level", ("server",), None),
        ("server", ("servers",), None),
    ],
)
def test_row_is_about_its_path_and_all_that_is_below(pattern: str, path: Path, prefix: Path | None) -> None:
    assert Row(pattern).prefix_of(path) == prefix
