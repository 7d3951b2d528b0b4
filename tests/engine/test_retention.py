"""What the state knows of the last update: no line is deleted or hidden by a change unasked."""

from datetime import UTC, datetime, timedelta

import pytest

from logstack.settings.load.stack_file import Value
from tests.support.engine import Project

pytestmark = [
    pytest.mark.prove,
    pytest.mark.filterwarnings("ignore:.*V2 has been deprecated in favor of:DeprecationWarning"),
]
# staging keeps lines for 7d; production for 30d, and has no secret of its own.
STACK = "production"
ACCEPTED = "simple-scalable-ends-with-loki-4"


def refusal(platform: Project, stack: str = STACK) -> str:
    """What a preview and an up say, both; neither changes an object."""
    objects = dict(platform.memory.objects)
    preview, up = platform.preview(stack), platform.up(stack)
    assert preview.failed
    assert up.failed
    assert platform.memory.objects == objects
    said = " ".join(up.failed.split())
    assert "Traceback" not in said
    return said


def acknowledged(*names: str) -> dict[str, Value]:
    return {"acknowledge": [ACCEPTED, *names]}


def test_a_shorter_retention_waits_for_its_value(platform: Project) -> None:
    assert platform.up(STACK).failed == ""
    platform.say(STACK, {"retention": "7d"})
    began = datetime.now(UTC)
    said = refusal(platform)
    ended = datetime.now(UTC)  # of another day, when midnight was between
    lost = [[f"{now - timedelta(days=days):%Y-%m-%d}" for days in (30, 7)] for now in (began, ended)]
    assert any(
        f"the compactor deletes the lines of {first} to {last} (UTC) soon after" in said for first, last in lost
    ), said
    assert "logstack:acknowledge: ['retention-shortened-from-30d-to-7d']" in said
    platform.say(STACK, acknowledged("retention-shortened-from-30d-to-14d"))
    assert "the applied retention is 30d" in refusal(platform), "another value accepts nothing"
    platform.say(STACK, acknowledged("retention-shortened-from-30d-to-7d"))
    made = platform.up(STACK)
    assert made.failed == ""
    assert "the stack file acknowledges it" in " ".join(made.said)
    after = platform.preview(STACK)
    assert (after.failed, after.changes, after.said) == ("", (), ()), "what was applied is no news any more"


def test_a_longer_retention_needs_no_word(platform: Project) -> None:
    platform.up(STACK)
    platform.say(STACK, {"retention": "60d"})
    assert platform.up(STACK).failed == ""
    platform.say(STACK, {"retention": "30d"})
    assert "retention-shortened-from-60d-to-30d" in refusal(platform)


def test_a_rule_and_a_tenant_that_go_are_refused_by_their_names(platform: Project) -> None:
    airflow: Value = [{"selector": '{namespace="airflow"}', "period": "90d"}]
    tenant: Value = [{"name": "team-a", "namespaces": ["shop"], "retention": "60d"}]
    platform.say(STACK, {"retentionStreams": airflow, "tenants": tenant})
    assert platform.up(STACK).failed == ""
    assert platform.preview(STACK).changes == ()
    platform.say(STACK, {"retentionStreams": None, "tenants": None})
    said = refusal(platform)
    assert """'retention-shortened-from-90d-to-30d {namespace="airflow"}'""" in said
    assert "'retention-shortened-from-60d-to-30d team-a'" in said


def test_an_up_that_was_interrupted_is_remembered(platform: Project) -> None:
    """The pods may have read what it changed, though the stack's outputs never came."""
    platform.kubernetes.fail_at = "loki-write"
    assert platform.up(STACK).failed
    platform.kubernetes.fail_at = ""
    platform.say(STACK, {"retention": "7d"})
    assert "the applied retention is 30d" in refusal(platform)


def test_a_period_that_was_applied_stays_as_it_is(platform: Project) -> None:
    platform.up(STACK)
    platform.say(STACK, {"schemaPeriods": [{"from": "2024-04-01", "indexPrefix": "other_"}]})
    said = refusal(platform)
    assert "schema-period-edited" in said
    assert 'applied: {from: "2024-04-01", store: tsdb, schema: v13, indexPrefix: loki_index_}' in said
    assert 'in the stack file: {from: "2024-04-01", store: tsdb, schema: v13, indexPrefix: other_}' in said
    platform.say(STACK, {"schemaPeriods": [{"from": "2024-05-01"}]})
    said = refusal(platform)
    assert "schema-period-removed" in said
    assert "schema-period-back-dated" in said


def test_a_new_period_begins_on_a_day_to_come(platform: Project) -> None:
    platform.up(STACK)
    today = datetime.now(UTC).date()
    first: Value = {"from": "2024-04-01"}
    platform.say(STACK, {"schemaPeriods": [first, {"from": str(today)}]})
    assert "schema-period-back-dated" in refusal(platform)
    platform.say(STACK, {"schemaPeriods": [first, {"from": str(today + timedelta(days=2))}]})
    assert platform.up(STACK).failed == ""
    platform.say(STACK, {"schemaPeriods": [first]})
    assert platform.up(STACK).failed == "", "nothing was written by a period that has not begun"


def test_the_state_is_read_without_a_secret_in_what_is_said(platform: Project) -> None:
    platform.up("staging")
    platform.say("staging", {"retention": "2d"})
    outcome = platform.preview("staging", debug=True)
    assert outcome.failed
    for secret in platform.keys.values():
        assert secret not in f"{outcome.text}{outcome.events}{outcome.failed}"


def test_the_ring_label_changes_in_stages_alone(platform: Project) -> None:
    """As every change of a ring that runs does: old and new pods have to accept each other."""
    platform.say(STACK, {"cluster": {"ringLabel": "tolerated"}})
    assert platform.up(STACK).failed == ""
    platform.say(STACK, {"cluster": {"ringLabel": None}})
    assert "error[ring-label-in-one-step] logstack:cluster.ringLabel" in refusal(platform)
    platform.say(STACK, {"cluster": {"ringLabel": "sent"}})
    assert platform.up(STACK).failed == ""
    platform.say(STACK, {"cluster": {"ringLabel": None}})
    assert platform.up(STACK).failed == ""
    assert platform.preview(STACK).changes == ()
    platform.say(STACK, {"cluster": {"name": "berlin"}})
    assert 'send the ring label "production.monitoring" and refuse every other one' in refusal(platform)
