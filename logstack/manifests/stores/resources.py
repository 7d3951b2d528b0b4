"""The object store's resources, by its kind."""

from logstack.manifests.manifest import ComponentTree, Manifest, Secret, kubernetes, labels
from logstack.manifests.stores import aws, claim, embedded, external_secret
from logstack.manifests.stores.access import STATIC_CREDENTIALS_SECRET, store_access
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import (
    AwsStore,
    CephBucketClaim,
    EmbeddedStore,
    FormerObjectStore,
    ObjectStoreSettings,
    S3CompatibleStore,
)
from logstack.settings.model.sizes import Resources

SECRET = "kubernetes:core/v1:Secret"  # noqa: S105 - a type token


def object_store(
    name: str,
    store: ObjectStoreSettings,
    size: Resources,
    cluster: ClusterSettings,
    former: FormerObjectStore | None = None,
) -> ComponentTree:
    """Return the ObjectStore component: what the store's kind makes; an S3-compatible store is referenced only.

    An embedded store goes on under the same names when it has become the former one.
    """
    children = _access_key(name, store, cluster)
    if former and isinstance(former.store, EmbeddedStore):
        secret = former.store.credentials_secret or STATIC_CREDENTIALS_SECRET
        children += embedded.declarations(name, former.store, secret, size, cluster)
    match store:
        case EmbeddedStore():
            secret = store.credentials_secret or STATIC_CREDENTIALS_SECRET
            children += embedded.declarations(name, store, secret, size, cluster)
        case CephBucketClaim():
            children += claim.declarations(name, store, cluster)
        case AwsStore():
            children += aws.declarations(name, store, cluster)
    access = store_access(store, cluster, former)
    outputs = {"kind": store.kind, "bucket": access.bucket, "endpoint": access.endpoint or ""}
    return ComponentTree("logstack:index:ObjectStore", name, children, outputs)


def _access_key(name: str, store: ObjectStoreSettings, cluster: ClusterSettings) -> tuple[Manifest, ...]:
    """What makes the Secret with the access key; nothing where it exists, or where none is needed."""
    match store:
        case S3CompatibleStore(external_secret=said) if said:
            return (external_secret.declaration(name, said, STATIC_CREDENTIALS_SECRET, cluster),)
        case EmbeddedStore(credentials_secret=None) | S3CompatibleStore(credentials_secret=None):
            return (_credentials(name, cluster),)
    return ()


def _credentials(name: str, cluster: ClusterSettings) -> Manifest:
    """The Secret that Loki's pods take their keys from, filled from the Pulumi config's secrets."""
    inputs = kubernetes(
        SECRET,
        STATIC_CREDENTIALS_SECRET,
        cluster.namespace,
        labels("loki"),
        stringData={
            "AWS_ACCESS_KEY_ID": Secret("accessKeyId"),
            "AWS_SECRET_ACCESS_KEY": Secret("secretAccessKey"),
        },
    )
    return Manifest(SECRET, f"{name}-credentials", inputs)
