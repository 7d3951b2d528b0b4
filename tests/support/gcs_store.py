"""Settings of a store in Google Cloud in every variant, and its declared resources."""

from logstack.manifests.manifest import Manifest
from logstack.manifests.stores import gcs
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import GcsStore

PROJECT = "acme-production"
NUMBER = "123456789012"
BUCKET = "acme-logs"
ACCOUNT = f"loki-logs@{PROJECT}.iam.gserviceaccount.com"
KEY = f"projects/{PROJECT}/locations/europe-west3/keyRings/logs/cryptoKeys/loki"
CLUSTER = ClusterSettings(name="production", context="production", namespace="logging")

BUCKET_TYPE = "gcp:storage/bucket:Bucket"
ROLE_TYPE = "gcp:storage/bucketIAMMember:BucketIAMMember"
PROVIDER_TYPE = "pulumi:providers:gcp"


def a_store(*, account: bool = False, kms: bool = False, rules: bool = False, **changed: object) -> GcsStore:
    """Return the settings of a store; by default the pods' own service account has the role."""
    stack_keys: dict[str, object] = {
        "kind": "gcs",
        "bucket": BUCKET,
        "project": PROJECT,
        "location": "europe-west3",
        "identity": {"serviceAccount": ACCOUNT} if account else {"projectNumber": NUMBER},
        **({"kmsKey": KEY} if kms else {}),
        **({"rulesBucket": f"{BUCKET}-rules"} if rules else {}),
        **changed,
    }
    return GcsStore.model_validate(stack_keys)


EVERY_SHAPE = [
    *(a_store(account=account, kms=kms) for account in (False, True) for kms in (False, True)),
    a_store(rules=True),
    a_store(create=False),
    a_store(create=False, rules=True, location=None),
]


def declared(store: GcsStore) -> tuple[Manifest, ...]:
    """Return every declared resource of a store."""
    return gcs.declarations("store", store, CLUSTER)


def of_type(store: GcsStore, token: str) -> list[Manifest]:
    """Return the declared resources of a type."""
    return [declaration for declaration in declared(store) if declaration.type == token]
