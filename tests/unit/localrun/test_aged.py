"""What each retention rule of a stack is tried by."""

from logstack.localrun.aged import aged
from tests.support.stacks import changed, settings_of

NOW = 1_780_000_000 * 10**9
DAY = 86_400 * 10**9
LABELS = {"namespace": "x", "pod": "p", "app": "web"}


def cases(**said: object) -> dict[str, tuple[float, float]]:
    """By tenant and selector: how many days old the lines are that go, and those that stay."""
    found, left_out = aged(changed(settings_of("production"), **said), LABELS, NOW)
    assert not left_out
    return {
        f"{case.tenant} {case.selector}".strip(): (
            round((NOW - case.expired_at) / DAY, 1),
            round((NOW - case.young_at) / DAY, 1),
        )
        for case in found
    }


def test_aged_uses_lines_two_days_older_and_younger_than_the_retention() -> None:
    assert cases() == {"fake": (32, 28)}
    assert cases(retention="1d") == {"fake": (3, 0.5)}


def test_aged_has_a_stream_for_each_retention_rule() -> None:
    rules = [
        {"selector": '{namespace=~"airflow-.*", app!="web"}', "period": "90d", "priority": 1},
        {"selector": '{app=~"debug|trace"}', "period": "2d"},
    ]
    assert cases(retention_streams=rules) == {
        'fake {namespace=~"airflow-.*", app!="web"}': (92, 88),
        'fake {app=~"debug|trace"}': (4, 1),
        "fake": (32, 28),
    }


def test_aged_checks_that_the_stacks_rules_do_not_apply_to_a_tenant_with_rules() -> None:
    rules = [{"selector": '{namespace="airflow"}', "period": "90d"}]
    own = [{"selector": '{app="bank"}', "period": "60d"}]
    tenants = [{"name": "a", "namespaces": ["shop"], "retention": "10d", "retention_streams": own}]
    assert cases(retention_streams=rules, tenants=tenants) == {
        'fake {namespace="airflow"}': (92, 88),
        "fake": (32, 28),
        'a {app="bank"}': (62, 58),
        "a": (12, 8),
        'a {namespace="airflow"}': (12, 8),
    }


def test_aged_checks_tenants_with_the_same_rules_once() -> None:
    tenants = [{"name": f"t{number}", "namespaces": [f"n{number}"], "retention": "10d"} for number in range(50)]
    assert len(cases(tenants=tenants)) == 2


def test_aged_gives_the_reason_for_each_rule_it_skips() -> None:
    rules = [{"selector": '{pod=~"[0-9]{3}"}', "period": "60d"}, {"selector": '{app="old"}', "period": "3650d"}]
    found, left_out = aged(changed(settings_of("production"), retention_streams=rules), LABELS, NOW)
    assert [case.selector for case in found] == [""]
    assert left_out == [
        '{pod=~"[0-9]{3}"} of fake: no stream found to which it applies',
        '{app="old"} of fake: its period starts before the schema\'s first day',
    ]
