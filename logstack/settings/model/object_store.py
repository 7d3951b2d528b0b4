"""Where Loki keeps chunks, index and rules."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, NamedTuple, get_args
from urllib.parse import SplitResult, urlsplit

from pydantic import Field

from logstack.settings.model.base import Day, DnsName, Group, SecretKey, spelled
from logstack.settings.model.bounds import BucketExpiry, BucketText, KeyRefresh, Url, Volume
from logstack.settings.model.quantities import parse_duration, parse_size
from logstack.settings.model.ranges import Switch

AwsRegion = Annotated[str, spelled(r"^[a-z]{2}(-[a-z]+)+-[0-9]$", "an AWS region, such as eu-central-1", 63)]
AwsAccount = Annotated[str, spelled(r"^[0-9]{12}$", "the account's twelve digits, in quotes")]
# These values become part of an IAM policy, where * and ? would be a pattern and ${ a variable.
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
AwsRole = Annotated[
    str,
    spelled(
        r"^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$",
        "a role's ARN, such as arn:aws:iam::123456789012:role/loki",
        max_length=2048,  # AWS: arnType
    ),
]
# EKS: the form of a name in CreateCluster.
EksCluster = Annotated[
    str,
    spelled(
        r"^[0-9A-Za-z][A-Za-z0-9_-]*$",
        "the name of an EKS cluster: letters, digits, - and _, at most 100",
        max_length=100,
    ),
]
# Google Cloud: resource names of projects, locations and keys.
GcpProject = Annotated[
    str,
    spelled(
        r"^[a-z][-a-z0-9]{4,28}[a-z0-9]$", "a project's ID and not its name or number, such as acme-production", 30
    ),
]
GcpProjectNumber = Annotated[str, spelled(r"^[0-9]{6,20}$", "a project's number: 6 to 20 digits, in quotes")]
GcpLocation = Annotated[
    str,
    spelled(
        r"^([a-z]+-[a-z]+[0-9]{1,2}|US|EU|(ASIA|EUR|NAM)[0-9]{0,2})$",
        "a location of Cloud Storage: a region without a zone, EU, US or ASIA, such as europe-west3",
        max_length=40,
    ),
]
GcsBucket = Annotated[
    str,
    spelled(
        r"^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$",
        "a bucket of Cloud Storage: 3 to 63 lower-case letters, digits, -, _ and ., such as acme-loki-production",
        max_length=63,
    ),
]
GcpKmsKey = Annotated[
    str,
    spelled(
        r"^projects/[^/ ]+/locations/[^/ ]+/keyRings/[^/ ]+/cryptoKeys/[^/ ]+$",
        "a key of Cloud KMS without a version, such as projects/acme/locations/EU/keyRings/logs/cryptoKeys/loki",
        max_length=512,
    ),
]
GcpServiceAccount = Annotated[
    str,
    spelled(
        r"^[a-z0-9][-a-z0-9]*@[a-z0-9.:-]+\.gserviceaccount\.com$",
        "a service account's address, such as loki-logs@acme-production.iam.gserviceaccount.com",
        max_length=254,
    ),
]
WorkloadPool = Annotated[
    str,
    spelled(
        r"^[a-z][-a-z0-9]{4,28}[a-z0-9]\.svc\.id\.goog$",
        "the cluster's workload identity pool, such as acme-production.svc.id.goog",
        max_length=64,
    ),
]
# Azure: resource names (Azure Resource Manager, "Naming rules and restrictions").
AzureAccount = Annotated[
    str, spelled(r"^[a-z0-9]{3,24}$", "a storage account: 3 to 24 lower-case letters and digits, such as acmelogs", 24)
]
AzureContainer = Annotated[
    str,
    spelled(
        r"^[a-z0-9](-?[a-z0-9]){2,62}$",
        "a container: 3 to 63 lower-case letters, digits and single -, such as loki-production",
        max_length=63,
    ),
]
AzureResourceGroup = Annotated[
    str,
    spelled(r"^[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]$", "a resource group: letters, digits, _, -, ., ( and )", 90),
]
AzureGuid = Annotated[
    str,
    spelled(
        r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
        "a GUID, such as 12345678-1234-1234-1234-123456789012",
        max_length=36,
    ),
]
AzureLocation = Annotated[str, spelled(r"^[a-z0-9]{3,40}$", "an Azure region's short name, such as westeurope", 40)]
# Entra ID compares it with the token's issuer letter by letter: that of AKS ends with a slash.
AzureIssuer = Annotated[
    str,
    spelled(
        r"^https://[A-Za-z0-9.-]+(/[A-Za-z0-9/._~-]*)?$",
        "the issuer's URL, such as https://westeurope.oic.prod-aks.azure.com/<tenant>/<id>/",
        max_length=600,
    ),
]
# Another system's name of an entry or of a property: a path, a name with spaces, an ARN.
RemoteName = Annotated[str, spelled(r"^[^\x00\n]{1,500}$", "a name of at most 500 characters")]
# Stores outside AWS choose their own: `garage` is Garage's, and the name of its zone group Ceph RGW's.
Region = Annotated[str, spelled(r"^[A-Za-z0-9_-]+$", "the store's region name: letters, digits, - and _", 63)]

# The Secret with the access key that the stack creates, directly or through External Secrets.
STATIC_CREDENTIALS_SECRET = "loki-s3-credentials"  # noqa: S105 - the name of a Secret
_PORTS = {"http": 80, "https": 443}
_EMBEDDED_VOLUME = parse_size("20Gi")
CA_KEY = "ca.crt"  # as in the Secrets of cert-manager


class SecretStore(Group):
    """The store that External Secrets reads from; it must exist."""

    kind: Literal["ClusterSecretStore", "SecretStore"] = "ClusterSecretStore"
    """A store for the whole cluster, or one in the stack's namespace."""
    name: DnsName
    """The store's name."""


