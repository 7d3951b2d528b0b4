"""The object store in AWS: a bucket, and the role that may read and write its objects; either may exist already.

Every ARN is composed from the stack file, so the preview shows each policy in full, and the chart gets no unknown
value.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from logstack.manifests.manifest import Json, Manifest, content_hash
from logstack.manifests.stores.access import SERVICE_ACCOUNT, s3_access
from logstack.manifests.stores.kind import StoreKind, management
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import AwsIdentity, AwsStore

OWNER_TAG = "logstack:owner"
"""The tag with the stack of a bucket: the compactors of two stacks delete each other's data."""

# The characters of a role's name (AWS, "IAM and AWS STS quotas").
_ROLE_NAME_LIMIT = 64

# From this age on S3 Storage Lens, too, counts an upload as left behind ("incomplete multipart uploads greater than 7
# days old").
_ABANDONED_UPLOAD_DAYS = 7


def store_kind(store: AwsStore, cluster: ClusterSettings) -> StoreKind:
    """Return the record of the store's kind."""
    rules = f", rules in the existing bucket {store.rules_bucket}" if store.rules_bucket else ""
    return StoreKind(
        access=replace(
            s3_access(store.bucket, store.region, store.access_key, rules_bucket=store.rules_bucket),
            service_account_annotations=service_account_annotations(store),
        ),
        location=f"bucket {store.bucket} in {store.region} ({management(created=store.create)}){rules}",
        label=f"S3 bucket {store.bucket}<br/>AWS {store.region}",
        declare=lambda name, _size, _options: declarations(name, store, cluster),
    )


def service_account_annotations(store: AwsStore) -> dict[str, str]:
    """Return the role's ARN for IRSA; nothing for Pod Identity, which finds the role by its association."""
    if not store.identity or store.identity.kind == "pod-identity":
        return {}
    return {"eks.amazonaws.com/role-arn": _role_arn(store, store.identity)}


def declarations(name: str, store: AwsStore, cluster: ClusterSettings) -> tuple[Manifest, ...]:
    """Return the provider, the bucket with its settings, and the role of Loki's pods, as far as the stack makes them.

    The bucket comes first: the provider refuses to make one that exists, in any region (terraform-provider-aws#26011),
    and then no role for it is made either.

    Raises ValueError for IRSA without an OIDC provider.
    """
    if not store.makes_in_account:
        return ()
    tags = {OWNER_TAG: f"{cluster.name}/{cluster.namespace}/{name}", "managed-by": "pulumi"}
    made = _bucket_with_settings(name, store, tags) if store.makes_bucket else ()
    identity = store.identity
    if identity and store.makes_role:
        made += _role(name, store, identity, cluster, after=_names(made[:1]))
    if identity and store.makes_association:
        made += (
            _association(name, store, identity, cluster, after=_names(made[-2:] if store.makes_role else made[:1])),
        )
    return (_provider(name, store, tags), *made)


def _names(manifests: tuple[Manifest, ...]) -> tuple[str, ...]:
    return tuple(each.name for each in manifests)


def _provider(name: str, store: AwsStore, tags: Mapping[str, str]) -> Manifest:
    """The provider of one account and one region, whatever the shell is logged in to; it tags all that it makes."""
    return Manifest(
        "pulumi:providers:aws",
        f"{name}-provider",
        {"region": store.region, "allowedAccountIds": [store.account_id], "defaultTags": {"tags": tags}},
    )


def _bucket(name: str, store: AwsStore, tags: Mapping[str, str]) -> Manifest:
    """The bucket, which outlives the stack.

    It is marked by itself too, not only by the provider's default: the mark stays when another provider adopts it.
    """
    return Manifest(
        "aws:s3/bucket:Bucket",
        f"{name}-bucket",
        {"bucket": store.bucket, "forceDestroy": False, "tags": tags},
        protect=True,
        retain_on_delete=True,
    )


def _bucket_with_settings(name: str, store: AwsStore, tags: Mapping[str, str]) -> tuple[Manifest, ...]:
    bucket = _bucket(name, store, tags)
    return (bucket, *_bucket_settings(name, store, after=bucket.name))


