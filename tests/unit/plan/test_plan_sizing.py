"""The plan's sizing from an ingest: derived values, values that the stack states, and storage."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from logstack.plan.command import plan_json
from logstack.plan.model import plan, sentences
from logstack.plan.prices import PRICES, monthly_cost
from logstack.plan.sizing import Sizing, plan_sizing, sizing_section
from logstack.plan.text import full_text
from logstack.settings.load.loader import Stack
from logstack.settings.resolve.storage import filled_after, puts_daily, stored_after, stored_daily, stored_in_all
from logstack.settings.tree import Settings
from logstack.text.layout import terminal
from tests.support import golden

GOLDEN = Path(__file__).parent / "golden"
GB, GIB = 10**9, 1024**3
DAY = timedelta(days=1)
AWS = {
    "kind": "aws-s3",
    "bucket": "acme-logs",
    "region": "eu-central-1",
    "accountId": "123456789012",
    "identity": {"eksCluster": "eu"},
}
# A volume of 25Gi for 30 days, and a plan for 110 GB a day on AWS with one backend.
STACKS: dict[str, dict[str, Any]] = {
    "volume": {
        "ingest": "5GB/day",
        "deploymentMode": "monolithic",
        "replicationFactor": 1,
        "resources": {"monolithic": {"cpu": "500m", "memory": "2Gi", "disk": "25Gi"}},
        "objectStore": {"kind": "filesystem"},
    },
    "bucket": {"ingest": "110GB/day", "replicas": {"backend": 1}, "objectStore": AWS},
}


def stack(**keys: Any) -> Stack:
    settings = Settings.model_validate({"cluster": {"name": "test", "context": "test"}} | keys)
    return Stack("test", settings, (), (), "none")


def sizing_of(**keys: Any) -> Sizing:
    sizing = plan_sizing(stack(**keys).settings)
    assert sizing
    return sizing


@pytest.mark.parametrize("name", STACKS)
def test_sizing_text_equals_its_golden_file(name: str, request: pytest.FixtureRequest) -> None:
    text = full_text(plan(stack(**STACKS[name])), terminal(100))
    golden.check(GOLDEN / f"sizing-{name}.txt", text[text.index("Sizing from") : text.index("Collection\n")], request)


def test_plan_has_no_sizing_without_an_ingest() -> None:
    plan_without_ingest = plan(stack(objectStore=AWS))
    assert plan_without_ingest["sizing"].data is None
    assert "Sizing" not in full_text(plan_without_ingest, terminal(100))
    assert not [of for of, _ in sentences(plan_without_ingest) if of.startswith("sizing")]


def test_plan_document_has_the_sizing_of_the_text() -> None:
    document = json.loads(plan_json(plan(stack(**STACKS["bucket"]))))["sizing"]
    backend = next(value for value in document["values"] if value["key"] == "replicas.backend")
    assert backend == {
        "key": "replicas.backend",
        "derived": "3",
        "used": "1",
        "because": "the row",
        "isStated": True,
    }
    assert document["storage"]["cost"]["region"] == "eu-central-1"


def test_plan_sizing_shows_what_is_deployed() -> None:
    settings = stack(**STACKS["bucket"] | {"size": "small"}).settings
    sizing = plan_sizing(settings)
    assert sizing
    used = {value.key: value.used for value in sizing.values}
    assert used["resources.write"] == "CPU 500m, 1Gi, 10Gi"
    assert settings.resources_of("write").cpu == 500
    assert used["caches.chunks"] == "1Gi"
    assert used["limits.maxStreams"] == "10000"


def test_filled_after_is_the_day_on_which_nine_tenths_are_full() -> None:
    month = ((1.0, 30 * DAY),)
    # 0.303 x 5 GB a day; 0.9 x 25 GiB = 24.16 GB: 15.9 days.
    assert filled_after(25 * GIB, 5 * GB, 1, month) == 15 * DAY
    assert filled_after(100 * GIB, 5 * GB, 1, month) is None
    assert filled_after(GIB // 2, 5 * GB, 1, month) == timedelta()
    just_enough = round(stored_in_all(5 * GB, 1, month) / 0.9) + 2
    assert filled_after(just_enough, 5 * GB, 1, month) is None
    assert filled_after(just_enough - 4, 5 * GB, 1, month) == 29 * DAY


def test_stored_after_stores_lines_of_each_period_for_its_own_time() -> None:
    periods = ((0.9, 2 * DAY), (0.1, 10 * DAY))
    daily = stored_daily(GB, 1)
    assert stored_after(DAY, GB, 1, periods) == pytest.approx(daily)
    assert stored_after(5 * DAY, GB, 1, periods) == pytest.approx(daily * (0.9 * 2 + 0.1 * 5))
    assert stored_in_all(GB, 1, periods) == pytest.approx(daily * (0.9 * 2 + 0.1 * 10))


def test_stored_daily_and_puts_daily_equal_the_measurement() -> None:
    assert stored_daily(GB, 3) / stored_daily(GB, 1) == pytest.approx(2.6)
    least, most = puts_daily(110 * GB, 3, 10_000)
    assert (least, most) == (124_740, 634_740)
    assert puts_daily(GB, 1, 10_000)[1] == 11_363


def test_monthly_cost_covers_bytes_and_writes() -> None:
    cost = monthly_cost("eu-central-1", 1000 * GB, 1_000_000)
    assert cost
    assert [cost.storage, cost.puts] == pytest.approx([24.5, 162.0])
    assert not cost.above_first_tier
    above = monthly_cost("us-east-1", 60_000 * GB, 0)
    assert above
    assert above.above_first_tier
    assert monthly_cost("eu-south-2", GB, 1) is None
    assert all(price.thousand_puts > price.thousand_gets for price in PRICES.values())


def test_plan_shows_no_cost_without_a_price_of_the_store() -> None:
    own_store = {"kind": "s3-compatible", "endpoint": "http://nas.example", "bucket": "logs"}
    for store in (AWS | {"region": "eu-south-2"}, own_store):
        keys = {"ingest": "10GB/day", "objectStore": store}
        assert sizing_of(**keys).storage.cost is None
        facts = dict(sizing_section(stack(**keys)).facts)
        assert "stored in total" in facts
        assert "cost" not in facts


@pytest.mark.parametrize(
    ("memory", "share"),
    [
        ("16Gi", "36 % of the 48Gi that pods may take on these nodes\n"),
        ("4Gi", "144 % of the 12Gi that pods may take on these nodes: add nodes\n"),
    ],
)
def test_plan_compares_requests_with_the_nodes_memory(memory: str, share: str) -> None:
    cluster = {"name": "test", "context": "test", "nodeMemory": memory}
    text = full_text(plan(stack(**STACKS["bucket"] | {"cluster": cluster})), terminal(200))
    assert f"memory  {share}" in text
