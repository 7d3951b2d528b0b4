"""The lines with which a local run checks each retention rule of a stack."""

from logstack.localrun.aged import aged
from tests.support.stacks import changed, settings_of

NOW = 1_780_000_000 * 10**9
DAY = 86_400 * 10**9
LABELS = {"namespace": "x", "pod": "p", "app": "web"}


def cases(**keys: object) -> dict[str, tuple[float, float]]:
    """Return by tenant and selector the age in days of the lines that Loki deletes and of those it keeps."""
    retention_cases, reasons = aged(changed(settings_of("production"), **keys), LABELS, NOW)
    assert not reasons
    return {
        f"{case.tenant} {case.selector}".strip(): (
            round((NOW - case.expired_at) / DAY, 1),
            round((NOW - case.young_at) / DAY, 1),
        )
        for case in retention_cases
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
    tenant_rules = [{"selector": '{app="bank"}', "period": "60d"}]
    tenants = [{"name": "a", "namespaces": ["shop"], "retention": "10d", "retention_streams": tenant_rules}]
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
    retention_cases, reasons = aged(changed(settings_of("production"), retention_streams=rules), LABELS, NOW)
    assert [case.selector for case in retention_cases] == [""]
    assert reasons == [
        '{pod=~"[0-9]{3}"} of fake: no stream found to which it applies',
        '{app="old"} of fake: its period starts before the schema\'s first day',
    ]
