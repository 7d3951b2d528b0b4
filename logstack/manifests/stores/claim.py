"""A bucket on Ceph's object gateway by a claim, which Rook answers with a bucket, a Secret and a ConfigMap.

Of what Rook makes nothing is read here: Loki's pods take the key and the gateway's address from their environment, so
everything that a chart gets is known at preview.
"""

from logstack.manifests.manifest import Manifest, kubernetes, labels
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import CephBucketClaim

# Loki composes it when it starts (-config.expand-env), of what the ConfigMap says.
ADDRESS = "http://${BUCKET_HOST}:${BUCKET_PORT}"
OBJECT_BUCKET_CLAIM = "kubernetes:objectbucket.io/v1alpha1:ObjectBucketClaim"


def name_of(store: CephBucketClaim) -> str:
    """The name of the claim, of its Secret and of its ConfigMap; no ConfigMap of the stack's own ends like it."""
    return f"{store.bucket}-bucket"


def endpoint(store: CephBucketClaim) -> str:
    """The gateway's URL, in words that Loki fills."""
    return ADDRESS.replace("http:", "https:") if store.tls else ADDRESS


def declarations(name: str, store: CephBucketClaim, cluster: ClusterSettings) -> tuple[Manifest, ...]:
    """The claim: protected and kept, because a StorageClass whose policy is Delete deletes the bucket with it."""
    bound = {} if cluster.skip_await else {"pulumi.com/waitFor": "jsonpath={.status.phase}=Bound"}
    inputs = kubernetes(
        OBJECT_BUCKET_CLAIM,
        name_of(store),
        cluster.namespace,
        labels("loki"),
        annotations=bound,
        spec={"bucketName": store.bucket, "storageClassName": store.storage_class},
    )
    return (Manifest(OBJECT_BUCKET_CLAIM, f"{name}-claim", inputs, protect=True, retain_on_delete=True),)
