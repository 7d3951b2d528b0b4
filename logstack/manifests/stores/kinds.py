"""The kinds of object store: the one place that tells them apart.

One more kind is a class in logstack/settings/model/object_store.py, which answers the checks, a module here with its
`store_kind`, a case below, and its name in logstack/api.py.
"""

from dataclasses import replace
from typing import assert_never

from logstack.manifests.stores import aws, azure, claim, embedded, filesystem, gcs, s3_compatible
from logstack.manifests.stores.access import FormerAccess, StoreAccess
from logstack.manifests.stores.kind import StoreKind
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import (
    AwsStore,
    AzureStore,
    CephBucketClaim,
    EmbeddedStore,
    FilesystemStore,
    FormerObjectStore,
    GcsStore,
    ObjectStoreSettings,
    S3CompatibleStore,
)


def store_kind(store: ObjectStoreSettings, cluster: ClusterSettings) -> StoreKind:  # noqa: PLR0911 - one for each kind
    """Return the record of the store's kind."""
    match store:
        case EmbeddedStore():
            return embedded.store_kind(store, cluster)
        case S3CompatibleStore():
            return s3_compatible.store_kind(store)
        case CephBucketClaim():
            return claim.store_kind(store, cluster)
        case AwsStore():
            return aws.store_kind(store, cluster)
        case AzureStore():
            return azure.store_kind(store, cluster)
        case GcsStore():
            return gcs.store_kind(store, cluster)
        case FilesystemStore():
            return filesystem.store_kind()
        case never:
            assert_never(never)


def store_access(
    store: ObjectStoreSettings, cluster: ClusterSettings, former: FormerObjectStore | None = None
) -> StoreAccess:
    """Return how Loki reaches the store that the stack file names, and the former one."""
    access = store_kind(store, cluster).access
    if not former:
        return access
    return replace(access, former=FormerAccess(former.before, store_kind(former.store, cluster).access))