class SecretProperties(Group):
    """The properties of the remote entry that have the access key."""

    access_key_id: RemoteName = "AWS_ACCESS_KEY_ID"
    """The property with the key's id."""
    secret_access_key: RemoteName = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - a name
    """The property with the secret half."""


class ExternalSecret(Group):
    """The access key from another system, by an ExternalSecret that the stack creates (external-secrets.io/v1)."""

    secret_store: SecretStore
    remote_key: RemoteName
    """The entry in that system, such as loki/s3."""
    properties: SecretProperties = SecretProperties()
    refresh_interval: KeyRefresh = parse_duration("1h")
    """How often the operator reads the key (its own default). Pods use a new key after they restart."""


class CredentialsKeys(Group):
    """The keys of an existing Secret that have the access key."""

    access_key_id: SecretKey = "AWS_ACCESS_KEY_ID"
    """The key with the access key's id."""
    secret_access_key: SecretKey = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - a name
    """The key with the secret half."""

    @property
    def are_variables(self) -> bool:
        """Return whether the keys are the variables that Loki reads, so that pods can take the Secret as it is."""
        return self == LOKI_KEYS


LOKI_KEYS = CredentialsKeys()


@dataclass(frozen=True)
class AccessKey:
    """The Secret with the store's access key, and who creates it."""

    made_by: ExternalSecret | Literal["config", "secret", "claim", "identity", "none"]
    """External Secrets; the stack, from the Pulumi `config`; the user (`secret`); or Rook, for a `claim`. There is no
    Secret if the pods have an `identity` in a cloud, or if the store has no key (`none`)."""
    secret: str | None = None
    keys: CredentialsKeys = LOKI_KEYS
    identity: str = ""
    """What the pods use in place of a key, such as `an AWS role`."""

    @property
    def is_declared(self) -> bool:
        """Return whether the stack declares the Secret, or the ExternalSecret that creates it."""
        return self.made_by == "config" or isinstance(self.made_by, ExternalSecret)


