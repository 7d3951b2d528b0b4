"""The declared resources of an AWS store, created by boto3 in moto, a mock of AWS.

boto3 has AWS's own model of each request. moto checks that a policy is well-formed, and the actions and resources of a
role's policies. Its only condition is the equality of two texts, so it would deny every call under the bucket policy,
with TLS or without. It ignores the policy of a KMS key, and the service and claims in a trust policy.
tests/support/iam.py evaluates those (test_stores_aws.py), and a real S3 server also evaluates the bucket policy
(tests/real/test_aws_policies.py).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.loaders import JSONFileLoader
from moto import mock_aws
from moto.core.authorization import enable_iam_authentication

from logstack.settings.model.object_store import AwsStore
from tests.support.aws_store import (
    ACCESS_BLOCK_TYPE,
    ACCOUNT,
    BUCKET,
    BUCKET_TYPE,
    ENCRYPTION_TYPE,
    EVERY_SHAPE,
    KEY,
    LIFECYCLE_TYPE,
    OWNERSHIP_TYPE,
    PERMISSIONS_TYPE,
    POLICY_TYPE,
    REGION,
    ROLE_TYPE,
    a_store,
    one,
    text,
)
from tests.support.iam import BUCKET_ACTIONS, OBJECT_ACTIONS
from tests.support.s3_calls import LOKI_CALLS, OBJECT, OTHER_CALLS, refused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

OTHER_BUCKET = "acme-logs-of-another-stack"


def role_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


ADMINISTRATOR = role_arn("administrator")


_load_file = JSONFileLoader.load_file


@cache
def _model(path: str) -> Any:
    return _load_file(JSONFileLoader(), path)


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An AWS of this test's own; boto3, whose session is the test's own too, reads AWS's models once for all tests."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(JSONFileLoader, "load_file", lambda _self, file_path: _model(file_path))
    with mock_aws():
        yield


def inputs(store: AwsStore, token: str) -> dict[str, Any]:
    """Return the inputs of a declaration, without the bucket's name."""
    return {key: value for key, value in one(store, token).inputs.items() if key != "bucket"}


# Names that differ from those of AWS in more than the first letter.
_NAMES = {"id": "ID", "sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"}


def as_aws(value: object) -> Any:
    """Translate an input into the names of the AWS API."""
    if isinstance(value, Mapping):
        keys = {_NAMES.get(key, key[0].upper() + key[1:]): as_aws(item) for key, item in value.items()}
        if "BlockedEncryptionTypes" in keys:
            keys["BlockedEncryptionTypes"] = {"EncryptionType": keys["BlockedEncryptionTypes"]}
        return keys
    return [as_aws(item) for item in value] if isinstance(value, list) else value


def make_bucket(store: AwsStore) -> "S3Client":
    """Create the bucket and its settings as the provider does, without its policy."""
    s3 = boto3.client("s3", region_name=store.region)
    s3.create_bucket(Bucket=store.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    tags = one(store, BUCKET_TYPE).inputs["tags"]
    assert isinstance(tags, Mapping)
    s3.put_bucket_tagging(
        Bucket=store.bucket, Tagging={"TagSet": [{"Key": key, "Value": str(value)} for key, value in tags.items()]}
    )
    s3.put_bucket_ownership_controls(
        Bucket=store.bucket, OwnershipControls={"Rules": [as_aws(inputs(store, OWNERSHIP_TYPE)["rule"])]}
    )
    s3.put_public_access_block(
        Bucket=store.bucket, PublicAccessBlockConfiguration=as_aws(inputs(store, ACCESS_BLOCK_TYPE))
    )
    s3.put_bucket_encryption(
        Bucket=store.bucket, ServerSideEncryptionConfiguration=as_aws(inputs(store, ENCRYPTION_TYPE))
    )
    s3.put_bucket_lifecycle_configuration(
        Bucket=store.bucket, LifecycleConfiguration=as_aws(inputs(store, LIFECYCLE_TYPE))
    )
    return s3


def make_role(store: AwsStore) -> str:
    """Create the role with its policy; return its ARN."""
    iam = boto3.client("iam", region_name=store.region)
    role = inputs(store, ROLE_TYPE)
    arn = iam.create_role(
        RoleName=role["name"], Description=role["description"], AssumeRolePolicyDocument=role["assumeRolePolicy"]
    )["Role"]["Arn"]
    permissions = inputs(store, PERMISSIONS_TYPE)
    iam.put_role_policy(
        RoleName=permissions["role"], PolicyName=permissions["name"], PolicyDocument=permissions["policy"]
    )
    return str(arn)


def session_of(role_arn: str) -> boto3.Session:
    """Return a session of the role; call it before moto checks permissions, because moto knows no pods."""
    keys = boto3.client("sts", region_name=REGION).assume_role(RoleArn=role_arn, RoleSessionName="loki")["Credentials"]
    return boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION)


