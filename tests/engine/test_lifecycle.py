"""A stack under the real engine from its first preview to its destroy, with interruptions, renames and drift."""

import os
import signal
import subprocess
import time

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
    # The SDK's modules warn of deprecated classes (BucketV2 beside Bucket) as soon as they are imported.
    pytest.mark.filterwarnings("ignore:.*V2 has been deprecated in favor of:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*ServieAccount has been deprecated in favor of:DeprecationWarning"),
]


# The warnings that the tests' examples do not acknowledge themselves.
WARNINGS: dict[str, list[Value]] = {
    "aws": ["simple-scalable-ends-with-loki-4"],
    "monolithic": ["api-server-not-checked", "ingress-without-password"],
}


@pytest.mark.parametrize("stack", [*SHIPPED, "aws", "aws-pods", "gcp", "azure", "monolithic", "distributed"])
def test_second_preview_has_no_change_and_no_message(platform: Project, stack: str) -> None:
    if stack in WARNINGS:
        platform.edit(stack, {"acknowledge": WARNINGS[stack]})
    before = platform.preview(stack)
    applied = platform.up(stack)
    after = platform.preview(stack)
    assert (before.failed, applied.failed, after.failed) == ("", "", "")
    assert set(before.summary) == set(applied.summary) == {"create"}
    assert before.summary == applied.summary, "the update did something else than its preview"
    assert after.changes == ()
    assert after.messages == ()


def test_plain_up_after_the_adopting_one_leaves_nothing_to_do(platform: Project) -> None:
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


def test_next_up_continues_one_that_failed_half_way(platform: Project) -> None:
    platform.kubernetes.fail_at = "loki-write"
    broken = platform.up("staging")
    assert "the stand-in fails at loki-write" in broken.failed
    existing = set(platform.memory.objects)
    platform.kubernetes.fail_at = ""
    continued = platform.up("staging")
    assert continued.failed == ""
    assert existing < set(platform.memory.objects), "an object of the first up is gone"
    assert {step.op for step in continued.steps} == {"same", "create"}
    assert platform.preview("staging").changes == ()


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def test_next_up_continues_one_whose_engine_was_killed_after_a_cancel(platform: Project) -> None:
    """The engine does not know the object that was just created: the next up must be told to take it over."""

    def kill() -> None:
        engine = int(output("pgrep", "--parent", str(os.getpid()), "--exact", "pulumi"))
        # The engine does not replace the state's file in one step: it is stopped between two writes, and then killed.
        os.kill(engine, signal.SIGSTOP)
        while not (output("ps", "-o", "state=", "-p", str(engine)).startswith("T") and platform.has_whole_states()):
            os.kill(engine, signal.SIGCONT)
            time.sleep(0.05)
            os.kill(engine, signal.SIGSTOP)
        os.kill(engine, signal.SIGKILL)

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


def test_wrong_passphrase_stops_an_up_before_it_creates_anything(platform: Project) -> None:
    platform.stack("staging")
    platform.environment["PULUMI_CONFIG_PASSPHRASE"] = "another"
    with pytest.raises(pulumi.automation.CommandError, match="incorrect passphrase"):
        platform.stack("staging")
    assert platform.memory.objects == {}


def test_destroy_with_a_protected_bucket_deletes_nothing(platform: Project) -> None:
    platform.apply("aws")
    objects, resources = dict(platform.memory.objects), dict(platform.aws.resources)
    refused = platform.destroy_by_hand("aws")
    assert 'store-bucket" cannot be deleted\n    because it is protected' in refused
    assert (platform.memory.objects, platform.aws.resources) == (objects, resources)


def test_destroy_without_a_preview_deletes_all_but_the_protected_bucket(platform: Project) -> None:
    """The Automation API destroys without a preview: docs/reference/resources.md warns of it."""
    platform.apply("aws")
    assert platform.destroy("aws").failed
    assert platform.memory.objects == {}
    assert any(urn.endswith("::store-bucket") for urn in platform.aws.resources)


def test_destroy_that_excludes_protected_resources_keeps_the_bucket_and_its_guards(platform: Project) -> None:
    platform.apply("aws")
    platform.destroy("aws", exclude_protected=True)
    remaining = {urn.rpartition("::")[2] for urn in platform.aws.resources}
    assert {"store-bucket", "store-bucket-policy", "store-bucket-encryption", "store-bucket-public-access"} <= remaining
    assert "store-role" not in remaining
    assert platform.memory.objects == {}


def test_bucket_leaves_the_stack_only_unprotected_and_stays_in_aws(platform: Project) -> None:
    """As docs/how-to/deploy-on-aws.md hands a bucket over."""
    platform.apply("aws")
    buckets = {urn for urn in platform.aws.resources if "::store-bucket" in urn}
    assert len(buckets) == 6
    platform.edit("aws", {"objectStore": {"create": False}})
    assert "it is protected" in platform.preview("aws").failed
    (bucket,) = [urn for urn in buckets if urn.endswith("::store-bucket")]
    platform.unprotect("aws", bucket)
    outcome = platform.apply("aws")
    assert len([name for name in outcome.summary["delete"] if " store-bucket" in name]) == len(buckets)
    assert buckets <= set(platform.aws.resources)
    assert platform.preview("aws").changes == ()


def test_destroy_that_excludes_protected_resources_keeps_the_bucket_in_google_cloud(platform: Project) -> None:
    platform.apply("gcp")
    refused = " ".join(platform.destroy_by_hand("gcp").split())
    assert 'store-bucket" cannot be deleted because it is protected' in refused
    platform.destroy("gcp", exclude_protected=True)
    remaining = {urn.rpartition("::")[2] for urn in platform.gcp.resources}
    assert "store-bucket" in remaining
    assert "store-role" not in remaining
    assert platform.memory.objects == {}