NO_KEY = AccessKey("none")


class Address(NamedTuple):
    """The address of an existing store in the stack file."""

    url: str
    path_style: bool


class CaCertificate(NamedTuple):
    """The certificate of the authority that signed a store's own, in an existing Secret."""

    secret: str
    key: str


class LineVolume(NamedTuple):
    """The one volume that has every line of a stack."""

    key: str
    """The key of its size in the stack file."""
    size: int
    """In bytes; 0 if the stack file does not set it."""


class BaseStore(Group):
    """The facts of a store that checks and commands read, so that none of them compares kinds."""

    on_loki_volume: ClassVar[bool] = False
    """Whether lines are in a directory of the one Loki pod's own volume, without an object store."""
    speaks_s3: ClassVar[bool] = True
    """Whether Loki reaches the store by its S3 client."""
    takes_identity: ClassVar[bool] = False
    """Whether pods can reach the store with an identity, so that an access key is a second choice."""
    third_party_s3: ClassVar[bool] = False
    """Whether the S3 API is not Amazon's own."""
    unpriced: ClassVar[str] = ""
    """The cloud whose prices logstack does not know, such as Google Cloud; empty for a store without such prices."""
    bucket_keys: ClassVar[tuple[str, str]] = ("bucket", "rulesBucket")
    """The keys of the bucket for lines, and of the one for rules."""
    default_volume: ClassVar[int | None] = None
    """The default size of the volume of the stack's own server, in bytes; None without such a server."""

    @property
    def runs_in_stack(self) -> bool:
        """Return whether the stack runs the server, one pod with one volume."""
        return self.default_volume is not None

    @property
    def protects_bucket(self) -> bool:
        """Return whether the stack creates the bucket as a protected resource of its own, and not on its server."""
        return self.makes_bucket and not self.runs_in_stack

    @property
    def on_one_volume(self) -> bool:
        """Return whether one volume has every line, so that its loss loses all of them."""
        return self.on_loki_volume or self.runs_in_stack

    @property
    def makes_bucket(self) -> bool:
        """Return whether the stack itself creates the bucket."""
        return self.runs_in_stack

    @property
    def access_key(self) -> AccessKey:
        """Return the Secret with the access key, and who creates it."""
        return NO_KEY

    @property
    def has_two_keys(self) -> bool:
        """Return whether the stack file names two sources of the access key."""
        return False

    @property
    def has_loose_keys(self) -> bool:
        """Return whether the stack file names keys of a Secret, but no Secret."""
        return False

    @property
    def address(self) -> Address | None:
        """Return the store's address in the stack file; None where logstack or AWS knows it."""
        return None

    @property
    def speaks_https(self) -> bool:
        """Return whether Loki reaches the store by https at an address of its own."""
        return bool(self.address and self.address.url.startswith("https://"))

    @property
    def ca_certificate(self) -> CaCertificate | None:
        """Return the authority's certificate that pods check an https store with; None for those of Loki's image."""
        return None

    @property
    def buckets(self) -> Mapping[str, str]:
        """Return the buckets by their keys in the stack file."""
        return {}

    @property
    def bucket_expiry(self) -> timedelta | None:
        """Return the age at which the bucket's own lifecycle deletes objects; None without such a rule."""
        return None

    @property
    def in_aws(self) -> "AwsStore | None":
        """Return the store if it is in AWS: with an account, a region that has prices, and a role for pods."""
        return None

    @property
    def in_google(self) -> "GcsStore | None":
        """Return the store if it is in Google Cloud: with a project, a location, and an identity for pods."""
        return None

    @property
    def in_azure(self) -> "AzureStore | None":
        """Return the store if it is in Azure: with an account, a subscription, and an identity for pods."""
        return None

    @property
    def server_volume(self) -> int | None:
        """Return the size of the volume of the stack's own server, in bytes; None without such a server."""
        return None

    def line_volume(self, writer: str, disk: int | None) -> LineVolume | None:
        """Return the one volume that has every line; each pod of the role `writer` has a `disk`, in bytes."""
        if self.server_volume is not None:
            return LineVolume("objectStore.size", self.server_volume)
        return LineVolume(f"resources.{writer}.disk", disk or 0) if self.on_loki_volume else None

    @classmethod
    def bucket_location(cls, keys: Mapping[str, object]) -> tuple[object, ...] | None:
        """Return a comparable name of the bucket and its store; None if no other stack can reach it.

        `keys` is the group objectStore of a stack file, which may have mistakes.
        """
        url = split_url(str(keys.get("endpoint")))
        return (url.hostname, url.port or _PORTS[url.scheme], keys.get("bucket")) if url else None


