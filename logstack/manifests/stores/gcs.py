"""The object store in Google Cloud: a bucket of the stack's own or an existing one, and the one role on it for Loki.

Every name is composed from the stack file, so the preview shows all of it, and the chart gets no unknown value.
"""

import re

from logstack.manifests.manifest import Json, Manifest
from logstack.manifests.stores.access import SERVICE_ACCOUNT, StoreAccess
from logstack.manifests.stores.kind import StoreKind, management
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
    rules = f", rules in bucket {store.rules_bucket}" if store.rules_bucket else ""
    location = f" in {store.location}" if store.location else ""
    return StoreKind(
        access=_access(store),
        location=f"bucket {store.bucket}{location} ({management(created=store.create)}){rules}",
        label=f"GCS bucket {store.bucket}<br/>Google Cloud{location}",
        declare=lambda name, _size, _options: declarations(name, store, cluster),
    )


def _access(store: GcsStore) -> StoreAccess:
    """How Loki reaches the bucket: by Thanos' client, with the credentials that Google's metadata server gives the pod.

    The real Loki 3.7.8 does the same with both of its clients on fake-gcs-server: it writes, finds its lines and rules
    after a restart, and deletes. Loki 4 makes Thanos' clients its default, so that this section need not change then.
    """
    rules_bucket = store.rules_bucket or store.bucket
    return StoreAccess(
        kind="gcs",
        storage={"bucket_name": store.bucket},
        rules={"backend": "gcs", "gcs": {"bucket_name": rules_bucket}},
        by_thanos=True,
        bucket=store.bucket,
        rules_bucket=rules_bucket,
        access_key=store.access_key,
        service_account_annotations=service_account_annotations(store),
    )


def service_account_annotations(store: GcsStore) -> dict[str, str]:
    """Return the Google service account that pods use; none where the Kubernetes service account has the role."""
    account = store.identity.service_account
    return {"iam.gke.io/gcp-service-account": account} if account else {}


def declarations(name: str, store: GcsStore, cluster: ClusterSettings) -> tuple[Manifest, ...]:
    """Return the provider, each bucket, and the role on it; nothing where both bucket and service account exist.

    A Google service account that exists gets the role on a bucket that the stack creates: nobody could give it before.
    """
    if not store.create and store.identity.service_account:
        return ()
    suffixes = {"bucket": "", "rulesBucket": "-rules"}
    buckets = [
        manifest
        for key, bucket in store.buckets.items()
        for manifest in _with_role(name, suffixes[key], bucket, store, cluster)
    ]
    return Manifest(_PROVIDER, f"{name}-provider", {"project": store.project}), *buckets


def _with_role(name: str, suffix: str, bucket: str, store: GcsStore, cluster: ClusterSettings) -> tuple[Manifest, ...]:
    made = (_bucket(name, suffix, bucket, store, cluster),) if store.create else ()
    role = Manifest(
        _BINDING,
        f"{name}{suffix}-role",
        {"bucket": bucket, "role": ROLE, "member": _member(store, cluster)},
        depends_on=tuple(each.name for each in made),
    )
    return *made, role


def _bucket(name: str, suffix: str, bucket: str, store: GcsStore, cluster: ClusterSettings) -> Manifest:
    """One bucket, which outlives the stack.

    Nothing expires an object, for retention is the compactor's work: an expiry would also take the index and the rules.
    Nor is anything kept that Loki deleted, as Google does for 7 days by default: Loki rewrites its index all the time.
    """
    encryption: dict[str, Json] = {"encryption": {"defaultKmsKeyName": store.kms_key}} if store.kms_key else {}
    return Manifest(
        _BUCKET,
        f"{name}{suffix}-bucket",
        {
            "name": bucket,
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