def _bucket_settings(name: str, store: AwsStore, after: str) -> tuple[Manifest, ...]:
    """What guards the bucket; it stays in AWS as long as the bucket does, even when Pulumi forgets both.

    One setting comes after the other: S3 may refuse concurrent changes of one bucket with OperationAborted
    (terraform-provider-aws#7628, #36873).
    """
    settings: tuple[tuple[str, str, Mapping[str, Json]], ...] = (
        (
            "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
            "bucket-ownership",
            {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
        ),
        (
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            "bucket-public-access",
            {
                "blockPublicAcls": True,
                "blockPublicPolicy": True,
                "ignorePublicAcls": True,
                "restrictPublicBuckets": True,
            },
        ),
        (
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            "bucket-encryption",
            {"rules": [_encryption(store)]},
        ),
        (
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            "bucket-lifecycle",
            {"rules": [_abort_abandoned_uploads()]},
        ),
        (
            "aws:s3/bucketPolicy:BucketPolicy",
            "bucket-policy",
            {"policy": _policy(_deny_plain_http(store))},
        ),
    )
    declared: list[Manifest] = []
    for token, suffix, inputs in settings:
        declared.append(
            Manifest(
                token,
                f"{name}-{suffix}",
                {"bucket": store.bucket, **inputs},
                depends_on=(declared[-1].name if declared else after,),
                retain_on_delete=True,
            )
        )
    return tuple(declared)


def _encryption(store: AwsStore) -> dict[str, Json]:
    """How objects are encrypted that say nothing themselves, which is every object that Loki writes."""
    # Loki knows SSE-S3 and SSE-KMS only; an object written with a key of somebody's own (SSE-C) is lost to it. S3
    # blocks that by itself for buckets made since April 2026; this holds for an older one, imported, as well.
    blocked: dict[str, Json] = {"blockedEncryptionTypes": ["SSE-C"]}
    if not store.kms_key_arn:
        return {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}, **blocked}
    return {
        "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": store.kms_key_arn},
        # One key a bucket instead of one call of KMS for each chunk that is written or read.
        "bucketKeyEnabled": True,
        **blocked,
    }


def _abort_abandoned_uploads() -> dict[str, Json]:
    """The one lifecycle rule: it removes the parts of uploads that never became an object.

    No rule expires an object. Retention is the compactor's work, which takes an index entry away before its chunk;
    an expiry over the whole bucket would also take the index, the rules and the delete requests, and queries would
    fail (Loki, operations/storage/retention.md, "Object store lifecycle policies").
    """
    return {
        "id": "abort-abandoned-uploads",
        "status": "Enabled",
        "filter": {"prefix": ""},  # the whole bucket, explicitly: a rule without a filter will be an error
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": _ABANDONED_UPLOAD_DAYS},
    }


def _role(
    name: str, store: AwsStore, identity: AwsIdentity, cluster: ClusterSettings, after: tuple[str, ...]
) -> tuple[Manifest, ...]:
    """The role, and what it may do."""
    role = Manifest(
        "aws:iam/role:Role",
        f"{name}-role",
        {
            "name": _role_name(store),
            "description": f"Loki of cluster {cluster.name}: objects of the bucket {store.bucket}",
            "assumeRolePolicy": _policy(_trust(store, identity, cluster)),
        },
        depends_on=after,
    )
    permissions = Manifest(
        "aws:iam/rolePolicy:RolePolicy",
        f"{name}-role-policy",
        {"name": "object-store", "role": _role_name(store), "policy": _policy(*_permissions(store))},
        depends_on=(role.name,),
    )
    return role, permissions


def _association(
    name: str, store: AwsStore, identity: AwsIdentity, cluster: ClusterSettings, after: tuple[str, ...]
) -> Manifest:
    """The association of the role with Loki's service account, for Pod Identity."""
    return Manifest(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        f"{name}-pod-identity",
        {
            "clusterName": identity.eks_cluster,
            "namespace": cluster.namespace,
            "serviceAccount": SERVICE_ACCOUNT,
            "roleArn": _role_arn(store, identity),
        },
        depends_on=after,
    )


def _permissions(store: AwsStore) -> tuple[dict[str, Json], ...]:
    """What the role may do: the requests of Loki's S3 client and no other.

    That client (Loki 3.7.8, chunk/client/aws/s3_storage_client.go) sends ListObjectsV2, HeadObject, GetObject,
    PutObject and DeleteObject. It uploads each object with one PutObject, so it needs no s3:AbortMultipartUpload.
    tests/real/test_aws_policies.py records what it sends: each of these but HeadObject, which needs s3:GetObject too.
    Without s3:ListBucket, S3 says 403 instead of 404 for an object that is not there, which Loki takes for an error.
    """
    buckets = [_bucket_arn(store, bucket) for bucket in store.buckets.values()]
    bucket = _statement("ListObjects", "Allow", ["s3:ListBucket"], Resource=_one_or_all(buckets))
    uses = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    objects = _statement("UseObjects", "Allow", uses, Resource=_one_or_all([f"{each}/*" for each in buckets]))
    if not store.kms_key_arn:
        return bucket, objects
    # S3 needs a data key to write, and its decryption to read. The key's own policy must let the
    # account's IAM policies decide, as AWS's default key policy does.
    key = _statement("UseKey", "Allow", ["kms:Decrypt", "kms:GenerateDataKey"], Resource=store.kms_key_arn)
    return bucket, objects, key