def split_url(endpoint: str) -> SplitResult | None:
    """Return the parts of an http:// or https:// URL with a host; None for any other text."""
    try:
        url = urlsplit(endpoint)
        port = url.port or _PORTS.get(url.scheme)  # raises ValueError for an invalid port
    except ValueError:
        return None
    is_url = endpoint.startswith(("http://", "https://")) and url.hostname and port and not re.search(r"\s", endpoint)
    return url if is_url else None


def _static_key(
    credentials_secret: str | None, keys: CredentialsKeys | None, external_secret: ExternalSecret | None = None
) -> AccessKey:
    """Return the Secret of a store with a static key; an existing Secret comes first."""
    if credentials_secret:
        return AccessKey("secret", credentials_secret, keys or LOKI_KEYS)
    return AccessKey(external_secret or "config", STATIC_CREDENTIALS_SECRET)


class EmbeddedStore(BaseStore):
    """A Versity S3 Gateway on one volume, which the stack creates. For staging: a lost volume loses every line."""

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
    """An existing Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Without it the stack creates one from the
    Pulumi config secrets accessKeyId and secretAccessKey."""
    credentials_keys: CredentialsKeys | None = None
    """The keys of `credentialsSecret`, if they have other names."""
    region: Region = "us-east-1"
    """The region name in request signatures."""

    @property
    def access_key(self) -> AccessKey:
        """Return the existing Secret, or the stack's own."""
        return _static_key(self.credentials_secret, self.credentials_keys)

    @property
    def has_loose_keys(self) -> bool:
        """Return whether the stack file has credentialsKeys without credentialsSecret."""
        return bool(self.credentials_keys and not self.credentials_secret)

    @property
    def server_volume(self) -> int:
        """Return the size of the server's volume, in bytes."""
        return self.size


