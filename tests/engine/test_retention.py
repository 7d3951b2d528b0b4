"""Updates after the first: the program refuses a change that deletes or hides lines until the stack file accepts it."""

from datetime import UTC, datetime, timedelta

import pytest

from logstack.settings.load.stack_file import Value
from tests.support.engine import Project

pytestmark = [
    pytest.mark.prove,
    pytest.mark.filterwarnings("ignore:.*V2 has been deprecated in favor of:DeprecationWarning"),
]
# Production has a retention of 30d, and needs no secret in the Pulumi config.
STACK = "production"
ACCEPTED = "simple-scalable-ends-with-loki-4"


def refusal(platform: Project, stack: str = STACK) -> str:
    """Return the message with which an up fails, as the preview before it does; neither changes an object."""
    objects = dict(platform.memory.objects)
    preview, up = platform.preview(stack), platform.up(stack)
    assert preview.failed
    assert up.failed
    assert platform.memory.objects == objects
    message = " ".join(up.failed.split())
    assert "Traceback" not in message
    return message


def acknowledged(*names: str) -> dict[str, Value]:
    return {"acknowledge": [ACCEPTED, *names]}


def test_shorter_retention_needs_an_acknowledgement_of_its_value(platform: Project) -> None:
    assert platform.up(STACK).failed == ""
    platform.edit(STACK, {"retention": "7d"})
    began = datetime.now(UTC)
    message = refusal(platform)
    ended = datetime.now(UTC)  # the next day, if midnight came in between
    deleted_days = [[f"{now - timedelta(days=days):%Y-%m-%d}" for days in (30, 7)] for now in (began, ended)]
    assert any(
        f"the compactor deletes the lines of {first} to {last} (UTC) soon after" in message
        for first, last in deleted_days
    ), message
    assert "logstack:acknowledge: ['simple-scalable-ends-with-loki-4', 'retention-shortened-from-30d-to-7d']" in message
    platform.edit(STACK, acknowledged("retention-shortened-from-30d-to-14d"))
    assert "the applied retention is 30d" in refusal(platform), "the acknowledgement of another value was accepted"
    platform.edit(STACK, acknowledged("retention-shortened-from-30d-to-7d"))
    update = platform.up(STACK)
    assert update.failed == ""
    assert "the stack file acknowledges it" in " ".join(update.messages)
    after = platform.preview(STACK)
    assert (after.failed, after.changes, after.messages) == ("", (), ()), "the applied retention is reported again"


def test_longer_retention_needs_no_acknowledgement(platform: Project) -> None:
    platform.apply(STACK)
    platform.edit(STACK, {"retention": "60d"})
    assert platform.up(STACK).failed == ""
    platform.edit(STACK, {"retention": "30d"})
    assert "retention-shortened-from-60d-to-30d" in refusal(platform)


def test_up_refuses_the_removal_of_a_rule_and_a_tenant_by_their_names(platform: Project) -> None:
    airflow: Value = [{"selector": '{namespace="airflow"}', "period": "90d"}]
    tenant: Value = [{"name": "team-a", "namespaces": ["shop"], "retention": "60d"}]
    platform.edit(STACK, {"retentionStreams": airflow, "tenants": tenant})
    assert platform.up(STACK).failed == ""
    assert platform.preview(STACK).changes == ()
    platform.edit(STACK, {"retentionStreams": None, "tenants": None})
    message = refusal(platform)
    assert """'retention-shortened-from-90d-to-30d {namespace="airflow"}'""" in message
    assert "'retention-shortened-from-60d-to-30d team-a'" in message


def test_shorter_retention_is_compared_with_an_interrupted_up(platform: Project) -> None:
    """The pods may have read its configuration, though it registered no outputs of the stack."""
    platform.kubernetes.fail_at = "loki-write"
    assert platform.up(STACK).failed
    platform.kubernetes.fail_at = ""
    platform.edit(STACK, {"retention": "7d"})
    assert "the applied retention is 30d" in refusal(platform)


def test_up_refuses_a_change_of_an_applied_schema_period(platform: Project) -> None:
    platform.apply(STACK)
    platform.edit(STACK, {"schemaPeriods": [{"from": "2024-04-01", "indexPrefix": "other_"}]})
    message = refusal(platform)
    assert "schema-period-edited" in message
    assert 'applied: {from: "2024-04-01", store: tsdb, schema: v13, indexPrefix: loki_index_}' in message
    assert 'in the stack file: {from: "2024-04-01", store: tsdb, schema: v13, indexPrefix: other_}' in message
    platform.edit(STACK, {"schemaPeriods": [{"from": "2024-05-01"}]})
    message = refusal(platform)
    assert "schema-period-removed" in message
    assert "schema-period-back-dated" in message


def test_new_schema_period_must_begin_on_a_future_day(platform: Project) -> None:
    platform.apply(STACK)
    today = datetime.now(UTC).date()
    first: Value = {"from": "2024-04-01"}
    platform.edit(STACK, {"schemaPeriods": [first, {"from": str(today)}]})
    assert "schema-period-back-dated" in refusal(platform)
    platform.edit(STACK, {"schemaPeriods": [first, {"from": str(today + timedelta(days=2))}]})
    assert platform.up(STACK).failed == ""
    platform.edit(STACK, {"schemaPeriods": [first]})
    assert platform.up(STACK).failed == "", "a period that has not begun has no lines, and can go"


def test_refusal_shows_no_secret_of_the_state(platform: Project) -> None:
    platform.apply("staging")
    platform.edit("staging", {"retention": "2d"})
    outcome = platform.preview("staging", debug=True)
    assert outcome.failed
    for secret in platform.keys.values():
        assert secret not in f"{outcome.text}{outcome.events}{outcome.failed}"


def test_ring_label_changes_only_in_stages(platform: Project) -> None:
    """A ring that runs changes in stages, because old and new pods have to accept each other."""
    platform.edit(STACK, {"cluster": {"ringLabel": "tolerated"}})
    assert platform.up(STACK).failed == ""
    platform.edit(STACK, {"cluster": {"ringLabel": None}})
    assert "error: [ring-label-in-one-step] logstack:cluster.ringLabel" in refusal(platform)
    platform.edit(STACK, {"cluster": {"ringLabel": "sent"}})
    assert platform.up(STACK).failed == ""
    platform.edit(STACK, {"cluster": {"ringLabel": None}})
    assert platform.up(STACK).failed == ""
    assert platform.preview(STACK).changes == ()
    platform.edit(STACK, {"cluster": {"name": "berlin"}})
    assert 'send the ring label "production.monitoring" and refuse every other one' in refusal(platform)


def test_changed_datasource_uid_needs_recreate(platform: Project) -> None:
    assert platform.up(STACK).failed == ""
    platform.edit(STACK, {"grafana": {"uid": "loki-prod"}})
    assert "logstack:grafana: {uid: loki-prod, recreate: true}" in refusal(platform)
    platform.edit(STACK, {"grafana": {"uid": "loki-prod", "recreate": True}})
    assert platform.up(STACK).failed == ""
    platform.edit(STACK, {"grafana": {"uid": "loki-prod"}})
    assert platform.up(STACK).failed == ""
