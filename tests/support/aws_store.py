"""Settings of an AWS store in every variant, its declared resources, and a shell in its account."""

from typing import Final

import pytest

from components import guards
from logstack.manifests.manifest import Manifest
from logstack.manifests.stores import aws
from logstack.preflight.aws_account import Caller
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import AwsStore

ACCOUNT = "123456789012"
REGION: Final = "eu-central-1"
BUCKET = "acme-logs"
ISSUER = "oidc.eks.eu-central-1.amazonaws.com/id/0123ABCD"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/6f1c"
CLUSTER = ClusterSettings(name="production", context="production", namespace="logging")

BUCKET_TYPE = "aws:s3/bucket:Bucket"
OWNERSHIP_TYPE = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
ACCESS_BLOCK_TYPE = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ENCRYPTION_TYPE = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LIFECYCLE_TYPE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
POLICY_TYPE = "aws:s3/bucketPolicy:BucketPolicy"
ROLE_TYPE = "aws:iam/role:Role"
PERMISSIONS_TYPE = "aws:iam/rolePolicy:RolePolicy"
ASSOCIATION_TYPE = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
PROVIDER_TYPE = "pulumi:providers:aws"


def a_store(*, irsa: bool = False, kms: bool = False, **changed: object) -> AwsStore:
    """Return the settings of a store; by default with Pod Identity and S3's own encryption keys."""
    identity: dict[str, object] = {"eksCluster": "platform"}
    if irsa:
        identity |= {"kind": "irsa", "oidcProvider": ISSUER}
    stack_keys: dict[str, object] = {
        "kind": "aws-s3",
        "bucket": BUCKET,
        "region": REGION,
        "accountId": ACCOUNT,
        "identity": identity,
        **({"kmsKeyArn": KEY} if kms else {}),
        **changed,
    }
    return AwsStore.model_validate(stack_keys)


EVERY_SHAPE = [a_store(irsa=irsa, kms=kms) for irsa in (False, True) for kms in (False, True)]


def declared(store: AwsStore) -> tuple[Manifest, ...]:
    """Return every declared resource of a store."""
    return aws.declarations("store", store, CLUSTER)


def one(store: AwsStore, token: str) -> Manifest:
    """Return the only declared resource of a type."""
    matching = [declaration for declaration in declared(store) if declaration.type == token]
    assert len(matching) == 1, f"{len(matching)} of {token}"
    return matching[0]


def text(store: AwsStore, token: str, key: str = "policy") -> str:
    """Return a text input of the only resource of a type, such as its policy."""
    value = one(store, token).inputs[key]
    assert isinstance(value, str), f"{key} of {token} must be JSON text, known at preview"
    return value


def trust(store: AwsStore) -> str:
    """Return the role's trust policy."""
    return text(store, ROLE_TYPE, "assumeRolePolicy")


def use_the_stacks_account(patch: pytest.MonkeyPatch) -> None:
    """Let the shell's AWS credentials be of every stack's account, and existing buckets exist; nothing asks AWS."""

    def caller(store: AwsStore) -> Caller:
        return Caller(store.account_id or "", f"arn:aws:iam::{store.account_id}:user/somebody")

    patch.setattr(guards, "shell_caller", caller)
    patch.setattr(guards, "head_bucket", lambda *_: None)
