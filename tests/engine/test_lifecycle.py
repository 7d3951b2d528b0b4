"""A stack's life under the real engine: preview, up, preview again, interruptions, renames, destroy."""

import os
import signal
import subprocess

import pulumi
import pytest

from components import (
    Alloy,
    Canary,
    Cluster,
    Credentials,
    GrafanaDatasource,
    Loki,
    ObjectStore,
    load_settings,
    stop_before_lines_are_lost,
)
from logstack.manifests.alloy.resources import collector_sizes
from logstack.manifests.canary.resources import found_by
from logstack.settings.load.stack_file import Value
from tests.support.engine import Project
from tests.support.stacks import SHIPPED

pytestmark = [
    pytest.mark.prove,
    # Of the SDK: its modules warn of their deprecated namesakes (BucketV2 beside Bucket) as soon as they are imported.
    pytest.mark.filterwarnings("ignore:.*V2 has been deprecated in favor of:DeprecationWarning"),
]


# The examples of the tests accept no warning by themselves.
WARNED: dict[str, list[Value]] = {
    "aws": ["simple-scalable-ends-with-loki-4"],
    "monolithic": ["api-server-not-checked", "ingress-without-password"],
}


@pytest.mark.parametrize("stack", [*SHIPPED, "aws", "aws-pods", "monolithic", "distributed"])
def test_a_second_preview_has_nothing_to_do_and_nothing_to_say(platform: Project, stack: str) -> None:
    if stack in WARNED:
        platform.say(stack, {"acknowledge": WARNED[stack]})
    before = platform.preview(stack)
    made = platform.up(stack)
    after = platform.preview(stack)
    assert (before.failed, made.failed, after.failed) == ("", "", "")
    assert set(before.summary) == set(made.summary) == {"create"}
    assert before.summary == made.summary, "the preview did not tell what came"
    assert after.changes == ()
    assert after.said == ()


def test_a_plain_up_after_the_one_that_adopts_leaves_nothing_to_do(platform: Project) -> None:
    """Until then every preview, `--expect-no-changes` too, would change the provider."""
    platform.take_over()
    assert platform.up("staging").failed == ""
    platform.take_over(stop=True)
    preview = platform.preview("staging")
    assert preview.summary == {"update": ["kubernetes cluster-provider"]}
    (step,) = preview.changes
    assert "upsertExistingObjects" in step.changed
    assert platform.up("staging").failed == ""
    assert platform.preview("staging").changes == ()


def test_an_up_that_failed_half_way_is_continued_by_the_next(platform: Project) -> None:
    platform.kubernetes.fail_at = "loki-write"
    broken = platform.up("staging")
    assert "told to fail at loki-write" in broken.failed
    there = set(platform.memory.objects)
    platform.kubernetes.fail_at = ""
    continued = platform.up("staging")
    assert continued.failed == ""
    assert there < set(platform.memory.objects), "what was there before is still there"
    assert {step.op for step in continued.steps} == {"same", "create"}
    assert platform.preview("staging").changes == ()


def test_an_up_whose_engine_was_killed_is_continued_after_a_cancel(platform: Project) -> None:
    """What was made at that moment the engine does not know of: the next up has to be told to take it over."""

    def kill() -> None:
        command = ["pgrep", "--parent", str(os.getpid()), "--exact", "pulumi"]
        os.kill(int(subprocess.run(command, capture_output=True, text=True, check=True).stdout), signal.SIGKILL)

    platform.kubernetes.meanwhile = {"loki-config": kill}
    assert platform.up("staging").failed
    platform.kubernetes.meanwhile = {}
    locked = platform.up("staging")
    assert "the stack is currently locked" in locked.failed
    assert "pulumi cancel" in locked.failed
    platform.stack("staging").cancel()
    assert "already exists" in platform.up("staging").failed
    platform.kubernetes.upsert = True
    assert platform.up("staging").failed == ""
    assert platform.preview("staging").changes == ()


def test_a_wrong_passphrase_stops_an_up_before_anything_is_made(platform: Project) -> None:
    platform.stack("staging")
    platform.environment["PULUMI_CONFIG_PASSPHRASE"] = "another"
    with pytest.raises(pulumi.automation.CommandError, match="incorrect passphrase"):
        platform.stack("staging")
    assert platform.memory.objects == {}


def test_a_bucket_that_is_protected_is_not_destroyed_and_nothing_else_is(platform: Project) -> None:
    platform.up("aws")
    objects, resources = dict(platform.memory.objects), dict(platform.aws.resources)
    refused = platform.destroy_by_hand("aws")
    assert 'store-bucket" cannot be deleted\n    because it is protected' in refused
    assert (platform.memory.objects, platform.aws.resources) == (objects, resources)


def test_a_destroy_that_skips_its_preview_takes_all_but_what_is_protected(platform: Project) -> None:
    """The Automation API never looks before it acts: docs/reference/resources.md warns of it."""
    platform.up("aws")
    assert platform.destroy("aws").failed
    assert platform.memory.objects == {}
    assert any(urn.endswith("::store-bucket") for urn in platform.aws.resources)


