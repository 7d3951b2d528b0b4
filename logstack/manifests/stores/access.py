"""How Loki reaches its object store: known at preview, without secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from logstack.manifests.manifest import Json, Quoted
from logstack.settings.model.object_store import NO_KEY, AccessKey, CaCertificate

DATA = "/var/loki"
"""Where Loki's pods have their volume."""
SERVICE_ACCOUNT = "loki"
"""The Kubernetes service account of Loki's pods."""
# Loki composes it when it starts (-config.expand-env), of what a ConfigMap says.
ENVIRONMENT_ADDRESS = "http://${BUCKET_HOST}:${BUCKET_PORT}"
# The variables that Loki's S3 client reads.
ACCESS_KEY_ID = "AWS_ACCESS_KEY_ID"
SECRET_ACCESS_KEY = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - the name of a variable
# The pods' environment has the former store's key under these names: AWS_* is the key of the store of today.
FORMER_ACCESS_KEY_ID = "FORMER_AWS_ACCESS_KEY_ID"
FORMER_SECRET_ACCESS_KEY = "FORMER_AWS_SECRET_ACCESS_KEY"  # noqa: S105 - the name of a variable
_FORMER = "former"
# Where pods have the certificate of each store's authority, and its name there whatever its key in the Secret.
CA_DIRECTORY = "/etc/loki/object-store-ca"
FORMER_CA_DIRECTORY = "/etc/loki/former-object-store-ca"
CA_FILE = "ca.crt"


@dataclass(frozen=True)
class StoreAccess:
    """The facts of the store that Loki's configuration and pods need."""

    kind: str
    """Loki's name of the store's client, such as `s3`, `filesystem` or `gcs`."""
    storage: Mapping[str, Json]
    """The client's section of loki.yaml: in `common.storage`, or of Thanos' clients in `storage_config`."""
    rules: Mapping[str, Json]
    """`ruler.storage`, or for Thanos' clients `ruler_storage`."""
    former_name: str = ""
    """Its name in schema periods as the former store; empty for a kind that cannot be one."""
    former_storage: Mapping[str, Json] = field(default_factory=dict)
    """Its section of `storage_config` as the former store: the common section has only one store."""
    former_thanos: Mapping[str, Json] = field(default_factory=dict)
    """Its section of `storage_config.object_store` as the former store of a Loki with Thanos' clients."""
    by_thanos: bool = False
    """Whether Loki uses Thanos' clients, for all of its stores; Loki 4 makes them its default."""
    bucket: str = ""
    """Empty for a directory."""
    rules_bucket: str = ""
    """The bucket of the ruler's rules, often the same one."""
    region: str = ""
    endpoint: str | None = None
    """The store's URL; None on AWS, whose client finds the address by the region."""
    access_key: AccessKey = NO_KEY
    ca_certificate: CaCertificate | None = None
    address_config_map: str | None = None
    """The ConfigMap with BUCKET_HOST and BUCKET_PORT for Loki's endpoint; None if the endpoint is known."""
    service_account: str = SERVICE_ACCOUNT
    """The service account of Loki's pods; the chart creates SERVICE_ACCOUNT, and the store one with another name."""
    service_account_annotations: Mapping[str, str] = field(default_factory=dict)
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    """The labels of Loki's pods by which a cloud recognises them."""
    flush_seconds: int = 300
    """How long a writer that stops may take to bring its chunks here; as the chart gives its writers. What it does not
    bring in time is in its write-ahead log."""

    former: "FormerAccess | None" = None
    """The store of earlier days, while Loki still reads it."""

    @property
    def credentials_secret(self) -> str | None:
        """The Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; None if the pods have an identity."""
        return self.access_key.secret

    @property
    def credentials_are_ours(self) -> bool:
        """Whether the stack itself makes that Secret, and so knows when its keys change."""
        return self.access_key.made_by == "config"


@dataclass(frozen=True)
class FormerAccess:
    """How Loki reaches the store of earlier days."""

    before: str
    """The first day that is not in it."""
    store: StoreAccess


def s3_access(
    bucket: str,
    region: str,
    access_key: AccessKey,
    *,
    endpoint: str | None = None,
    path_style: bool = False,
    ca_certificate: CaCertificate | None = None,
    rules_bucket: str | None = None,
) -> StoreAccess:
    """Return how Loki reaches a bucket by its S3 client.

    No keys in its section: the client takes AWS_* from its environment, or the role of its pod. A former store has the
    words of the environment in it, which Loki puts in before it reads the YAML.
    """
    section: dict[str, Json] = {"bucketnames": bucket, "region": region}
    if endpoint:
        insecure = endpoint.startswith("http://")
        section |= {"endpoint": endpoint, "s3forcepathstyle": path_style, "insecure": insecure}
    keys = {
        "access_key_id": Quoted(f"${{{FORMER_ACCESS_KEY_ID}}}"),
        "secret_access_key": Quoted(f"${{{FORMER_SECRET_ACCESS_KEY}}}"),
    }
    trusted, former_trusted = (
        _trusted(directory) if ca_certificate else {} for directory in (CA_DIRECTORY, FORMER_CA_DIRECTORY)
    )
    return StoreAccess(
        kind="s3",
        storage={**section, **trusted},
        rules={"type": "s3", "s3": {**section, "bucketnames": rules_bucket or bucket, **trusted}},
        former_name=_FORMER,
        former_storage={"named_stores": {"aws": {_FORMER: {**section, **former_trusted, **keys}}}},
        former_thanos={"named_stores": {"s3": {_FORMER: _thanos(section, ca_certificate) | keys}}},
        bucket=bucket,
        rules_bucket=rules_bucket or bucket,
        region=region,
        endpoint=endpoint,
        access_key=access_key,
        ca_certificate=ca_certificate,
    )


def _trusted(directory: str) -> dict[str, Json]:
    """The client's only authority, in place of the public ones (Loki 3.7.8, chunk/client/aws/s3_storage_client.go)."""
    return {"http_config": {"ca_file": f"{directory}/{CA_FILE}"}}


def amazon_host(region: str) -> str:
    """Return the host of S3 in a region; Thanos' client does not compose it."""
    return f"s3.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


def _thanos(section: Mapping[str, Json], ca_certificate: CaCertificate | None) -> dict[str, Json]:
    """Return the section of the S3 client in the words of Thanos' one, which takes a host without a scheme."""
    trusted: dict[str, Json] = {}
    if ca_certificate:
        trusted = {"http": {"tls_ca_path": f"{FORMER_CA_DIRECTORY}/{CA_FILE}"}}
    endpoint = str(section.get("endpoint", "")).partition("://")[2]
    by_path: dict[str, Json] = {"bucket_lookup_type": "path"} if section.get("s3forcepathstyle") else {}
    return {
        "bucket_name": section["bucketnames"],
        "region": section["region"],
        "endpoint": endpoint or amazon_host(str(section["region"])),
        "insecure": section.get("insecure", False),
        **by_path,
        **trusted,
    }