def _deny_plain_http(store: AwsStore) -> dict[str, Json]:
    """Refuse all access to the bucket without TLS, even an administrator's."""
    bucket = _bucket_arn(store, store.bucket)
    return _statement(
        "DenyPlainHttp",
        "Deny",
        ["s3:*"],
        Resource=[bucket, f"{bucket}/*"],
        Principal="*",
        Condition={"Bool": {"aws:SecureTransport": "false"}},
    )


def _trust(store: AwsStore, identity: AwsIdentity, cluster: ClusterSettings) -> dict[str, Json]:
    """Return the trust policy: only Loki's service account, in its namespace of its cluster, may assume the role."""
    trust = _irsa_trust if identity.kind == "irsa" else _pod_identity_trust
    return trust(store, identity, cluster)


def _pod_identity_trust(store: AwsStore, identity: AwsIdentity, cluster: ClusterSettings) -> dict[str, Json]:
    """The trust in EKS Pod Identity, whose service principal has the same name in every partition.

    The cluster is named by the session tags that Pod Identity sends (EKS user guide, pod-id-role), not by
    aws:SourceArn: a condition on that locked pods out (awslabs/mountpoint-s3-csi-driver#781). Its ARN has the store's
    region, for the association is made there.
    """
    eks_cluster = f"{_arn(store, 'eks', store.region)}:cluster/{identity.eks_cluster}"
    return _statement(
        "PodIdentity",
        "Allow",
        ["sts:AssumeRole", "sts:TagSession"],
        Principal={"Service": "pods.eks.amazonaws.com"},
        Condition={
            "StringEquals": {
                "aws:SourceAccount": store.account_id,
                "aws:RequestTag/eks-cluster-arn": eks_cluster,
                "aws:RequestTag/kubernetes-namespace": cluster.namespace,
                "aws:RequestTag/kubernetes-service-account": SERVICE_ACCOUNT,
            }
        },
    )


def _irsa_trust(store: AwsStore, identity: AwsIdentity, cluster: ClusterSettings) -> dict[str, Json]:
    """The trust in the cluster's OIDC provider; EKS's tokens have the same audience in every partition.

    Raises ValueError without an OIDC provider.
    """
    issuer = identity.oidc_provider
    if not issuer:
        raise ValueError("IRSA needs the cluster's OIDC issuer: set logstack:objectStore.identity.oidcProvider")
    return _statement(
        "ServiceAccount",
        "Allow",
        ["sts:AssumeRoleWithWebIdentity"],
        Principal={"Federated": f"{_arn(store, 'iam')}:oidc-provider/{issuer}"},
        Condition={
            "StringEquals": {
                f"{issuer}:sub": f"system:serviceaccount:{cluster.namespace}:{SERVICE_ACCOUNT}",
                f"{issuer}:aud": "sts.amazonaws.com",
            }
        },
    )


def _statement(sid: str, effect: Literal["Allow", "Deny"], actions: list[str], **conditions: Json) -> dict[str, Json]:
    return {"Sid": sid, "Effect": effect, "Action": actions, **conditions}


def _policy(*statements: Mapping[str, Json]) -> str:
    """The policy document as text that changes only when its meaning does."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, sort_keys=True)


def _role_name(store: AwsStore) -> str:
    """The role's name, one for each bucket: IAM refuses a second role for a bucket that has one.

    A name that is too long ends in the hash of the whole.
    """
    name = f"logstack-{store.bucket}"
    if len(name) <= _ROLE_NAME_LIMIT:
        return name
    digest = content_hash(name)
    return f"{name[: _ROLE_NAME_LIMIT - len(digest) - 1]}-{digest}"


def _role_arn(store: AwsStore, identity: AwsIdentity) -> str:
    return identity.role_arn or f"{_arn(store, 'iam')}:role/{_role_name(store)}"


def _bucket_arn(store: AwsStore, bucket: str) -> str:
    return f"arn:{store.partition}:s3:::{bucket}"


def _one_or_all(resources: list[str]) -> Json:
    return resources[0] if len(resources) == 1 else list(resources)


def _arn(store: AwsStore, service: str, region: str = "") -> str:
    """The beginning of an ARN in the store's account; IAM's ARNs have no region."""
    return f"arn:{store.partition}:{service}:{region}:{store.account_id}"
