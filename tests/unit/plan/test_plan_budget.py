"""The failure budget of the plan; every expected text is written by hand, none is computed."""

import re
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from logstack.manifests.loki.budget import one_lost, refused_share
from logstack.plan.failures import FailureBudget, Loss, deciding_losses, plan_failures
from logstack.plan.outage import bridged_outage
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.roles import Role
from logstack.settings.tree import Settings

S3 = {"kind": "s3-compatible", "endpoint": "http://10.0.0.1:9000", "bucket": "loki-test"}
BLOCKS = (Path(__file__).parent / "failure_budget.txt").read_text().split("\n\n")[1:]


def stack(mode: str = "simple-scalable", factor: int = 3, writers: int = 3, **changes: object) -> Settings:
    replicas = {"monolithic": writers} if mode == "monolithic" else {"write": writers} if mode != "distributed" else {}
    keys: dict[str, object] = {
        "cluster": {"name": "here", "context": "here"},
        "deploymentMode": mode,
        "replicationFactor": factor,
        "replicas": replicas,
        "objectStore": S3,
    }
    return Settings.model_validate(keys | changes)


def format_row(loss: Loss) -> str:
    words = (loss.lost, loss.budget, loss.writes, loss.queries, loss.acknowledged_lines, loss.evidence)
    return " | ".join(words)


def losses(settings: Settings) -> dict[str, str]:
    return {loss.lost: format_row(loss) for loss in plan_failures(settings).losses}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.partition("\n")[0])
def test_budget_of_writers_equals_the_text_written_by_hand(block: str) -> None:
    head, summary, *rows = map(str.strip, block.strip().splitlines())
    mode, factor, writers = re.sub(" replication | writers ", "", head).split(",")
    budget = plan_failures(stack(mode, int(factor), int(writers)))
    assert [budget.summary, *map(format_row, writer_losses(budget))] == [summary, *rows]


def writer_losses(budget: FailureBudget) -> list[Loss]:
    return [loss for loss in budget.losses if re.search("writer|Loki pod", loss.lost)]


@pytest.mark.parametrize(
    ("factor", "killed", "measured"), [(3, 1, 0 / 600), (2, 1, 420 / 600), (1, 1, 220 / 600), (3, 2, 600 / 600)]
)
def test_refused_share_is_near_the_measurement_with_three_writers(factor: int, killed: int, measured: float) -> None:
    assert abs(refused_share(stack(factor=factor), killed) - Fraction(measured)) < Fraction(5, 100)


@pytest.mark.parametrize(
    ("factor", "runs"),
    [
        (1, ["replication factor 1, 1 of 3 writers killed: 220 of 600 pushes refused, queries failed"]),
        (
            2,
            [
                (
                    "replication factor 2, 1 of 3 writers killed: 420 of 600 pushes refused,"
                    " 0 of 480 acknowledged lines missing"
                )
            ],
        ),
        (
            3,
            [
                (
                    "replication factor 3, 1 of 3 writers killed: 0 of 600 pushes refused,"
                    " 0 of 900 acknowledged lines missing"
                ),
                "replication factor 3, 2 of 3 writers killed: 600 of 600 pushes refused, queries failed",
            ],
        ),
    ],
)
def test_plan_lists_measured_runs_for_stacks_like_them(factor: int, runs: list[str]) -> None:
    assert list(plan_failures(stack(factor=factor)).measurements) == runs


def test_plan_calls_nothing_measured_that_was_not_run() -> None:
    for settings in (stack(writers=4), stack("monolithic")):
        budget = plan_failures(settings)
        assert not budget.measurements
        assert "measured" not in {loss.evidence for loss in budget.losses}


@pytest.mark.parametrize(
    ("settings", "rows"),
    [
        (stack(), {"1 of 3 writers": "within", "any one node": "within", "2 of 3 writers": "beyond"}),
        (
            stack(factor=5, writers=5),
            {"2 of 5 writers": "within", "any one node": "within", "3 of 5 writers": "beyond"},
        ),
        (
            stack(factor=2),
            {"1 of 3 writers": "beyond", "2 of 3 writers with their volumes": "beyond", "any one node": "beyond"},
        ),
        (
            stack("monolithic", 1, 1, cluster={"name": "edge", "context": "edge", "singleNode": True}),
            {"the only Loki pod": "beyond", "the only Loki pod with its volume": "beyond", "the only node": "beyond"},
        ),
    ],
)
def test_deciding_losses_are_the_edge_of_the_budget_and_a_node(settings: Settings, rows: dict[str, str]) -> None:
    deciding = deciding_losses(settings)
    assert {loss.lost: loss.budget for loss in deciding} == rows
    assert set(deciding) <= set(plan_failures(settings).losses)