class S3CompatibleStore(BaseStore):
    """An existing S3-compatible store (MinIO, Ceph RGW, a NAS); the stack does not manage it."""

    third_party_s3: ClassVar[bool] = True

    kind: Literal["s3-compatible"]
    endpoint: Url
    """The store's URL, such as http://10.0.40.10:9000: scheme and host, no path."""
    bucket: BucketText
    """The bucket for chunks, index and rules; it must exist, and no other stack may use it."""
    rules_bucket: BucketText | None = None
    """Another bucket for the ruler's rules, which must exist too; without it they are in `bucket`."""
    region: Region = "us-east-1"
    """The region name in request signatures. It always has a value, because the client would guess one."""
    path_style: Switch = True
    """Address the bucket by a path and not by a host name, as S3-compatible stores expect."""
    credentials_secret: DnsName | None = None
    """An existing Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (from SOPS, or from a bucket claim of Rook).
    Without it the stack creates one from the Pulumi config secrets accessKeyId and secretAccessKey."""
    credentials_keys: CredentialsKeys | None = None
    """The keys of `credentialsSecret`, if they have other names."""
    expire_after: BucketExpiry | None = None
    """The age at which the own lifecycle of `bucket` deletes objects, if it has such a rule. logstack only compares it
    with the retention: it does not manage the bucket."""
    external_secret: ExternalSecret | None = None
    """Instead of both other sources of the key: an ExternalSecret that creates the Secret."""
    ca_secret: DnsName | None = None
    """An existing Secret with the certificate of the authority that signed the endpoint's own (PEM). Without it Loki
    trusts the public authorities in its image."""
    ca_key: SecretKey = CA_KEY
    """The key of `caSecret` with the certificate."""

    @property
    def access_key(self) -> AccessKey:
        """Return the existing Secret, External Secrets', or the stack's own."""
        return _static_key(self.credentials_secret, self.credentials_keys, self.external_secret)

    @property
    def has_two_keys(self) -> bool:
        """Return whether the stack file names both an existing Secret and an ExternalSecret."""
        return bool(self.credentials_secret and self.external_secret)

    @property
    def has_loose_keys(self) -> bool:
        """Return whether the stack file has credentialsKeys without credentialsSecret."""
        return bool(self.credentials_keys and not self.credentials_secret)

    @property
    def address(self) -> Address:
        """Return the endpoint in the stack file."""
        return Address(self.endpoint, self.path_style)

    @property
    def ca_certificate(self) -> CaCertificate | None:
        """Return the certificate in the existing Secret."""
        return CaCertificate(self.ca_secret, self.ca_key) if self.ca_secret else None

    @property
    def buckets(self) -> Mapping[str, str]:
        """Return the buckets by their keys."""
        return {"bucket": self.bucket, **({"rulesBucket": self.rules_bucket} if self.rules_bucket else {})}

    @property
    def bucket_expiry(self) -> timedelta | None:
        """Return the age at which the bucket's lifecycle deletes objects, according to the stack file."""
        return self.expire_after


class CephBucketClaim(BaseStore):
    """A bucket on Ceph's object gateway (RGW), which Rook creates for an ObjectBucketClaim of the stack."""

    third_party_s3: ClassVar[bool] = True

    kind: Literal["ceph-bucket-claim"]
    bucket: BucketText
    """The bucket's name, unique in the object store. The claim has this name with `-bucket` added. So have the Secret
    and the ConfigMap that Rook creates, which give Loki the key and the gateway's address."""
    storage_class: DnsName
    """The StorageClass of Rook's bucket provisioner, such as ceph-bucket; it names the object store."""
    region: Region = "us-east-1"
    """The region name in request signatures."""
    tls: Switch = False
    """The gateway speaks HTTPS, with a certificate that Loki's image or `caSecret` can check."""
    ca_secret: DnsName | None = None
    """An existing Secret with the certificate of the authority that signed the gateway's own (PEM)."""
    ca_key: SecretKey = CA_KEY
    """The key of `caSecret` with the certificate."""

    @property
    def claim_name(self) -> str:
        """Return the name of the claim, its Secret and its ConfigMap; the stack's own ConfigMaps never end with it."""
        return f"{self.bucket}-bucket"

    @property
    def access_key(self) -> AccessKey:
        """Return the Secret that Rook creates."""
        return AccessKey("claim", self.claim_name)

    @property
    def speaks_https(self) -> bool:
        """Return whether the gateway speaks HTTPS, according to the stack file."""
        return self.tls

    @property
    def ca_certificate(self) -> CaCertificate | None:
        """Return the certificate in the existing Secret."""
        return CaCertificate(self.ca_secret, self.ca_key) if self.ca_secret else None

    @classmethod
    def bucket_location(cls, keys: Mapping[str, object]) -> tuple[object, ...]:
        """Return the StorageClass, which names the object store, and the bucket."""
        return "ceph", keys.get("storageClass"), keys.get("bucket")


