"""What is kept how long, and which lines a change deletes."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from logstack.manifests.loki.history import Period, broken_history
from logstack.manifests.loki.resources import CONFIG
from logstack.manifests.loki.retention import retention_of, shortened
from logstack.preflight.data_loss import Configuration, of_the_stack, refuse_lost_lines, written
from logstack.settings.model.tree import Settings
from logstack.settings.problems import StackProblems
from tests.support.stacks import NAMES, changed, declarations, settings_of

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
AIRFLOW, SHOP, DEBUG = '{namespace="airflow"}', '{namespace="shop"}', '{app="debug"}'


def rule(selector: str, period: str, priority: int = 0) -> dict[str, object]:
    return {"selector": selector, "period": period, "priority": priority}


def kept(*rules: dict[str, object], retention: str = "30d", tenants: object = ()) -> Configuration:
    said = {"retention": retention, "retention_streams": list(rules), "tenants": tenants}
    return written(changed(settings_of("production"), **said))


def lost(before: Configuration, after: Configuration) -> list[str]:
    return [loss.acknowledgement for loss in shortened(before.retention, after.retention)]


@pytest.mark.parametrize(
    ("labels", "days"),
    [
        ({"namespace": "airflow"}, 90),
        ({"namespace": "airflow", "app": "debug"}, 2),
        ({"namespace": "shop", "app": "debug"}, 2),
        ({"namespace": "shop"}, 60),
        ({"namespace": "bank"}, 30),
        ({}, 30),
    ],
)
def test_the_highest_priority_decides(labels: dict[str, str], days: int) -> None:
    rules = kept(rule(AIRFLOW, "90d"), rule(DEBUG, "2d", 5), rule('{namespace=~"shop|mall"}', "60d", 3))
    assert rules.retention.default.rule_of(labels).period == timedelta(days=days)


def test_of_two_rules_of_one_priority_the_shorter_decides_as_in_loki() -> None:
    limits = {
        "retention_period": "720h",
        "retention_stream": [{"selector": AIRFLOW, "period": "90d"}, {"selector": DEBUG, "period": "2d"}],
    }
    policy = retention_of({"limits_config": limits}, {}).default
    assert policy.rule_of({"namespace": "airflow", "app": "debug"}).period == timedelta(days=2)


@pytest.mark.parametrize(
    ("before", "after", "losses"),
    [
        pytest.param(kept(), kept(), [], id="nothing"),
        pytest.param(kept(), kept(retention="60d"), [], id="longer"),
        pytest.param(kept(), kept(retention="7d"), ["from-30d-to-7d"], id="shorter"),
        pytest.param(kept(), kept(rule(AIRFLOW, "90d")), [], id="a longer rule"),
        pytest.param(kept(), kept(rule(AIRFLOW, "7d")), [f"from-30d-to-7d {AIRFLOW}"], id="a shorter rule"),
        pytest.param(kept(rule(AIRFLOW, "90d")), kept(), [f"from-90d-to-30d {AIRFLOW}"], id="a rule that goes"),
        pytest.param(
            kept(rule(AIRFLOW, "90d")),
            kept(rule(AIRFLOW, "14d")),
            [f"from-90d-to-14d {AIRFLOW}"],
            id="a rule that is shortened: the default decides for none of its streams",
        ),
        pytest.param(kept(rule(AIRFLOW, "7d")), kept(), [], id="a short rule that goes"),
        pytest.param(
            kept(rule(AIRFLOW, "90d")), kept(rule('{namespace=~"airflow|shop"}', "90d")), [], id="a rule for more"
        ),
        pytest.param(
            kept(rule('{namespace=~"airflow|shop"}', "90d")),
            kept(rule(AIRFLOW, "90d")),
            ['from-90d-to-30d {namespace=~"airflow|shop"}'],
            id="a rule for less",
        ),
        pytest.param(
            kept(rule(AIRFLOW, "90d"), rule(SHOP, "7d")),
            kept(rule(SHOP, "7d"), rule(AIRFLOW, "90d")),
            [],
            id="another order of rules that never meet",
        ),
        pytest.param(
            kept(rule(AIRFLOW, "90d", 2), rule(DEBUG, "7d", 1)),
            kept(rule(AIRFLOW, "90d", 2), rule(DEBUG, "7d", 3)),
            [f"from-90d-to-7d {AIRFLOW} and {DEBUG}"],
            id="another priority",
        ),
        pytest.param(
            kept(rule(AIRFLOW, "90d"), retention="30d"),
            kept(rule(AIRFLOW, "90d"), retention="7d"),
            ["from-30d-to-7d"],
            id="shorter for all that no rule is for",
        ),
    ],
)
def test_a_change_deletes_these_lines(before: Configuration, after: Configuration, losses: list[str]) -> None:
    assert lost(before, after) == [f"retention-shortened-{loss}" for loss in losses]


def tenant(**said: object) -> list[dict[str, object]]:
    return [{"name": "team-a", "namespaces": ["shop"], **said}]


@pytest.mark.parametrize(
    ("before", "after", "losses"),
    [
        pytest.param({"retention": "60d"}, {"retention": "60d"}, [], id="nothing"),
        pytest.param({"retention": "60d"}, {"retention": "40d"}, ["from-60d-to-40d team-a"], id="shorter"),
        pytest.param({"retention": "60d"}, {}, ["from-60d-to-30d team-a"], id="none of its own any more"),
        pytest.param({}, {"retention": "7d"}, ["from-30d-to-7d team-a"], id="a short one of its own"),
        pytest.param(
            {},
            {"retention_streams": [rule(DEBUG, "40d")]},
            [f"from-90d-to-30d team-a {AIRFLOW}", f"from-90d-to-40d team-a {AIRFLOW} and {DEBUG}"],
            id="rules of its own, which replace the stack's",
        ),
    ],
)
def test_a_change_deletes_these_lines_of_a_tenant(
    before: dict[str, object], after: dict[str, object], losses: list[str]
) -> None:
    sides = [kept(rule(AIRFLOW, "90d"), tenants=tenant(**said)) for said in (before, after)]
    assert sorted(lost(*sides)) == sorted(f"retention-shortened-{loss}" for loss in losses)


def test_a_tenant_that_goes_loses_what_was_kept_longer() -> None:
    assert lost(kept(tenants=tenant(retention="60d")), kept()) == ["retention-shortened-from-60d-to-30d team-a"]


def test_what_nobody_gave_up_is_refused_and_what_was_given_up_is_told() -> None:
    before, after = kept(rule(AIRFLOW, "90d")), kept(retention="7d")
    names = tuple(lost(before, after))
    assert len(names) == 2
    for acknowledged, missing in (((), 2), (names[:1], 1)):
        with pytest.raises(StackProblems) as refused:
            refuse_lost_lines(before, after, acknowledged, NOW)
        assert len(refused.value.problems) == missing
    told = refuse_lost_lines(before, after, names, NOW)
    assert {problem.severity for problem in told} == {"warning"}
    assert refuse_lost_lines(after, after, names, NOW) == [], "an old acknowledgement says nothing"
    assert refuse_lost_lines(None, after, (), NOW) == [], "nothing was applied"


def test_the_refusal_names_the_lines_their_days_and_what_accepts_it() -> None:
    with pytest.raises(StackProblems) as refused:
        refuse_lost_lines(kept(), kept(retention="7d"), (), NOW)
    (problem,) = refused.value.problems
    assert str(problem) == (
        "error[retention-shortened] logstack:retention\n"
        "  what: the retention of lines without a rule is 7d; the applied retention is 30d\n"
        "  then: the compactor deletes the lines of 2026-05-02 to 2026-05-25 (UTC) soon after the update; "
        "nothing restores them\n"
        "  fix:  leave it at 30d, or copy the lines you still need and accept the loss:\n"
        "        logstack:acknowledge: ['retention-shortened-from-30d-to-7d']"
    )


def period(begin: str, store: str = "tsdb", schema: str = "v13", prefix: str = "loki_index_") -> Period:
    return Period(datetime.fromisoformat(begin).date(), store, schema, prefix, "s3://loki")


OLD, FIRST = period("2022-01-01", "boltdb-shipper", "v12"), period("2024-04-01")
DAYS = timedelta(days=30)


@pytest.mark.parametrize(
    ("applied", "now_written", "names"),
    [
        pytest.param([], [period("2026-06-01")], [], id="nothing was applied"),
        pytest.param([FIRST], [FIRST], [], id="no change"),
        pytest.param([FIRST], [period("2024-04-01", prefix="other_")], ["edited"], id="another prefix"),
        pytest.param([FIRST], [period("2024-04-01", "boltdb-shipper")], ["edited"], id="another store"),
        pytest.param([FIRST], [period("2024-05-01")], ["removed", "back-dated"], id="another day"),
        pytest.param([FIRST], [OLD, FIRST], [], id="an older period, of lines that were there before"),
        pytest.param([OLD, FIRST], [FIRST], [], id="a period goes whose lines have expired"),
        pytest.param([FIRST, period("2026-05-15")], [period("2026-05-15")], ["removed"], id="its lines are there"),
        pytest.param([FIRST, period("2026-05-02")], [period("2026-05-02")], ["removed"], id="on the last of its days"),
        pytest.param([FIRST, period("2026-05-01")], [period("2026-05-01")], [], id="a day after"),
        pytest.param([FIRST], [FIRST, period("2026-05-31")], ["back-dated"], id="from yesterday"),
        pytest.param([FIRST], [FIRST, period("2026-06-01")], ["back-dated"], id="from today"),
        pytest.param([FIRST], [FIRST, period("2026-06-02")], [], id="from tomorrow"),
        pytest.param([FIRST, period("2026-06-02")], [FIRST], [], id="one that has not begun goes"),
        pytest.param([FIRST, period("2026-06-02")], [FIRST, period("2026-06-03")], [], id="it is put off"),
    ],
)
def test_the_history_stays(applied: list[Period], now_written: list[Period], names: list[str]) -> None:
    found = broken_history(applied, now_written, DAYS, NOW)
    assert [problem.name.removeprefix("schema-period-") for problem in found] == names


@pytest.mark.parametrize(("hour", "minute", "names"), [(22, 0, []), (22, 1, ["schema-period-too-soon"])])
def test_a_period_from_tomorrow_needs_two_hours(hour: int, minute: int, names: list[str]) -> None:
    late = NOW.replace(hour=hour, minute=minute)
    tomorrow = [FIRST, period("2026-06-02")]
    assert [each.name for each in broken_history([FIRST], tomorrow, DAYS, late)] == names
    taken_back = broken_history(tomorrow, [FIRST], DAYS, late)
    assert [each.name for each in taken_back] == ["schema-period-removed" for _ in names]


def test_what_is_refused_names_both_periods_and_the_lines() -> None:
    (problem,) = broken_history([FIRST], [period("2024-04-01", prefix="other_")], DAYS, NOW)
    assert str(problem) == (
        "error[schema-period-edited] logstack:schemaPeriods[0]\n"
        '  what: applied: {from: "2024-04-01", store: tsdb, schema: v13, indexPrefix: loki_index_}\n'
        '        in the stack file: {from: "2024-04-01", store: tsdb, schema: v13, indexPrefix: other_}\n'
        "  then: Loki looks for the lines since 2024-04-01 under another index and does not find them, "
        "although they are in the store\n"
        "  fix:  restore the applied period: "
        '{from: "2024-04-01", store: tsdb, schema: v13, indexPrefix: loki_index_}\n'
        "        for another schema, add a new period below it: logstack schema add STACK"
    )


NEW = {"kind": "s3-compatible", "endpoint": "http://10.0.30.9:9000", "bucket": "new", "credentials_secret": "new"}
PERIODS = [{"start": "2024-04-01"}, {"start": "2026-06-03"}]


def test_another_store_is_refused_by_the_address_of_the_old_one_and_taken_when_that_is_acknowledged() -> None:
    before, there = settings_of("production"), "http://10.0.40.10:9000/loki-production"
    sides = written(before), written(changed(before, object_store=NEW))
    with pytest.raises(StackProblems) as refused:
        refuse_lost_lines(*sides, (), NOW)
    (problem,) = refused.value.problems
    assert (problem.name, problem.path) == ("object-store-left", "logstack:objectStore")
    assert problem.what == (
        f"the lines since 2024-04-01 are in {there}, but Loki would look for them in http://10.0.30.9:9000/new"
    )
    accepted = refuse_lost_lines(*sides, (f"object-store-left {there}",), NOW)
    assert [(each.severity, each.name) for each in accepted] == [("warning", "object-store-left")]


def test_each_period_whose_lines_stay_behind_is_told_and_one_word_accepts_them_all() -> None:
    before = changed(settings_of("production"), schema_periods=[{"start": "2024-04-01"}, {"start": "2026-05-20"}])
    sides = written(before), written(changed(before, object_store=NEW))
    with pytest.raises(StackProblems) as refused:
        refuse_lost_lines(*sides, (), NOW)
    days = [problem.what.partition(" are in ")[0] for problem in refused.value.problems]
    assert days == ["the lines from 2024-04-01 to 2026-05-20", "the lines since 2026-05-20"]
    accepted = refuse_lost_lines(*sides, ("object-store-left http://10.0.40.10:9000/loki-production",), NOW)
    assert len(accepted) == 2


@pytest.mark.parametrize("stack", ["production", "staging", "ceph-ssd", "longhorn"])
def test_a_store_that_moves_in_stages_is_no_loss_until_it_is_given_up_too_soon(stack: str) -> None:
    began = settings_of(stack)
    kind, now = began.object_store.kind, began.object_store.model_dump()
    secret = {} if kind == "filesystem" else {"external_secret": None, "credentials_secret": "former"}
    former = {
        "before": "2026-06-03",
        "store": {each: said for each, said in (now | secret).items() if said is not None},
    }
    moved = written(changed(began, object_store=NEW, schema_periods=PERIODS, former_object_store=former))
    ended = written(changed(began, object_store=NEW, schema_periods=PERIODS))
    assert refuse_lost_lines(written(began), moved, (), NOW) == []
    over = datetime(2026, 6, 4, 12, tzinfo=UTC) + began.longest_retention
    assert refuse_lost_lines(moved, ended, (), over) == []
    with pytest.raises(StackProblems) as refused:
        refuse_lost_lines(moved, ended, (), over - timedelta(days=2))
    assert [problem.name for problem in refused.value.problems] == ["object-store-left"]


def test_queries_and_the_door_follow_the_longest_period() -> None:
    settings: Settings = changed(
        settings_of("production"), retention="1d", tenants=tenant(retention_streams=[rule(DEBUG, "90d")])
    )
    limits = written(settings).config["limits_config"]
    assert isinstance(limits, dict)
    assert limits["max_query_lookback"] == "2160h"
    assert limits["max_query_length"] == "2161h"
    assert limits["reject_old_samples_max_age"] == "168h"
    assert limits["retention_period"] == "24h"


def in_state(settings: Settings, namespace: str) -> list[dict[str, Any]]:
    """The ConfigMaps that the state has of a stack that was applied, those of other parts as well."""
    maps = [each.inputs for each in declarations(settings).values() if each.type == CONFIG]
    return [{**each, "metadata": {**cast("dict[str, Any]", each["metadata"]), "namespace": namespace}} for each in maps]


def test_of_several_lokis_in_the_state_the_one_with_the_lines_is_compared() -> None:
    production, staging = settings_of("production"), settings_of("staging")
    config = written(production).config
    chart = {"metadata": {"name": "loki", "namespace": "monitoring"}, "data": None}
    own = in_state(production, "monitoring")
    assert of_the_stack([chart], "monitoring", config) is None
    assert of_the_stack([chart, *in_state(staging, "other"), *own], "monitoring", config) == written(production)
    assert of_the_stack(in_state(staging, "monitoring"), "monitoring", config) is not None, "the store moved"
    assert of_the_stack(own, "moved", config) == written(production), "the namespace moved, and the store did not"
    assert of_the_stack(in_state(staging, "other"), "monitoring", config) is None, "another Loki's"


@pytest.mark.parametrize("stack", NAMES)
def test_what_a_stack_declares_is_read_again_as_it_was_written(stack: str) -> None:
    settings = changed(settings_of(stack), tenants=tenant(retention="60d"))
    maps = in_state(settings, settings.cluster.namespace)
    assert of_the_stack(maps, settings.cluster.namespace, written(settings).config) == written(settings)
