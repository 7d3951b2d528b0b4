"""The object store in Google Cloud: a bucket of the stack's own or an existing one, and the one role on it for Loki.

Every name is composed from the stack file, so the preview shows all of it, and the chart gets no unknown value.
"""

import re

from logstack.manifests.manifest import Json, Manifest
from logstack.manifests.stores.access import SERVICE_ACCOUNT, StoreAccess
from logstack.manifests.stores.kind import StoreKind
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import GcsStore

# Lists, reads, writes and deletes objects, and nothing of the bucket itself (Loki, deployment-guides/gcp.md).
ROLE = "roles/storage.objectUser"
_PROVIDER = "pulumi:providers:gcp"
_BUCKET = "gcp:storage/bucket:Bucket"
_BINDING = "gcp:storage/bucketIAMMember:BucketIAMMember"
# Google: a label's value has at most this many characters.
_LABEL_LIMIT = 63


def store_kind(store: GcsStore, cluster: ClusterSettings) -> StoreKind:
    """Return the record of the store's kind."""
    managed = "created by this stack, protected and retained" if store.create else "existing, not managed by this stack"
    return StoreKind(
        access=_access(store),
        location=f"bucket {store.bucket} in {store.location} ({managed})",
        label=f"GCS bucket {store.bucket}<br/>Google Cloud {store.location}",
        declare=lambda name, _size, _options: declarations(name, store, cluster),
    )


def _access(store: GcsStore) -> StoreAccess:
    """How Loki reaches the bucket: by Thanos' client, with the credentials that Google's metadata server gives the pod.

    The real Loki 3.7.8 does the same with both of its clients on fake-gcs-server: it writes, finds its lines and rules
    after a restart, and deletes. Loki 4 makes Thanos' clients its default, so that this section need not change then.
    """
    section: dict[str, Json] = {"bucket_name": store.bucket}
    return StoreAccess(
        kind="gcs",
        storage=section,
        rules={"backend": "gcs", "gcs": section},
        by_thanos=True,
        bucket=store.bucket,
        rules_bucket=store.bucket,
        access_key=store.access_key,
        service_account_annotations=service_account_annotations(store),
    )


def service_account_annotations(store: GcsStore) -> dict[str, str]:
    """Return the Google service account that pods use; none where the Kubernetes service account has the role."""
    account = store.identity.service_account
    return {"iam.gke.io/gcp-service-account": account} if account else {}


def declarations(name: str, store: GcsStore, cluster: ClusterSettings) -> tuple[Manifest, ...]:
    """Return the provider, the bucket, and the role on it; nothing where both bucket and service account exist.

    A Google service account that exists gets the role on a bucket that the stack creates: nobody could give it before.
    """
    if not store.create and store.identity.service_account:
        return ()
    bucket = (_bucket(name, store, cluster),) if store.create else ()
    binding = Manifest(
        _BINDING,
        f"{name}-role",
        {"bucket": store.bucket, "role": ROLE, "member": _member(store, cluster)},
        depends_on=tuple(each.name for each in bucket),
    )
    return Manifest(_PROVIDER, f"{name}-provider", {"project": store.project}), *bucket, binding


def _bucket(name: str, store: GcsStore, cluster: ClusterSettings) -> Manifest:
    """The bucket, which outlives the stack.

    Nothing expires an object, for retention is the compactor's work: an expiry would also take the index and the rules.
    Nor is anything kept that Loki deleted, as Google does for 7 days by default: Loki rewrites its index all the time.
    """
    encryption: dict[str, Json] = {"encryption": {"defaultKmsKeyName": store.kms_key}} if store.kms_key else {}
    return Manifest(
        _BUCKET,
        f"{name}-bucket",
        {
            "name": store.bucket,
            "project": store.project,
            "location": store.location,
            "storageClass": "STANDARD",
            "uniformBucketLevelAccess": True,
            "publicAccessPrevention": "enforced",
            "versioning": {"enabled": False},
            "softDeletePolicy": {"retentionDurationSeconds": 0},
            "forceDestroy": False,
            "labels": _owner(name, cluster),
            **encryption,
        },
        protect=True,
        retain_on_delete=True,
    )


def _owner(name: str, cluster: ClusterSettings) -> dict[str, Json]:
    """Return labels with the stack of a bucket: the compactors of two stacks delete each other's data."""
    owner = {"cluster": cluster.name, "namespace": cluster.namespace, "store": name}
    return {**{f"logstack-{key}": _label_value(text) for key, text in owner.items()}, "managed-by": "pulumi"}


def _label_value(text: str) -> str:
    """Return the text in the characters of a label's value."""
    return re.sub(r"[^a-z0-9_-]", "_", text.lower())[:_LABEL_LIMIT]


def _member(store: GcsStore, cluster: ClusterSettings) -> str:
    """Return who gets the role: only Loki's service account in its namespace of the pool's clusters, or Google's.

    Raises ValueError without a project number and a service account.
    """
    if account := store.identity.service_account:
        return f"serviceAccount:{account}"
    number = store.identity.project_number
    if not number:
        raise ValueError("the identity needs the project's number: set logstack:objectStore.identity.projectNumber")
    pool = f"projects/{number}/locations/global/workloadIdentityPools/{store.pool}"
    return f"principal://iam.googleapis.com/{pool}/subject/ns/{cluster.namespace}/sa/{SERVICE_ACCOUNT}"
