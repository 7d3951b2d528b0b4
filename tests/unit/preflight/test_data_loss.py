"""Which changes of a stack file lose lines, compared with the configuration in the state."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from logstack.manifests.loki.resources import CONFIG
from logstack.preflight.data_loss import applied_configuration, declared_configuration, refuse_lost_lines
from logstack.settings.problems import StackProblems
from logstack.settings.tree import Settings
from tests.support.stacks import NAMES, changed, declarations, settings_of
from tests.unit.manifests.test_loki_retention import AIRFLOW, NOW, losses_between, production, rule, tenant


def test_lost_lines_are_refused_unless_acknowledged() -> None:
    stacks = production(rule(AIRFLOW, "90d")), production(retention="7d")
    before, after = map(declared_configuration, stacks)
    names = tuple(losses_between(*stacks))
    assert len(names) == 2
    for acknowledged, missing in (((), 2), (names[:1], 1)):
        with pytest.raises(StackProblems) as refused:
            refuse_lost_lines(before, after, acknowledged, NOW)
        assert len(refused.value.problems) == missing
    warnings = refuse_lost_lines(before, after, names, NOW)
    assert {problem.severity for problem in warnings} == {"warning"}
    assert refuse_lost_lines(after, after, names, NOW) == [], "an old acknowledgement has no effect"
    assert refuse_lost_lines(None, after, (), NOW) == [], "nothing applied yet"


def test_lost_lines_problem_names_the_days_and_the_acknowledgement() -> None:
    with pytest.raises(StackProblems) as refused:
        refuse_lost_lines(
            declared_configuration(production()), declared_configuration(production(retention="7d")), (), NOW
        )
    (problem,) = refused.value.problems
    assert str(problem) == (
        "error[retention-shortened] logstack:retention\n"
        "  what: the retention of lines without a rule is 7d; the applied retention is 30d\n"
        "  then: the compactor deletes the lines of 2026-05-02 to 2026-05-25 (UTC) soon after the update; "
        "nothing restores them\n"
        "  fix:  leave it at 30d, or copy the lines you still need and accept the loss:\n"
        "        logstack:acknowledge: ['retention-shortened-from-30d-to-7d']"
    )


def test_fix_repeats_what_the_stack_acknowledges_already() -> None:
    before = declared_configuration(production())
    after = declared_configuration(changed(production(retention="7d"), object_store=NEW))
    with pytest.raises(StackProblems) as refused:
        refuse_lost_lines(before, after, ("journal-needs-systemd",), NOW)
    line = (
        "logstack:acknowledge: ['journal-needs-systemd', 'retention-shortened-from-30d-to-7d', "
        "'object-store-left http://10.0.40.10:9000/loki-production']"
    )
    assert [problem.fix.rpartition("\n")[2] for problem in refused.value.problems] == [line, line]


NEW = {"kind": "s3-compatible", "endpoint": "http://10.0.30.9:9000", "bucket": "new", "credentials_secret": "new"}
GOOGLE = {
    "kind": "gcs",
    "bucket": "new-logs",
    "project": "acme-production",
    "location": "EU",
    "identity": {"project_number": "123456789012"},
}
PERIODS = [{"start": "2024-04-01"}, {"start": "2026-06-03"}]


def test_changed_object_store_is_refused_unless_its_old_address_is_acknowledged() -> None:
    before, address = settings_of("production"), "http://10.0.40.10:9000/loki-production"
    configurations = declared_configuration(before), declared_configuration(changed(before, object_store=NEW))
    with pytest.raises(StackProblems) as refused:
        refuse_lost_lines(*configurations, (), NOW)
    (problem,) = refused.value.problems
    assert (problem.name, problem.path) == ("object-store-left", "logstack:objectStore")
    assert problem.what == (
        f"the lines since 2024-04-01 are in {address}, but Loki would look for them in http://10.0.30.9:9000/new"
    )
    accepted = refuse_lost_lines(*configurations, (f"object-store-left {address}",), NOW)
    assert [(each.severity, each.name) for each in accepted] == [("warning", "object-store-left")]


def test_changed_object_store_is_one_problem_per_period_and_one_acknowledgement() -> None:
    before = changed(settings_of("production"), schema_periods=[{"start": "2024-04-01"}, {"start": "2026-05-20"}])
    configurations = declared_configuration(before), declared_configuration(changed(before, object_store=NEW))
    with pytest.raises(StackProblems) as refused:
        refuse_lost_lines(*configurations, (), NOW)
    days = [problem.what.partition(" are in ")[0] for problem in refused.value.problems]
    assert days == ["the lines from 2024-04-01 to 2026-05-20", "the lines since 2026-05-20"]
    accepted = refuse_lost_lines(*configurations, ("object-store-left http://10.0.40.10:9000/loki-production",), NOW)
    assert len(accepted) == 2


def test_another_bucket_in_google_cloud_is_refused_with_the_address_to_acknowledge() -> None:
    before, after = (
        changed(settings_of("production"), object_store=GOOGLE | {"bucket": each}) for each in ("a-1", "b-1")
    )
    with pytest.raises(StackProblems) as refused:
        refuse_lost_lines(declared_configuration(before), declared_configuration(after), (), NOW)
    (problem,) = refused.value.problems
    assert problem.fix.endswith("logstack:acknowledge: ['object-store-left gcs://a-1']")


@pytest.mark.parametrize("new_store", [NEW, GOOGLE], ids=["S3", "Google Cloud"])
@pytest.mark.parametrize("stack", ["production", "staging", "ceph-ssd", "longhorn"])
def test_moved_object_store_loses_lines_only_when_the_former_store_is_removed_too_soon(
    stack: str, new_store: Mapping[str, object]
) -> None:
    before = settings_of(stack)
    kind, store = before.object_store.kind, before.object_store.model_dump()
    secret = {} if kind == "filesystem" else {"external_secret": None, "credentials_secret": "former"}
    former_store = {
        "before": "2026-06-03",
        "store": {key: value for key, value in (store | secret).items() if value is not None},
    }
    moved = declared_configuration(
        changed(before, object_store=new_store, schema_periods=PERIODS, former_object_store=former_store)
    )
    ended = declared_configuration(changed(before, object_store=new_store, schema_periods=PERIODS))
    assert refuse_lost_lines(declared_configuration(before), moved, (), NOW) == []
    expiry = datetime(2026, 6, 4, 12, tzinfo=UTC) + before.longest_retention
    assert refuse_lost_lines(moved, ended, (), expiry) == []
    with pytest.raises(StackProblems) as refused:
        refuse_lost_lines(moved, ended, (), expiry - timedelta(days=2))
    assert [problem.name for problem in refused.value.problems] == ["object-store-left"]


def applied_maps(settings: Settings, namespace: str) -> list[dict[str, Any]]:
    """Return all ConfigMaps of an applied stack as the state has them."""
    maps = [each.inputs for each in declarations(settings).values() if each.type == CONFIG]
    return [{**each, "metadata": {**cast("dict[str, Any]", each["metadata"]), "namespace": namespace}} for each in maps]


def test_applied_configuration_of_another_bucket_in_google_cloud_belongs_to_another_loki() -> None:
    stack = settings_of("production")
    ours, theirs = (changed(stack, object_store=GOOGLE | {"bucket": each}) for each in ("a-1", "b-1"))
    config = declared_configuration(ours).config
    assert applied_configuration(applied_maps(theirs, "other"), "monitoring", config) is None
    assert applied_configuration(applied_maps(ours, "other"), "monitoring", config) == declared_configuration(ours)


def test_applied_configuration_is_that_of_the_same_namespace_or_the_same_store() -> None:
    production, staging = settings_of("production"), settings_of("staging")
    config = declared_configuration(production).config
    chart = {"metadata": {"name": "loki", "namespace": "monitoring"}, "data": None}
    own = applied_maps(production, "monitoring")
    assert applied_configuration([chart], "monitoring", config) is None
    assert applied_configuration(
        [chart, *applied_maps(staging, "other"), *own], "monitoring", config
    ) == declared_configuration(production)
    assert applied_configuration(applied_maps(staging, "monitoring"), "monitoring", config) is not None, (
        "the store moved"
    )
    assert applied_configuration(own, "moved", config) == declared_configuration(production), (
        "the namespace moved, and the store did not"
    )
    assert applied_configuration(applied_maps(staging, "other"), "monitoring", config) is None, (
        "it belongs to another Loki"
    )


@pytest.mark.parametrize("stack", NAMES)
def test_applied_configuration_is_read_back_as_it_was_declared(stack: str) -> None:
    settings = changed(settings_of(stack), tenants=tenant(retention="60d"))
    maps = applied_maps(settings, settings.cluster.namespace)
    assert applied_configuration(
        maps, settings.cluster.namespace, declared_configuration(settings).config
    ) == declared_configuration(settings)