def test_budget_covers_lost_readers_backends_gateways_and_collectors() -> None:
    rows = losses(stack())
    assert [rows[lost] for lost in ("all 3 readers", "all 3 backends", "1 of 2 gateways", "a collector pod")] == [
        "all 3 readers | within | continue | fail unless one reader survives | none lost | design",
        (
            "all 3 backends | within | continue | fail unless one backend survives"
            " | none lost; retention, delete requests and rules wait | design"
        ),
        "1 of 2 gateways | within | continue | continue | none lost | design",
        (
            "a collector pod | within | continue; its node's lines wait in their files until rotation"
            " | continue | none lost | design"
        ),
    ]


def test_budget_lists_what_stops_with_each_role_of_the_distributed_mode() -> None:
    rows = losses(stack("distributed", replicas={"distributor": 2, "querier": 4, "queryScheduler": 1}))
    assert [
        rows[lost]
        for lost in (
            "1 of 3 ingesters",
            "both distributors",
            "all 4 queriers",
            "both query frontends",
            "the only query scheduler",
            "both index gateways",
            "the only compactor",
            "the only ruler",
            "any one node",
        )
    ] == [
        "1 of 3 ingesters | within | continue | continue | none lost | arithmetic",
        (
            "both distributors | for a time | wait in the collectors for a limited time unless one distributor survives"
            " | continue | none lost | design"
        ),
        "all 4 queriers | within | continue | fail unless one querier survives | none lost | design",
        "both query frontends | within | continue | fail unless one query frontend survives | none lost | design",
        "the only query scheduler | within | continue | fail until it is back | none lost | design",
        "both index gateways | within | continue | fail unless one index gateway survives | none lost | design",
        "the only compactor | within | continue | continue | none lost; retention and delete requests wait | design",
        (
            "the only ruler | within | continue | continue"
            " | none lost; Loki does not evaluate rules, and does not catch up | design"
        ),
        (
            "any one node | within | continue"
            " | continue; if it runs the only query scheduler, after that pod has moved"
            " | none lost; unsent lines stay on its disk | arithmetic"
        ),
    ]


@pytest.mark.parametrize(
    ("mode", "role", "replicas", "promise"),
    [
        ("simple-scalable", Role.WRITE, {}, (0, True)),
        ("simple-scalable", Role.WRITE, {"write": 4}, (0, True)),
        ("simple-scalable", Role.READ, {}, (0, True)),
        ("simple-scalable", Role.READ, {"read": 1}, (0, False)),
        ("simple-scalable", Role.BACKEND, {"backend": 1}, (0, False)),
        ("monolithic", Role.MONOLITHIC, {"monolithic": 3}, (0, True)),
        ("distributed", Role.INGESTER, {}, (0, True)),
        ("distributed", Role.DISTRIBUTOR, {}, (0, True)),
        ("distributed", Role.DISTRIBUTOR, {"distributor": 1}, (1, True)),
        ("distributed", Role.INDEX_GATEWAY, {"indexGateway": 1}, (0, False)),
        ("distributed", Role.COMPACTOR, {}, (0, True)),
        ("distributed", Role.RULER, {}, (0, True)),
    ],
)
def test_one_lost_equals_the_promise_written_by_hand(
    mode: str, role: Role, replicas: dict[str, int], promise: tuple[int, bool]
) -> None:
    loss = one_lost(stack(mode, replicas=replicas), role)
    assert (int(loss.refused), loss.answered) == promise


def test_budget_names_the_compacting_pod_when_there_are_several() -> None:
    assert losses(stack())["the pod loki-backend-0"] == (
        "the pod loki-backend-0 | within | continue | continue | none lost; delete requests wait for it;"
        " retention waits until another pod takes over: at once, or 10 min after a crash | design"
    )
    assert not [lost for lost in losses(stack("distributed")) if lost.startswith("the pod")]