class AwsIdentity(Group):
    """How Loki's pods assume their AWS role, without static keys."""

    kind: Literal["pod-identity", "irsa"] = "pod-identity"
    """EKS Pod Identity, or IAM roles for service accounts."""
    role_arn: AwsRole | None = None
    """An existing role that trusts Loki's service account (`loki`) and may use the bucket. The stack then makes no role
    and no policy; without it, the stack makes both."""
    eks_cluster: EksCluster | None = None
    """The EKS cluster's name. With `roleArn` it may be missing: for Pod Identity the association then exists, and the
    stack does not make it."""
    oidc_provider: OidcIssuer | None = None
    """IRSA: the OIDC issuer without https://, such as oidc.eks.eu-central-1.amazonaws.com/id/0123ABCD. Not needed with
    `roleArn`, whose trust the stack does not write."""


class AwsStore(BaseStore):
    """An S3 bucket on AWS, and the role of Loki's pods. By default the stack creates both."""

    takes_identity: ClassVar[bool] = True

    kind: Literal["aws-s3"]
    create: Switch = True
    """The stack creates the bucket and its settings. With false the bucket exists, and the stack never changes it."""
    bucket: BucketText
    """The bucket's name, unique in all of AWS."""
    rules_bucket: BucketText | None = None
    """Another, existing bucket for the ruler's rules, which the stack never makes; without it they are in `bucket`."""
    region: AwsRegion
    """The region of the buckets."""
    account_id: AwsAccount | None = None
    """The AWS account that the stack makes bucket, role and association in; the provider refuses every other one. Not
    needed where the stack makes none of them."""
    partition: Literal["aws", "aws-cn", "aws-us-gov"] = "aws"
    """The AWS partition, for ARNs."""
    identity: AwsIdentity | None = None
    """How Loki's pods assume their role; without it, they use an access key."""
    credentials_secret: DnsName | None = None
    """Instead of `identity`: an existing Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. With neither, the
    stack creates one from the Pulumi config secrets accessKeyId and secretAccessKey."""
    credentials_keys: CredentialsKeys | None = None
    """The keys of `credentialsSecret`, if they have other names."""
    kms_key_arn: KmsKey | None = None
    """The KMS key that encrypts the bucket; by default S3's own keys (SSE-S3)."""

    @property
    def makes_bucket(self) -> bool:
        """Return whether the stack creates the bucket."""
        return self.create

    @property
    def makes_role(self) -> bool:
        """Return whether the stack creates the role of Loki's pods."""
        return self.identity is not None and not self.identity.role_arn

    @property
    def makes_association(self) -> bool:
        """Return whether the stack binds a role to Loki's service account by Pod Identity."""
        identity = self.identity
        return identity is not None and identity.kind == "pod-identity" and identity.eks_cluster is not None

    @property
    def makes_in_account(self) -> bool:
        """Return whether the stack creates anything in AWS."""
        return self.makes_bucket or self.makes_role or self.makes_association

    @property
    def access_key(self) -> AccessKey:
        """Return that pods assume a role, or the Secret with the key."""
        if not self.identity:
            return _static_key(self.credentials_secret, self.credentials_keys)
        role = self.identity.role_arn
        return AccessKey("identity", identity=f"the AWS role {role} (existing)" if role else "an AWS role")

    @property
    def has_loose_keys(self) -> bool:
        """Return whether the stack file has credentialsKeys without credentialsSecret."""
        return bool(self.credentials_keys and not self.credentials_secret)

    @property
    def buckets(self) -> Mapping[str, str]:
        """Return the buckets by their keys."""
        return {"bucket": self.bucket, **({"rulesBucket": self.rules_bucket} if self.rules_bucket else {})}

    @property
    def in_aws(self) -> "AwsStore":
        """Return the store itself."""
        return self

    @classmethod
    def bucket_location(cls, keys: Mapping[str, object]) -> tuple[object, ...]:
        """Return the partition, in which a bucket's name is unique, and the bucket."""
        return "aws", keys.get("partition", "aws"), keys.get("bucket")