def test_destroy_without_what_is_protected_keeps_the_bucket_and_its_guards(platform: Project) -> None:
    platform.up("aws")
    platform.destroy("aws", exclude_protected=True)
    kept = {urn.rpartition("::")[2] for urn in platform.aws.resources}
    assert {"store-bucket", "store-bucket-policy", "store-bucket-encryption", "store-bucket-public-access"} <= kept
    assert "store-role" not in kept
    assert platform.memory.objects == {}


def test_a_bucket_claim_is_not_destroyed_as_its_operator_would_delete_the_bucket(platform: Project) -> None:
    platform.up("ceph")
    refused = " ".join(platform.destroy_by_hand("ceph").split())
    assert 'ObjectBucketClaim::store-claim" cannot be deleted because it is protected' in refused
    platform.destroy("ceph", exclude_protected=True)
    assert set(platform.memory.objects) == {
        ("objectbucket.io/v1alpha1", "ObjectBucketClaim", "monitoring", "loki-chunks-bucket")
    }


def test_another_bucket_by_a_claim_is_refused_while_the_claim_is_protected(platform: Project) -> None:
    platform.up("ceph")
    platform.say("ceph", {"objectStore": {"bucket": "loki-other"}})
    there = set(platform.memory.objects)
    assert "object-store-left" in " ".join(platform.preview("ceph").said)
    left = "object-store-left http://${BUCKET_HOST}:${BUCKET_PORT}/loki-chunks"
    platform.say("ceph", {"acknowledge": ["replication-single-copy", left]})
    refused = platform.preview("ceph")
    assert refused.failed
    assert "protect" in " ".join(refused.said)
    assert set(platform.memory.objects) == there


def test_a_namespace_that_the_stack_made_is_not_destroyed(platform: Project) -> None:
    platform.up("monolithic")
    there = set(platform.memory.objects)
    assert 'Namespace::cluster-namespace" cannot be deleted because' in " ".join(
        platform.destroy_by_hand("monolithic").split()
    )
    assert set(platform.memory.objects) == there
    platform.destroy("monolithic", exclude_protected=True)
    assert set(platform.memory.objects) == {("v1", "Namespace", "", "logs")}


def test_destroy_keeps_the_pods_of_stateful_sets_for_a_second_up(platform: Project) -> None:
    platform.up("staging")
    assert platform.destroy("staging").failed == ""
    assert platform.memory.objects == {}
    orphaned = {key[3] for key, orphan in platform.memory.deleted if orphan}
    assert orphaned == {"loki-write", "loki-backend", "loki-read", "loki-s3", "alloy-events"} & orphaned
    assert {"loki-write", "loki-backend", "loki-s3"} <= orphaned
    assert platform.up("staging").failed == ""


def renamed_program() -> None:
    """The shipped program with every component under another name, and the old names as aliases."""

    def was(name: str) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(aliases=[pulumi.Alias(name=name)])

    settings = load_settings()
    stop_before_lines_are_lost(settings)
    cluster = Cluster("kubernetes", settings.cluster, opts=was("cluster"))
    store = ObjectStore(
        "bucket",
        settings.object_store,
        cluster,
        credentials=Credentials.from_config(),
        size=settings.resources_of("object-store"),
        opts=was("store"),
    )
    loki = Loki("logs", settings, store, cluster, chart=settings.charts.loki, opts=was("loki"))
    Alloy(
        "collector",
        settings.collector,
        loki.intake,
        cluster,
        chart=settings.charts.alloy,
        sizes=collector_sizes(settings),
        opts=was("alloy"),
    )
    Canary(
        "bird",
        settings.canary,
        loki.gateway_url,
        cluster,
        found=found_by(settings.canary, settings.collector, loki.tenant),
        size=settings.resources_of("canary"),
        opts=was("canary"),
    )
    GrafanaDatasource(
        "datasource", settings.grafana, loki.gateway_url, cluster, tenants=settings.tenant_names, opts=was("grafana")
    )


def test_components_that_are_renamed_keep_their_resources_by_aliases(platform: Project) -> None:
    platform.up("staging")
    renamed = platform.preview("staging", renamed_program)
    assert renamed.failed == ""
    assert renamed.changes == ()


def test_drift_is_found_by_a_preview_that_refreshes(platform: Project) -> None:
    platform.up("staging")
    assert platform.preview("staging", refresh=True, expect_no_changes=True).failed == ""
    key = ("v1", "ConfigMap", "monitoring", "loki-overrides")
    platform.memory.objects[key] = {**platform.memory.objects[key], "data": {"overrides.yaml": "edited: by hand\n"}}
    drifted = platform.preview("staging", refresh=True, expect_no_changes=True)
    assert "no changes were expected" in drifted.failed
    assert platform.preview("staging").changes == (), "a preview that asks nobody sees the state alone"