@pytest.fixture
def loki(moto: None) -> Iterator[boto3.Session]:  # noqa: ARG001
    """A session of the declared role, with a bucket of another stack; moto checks permissions from here on."""
    administrator = make_bucket(a_store())
    administrator.create_bucket(Bucket=OTHER_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for bucket in (BUCKET, OTHER_BUCKET):
        administrator.put_object(Bucket=bucket, Key=OBJECT, Body=b"chunk")
    session = session_of(make_role(a_store()))
    with enable_iam_authentication():
        yield session


def test_role_makes_the_calls_of_loki_in_its_own_bucket_only(loki: boto3.Session) -> None:
    s3 = loki.client("s3")
    assert [name for name, call in LOKI_CALLS.items() if refused(call, s3, BUCKET)] == []
    assert [name for name, call in LOKI_CALLS.items() if not refused(call, s3, OTHER_BUCKET)] == []


def test_role_is_denied_calls_that_loki_does_not_make(loki: boto3.Session) -> None:
    s3 = loki.client("s3")
    assert [name for name, call in OTHER_CALLS.items() if not refused(call, s3, BUCKET)] == []


@pytest.mark.parametrize("action", ["s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"])
@pytest.mark.usefixtures("moto")
def test_role_without_one_permission_is_denied_just_the_calls_of_that_permission(action: str) -> None:
    make_bucket(a_store()).put_object(Bucket=BUCKET, Key=OBJECT, Body=b"chunk")
    arn = make_role(a_store())
    policy = json.loads(text(a_store(), PERMISSIONS_TYPE))
    for statement in policy["Statement"]:
        statement["Action"] = [each for each in statement["Action"] if each != action] or ["s3:GetBucketLocation"]
    permissions = inputs(a_store(), PERMISSIONS_TYPE)
    boto3.client("iam").put_role_policy(
        RoleName=permissions["role"], PolicyName=permissions["name"], PolicyDocument=json.dumps(policy)
    )
    s3 = session_of(arn).client("s3")
    with enable_iam_authentication():
        denied = {name for name, call in LOKI_CALLS.items() if refused(call, s3, BUCKET)}
    assert denied == {name for name in LOKI_CALLS if (OBJECT_ACTIONS | BUCKET_ACTIONS)[name] == action} != set()


def test_role_is_denied_every_call_of_iam_and_sts(loki: boto3.Session) -> None:
    iam, sts, own = loki.client("iam"), loki.client("sts"), inputs(a_store(), ROLE_TYPE)["name"]
    calls: Mapping[str, Callable[[], object]] = {
        "list users": iam.list_users,
        "read its own policy": lambda: iam.get_role_policy(RoleName=own, PolicyName="object-store"),
        "give itself more": lambda: iam.put_role_policy(
            RoleName=own, PolicyName="more", PolicyDocument=text(a_store(), PERMISSIONS_TYPE)
        ),
        "trust others": lambda: iam.update_assume_role_policy(RoleName=own, PolicyDocument="{}"),
        "make a user": lambda: iam.create_user(UserName="eve"),
        "take on another role": lambda: sts.assume_role(RoleArn=ADMINISTRATOR, RoleSessionName="loki"),
        "take on itself again": lambda: sts.assume_role(RoleArn=role_arn(own), RoleSessionName="loki"),
    }
    for name, call in calls.items():
        with pytest.raises(ClientError) as answer:
            call()
        assert answer.value.response["Error"]["Code"] == "AccessDenied", name


def test_session_belongs_to_the_declared_role(loki: boto3.Session) -> None:
    """The tests above would prove nothing if moto denied another role."""
    arn = loki.client("sts").get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/{inputs(a_store(), ROLE_TYPE)['name']}/loki"


@pytest.mark.usefixtures("moto")
@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_aws_accepts_every_declared_setting(store: AwsStore) -> None:
    s3 = make_bucket(store)
    assert s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] == REGION
    assert s3.get_bucket_ownership_controls(Bucket=BUCKET)["OwnershipControls"]["Rules"] == [
        {"ObjectOwnership": "BucketOwnerEnforced"}
    ]
    assert s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    s3.put_bucket_policy(Bucket=BUCKET, Policy=text(store, POLICY_TYPE))
    assert json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"]) == json.loads(text(store, POLICY_TYPE))
    assert s3.get_bucket_policy_status(Bucket=BUCKET)["PolicyStatus"] == {"IsPublic": False}
    assert make_role(store) == role_arn(inputs(store, ROLE_TYPE)["name"])


@pytest.mark.usefixtures("moto")
@pytest.mark.parametrize(
    ("kms", "expected"),
    [
        (False, {"SSEAlgorithm": "AES256"}),
        (True, {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}),
    ],
)
def test_object_is_encrypted_as_declared_by_default(kms: bool, expected: dict[str, str]) -> None:  # noqa: FBT001
    s3 = make_bucket(a_store(kms=kms))
    (rule,) = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == expected
    assert rule.get("BucketKeyEnabled", False) is kms
    LOKI_CALLS["PutObject"](s3, BUCKET)
    head = s3.head_object(Bucket=BUCKET, Key=OBJECT)
    assert head["ServerSideEncryption"] == expected["SSEAlgorithm"]
    assert head.get("SSEKMSKeyId") == expected.get("KMSMasterKeyID")


@pytest.mark.usefixtures("moto")
def test_object_has_no_expiration_under_the_declared_lifecycle() -> None:
    s3 = make_bucket(a_store())
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert rule == {
        "ID": "abort-abandoned-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    LOKI_CALLS["PutObject"](s3, BUCKET)
    assert "Expiration" not in s3.head_object(Bucket=BUCKET, Key=OBJECT)


@pytest.mark.usefixtures("moto")
def test_moto_refuses_a_malformed_policy() -> None:
    """That moto accepts the role proves something only if moto refuses mistakes."""
    policy = json.loads(text(a_store(), PERMISSIONS_TYPE))
    policy["Statement"][0]["Resource"] = BUCKET
    iam = boto3.client("iam")
    make_role(a_store())
    with pytest.raises(ClientError, match="MalformedPolicyDocument"):
        iam.put_role_policy(
            RoleName=inputs(a_store(), ROLE_TYPE)["name"], PolicyName="wrong", PolicyDocument=json.dumps(policy)
        )
