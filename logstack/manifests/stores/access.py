"""How Loki reaches its object store: all of it known at preview, none of it secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from logstack.manifests.stores import aws, claim, embedded
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import (
    AwsStore,
    CephBucketClaim,
    EmbeddedStore,
    FilesystemStore,
    FormerObjectStore,
    ObjectStoreSettings,
    S3CompatibleStore,
)

STATIC_CREDENTIALS_SECRET = "loki-s3-credentials"  # noqa: S105 - the name of a Secret


@dataclass(frozen=True)
class StoreAccess:
    """What Loki's configuration and pods need of the store."""

    kind: str
    """Loki's name of the store: `s3` or `filesystem`."""
    bucket: str = ""
    region: str = ""
    endpoint: str | None = None
    """The store's URL; none on AWS, where setting one breaks the web identity exchange (grafana/loki#7279)."""
    path_style: bool = False
    credentials_secret: str | None = None
    """The Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; none where the pods have a role."""
    address_config_map: str | None = None
    """The ConfigMap with BUCKET_HOST and BUCKET_PORT that Loki fills its endpoint from; none where that is known."""
    credentials_are_ours: bool = False
    """Whether the stack itself makes that Secret, and so knows when its keys change."""
    service_account_annotations: Mapping[str, str] = field(default_factory=dict)
    flush_seconds: int = 300
    """How long a writer that stops may take to bring its chunks here; as the chart gives its writers. What it does not
    bring in time is in its write-ahead log."""

    former: "FormerAccess | None" = None
    """The store of earlier days, while Loki still reads it."""

    @property
    def insecure(self) -> bool:
        """Whether the store speaks plain HTTP."""
        return (self.endpoint or "").startswith("http://")


@dataclass(frozen=True)
class FormerAccess:
    """How Loki reaches the store of earlier days."""

    before: str
    """The first day that is not in it."""
    store: StoreAccess

    @property
    def name(self) -> str:
        """What the schema's periods call it: Loki's own name for a directory, ours for a second S3 store."""
        return "former" if self.store.kind == "s3" else self.store.kind


def store_access(
    store: ObjectStoreSettings, cluster: ClusterSettings, former: FormerObjectStore | None = None
) -> StoreAccess:
    """How Loki reaches the store that the stack file names, and the former one."""
    if former:
        earlier = FormerAccess(former.before, store_access(former.store, cluster))
        return replace(store_access(store, cluster), former=earlier)
    match store:
        case FilesystemStore():
            return StoreAccess(kind="filesystem")
        case AwsStore():
            return StoreAccess(
                kind="s3",
                bucket=store.bucket,
                region=store.region,
                service_account_annotations=aws.service_account_annotations(store),
            )
        case CephBucketClaim():
            return StoreAccess(
                kind="s3",
                bucket=store.bucket,
                region=store.region,
                endpoint=claim.endpoint(store),
                path_style=True,
                credentials_secret=claim.name_of(store),
                address_config_map=claim.name_of(store),
            )
        case _:
            endpoint = embedded.endpoint(cluster) if isinstance(store, EmbeddedStore) else store.endpoint
            return StoreAccess(
                kind="s3",
                bucket=store.bucket,
                region=store.region,
                endpoint=endpoint,
                path_style=True if isinstance(store, EmbeddedStore) else store.path_style,
                credentials_secret=store.credentials_secret or STATIC_CREDENTIALS_SECRET,
                credentials_are_ours=not store.credentials_secret and not _is_external(store),
                # Its one key is changed before the writers': each would wait in vain for all of its time.
                flush_seconds=60 if isinstance(store, EmbeddedStore) else 300,
            )


def _is_external(store: EmbeddedStore | S3CompatibleStore) -> bool:
    """Whether another system's operator makes the Secret."""
    return isinstance(store, S3CompatibleStore) and store.external_secret is not None
