"""How long Loki keeps lines, which lines a change deletes, and which changes of the schema periods are refused."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from logstack.manifests.loki.config import loki_config
from logstack.manifests.loki.history import Period, broken_history
from logstack.manifests.loki.overrides import loki_overrides
from logstack.manifests.loki.retention import Retention, retention_of, shortened
from logstack.manifests.stores.kinds import store_access
from logstack.settings.tree import Settings
from tests.support.stacks import changed, settings_of

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
AIRFLOW, SHOP, DEBUG = '{namespace="airflow"}', '{namespace="shop"}', '{app="debug"}'


def rule(selector: str, period: str, priority: int = 0) -> dict[str, object]:
    return {"selector": selector, "period": period, "priority": priority}


def tenant(**keys: object) -> list[dict[str, object]]:
    return [{"name": "team-a", "namespaces": ["shop"], **keys}]


def production(*rules: dict[str, object], retention: str = "30d", tenants: object = ()) -> Settings:
    """Return production with these retention rules."""
    keys = {"retention": retention, "retention_streams": list(rules), "tenants": tenants}
    return changed(settings_of("production"), **keys)


def config_of(settings: Settings) -> Mapping[str, object]:
    store = store_access(settings.object_store, settings.cluster, settings.former_object_store)
    return loki_config(settings, store, settings.cluster)


def retention_in(settings: Settings) -> Retention:
    return retention_of(config_of(settings), loki_overrides(settings))


def losses_between(before: Settings, after: Settings) -> list[str]:
    return [loss.acknowledgement for loss in shortened(retention_in(before), retention_in(after))]


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
def test_retention_rule_of_the_highest_priority_decides(labels: dict[str, str], days: int) -> None:
    retention = retention_in(
        production(rule(AIRFLOW, "90d"), rule(DEBUG, "2d", 5), rule('{namespace=~"shop|mall"}', "60d", 3))
    )
    assert retention.default.rule_of(labels).period == timedelta(days=days)


def test_shorter_retention_rule_decides_among_rules_of_equal_priority() -> None:
    limits = {
        "retention_period": "720h",
        "retention_stream": [{"selector": AIRFLOW, "period": "90d"}, {"selector": DEBUG, "period": "2d"}],
    }
    policy = retention_of({"limits_config": limits}, {}).default
    assert policy.rule_of({"namespace": "airflow", "app": "debug"}).period == timedelta(days=2)


@pytest.mark.parametrize(
    ("before", "after", "losses"),
    [
        pytest.param(production(), production(), [], id="no change"),
        pytest.param(production(), production(retention="60d"), [], id="longer"),
        pytest.param(production(), production(retention="7d"), ["from-30d-to-7d"], id="shorter"),
        pytest.param(production(), production(rule(AIRFLOW, "90d")), [], id="added longer rule"),
        pytest.param(
            production(), production(rule(AIRFLOW, "7d")), [f"from-30d-to-7d {AIRFLOW}"], id="added shorter rule"
        ),
        pytest.param(
            production(rule(AIRFLOW, "90d")), production(), [f"from-90d-to-30d {AIRFLOW}"], id="removed longer rule"
        ),
        pytest.param(
            production(rule(AIRFLOW, "90d")),
            production(rule(AIRFLOW, "14d")),
            [f"from-90d-to-14d {AIRFLOW}"],
            id="shortened rule: the default decides for none of its streams",
        ),
        pytest.param(production(rule(AIRFLOW, "7d")), production(), [], id="removed shorter rule"),
        pytest.param(
            production(rule(AIRFLOW, "90d")),
            production(rule('{namespace=~"airflow|shop"}', "90d")),
            [],
            id="rule for more streams",
        ),
        pytest.param(
            production(rule('{namespace=~"airflow|shop"}', "90d")),
            production(rule(AIRFLOW, "90d")),
            ['from-90d-to-30d {namespace=~"airflow|shop"}'],
            id="rule for fewer streams",
        ),
        pytest.param(
            production(rule(AIRFLOW, "90d"), rule(SHOP, "7d")),
            production(rule(SHOP, "7d"), rule(AIRFLOW, "90d")),
            [],
            id="reordered disjoint rules",
        ),
        pytest.param(
            production(rule(AIRFLOW, "90d", 2), rule(DEBUG, "7d", 1)),
            production(rule(AIRFLOW, "90d", 2), rule(DEBUG, "7d", 3)),
            [f"from-90d-to-7d {AIRFLOW} and {DEBUG}"],
            id="changed priority",
        ),
        pytest.param(
            production(rule(AIRFLOW, "90d"), retention="30d"),
            production(rule(AIRFLOW, "90d"), retention="7d"),
            ["from-30d-to-7d"],
            id="shorter default beside a rule",
        ),
    ],
)
def test_shortened_retention_deletes_these_lines(before: Settings, after: Settings, losses: list[str]) -> None:
    assert losses_between(before, after) == [f"retention-shortened-{loss}" for loss in losses]


@pytest.mark.parametrize(
    ("before", "after", "losses"),
    [
        pytest.param({"retention": "60d"}, {"retention": "60d"}, [], id="no change"),
        pytest.param({"retention": "60d"}, {"retention": "40d"}, ["from-60d-to-40d team-a"], id="shorter"),
        pytest.param({"retention": "60d"}, {}, ["from-60d-to-30d team-a"], id="removed tenant retention"),
        pytest.param({}, {"retention": "7d"}, ["from-30d-to-7d team-a"], id="added shorter tenant retention"),
        pytest.param(
            {},
            {"retention_streams": [rule(DEBUG, "40d")]},
            [f"from-90d-to-30d team-a {AIRFLOW}", f"from-90d-to-40d team-a {AIRFLOW} and {DEBUG}"],
            id="tenant rules that replace those of the stack",
        ),
    ],
)
def test_shortened_retention_deletes_these_lines_of_a_tenant(
    before: dict[str, object], after: dict[str, object], losses: list[str]
) -> None:
    stacks = [production(rule(AIRFLOW, "90d"), tenants=tenant(**keys)) for keys in (before, after)]
    assert sorted(losses_between(*stacks)) == sorted(f"retention-shortened-{loss}" for loss in losses)


def test_removed_tenant_loses_its_longer_retention() -> None:
    assert losses_between(production(tenants=tenant(retention="60d")), production()) == [
        "retention-shortened-from-60d-to-30d team-a"
    ]


def period(begin: str, store: str = "tsdb", schema: str = "v13", prefix: str = "loki_index_") -> Period:
    return Period(datetime.fromisoformat(begin).date(), store, schema, prefix, "s3://loki")


OLD, FIRST = period("2022-01-01", "boltdb-shipper", "v12"), period("2024-04-01")
DAYS = timedelta(days=30)


@pytest.mark.parametrize(
    ("applied", "written", "names"),
    [
        pytest.param([], [period("2026-06-01")], [], id="nothing applied yet"),
        pytest.param([FIRST], [FIRST], [], id="no change"),
        pytest.param([FIRST], [period("2024-04-01", prefix="other_")], ["edited"], id="changed prefix"),
        pytest.param([FIRST], [period("2024-04-01", "boltdb-shipper")], ["edited"], id="changed index store"),
        pytest.param([FIRST], [period("2024-05-01")], ["removed", "back-dated"], id="changed day"),
        pytest.param([FIRST], [OLD, FIRST], [], id="added older period"),
        pytest.param([OLD, FIRST], [FIRST], [], id="removed period with expired lines only"),
        pytest.param(
            [FIRST, period("2026-05-15")], [period("2026-05-15")], ["removed"], id="removed period with lines"
        ),
        pytest.param(
            [FIRST, period("2026-05-02")], [period("2026-05-02")], ["removed"], id="removed on the last day with lines"
        ),
        pytest.param([FIRST, period("2026-05-01")], [period("2026-05-01")], [], id="removed a day later"),
        pytest.param([FIRST], [FIRST, period("2026-05-31")], ["back-dated"], id="added from yesterday"),
        pytest.param([FIRST], [FIRST, period("2026-06-01")], ["back-dated"], id="added from today"),
        pytest.param([FIRST], [FIRST, period("2026-06-02")], [], id="added from tomorrow"),
        pytest.param([FIRST, period("2026-06-02")], [FIRST], [], id="removed before it begins"),
        pytest.param([FIRST, period("2026-06-02")], [FIRST, period("2026-06-03")], [], id="postponed before it begins"),
    ],
)
def test_schema_history_refuses_changes_of_applied_periods(
    applied: list[Period], written: list[Period], names: list[str]
) -> None:
    problems = broken_history(applied, written, DAYS, NOW)
    assert [problem.name.removeprefix("schema-period-") for problem in problems] == names


@pytest.mark.parametrize(("hour", "minute", "names"), [(22, 0, []), (22, 1, ["schema-period-too-soon"])])
def test_schema_period_needs_two_hours_before_it_begins(hour: int, minute: int, names: list[str]) -> None:
    late = NOW.replace(hour=hour, minute=minute)
    tomorrow = [FIRST, period("2026-06-02")]
    assert [each.name for each in broken_history([FIRST], tomorrow, DAYS, late)] == names
    taken_back = broken_history(tomorrow, [FIRST], DAYS, late)
    assert [each.name for each in taken_back] == ["schema-period-removed" for _ in names]


def test_refused_schema_period_is_shown_beside_the_applied_one() -> None:
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


def test_query_limits_follow_the_longest_retention() -> None:
    settings: Settings = changed(
        settings_of("production"), retention="1d", tenants=tenant(retention_streams=[rule(DEBUG, "90d")])
    )
    limits = config_of(settings)["limits_config"]
    assert isinstance(limits, dict)
    assert limits["max_query_lookback"] == "2160h"
    assert limits["max_query_length"] == "2161h"
    assert limits["reject_old_samples_max_age"] == "168h"
    assert limits["retention_period"] == "24h"
