"""The collector's table of cases: lines through the real Alloy into the real Loki, and the entries there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from logstack.localrun.platform import Platform
from tests.support.collector import assert_as_expected, carry_out, loki, stack
from tests.support.collector_cases import group, names
from tests.support.real import binary

pytestmark = pytest.mark.prove

WITH_TENANTS = "tenants"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Run one Loki for all groups without settings of Loki; a group's lines have its cluster's name."""
    binary("alloy")
    with loki(tmp_path_factory.mktemp("loki"), stack("cases", {})) as running:
        yield running


@pytest.mark.parametrize("name", [name for name in names() if name != WITH_TENANTS])
def test_collector_turns_lines_into_the_entries_of_the_table(name: str, platform: Platform, tmp_path: Path) -> None:
    case_group = group(name)
    assert_as_expected(case_group, carry_out(case_group, stack(name, case_group.settings), platform, tmp_path))


def test_collector_sends_lines_of_a_tenants_namespaces_to_that_tenant_only(tmp_path: Path) -> None:
    case_group = group(WITH_TENANTS)
    settings = stack(case_group.name, case_group.settings)
    binary("alloy")
    with loki(tmp_path / "loki", settings) as platform:
        assert_as_expected(case_group, carry_out(case_group, settings, platform, tmp_path / "alloy"))
