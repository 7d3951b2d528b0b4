"""Where Loki keeps chunks, index and rules."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, NamedTuple, get_args
from urllib.parse import SplitResult, urlsplit

from pydantic import Field

from logstack.settings.model.base import Day, DnsName, Group, spelled
from logstack.settings.model.bounds import BucketExpiry, BucketText, KeyRefresh, Url, Volume
from logstack.settings.model.quantities import parse_duration, parse_size
from logstack.settings.model.ranges import Switch

AwsRegion = Annotated[str, spelled(r"^[a-z]{2}(-[a-z]+)+-[0-9]$", "an AWS region, such as eu-central-1", 63)]
AwsAccount = Annotated[str, spelled(r"^[0-9]{12}$", "the account's twelve digits, in quotes")]
# What of these stands in an IAM policy: a * or ? there would be a pattern, and a ${ a variable.
OidcIssuer = Annotated[
    str,
    spelled(
        r"^[A-Za-z0-9.-]+/[A-Za-z0-9/._~-]+$",
        "the issuer without https://, such as oidc.eks.eu-central-1.amazonaws.com/id/0123ABCD",
        max_length=255,  # AWS: CreateOpenIDConnectProvider
    ),
]
KmsKey = Annotated[
    str,
    spelled(
        r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$",
        "a key's ARN, such as arn:aws:kms:eu-central-1:123456789012:key/1234abcd",
        max_length=2048,  # AWS: KeyId
    ),
]
# EKS, CreateCluster: what a name may be.
EksCluster = Annotated[
    str,
    spelled(
        r"^[0-9A-Za-z][A-Za-z0-9_-]*$",
        "the name of an EKS cluster: letters, digits, - and _, at most 100",
        max_length=100,
    ),
]
# What another system calls an entry or a part of one: a path, a name with spaces, an ARN.
RemoteName = Annotated[str, spelled(r"^[^\x00\n]{1,500}$", "a name of at most 500 characters")]
# Stores outside AWS choose their own: Garage says `garage`, Ceph RGW the name of its zone group.
Region = Annotated[str, spelled(r"^[A-Za-z0-9_-]+$", "the store's region name: letters, digits, - and _", 63)]

# What the stack calls the Secret that it makes, or has made, for an access key.
STATIC_CREDENTIALS_SECRET = "loki-s3-credentials"  # noqa: S105 - the name of a Secret
_PORTS = {"http": 80, "https": 443}
_EMBEDDED_VOLUME = parse_size("20Gi")


class SecretStore(Group):
    """Where External Secrets asks: a store that its operator knows."""

    kind: Literal["ClusterSecretStore", "SecretStore"] = "ClusterSecretStore"
    """A store of the cluster, or one of the stack's namespace."""
    name: DnsName
    """The store's name."""


class SecretProperties(Group):
    """Which properties of the remote entry are the access key."""

    access_key_id: RemoteName = "AWS_ACCESS_KEY_ID"
    """The property with the key's id."""
    secret_access_key: RemoteName = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - a name
    """The property with the secret half."""


class ExternalSecret(Group):
    """The access key from another system, by an ExternalSecret that the stack makes (external-secrets.io/v1)."""

    secret_store: SecretStore
    remote_key: RemoteName
    """The entry in that system, such as loki/s3."""
    properties: SecretProperties = SecretProperties()
    refresh_interval: KeyRefresh = parse_duration("1h")
    """How often the operator looks for another key (its own default); pods take it when they restart."""


@dataclass(frozen=True)
class AccessKey:
    """Who makes the Secret with the store's access key, and what the Secret is called."""

    made_by: ExternalSecret | Literal["config", "secret", "claim", "role", "none"]
    """External Secrets, the stack from the Pulumi `config`, somebody else (`secret`), or Rook for a `claim`; nobody
    where the pods have a `role`, and where the store has no key (`none`)."""
    secret: str | None = None

    @property
    def is_declared(self) -> bool:
        """Whether the stack declares the Secret, or the ExternalSecret that makes it."""
        return self.made_by == "config" or isinstance(self.made_by, ExternalSecret)


NO_KEY = AccessKey("none")


class Address(NamedTuple):
    """How the stack file addresses a store that exists."""

    url: str
    path_style: bool


class LineVolume(NamedTuple):
    """The one volume that has every line of a stack."""

    key: str
    """Where the stack file says its size."""
    size: int
    """In bytes; 0 where nobody says it."""


