"""An S3-compatible store that exists: referenced, never managed."""

from logstack.manifests.stores.access import s3_access
from logstack.manifests.stores.kind import StoreKind, management
from logstack.settings.model.object_store import S3CompatibleStore


def store_kind(store: S3CompatibleStore) -> StoreKind:
    """Return the record of the store's kind."""
    rules = f", rules in bucket {store.rules_bucket}" if store.rules_bucket else ""
    return StoreKind(
        access=s3_access(
            store.bucket,
            store.region,
            store.access_key,
            endpoint=store.endpoint,
            path_style=store.path_style,
            ca_certificate=store.ca_certificate,
            rules_bucket=store.rules_bucket,
        ),
        location=f"bucket {store.bucket} at {store.endpoint} ({management(created=False)}){rules}",
        label=f"S3 bucket {store.bucket}<br/>{store.endpoint}",
    )