def test_service_account_in_azure_gets_the_client_id_that_the_identity_has(platform: Project) -> None:
    """At the first preview nobody knows it, so no chart's value may have it."""
    platform.apply("azure")
    account = next(each for key, each in platform.memory.objects.items() if key[-1] == "loki-azure")
    annotations = account["metadata"]["annotations"]
    assert annotations["azure.workload.identity/client-id"] == "the-client-of-the-pods"
    roles = [each for urn, each in platform.azure.resources.items() if urn.endswith("::store-role")]
    assert [role["principalId"] for role in roles] == ["the-principal-of-the-pods"]


def test_destroy_that_excludes_protected_resources_keeps_the_container_in_azure(platform: Project) -> None:
    platform.apply("azure")
    platform.destroy("azure", exclude_protected=True)
    remaining = {urn.rpartition("::")[2] for urn in platform.azure.resources}
    assert {"store-account", "store-container"} <= remaining
    assert not {"store-role", "store-identity"} & remaining
    assert platform.memory.objects == {}


def test_destroy_keeps_a_bucket_claim(platform: Project) -> None:
    """The claim's operator would delete the bucket with it."""
    platform.apply("ceph")
    refused = " ".join(platform.destroy_by_hand("ceph").split())
    assert 'ObjectBucketClaim::store-claim" cannot be deleted because it is protected' in refused
    platform.destroy("ceph", exclude_protected=True)
    assert set(platform.memory.objects) == {
        ("objectbucket.io/v1alpha1", "ObjectBucketClaim", "monitoring", "loki-chunks-bucket")
    }


def test_preview_refuses_another_bucket_of_a_claim_while_the_claim_is_protected(platform: Project) -> None:
    platform.apply("ceph")
    platform.edit("ceph", {"objectStore": {"bucket": "loki-other"}})
    existing = set(platform.memory.objects)
    assert "object-store-left" in " ".join(platform.preview("ceph").messages)
    acknowledgement = "object-store-left http://${BUCKET_HOST}:${BUCKET_PORT}/loki-chunks"
    platform.edit("ceph", {"acknowledge": ["replication-single-copy", acknowledgement]})
    refused = platform.preview("ceph")
    assert refused.failed
    assert "protect" in " ".join(refused.messages)
    assert set(platform.memory.objects) == existing


def test_destroy_keeps_the_namespace_that_the_stack_created(platform: Project) -> None:
    platform.apply("monolithic")
    existing = set(platform.memory.objects)
    assert 'Namespace::cluster-namespace" cannot be deleted because' in " ".join(
        platform.destroy_by_hand("monolithic").split()
    )
    assert set(platform.memory.objects) == existing
    platform.destroy("monolithic", exclude_protected=True)
    assert set(platform.memory.objects) == {("v1", "Namespace", "", "logs")}


def test_destroy_orphans_the_pods_of_stateful_sets_for_a_second_up(platform: Project) -> None:
    platform.apply("staging")
    assert platform.destroy("staging").failed == ""
    assert platform.memory.objects == {}
    orphaned = {key[3] for key, orphan in platform.memory.deleted if orphan}
    assert orphaned == {"loki-write", "loki-backend", "loki-read", "loki-s3", "alloy-events"} & orphaned
    assert {"loki-write", "loki-backend", "loki-s3"} <= orphaned
    assert platform.up("staging").failed == ""


def renamed_program() -> None:
    """Run the shipped program with every component under another name, and the old names as aliases."""

    def aliased_from(name: str) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(aliases=[pulumi.Alias(name=name)])

    settings = load_settings()
    stop_before_lines_are_lost(settings)
    cluster = Cluster("kubernetes", settings.cluster, opts=aliased_from("cluster"))
    store = ObjectStore(
        "bucket",
        settings.object_store,
        cluster,
        credentials=Credentials.from_config(),
        size=settings.resources_of("object-store"),
        opts=aliased_from("store"),
    )
    loki = Loki("logs", settings, store, cluster, chart=settings.charts.loki, opts=aliased_from("loki"))
    Alloy(
        "collector",
        settings.collector,
        loki.intake,
        cluster,
        chart=settings.charts.alloy,
        sizes=collector_sizes(settings),
        opts=aliased_from("alloy"),
    )
    Canary(
        "bird",
        settings.canary,
        loki.gateway_url,
        cluster,
        found=found_by(settings.canary, settings.collector, loki.tenant),
        size=settings.resources_of("canary"),
        opts=aliased_from("canary"),
    )
    GrafanaDatasource(
        "datasource",
        settings.grafana,
        loki.gateway_url,
        cluster,
        tenants=settings.tenant_names,
        opts=aliased_from("grafana"),
    )


def test_renamed_components_keep_their_resources_by_aliases(platform: Project) -> None:
    platform.apply("staging")
    renamed = platform.preview("staging", renamed_program)
    assert renamed.failed == ""
    assert renamed.changes == ()


def test_preview_with_refresh_finds_drift(platform: Project) -> None:
    platform.apply("staging")
    assert platform.preview("staging", refresh=True, expect_no_changes=True).failed == ""
    key = ("v1", "ConfigMap", "monitoring", "loki-overrides")
    platform.memory.objects[key] = {**platform.memory.objects[key], "data": {"overrides.yaml": "edited: by hand\n"}}
    drifted = platform.preview("staging", refresh=True, expect_no_changes=True)
    assert "no changes were expected" in drifted.failed
    assert platform.preview("staging").changes == (), "a preview without a refresh compares with the state alone"