def test_budget_lets_lines_wait_in_the_collectors_without_a_gateway() -> None:
    both = (
        "both gateways | for a time | wait in the collectors for a limited time | fail until one is back"
        " | none lost | design"
    )
    only = (
        "the only gateway | for a time | wait in the collectors for a limited time | fail until it is back"
        " | none lost | design"
    )
    assert losses(stack())["both gateways"] == both
    assert losses(stack(gateway={"replicas": 1}))["the only gateway"] == only


def test_budget_assumes_one_pod_of_a_role_on_a_node() -> None:
    assert losses(stack())["any one node"] == (
        "any one node | within | continue | continue | none lost; unsent lines stay on its disk | arithmetic"
    )


def test_budget_stops_writes_with_the_only_gateways_node_until_it_has_moved() -> None:
    settings = stack(gateway={"replicas": 1}, replicas={"write": 3, "read": 1})
    assert losses(settings)["any one node"] == (
        "any one node | for a time | continue; if it runs the only gateway, after that pod has moved"
        " | continue; if it runs the only gateway or reader, after that pod has moved"
        " | none lost; unsent lines stay on its disk | arithmetic"
    )
    assert plan_failures(settings).summary.startswith(
        "The stack survives the loss of any 1 of 3 writers: writes continue"
    )


def test_budget_stops_everything_with_the_only_node() -> None:
    single = stack(cluster={"name": "edge", "context": "edge", "singleNode": True})
    assert losses(single)["the only node"] == (
        "the only node | beyond | stop until it is back | fail until it is back"
        " | none lost if its disk survives | design"
    )
    assert "node" not in plan_failures(single).summary


def test_budget_lets_the_object_store_be_away_until_writers_are_full() -> None:
    assert losses(stack())["the object store"] == (
        "the object store | for a time"
        " | continue until the memory (1Gi) or 90 % of the volume (10Gi) of each writer is full"
        " | find only lines that are not flushed, without an error, or time out"
        " | none lost: they wait on the writers' volumes | design"
    )


def test_budget_loses_flushed_lines_with_the_embedded_stores_volume() -> None:
    rows = losses(stack(objectStore={"kind": "embedded"}))
    assert rows["the object store's volume"] == (
        "the object store's volume | beyond | continue | find only lines that are not flushed, without an error"
        " | all flushed lines are lost: logstack makes no second copy | design"
    )
    assert "any one node except the object store's" in rows
    assert plan_failures(stack(objectStore={"kind": "embedded"})).summary == (
        "The stack survives the loss of any 1 of 3 writers, or of any one node except the object store's: "
        "writes continue, and no acknowledged line is lost."
    )


def test_budget_loses_all_lines_with_the_volume_of_the_only_pod() -> None:
    rows = losses(stack("monolithic", 1, 1, objectStore={"kind": "filesystem"}))
    assert "all lost: Loki's volume is the only copy" in rows["the only Loki pod with its volume"]
    assert not [lost for lost in rows if "object store" in lost]


@pytest.mark.parametrize(
    ("max_backoff", "max_retries", "at_least", "at_most"),
    [
        # Alloy's defaults: 0.5 + 1 + ... + 128, and 1 + 2 + ... + 256; its source names the longer one, 8.5 min.
        ("5m", 10, "4m15.5s", "8m31s"),
        # The same nine, then 20 pauses of 256 to 300 s.
        ("5m", 30, "1h29m35.5s", "1h48m31s"),
        # One try has no pause after it; two have one.
        ("5m", 1, "0s", "0s"),
        ("5m", 2, "0.5s", "1s"),
        # 0.5, 1, then from 2 to 3 for ever: the upper end has reached its limit.
        ("3s", 5, "5.5s", "9s"),
        ("1s", 4, "1.5s", "3s"),
    ],
)
def test_bridged_outage_is_the_sum_of_alloys_pauses(
    max_backoff: str, max_retries: int, at_least: str, at_most: str
) -> None:
    outage = bridged_outage(CollectorSettings.model_validate({"maxBackoff": max_backoff, "maxRetries": max_retries}))
    assert (outage.at_least, outage.at_most) == (seconds(at_least), seconds(at_most))


def seconds(text: str) -> timedelta:
    hours, _, remainder = text.rpartition("h")
    minutes, _, remainder = remainder.rpartition("m")
    return timedelta(hours=int(hours or 0), minutes=int(minutes or 0), seconds=float(remainder.removesuffix("s") or 0))
