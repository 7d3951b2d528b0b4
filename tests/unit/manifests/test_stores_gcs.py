"""The store in Google Cloud: what guards the bucket, and who may do what with it."""

import re
from typing import Any

import pytest

from logstack.manifests.stores import gcs
from logstack.manifests.stores.gcs import service_account_annotations, store_kind
from logstack.settings.model.object_store import GcsStore
from tests.support.gcs_store import (
    ACCOUNT,
    BUCKET,
    BUCKET_TYPE,
    CLUSTER,
    EVERY_SHAPE,
    KEY,
    NUMBER,
    PROJECT,
    PROVIDER_TYPE,
    ROLE_TYPE,
    a_store,
    declared,
    of_type,
)

# Google, "Requirements for labels": keys and values have lower-case letters, digits, - and _, and 63 of them at most.
LABEL = re.compile(r"[a-z0-9_-]{1,63}")
MEMBER = (
    f"principal://iam.googleapis.com/projects/{NUMBER}/locations/global/workloadIdentityPools/{PROJECT}.svc.id.goog"
    "/subject/ns/logging/sa/loki"
)


@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_provider_works_in_the_stacks_project_alone(store: GcsStore) -> None:
    (provider,) = of_type(store, PROVIDER_TYPE)
    assert provider.inputs == {"project": PROJECT}


def test_bucket_is_closed_to_the_public_and_outlives_the_stack() -> None:
    (bucket,) = of_type(a_store(), BUCKET_TYPE)
    assert (bucket.protect, bucket.retain_on_delete, bucket.inputs["forceDestroy"]) == (True, True, False)
    assert bucket.inputs["uniformBucketLevelAccess"] is True
    assert bucket.inputs["publicAccessPrevention"] == "enforced"
    assert (bucket.inputs["name"], bucket.inputs["project"], bucket.inputs["location"]) == (
        BUCKET,
        PROJECT,
        "europe-west3",
    )


def test_bucket_neither_expires_an_object_nor_keeps_a_deleted_one() -> None:
    """Loki does both, and an expiry would take its index."""
    (bucket,) = of_type(a_store(), BUCKET_TYPE)
    assert "lifecycleRules" not in bucket.inputs
    assert bucket.inputs["versioning"] == {"enabled": False}
    assert bucket.inputs["softDeletePolicy"] == {"retentionDurationSeconds": 0}


def test_bucket_has_labels_with_its_owner_in_the_characters_that_google_accepts() -> None:
    bucket = next(each for each in gcs.declarations("Loki.store", a_store(), CLUSTER) if each.type == BUCKET_TYPE)
    labels: Any = bucket.inputs["labels"]
    assert labels == {
        "logstack-cluster": "production",
        "logstack-namespace": "logging",
        "logstack-store": "loki_store",
        "managed-by": "pulumi",
    }
    assert all(LABEL.fullmatch(text) for pair in labels.items() for text in pair)


@pytest.mark.parametrize("kms", [False, True])
def test_bucket_has_the_key_of_the_stack_file(*, kms: bool) -> None:
    (bucket,) = of_type(a_store(kms=kms), BUCKET_TYPE)
    assert bucket.inputs.get("encryption") == ({"defaultKmsKeyName": KEY} if kms else None)


def test_only_lokis_service_account_in_its_namespace_may_use_the_objects() -> None:
    (role,) = of_type(a_store(), ROLE_TYPE)
    assert role.inputs == {"bucket": BUCKET, "role": "roles/storage.objectUser", "member": MEMBER}
    assert role.depends_on == ("store-bucket",)
    assert service_account_annotations(a_store()) == {}


def test_pool_of_another_project_is_in_the_members_name() -> None:
    store = a_store(identity={"projectNumber": NUMBER, "pool": "acme-clusters.svc.id.goog"})
    (role,) = of_type(store, ROLE_TYPE)
    assert "/workloadIdentityPools/acme-clusters.svc.id.goog/subject/" in str(role.inputs["member"])


def test_existing_service_account_gets_the_role_on_a_bucket_of_the_stack() -> None:
    store = a_store(account=True)
    (role,) = of_type(store, ROLE_TYPE)
    assert role.inputs["member"] == f"serviceAccount:{ACCOUNT}"
    assert service_account_annotations(store) == {"iam.gke.io/gcp-service-account": ACCOUNT}


def test_existing_bucket_is_never_managed_and_gets_only_the_role() -> None:
    assert [each.type for each in declared(a_store(create=False))] == [PROVIDER_TYPE, ROLE_TYPE]


def test_stack_declares_nothing_in_google_cloud_when_bucket_and_service_account_exist() -> None:
    """So it needs no package of Google's provider either."""
    assert declared(a_store(account=True, create=False)) == ()


def test_bucket_for_rules_has_the_same_guards_and_role() -> None:
    store = a_store(rules=True)
    chunks, rules = of_type(store, BUCKET_TYPE)
    assert (rules.name, rules.inputs["name"], rules.protect) == ("store-rules-bucket", "acme-logs-rules", True)
    assert {**rules.inputs, "name": BUCKET} == chunks.inputs
    assert [each.inputs["bucket"] for each in of_type(store, ROLE_TYPE)] == [BUCKET, "acme-logs-rules"]
    access = store_kind(store, CLUSTER).access
    assert access.rules == {"backend": "gcs", "gcs": {"bucket_name": "acme-logs-rules"}}


def test_member_without_a_project_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="projectNumber"):
        declared(a_store(identity={}))


@pytest.mark.parametrize(
    ("store", "words"),
    [
        (a_store(), "bucket acme-logs in europe-west3 (created by this stack, protected and retained)"),
        (a_store(create=False, location=None), "bucket acme-logs (existing, not managed by this stack)"),
        (
            a_store(create=False, rules=True),
            "bucket acme-logs in europe-west3 (existing, not managed by this stack), rules in bucket acme-logs-rules",
        ),
    ],
)
def test_location_says_who_manages_the_bucket(store: GcsStore, words: str) -> None:
    assert store_kind(store, CLUSTER).location == words