class GcsIdentity(Group):
    """How Google lets Loki's pods in, without static keys: Workload Identity Federation for GKE."""

    kind: Literal["workload-identity"] = "workload-identity"
    """The identity of the pods' Kubernetes service account."""
    project_number: GcpProjectNumber | None = None
    """The number of the cluster's project, in quotes. With it the stack gives the Kubernetes service account itself
    the role on the bucket."""
    pool: WorkloadPool | None = None
    """The cluster's workload identity pool; without it that of `project`: <project>.svc.id.goog."""
    service_account: GcpServiceAccount | None = None
    """Instead of `projectNumber`: a Google service account that exists, and that the pods may use
    (roles/iam.workloadIdentityUser)."""


class GcsStore(BaseStore):
    """A bucket of Google Cloud Storage, which the stack creates with the least rights for Loki's pods, or which exists.

    Its rights and its bucket were never tried in Google Cloud: tests prove the configuration, not the identity.
    """

    speaks_s3: ClassVar[bool] = False
    unpriced: ClassVar[str] = "Google Cloud"

    kind: Literal["gcs"]
    bucket: GcsBucket
    """The bucket's name, unique in all of Google Cloud."""
    rules_bucket: GcsBucket | None = None
    """Another bucket for the ruler's rules, created as `bucket` is; without it they are in `bucket`."""
    project: GcpProject
    """The ID of the bucket's project; the provider makes everything there, whatever the shell's project is."""
    location: GcpLocation | None = None
    """The bucket's location: a region such as europe-west3, or EU, US or ASIA. Needed to create the bucket."""
    identity: GcsIdentity
    create: Switch = True
    """The stack creates the bucket. With false the bucket exists, and the stack never manages it."""
    kms_key: GcpKmsKey | None = None
    """The key of Cloud KMS that encrypts the bucket; by default Google's own keys. It is in the bucket's location, and
    Cloud Storage's service agent may use it."""

    @property
    def makes_bucket(self) -> bool:
        """Return whether the stack creates the bucket."""
        return self.create

    @property
    def pool(self) -> str:
        """Return the cluster's workload identity pool."""
        return self.identity.pool or f"{self.project}.svc.id.goog"

    @property
    def access_key(self) -> AccessKey:
        """Return that there is no Secret: pods have an identity."""
        return AccessKey("identity", identity="Workload Identity Federation for GKE (expected: no test reaches Google)")

    @property
    def buckets(self) -> Mapping[str, str]:
        """Return the buckets by their keys."""
        return {"bucket": self.bucket, **({"rulesBucket": self.rules_bucket} if self.rules_bucket else {})}

    @property
    def in_google(self) -> "GcsStore":
        """Return the store itself."""
        return self

    @classmethod
    def bucket_location(cls, keys: Mapping[str, object]) -> tuple[object, ...]:
        """Return the bucket, whose name is unique in all of Google Cloud."""
        return "gcs", keys.get("bucket")


class AzureIdentity(Group):
    """How Azure lets Loki's pods in, without static keys: Microsoft Entra Workload ID."""

    kind: Literal["workload-identity"] = "workload-identity"
    """The cluster has the webhook of workload identity (on AKS: --enable-workload-identity)."""
    oidc_issuer: AzureIssuer | None = None
    """The cluster's OIDC issuer, with the slash at its end if it has one. With it the stack creates a managed identity
    that trusts Loki's service account, and gives it the role on the container."""
    client_id: AzureGuid | None = None
    """Instead of `oidcIssuer`: the client ID of a managed identity that exists, and that trusts Loki's service account
    (system:serviceaccount:<namespace>:loki)."""
    principal_id: AzureGuid | None = None
    """The object ID of that identity: the stack gives it the role on the container that it creates."""


