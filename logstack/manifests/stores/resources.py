"""The object store's resources."""

from logstack.manifests.manifest import ComponentTree
from logstack.manifests.pods import PLAIN_PODS, PodOptions
from logstack.manifests.stores import credentials
from logstack.manifests.stores.kinds import store_access, store_kind
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import FormerObjectStore, ObjectStoreSettings
from logstack.settings.model.sizes import Resources


def object_store(
    name: str,
    store: ObjectStoreSettings,
    size: Resources,
    cluster: ClusterSettings,
    former: FormerObjectStore | None = None,
    *,
    options: PodOptions = PLAIN_PODS,
) -> ComponentTree:
    """Return the ObjectStore component: what the store's kind makes, and the Secret with its key.

    A server of the stack's own goes on under the same names when it has become the former store.
    """
    children = credentials.declarations(name, store.access_key, cluster)
    if former and former.store.runs_in_stack:
        children += store_kind(former.store, cluster).declare(name, size, options)
    children += store_kind(store, cluster).declare(name, size, options)
    access = store_access(store, cluster, former)
    outputs = {"kind": store.kind, "bucket": access.bucket, "endpoint": access.endpoint or ""}
    return ComponentTree("logstack:index:ObjectStore", name, children, outputs)