class BaseStore(Group):
    """What the checks and commands ask of a store, so that none of them tells the kinds apart."""

    on_loki_volume: ClassVar[bool] = False
    """Lines are in a directory of the Loki pod's own volume: there is one such pod, and no object store."""
    makes_bucket: ClassVar[bool] = False
    """The stack itself makes the bucket."""
    third_party_s3: ClassVar[bool] = False
    """The S3 API is not Amazon's own."""
    default_volume: ClassVar[int | None] = None
    """The size of the volume of the stack's own server if nobody says it, in bytes; None without one."""

    @property
    def runs_in_stack(self) -> bool:
        """Whether the stack runs the server, one pod with one volume."""
        return self.default_volume is not None

    @property
    def on_one_volume(self) -> bool:
        """Whether one volume has every line, and all are lost with it."""
        return self.on_loki_volume or self.runs_in_stack

    @property
    def access_key(self) -> AccessKey:
        """Who makes the access key's Secret."""
        return NO_KEY

    @property
    def has_two_keys(self) -> bool:
        """Whether the stack file names two sources of the access key."""
        return False

    @property
    def address(self) -> Address | None:
        """How the stack file addresses the store; None where logstack or AWS knows."""
        return None

    @property
    def bucket_expiry(self) -> timedelta | None:
        """After what time the bucket itself deletes objects."""
        return None

    @property
    def in_aws(self) -> "AwsStore | None":
        """The store, if it is in AWS: with an account, a region that has prices, and a role for pods."""
        return None

    @property
    def server_volume(self) -> int | None:
        """The size of the volume of the stack's own server, in bytes; None without such a server."""
        return None

    def line_volume(self, writer: str, disk: int | None) -> LineVolume | None:
        """Return the one volume that has every line, where each pod of the role `writer` has a `disk` in bytes."""
        if self.server_volume is not None:
            return LineVolume("objectStore.size", self.server_volume)
        return LineVolume(f"resources.{writer}.disk", disk or 0) if self.on_loki_volume else None

    @classmethod
    def location(cls, written: Mapping[str, object]) -> tuple[object, ...] | None:
        """Return which bucket on which store a stack file names, comparable; None where nobody else can come by.

        `written` is what the file says under objectStore, with all its mistakes.
        """
        url = split_url(str(written.get("endpoint")))
        return (url.hostname, url.port or _PORTS[url.scheme], written.get("bucket")) if url else None


def split_url(endpoint: str) -> SplitResult | None:
    """Return the parts of an http:// or https:// URL with a host; None for any other text."""
    try:
        url = urlsplit(endpoint)
        port = url.port or _PORTS.get(url.scheme)  # raises for a port that is none
    except ValueError:
        return None
    is_url = endpoint.startswith(("http://", "https://")) and url.hostname and port and not re.search(r"\s", endpoint)
    return url if is_url else None


def _static_key(credentials_secret: str | None, external_secret: ExternalSecret | None = None) -> AccessKey:
    """Decide who makes the Secret of a store with a static key; a Secret that exists comes first."""
    if credentials_secret:
        return AccessKey("secret", credentials_secret)
    return AccessKey(external_secret or "config", STATIC_CREDENTIALS_SECRET)


class EmbeddedStore(BaseStore):
    """A Versity S3 Gateway on one volume, made by the stack: for staging, it survives no lost volume."""

    makes_bucket: ClassVar[bool] = True
    third_party_s3: ClassVar[bool] = True
    default_volume: ClassVar[int | None] = _EMBEDDED_VOLUME

    kind: Literal["embedded"]
    bucket: BucketText = "loki"
    """The bucket; it is a directory of the volume."""
    size: Volume = _EMBEDDED_VOLUME
    """The volume's size."""
    storage_class: DnsName | None = None
    """The volume's StorageClass; without it the cluster's default."""
    credentials_secret: DnsName | None = None
    """An existing Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; without it one is made from the Pulumi
    config secrets accessKeyId and secretAccessKey."""
    region: Region = "us-east-1"
    """The region name that signatures carry."""

    @property
    def access_key(self) -> AccessKey:
        """The existing Secret, or one of the stack's own."""
        return _static_key(self.credentials_secret)

    @property
    def server_volume(self) -> int:
        """The size of the server's volume, in bytes."""
        return self.size


class S3CompatibleStore(BaseStore):
    """An S3-compatible store that exists (MinIO, Ceph RGW, a NAS): referenced, never managed."""

    third_party_s3: ClassVar[bool] = True

    kind: Literal["s3-compatible"]
    endpoint: Url
    """The store's URL, such as http://10.0.40.10:9000: scheme and host, no path."""
    bucket: BucketText
    """The bucket for chunks, index and rules; it must exist, and no other stack may use it."""
    region: Region = "us-east-1"
    """The region name that signatures carry; always set, for without it the client guesses."""
    path_style: Switch = True
    """Address the bucket as a path, not as a host name; what S3-compatible stores expect."""
    credentials_secret: DnsName | None = None
    """An existing Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (SOPS, a bucket claim of Rook's); without it
    one is made from the Pulumi config secrets accessKeyId and secretAccessKey."""
    expire_after: BucketExpiry | None = None
    """After how many days the bucket's own lifecycle deletes objects, if it has such a rule; it is only checked, as the
    bucket is not the stack's."""
    external_secret: ExternalSecret | None = None
    """Instead of both: an ExternalSecret makes the Secret."""

    @property
    def access_key(self) -> AccessKey:
        """The existing Secret, that of External Secrets, or one of the stack's own."""
        return _static_key(self.credentials_secret, self.external_secret)

    @property
    def has_two_keys(self) -> bool:
        """Whether a Secret that exists and an ExternalSecret are named."""
        return bool(self.credentials_secret and self.external_secret)

    @property
    def address(self) -> Address:
        """The endpoint of the stack file."""
        return Address(self.endpoint, self.path_style)

    @property
    def bucket_expiry(self) -> timedelta | None:
        """The age that the stack file says the bucket's lifecycle has."""
        return self.expire_after


