"""A bucket on Ceph's object gateway by a claim, which Rook answers with a bucket, a Secret and a ConfigMap.

The program does not read Rook's objects: Loki's pods take the key and the gateway's address from their environment, so
that every value of a chart is known at preview.
"""

from dataclasses import replace

from logstack.manifests.manifest import Manifest, kubernetes, labels
from logstack.manifests.stores.access import ENVIRONMENT_ADDRESS, s3_access
from logstack.manifests.stores.kind import StoreKind
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import CephBucketClaim

OBJECT_BUCKET_CLAIM = "kubernetes:objectbucket.io/v1alpha1:ObjectBucketClaim"


def store_kind(store: CephBucketClaim, cluster: ClusterSettings) -> StoreKind:
    """Return the record of the store's kind."""
    return StoreKind(
        access=replace(
            s3_access(
                store.bucket,
                store.region,
                store.access_key,
                endpoint=endpoint(store),
                path_style=True,
                ca_certificate=store.ca_certificate,
            ),
            address_config_map=store.claim_name,
        ),
        location=f"bucket {store.bucket} on Ceph (Rook is expected to create it for this stack's claim, StorageClass "
        f"{store.storage_class}; the claim is protected and retained)",
        label=f"S3 bucket {store.bucket}<br/>Ceph",
        declare=lambda name, _size, _options: declarations(name, store, cluster),
    )


def endpoint(store: CephBucketClaim) -> str:
    """Return the gateway's URL, in words that Loki fills."""
    return ENVIRONMENT_ADDRESS.replace("http:", "https:") if store.tls else ENVIRONMENT_ADDRESS


def declarations(name: str, store: CephBucketClaim, cluster: ClusterSettings) -> tuple[Manifest, ...]:
    """Return the claim, protected and kept: a StorageClass whose policy is Delete deletes the bucket with it."""
    bound = {} if cluster.skip_await else {"pulumi.com/waitFor": "jsonpath={.status.phase}=Bound"}
    inputs = kubernetes(
        OBJECT_BUCKET_CLAIM,
        store.claim_name,
        cluster.namespace,
        labels("loki"),
        annotations=bound,
        spec={"bucketName": store.bucket, "storageClassName": store.storage_class},
    )
    return (Manifest(OBJECT_BUCKET_CLAIM, f"{name}-claim", inputs, protect=True, retain_on_delete=True),)
