"""Queries with many series: "maximum of series (500) reached for a single query" (grafana/loki#3045, #9487)."""

from typing import Any

import pytest
import yaml

from logstack.settings.tree import Settings
from tests.support.stacks import EXAMPLES, data, declarations

# A stack of the field: simple-scalable on a store of its own, and dashboards with more than 500 series.
STACK: dict[str, Any] = {
    **EXAMPLES["distributed"],
    "deploymentMode": "simple-scalable",
    "replicas": {},
    "resources": {},
    "caches": {},
}
SHOP = {"name": "shop", "namespaces": ["shop"]}


def overrides(**keys: object) -> dict[str, dict[str, object]]:
    settings = Settings.model_validate({**STACK, **keys})
    limits: dict[str, dict[str, object]] = yaml.safe_load(data(declarations(settings), "loki/loki-overrides"))[
        "overrides"
    ]
    return limits


@pytest.mark.parametrize(
    ("keys", "series"),
    [
        pytest.param({"limits": {"maxQuerySeries": 2000}}, {"fake": 2000}, id="of everybody"),
        pytest.param({}, {"fake": None}, id="Loki's default"),
        pytest.param(
            {"limits": {"maxQuerySeries": 2000}, "tenants": [SHOP]},
            {"fake": 2000, "logstack-canary": 2000, "shop": 2000},
            id="of every tenant",
        ),
        pytest.param(
            {"tenants": [{**SHOP, "limits": {"maxQuerySeries": 9000}}]},
            {"fake": None, "logstack-canary": None, "shop": 9000},
            id="of one tenant",
        ),
    ],
)
def test_limit_reaches_the_overrides_that_loki_reloads(keys: dict[str, Any], series: dict[str, int | None]) -> None:
    assert {tenant: limits.get("max_query_series") for tenant, limits in overrides(**keys).items()} == series