class CephBucketClaim(BaseStore):
    """A bucket on Ceph's object gateway (RGW), made by Rook for an ObjectBucketClaim of the stack's."""

    third_party_s3: ClassVar[bool] = True

    kind: Literal["ceph-bucket-claim"]
    bucket: BucketText
    """The bucket's name, unique in the object store. The claim is called so with `-bucket` after it, and so are the
    Secret and the ConfigMap that Rook makes: they bring Loki the key and the gateway's address."""
    storage_class: DnsName
    """The StorageClass of Rook's bucket provisioner, such as ceph-bucket; it names the object store."""
    region: Region = "us-east-1"
    """The region name that signatures carry."""
    tls: Switch = False
    """The gateway speaks HTTPS, with a certificate that Loki's image trusts."""

    @property
    def claim_name(self) -> str:
        """The name of the claim, of its Secret and of its ConfigMap; no ConfigMap of the stack's own ends like it."""
        return f"{self.bucket}-bucket"

    @property
    def access_key(self) -> AccessKey:
        """The Secret that Rook makes."""
        return AccessKey("claim", self.claim_name)

    @classmethod
    def location(cls, written: Mapping[str, object]) -> tuple[object, ...]:
        """Return the StorageClass, which names the object store, and the bucket."""
        return "ceph", written.get("storageClass"), written.get("bucket")


class AwsIdentity(Group):
    """How Loki's pods take on their AWS role: no static keys."""

    kind: Literal["pod-identity", "irsa"] = "pod-identity"
    """EKS Pod Identity, or IAM roles for service accounts."""
    eks_cluster: EksCluster
    """The EKS cluster's name."""
    oidc_provider: OidcIssuer | None = None
    """IRSA: the OIDC issuer without https://, such as oidc.eks.eu-central-1.amazonaws.com/id/0123ABCD."""


class AwsStore(BaseStore):
    """An S3 bucket and a least-privilege role, made by the stack."""

    makes_bucket: ClassVar[bool] = True

    kind: Literal["aws-s3"]
    bucket: BucketText
    """The bucket's name, unique in all of AWS."""
    region: AwsRegion
    """The bucket's region."""
    account_id: AwsAccount
    """The AWS account; the provider refuses every other."""
    partition: Literal["aws", "aws-cn", "aws-us-gov"] = "aws"
    """The AWS partition, for ARNs."""
    identity: AwsIdentity
    kms_key_arn: KmsKey | None = None
    """Encrypt with this KMS key; without it with S3's own keys (SSE-S3)."""

    @property
    def access_key(self) -> AccessKey:
        """None: pods take on a role."""
        return AccessKey("role")

    @property
    def in_aws(self) -> "AwsStore":
        """The store itself."""
        return self

    @classmethod
    def location(cls, written: Mapping[str, object]) -> tuple[object, ...]:
        """Return the partition, in which a bucket's name is unique, and the bucket."""
        return "aws", written.get("partition", "aws"), written.get("bucket")


class FilesystemStore(BaseStore):
    """A directory on the monolithic Loki's own volume: one replica, no object store."""

    on_loki_volume: ClassVar[bool] = True
    bucket: ClassVar[str] = ""

    kind: Literal["filesystem"]


ObjectStoreSettings = Annotated[
    EmbeddedStore | S3CompatibleStore | CephBucketClaim | AwsStore | FilesystemStore, Field(discriminator="kind")
]


def store_class(kind: object) -> type[BaseStore]:
    """Return the class of the `kind` that a stack file names; BaseStore for one that there is not."""
    kinds: tuple[type[BaseStore], ...] = get_args(get_args(ObjectStoreSettings)[0])
    return next((each for each in kinds if kind in get_args(each.model_fields["kind"].annotation)), BaseStore)


class FormerObjectStore(Group):
    """The store of earlier days: Loki reads their lines there, and deletes them there when their retention is over."""

    before: Day
    """The day (UTC) from which on lines go to `objectStore`, in quotes; a schema period begins on it."""
    store: Annotated[EmbeddedStore | S3CompatibleStore | FilesystemStore, Field(discriminator="kind")]
    """What `objectStore` said until then; a store with an access key names the Secret that has it."""