class AzureStore(BaseStore):
    """A container of an Azure storage account, which the stack creates with the least rights, or which exists.

    Its rights and its account were never tried in Azure: tests prove the configuration, not the identity.
    """

    speaks_s3: ClassVar[bool] = False
    unpriced: ClassVar[str] = "Azure"
    bucket_keys: ClassVar[tuple[str, str]] = ("container", "rulesContainer")

    kind: Literal["azure"]
    account: AzureAccount
    """The storage account's name, unique in all of Azure."""
    container: AzureContainer
    """The container for chunks, index and rules; no other stack may use it."""
    rules_container: AzureContainer | None = None
    """Another container for the ruler's rules, created as `container` is; without it they are in `container`."""
    resource_group: AzureResourceGroup | None = None
    """The resource group of the account and the identity, which must exist. Needed, as the next three keys are, if the
    stack creates one of both."""
    subscription_id: AzureGuid | None = None
    """The subscription; the provider makes everything there, whatever the shell's subscription is."""
    tenant_id: AzureGuid | None = None
    """The tenant of the subscription and of the identity."""
    location: AzureLocation | None = None
    """The region of the account and the identity, such as westeurope."""
    environment: Literal["public", "usgovernment", "china"] = "public"
    """The cloud: Azure itself, Azure Government, or Azure in China."""
    redundancy: Literal["LRS", "ZRS", "GRS", "GZRS"] = "ZRS"
    """The copies of each object: in one datacenter (LRS), in three zones (ZRS), which not every region has, or one of
    these and a second region (GRS, GZRS)."""
    identity: AzureIdentity
    create: Switch = True
    """The stack creates account and container. With false both exist, and the stack never manages them."""

    @property
    def bucket(self) -> str:
        """Return the container."""
        return self.container

    @property
    def makes_bucket(self) -> bool:
        """Return whether the stack creates the container."""
        return self.create

    @property
    def access_key(self) -> AccessKey:
        """Return that there is no Secret: pods have an identity."""
        return AccessKey("identity", identity="Microsoft Entra Workload ID (expected: no test reaches Azure)")

    @property
    def buckets(self) -> Mapping[str, str]:
        """Return the containers by their keys."""
        rules = {"rulesContainer": self.rules_container} if self.rules_container else {}
        return {"container": self.container, **rules}

    @property
    def is_declared(self) -> bool:
        """Return whether the stack creates something in Azure."""
        return self.create or not self.identity.client_id

    @property
    def place(self) -> Mapping[str, str | None]:
        """Return by their keys where in Azure the stack creates what it creates."""
        return {
            "resourceGroup": self.resource_group,
            "subscriptionId": self.subscription_id,
            "tenantId": self.tenant_id,
            "location": self.location,
        }

    @property
    def in_azure(self) -> "AzureStore":
        """Return the store itself."""
        return self

    @classmethod
    def bucket_location(cls, keys: Mapping[str, object]) -> tuple[object, ...]:
        """Return the account, whose name is unique in all of Azure, and the container."""
        return "azure", keys.get("account"), keys.get("container")


class FilesystemStore(BaseStore):
    """A directory on the monolithic Loki's own volume: one replica, no object store."""

    on_loki_volume: ClassVar[bool] = True
    speaks_s3: ClassVar[bool] = False
    bucket: ClassVar[str] = ""

    kind: Literal["filesystem"]


ObjectStoreSettings = Annotated[
    EmbeddedStore | S3CompatibleStore | CephBucketClaim | AwsStore | GcsStore | AzureStore | FilesystemStore,
    Field(discriminator="kind"),
]


def store_class(kind: object) -> type[BaseStore]:
    """Return the class of a stack file's `kind`; BaseStore for an unknown kind."""
    kinds: tuple[type[BaseStore], ...] = get_args(get_args(ObjectStoreSettings)[0])
    return next((each for each in kinds if kind in get_args(each.model_fields["kind"].annotation)), BaseStore)


class FormerObjectStore(Group):
    """The previous store. Loki reads the lines from before the move there, and deletes them after their retention."""

    before: Day
    """The day of the move (UTC), in quotes: its lines are the first in `objectStore`. A schema period begins on it."""
    store: Annotated[EmbeddedStore | S3CompatibleStore | AwsStore | FilesystemStore, Field(discriminator="kind")]
    """The value that `objectStore` had before. A store with an access key names the Secret that has the key."""
