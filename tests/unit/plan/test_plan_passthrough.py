"""The plan of what a stack passes on."""

import json

import pytest

from logstack.plan.command import plan_json, plan_text
from logstack.plan.model import plan
from logstack.plan.storage import plan_storage
from logstack.settings.load.loader import Stack
from logstack.settings.model.quantities import parse_duration
from tests.support.stacks import changed, settings_of


def planned(**keys: object) -> Stack:
    return Stack("here", changed(settings_of("production"), **keys), (), (), "none")


def test_plan_lists_each_passed_value_with_what_it_replaces() -> None:
    stack = planned(loki={"config": {"limits_config": {"split_queries_by_interval": "30m", "cardinality_limit": 5}}})
    document = json.loads(plan_json(plan(stack)))
    assert document["passedOn"] == [
        {
            "key": "loki.config",
            "path": "limits_config.split_queries_by_interval",
            "value": "30m",
            "insteadOf": "1h",
        },
        {"key": "loki.config", "path": "limits_config.cardinality_limit", "value": "5", "insteadOf": None},
    ]


def test_first_screen_counts_the_passed_values() -> None:
    stack = planned(alloy={"values": {"controller": {"nodeSelector": {"disk": "ssd"}}}})
    screen = plan_text(plan(stack), width=110)
    assert "Passed on, outside logstack's promises: 1" in screen
    assert "1 value, which this plan does not count on: --section passthrough" in screen


def test_plan_has_no_passed_values_when_the_stack_passes_none() -> None:
    assert "assed on" not in plan_text(plan(planned()), full=True, width=110)


def test_plan_counts_the_compactors_delays_that_the_stack_passes_on() -> None:
    passed = {"config": {"compactor": {"retention_delete_delay": "24h", "compaction_interval": "5m"}}}
    assert plan_storage(planned(loki=passed)).deleted_within == parse_duration("24h5m")
    assert plan_storage(planned()).deleted_within == parse_duration("2h10m")


@pytest.mark.parametrize(("age", "behind"), [("30m", "15m"), ("1h30m0s", "45m"), ("1.5h", "1h")])
def test_plan_halves_the_chunk_age_that_the_stack_passes_on(age: str, behind: str) -> None:
    stack = planned(loki={"config": {"ingester": {"max_chunk_age": age}}})
    assert plan_storage(stack).refused_when_behind == parse_duration(behind)
