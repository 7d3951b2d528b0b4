"""Where Loki keeps chunks, index and rules."""

from typing import Annotated, Literal

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


class EmbeddedStore(Group):
    """A Versity S3 Gateway on one volume, made by the stack: for staging, it survives no lost volume."""

    kind: Literal["embedded"]
    bucket: BucketText = "loki"
    """The bucket; it is a directory of the volume."""
    size: Volume = parse_size("20Gi")
    """The volume's size."""
    storage_class: DnsName | None = None
    """The volume's StorageClass; without it the cluster's default."""
    credentials_secret: DnsName | None = None
    """An existing Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; without it one is made from the Pulumi
    config secrets accessKeyId and secretAccessKey."""
    region: Region = "us-east-1"
    """The region name that signatures carry."""


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


class S3CompatibleStore(Group):
    """An S3-compatible store that exists (MinIO, Ceph RGW, a NAS): referenced, never managed."""

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


class CephBucketClaim(Group):
    """A bucket on Ceph's object gateway (RGW), made by Rook for an ObjectBucketClaim of the stack's."""

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


class AwsIdentity(Group):
    """How Loki's pods take on their AWS role: no static keys."""

    kind: Literal["pod-identity", "irsa"] = "pod-identity"
    """EKS Pod Identity, or IAM roles for service accounts."""
    eks_cluster: EksCluster
    """The EKS cluster's name."""
    oidc_provider: OidcIssuer | None = None
    """IRSA: the OIDC issuer without https://, such as oidc.eks.eu-central-1.amazonaws.com/id/0123ABCD."""


class AwsStore(Group):
    """An S3 bucket and a least-privilege role, made by the stack."""

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


class FilesystemStore(Group):
    """A directory on the monolithic Loki's own volume: one replica, no object store."""

    kind: Literal["filesystem"]


ObjectStoreSettings = Annotated[
    EmbeddedStore | S3CompatibleStore | CephBucketClaim | AwsStore | FilesystemStore, Field(discriminator="kind")
]


class FormerObjectStore(Group):
    """The store of earlier days: Loki reads their lines there, and deletes them there when their retention is over."""

    before: Day
    """The day (UTC) from which on lines go to `objectStore`, in quotes; a schema period begins on it."""
    store: Annotated[EmbeddedStore | S3CompatibleStore | FilesystemStore, Field(discriminator="kind")]
    """What `objectStore` said until then; a store with an access key names the Secret that has it."""
