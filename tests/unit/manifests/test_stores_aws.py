"""The AWS store: its declared resources, and the access that its policies allow."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from logstack.manifests.stores import aws
from logstack.manifests.stores.access import SERVICE_ACCOUNT
from logstack.settings.load.loader import settings_from
from logstack.settings.load.source import Source
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import AwsStore
from logstack.settings.problems import StackProblems
from tests.support import aws_store
from tests.support.aws_store import (
    ACCESS_BLOCK_TYPE,
    ACCOUNT,
    ASSOCIATION_TYPE,
    BUCKET_TYPE,
    CLUSTER,
    ENCRYPTION_TYPE,
    EVERY_SHAPE,
    ISSUER,
    KEY,
    LIFECYCLE_TYPE,
    OWNERSHIP_TYPE,
    PERMISSIONS_TYPE,
    POLICY_TYPE,
    PROVIDER_TYPE,
    REGION,
    ROLE_TYPE,
    a_store,
    declared,
    one,
    text,
    trust,
)
from tests.support.iam import Request, allowed, listed

BUCKET = f"arn:aws:s3:::{aws_store.BUCKET}"
OBJECT = f"{BUCKET}/fake/3f1a/chunk"
NOWHERE = Path("a directory that does not exist")
OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/other"


def loki_may(store: AwsStore, action: str, resource: str, *, tls: bool = True) -> bool:
    policies = (text(store, PERMISSIONS_TYPE), text(store, POLICY_TYPE))
    return allowed(policies, Request(action, resource, context={"aws:SecureTransport": str(tls).lower()}))


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:ListBucket", BUCKET),
        ("s3:GetObject", OBJECT),
        ("s3:PutObject", OBJECT),
        ("s3:DeleteObject", OBJECT),
    ],
)
def test_loki_may_use_its_bucket_over_tls_only(action: str, resource: str) -> None:
    assert loki_may(a_store(), action, resource)
    assert not loki_may(a_store(), action, resource, tls=False)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:ListBucket", "arn:aws:s3:::acme-logs-of-another-stack"),
        ("s3:GetObject", "arn:aws:s3:::acme-logs-of-another-stack/fake/chunk"),
        ("s3:ListBucket", OBJECT),
        ("s3:GetObject", BUCKET),
        ("s3:ListAllMyBuckets", "*"),
        ("s3:CreateBucket", BUCKET),
        ("s3:DeleteBucket", BUCKET),
        ("s3:PutBucketPolicy", BUCKET),
        ("s3:PutLifecycleConfiguration", BUCKET),
        ("s3:PutEncryptionConfiguration", BUCKET),
        ("s3:PutObjectAcl", OBJECT),
        ("s3:DeleteObjectVersion", OBJECT),
        ("s3:AbortMultipartUpload", OBJECT),
        ("kms:Decrypt", KEY),
    ],
)
def test_loki_may_not_make_calls_that_its_s3_client_does_not_make(action: str, resource: str) -> None:
    assert not loki_may(a_store(), action, resource)


@pytest.mark.parametrize(
    ("action", "resource", "may"),
    [
        ("kms:GenerateDataKey", KEY, True),
        ("kms:Decrypt", KEY, True),
        ("kms:Decrypt", OTHER_KEY, False),
        ("kms:Encrypt", KEY, False),
        ("kms:ScheduleKeyDeletion", KEY, False),
    ],
)
def test_loki_may_use_data_keys_of_its_kms_key_only(action: str, resource: str, may: bool) -> None:  # noqa: FBT001
    assert loki_may(a_store(kms=True), action, resource) is may


@pytest.mark.parametrize("resource", [BUCKET, OBJECT])
@pytest.mark.parametrize("tls", [True, False])
def test_bucket_policy_denies_an_administrator_without_tls(resource: str, tls: bool) -> None:  # noqa: FBT001
    administrator = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    request = Request("s3:GetObject", resource, context={"aws:SecureTransport": str(tls).lower()})
    assert allowed((administrator, text(a_store(), POLICY_TYPE)), request) is tls


@pytest.mark.parametrize("tls", ["true", "false"])
def test_bucket_policy_grants_nothing_by_itself(tls: str) -> None:
    stranger = Request("s3:GetObject", OBJECT, context={"aws:SecureTransport": tls})
    assert not allowed([text(a_store(), POLICY_TYPE)], stranger)


@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_role_policy_has_no_wildcard_action_and_only_its_own_resources(store: AwsStore) -> None:
    for statement in json.loads(text(store, PERMISSIONS_TYPE))["Statement"]:
        assert statement["Effect"] == "Allow"
        assert not [action for action in listed(statement["Action"]) if "*" in action]
        assert {resource.removesuffix("/*") for resource in listed(statement["Resource"])} <= {BUCKET, KEY}


POD = {
    "aws:SourceAccount": ACCOUNT,
    "aws:RequestTag/eks-cluster-arn": f"arn:aws:eks:eu-central-1:{ACCOUNT}:cluster/platform",
    "aws:RequestTag/kubernetes-namespace": "logging",
    "aws:RequestTag/kubernetes-service-account": "loki",
}
PODS = ("Service", "pods.eks.amazonaws.com")


@pytest.mark.parametrize("action", ["sts:AssumeRole", "sts:TagSession"])
def test_pod_identity_gives_the_role_to_loki_pods(action: str) -> None:
    assert allowed([trust(a_store())], Request(action, principal=PODS, context=POD))


@pytest.mark.parametrize(
    "stranger",
    [
        Request("sts:AssumeRole", principal=PODS),
        Request("sts:AssumeRole", principal=PODS, context=POD | {"aws:SourceAccount": "999999999999"}),
        Request(
            "sts:AssumeRole",
            principal=PODS,
            context=POD | {"aws:RequestTag/eks-cluster-arn": f"arn:aws:eks:eu-central-1:{ACCOUNT}:cluster/staging"},
        ),
        Request("sts:AssumeRole", principal=PODS, context=POD | {"aws:RequestTag/kubernetes-namespace": "default"}),
        Request("sts:AssumeRole", principal=PODS, context=POD | {"aws:RequestTag/kubernetes-service-account": "alloy"}),
        Request(
            "sts:AssumeRole", principal=PODS, context=POD | {"aws:RequestTag/kubernetes-service-account": "loki-2"}
        ),
        Request("sts:AssumeRole", principal=PODS, context=POD | {"aws:RequestTag/kubernetes-service-account": "*"}),
        Request("sts:AssumeRole", principal=PODS, context=POD | {"aws:RequestTag/kubernetes-namespace": "logging-2"}),
        Request(
            "sts:AssumeRole",
            principal=PODS,
            context=POD | {"aws:RequestTag/eks-cluster-arn": f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/platform"},
        ),
        Request("sts:AssumeRole", principal=("Service", "ec2.amazonaws.com"), context=POD),
        Request("sts:AssumeRole", principal=("AWS", f"arn:aws:iam::{ACCOUNT}:root"), context=POD),
        Request("sts:AssumeRoleWithWebIdentity", principal=PODS, context=POD),
    ],
)
def test_pod_identity_gives_the_role_to_nobody_else(stranger: Request) -> None:
    assert not allowed([trust(a_store())], stranger)


OIDC = ("Federated", f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}")
TOKEN = {f"{ISSUER}:sub": "system:serviceaccount:logging:loki", f"{ISSUER}:aud": "sts.amazonaws.com"}


@pytest.mark.parametrize(
    ("request_", "may"),
    [
        (Request("sts:AssumeRoleWithWebIdentity", principal=OIDC, context=TOKEN), True),
        (Request("sts:AssumeRole", principal=OIDC, context=TOKEN), False),
        (
            Request(
                "sts:AssumeRoleWithWebIdentity",
                principal=OIDC,
                context=TOKEN | {f"{ISSUER}:sub": "system:serviceaccount:default:loki"},
            ),
            False,
        ),
        (
            Request(
                "sts:AssumeRoleWithWebIdentity",
                principal=OIDC,
                context=TOKEN | {f"{ISSUER}:sub": "system:serviceaccount:logging:loki-canary"},
            ),
            False,
        ),
        (
            Request("sts:AssumeRoleWithWebIdentity", principal=OIDC, context=TOKEN | {f"{ISSUER}:aud": "vault"}),
            False,
        ),
        (
            Request("sts:AssumeRoleWithWebIdentity", principal=("Federated", "accounts.google.com"), context=TOKEN),
            False,
        ),
        (Request("sts:AssumeRoleWithWebIdentity", principal=OIDC), False),
        (
            Request(
                "sts:AssumeRoleWithWebIdentity",
                principal=OIDC,
                context=TOKEN | {f"{ISSUER}:sub": "system:serviceaccount:logging:*"},
            ),
            False,
        ),
        (
            Request("sts:AssumeRoleWithWebIdentity", principal=(OIDC[0], f"{OIDC[1]}2"), context=TOKEN),
            False,
        ),
        (Request("sts:AssumeRole", principal=PODS, context=POD), False),
    ],
)
def test_irsa_gives_the_role_to_the_service_account_of_loki_only(request_: Request, may: bool) -> None:  # noqa: FBT001
    assert allowed([trust(a_store(irsa=True))], request_) is may


@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_trust_policy_compares_every_key_by_equality(store: AwsStore) -> None:
    """StringEquals takes * and ? literally; IfExists or StringLike would accept a pod without a tag."""
    (statement,) = json.loads(trust(store))["Statement"]
    assert set(statement["Condition"]) == {"StringEquals"}
    assert len(statement["Condition"]["StringEquals"]) == (2 if "irsa" in str(store.identity) else 4)


@pytest.mark.parametrize("name", ["*", "acme*", "acme-?", "${aws:username}", 'a"b', "a b"])
@pytest.mark.parametrize(
    "key",
    ["bucket", "accountId", "region", "identity.eksCluster", "identity.oidcProvider", "kmsKeyArn", "namespace"],
)
def test_settings_refuse_names_that_iam_would_read_as_a_pattern(key: str, name: str) -> None:
    shapes = {
        "kmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}",
        "identity.oidcProvider": f"oidc.example/{name}",
    }
    store = a_store(irsa=True, kms=True).model_dump(by_alias=True)
    cluster = {"name": "eu", "context": "eu", "namespace": "logging"}
    source = Source({"cluster": cluster, "objectStore": store})
    assert settings_from(source, "test", NOWHERE).settings.object_store == a_store(irsa=True, kms=True)
    group = cluster if key == "namespace" else store["identity"] if key.startswith("identity.") else store
    group[key.removeprefix("identity.")] = shapes.get(key, name)
    with pytest.raises(StackProblems) as refused:
        settings_from(source, "test", NOWHERE)
    assert [problem.path for problem in refused.value.problems if problem.severity == "error"] == [
        f"logstack:{'cluster' if key == 'namespace' else 'objectStore'}.{key}"
    ]


def test_irsa_names_the_missing_key_when_there_is_no_oidc_provider() -> None:
    store = a_store(identity={"kind": "irsa", "eksCluster": "platform"})
    with pytest.raises(ValueError, match=re.escape("logstack:objectStore.identity.oidcProvider")):
        declared(store)


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_irsa_annotates_the_service_account_with_the_declared_role(partition: str) -> None:
    store = a_store(irsa=True, partition=partition)
    role = one(store, ROLE_TYPE).inputs["name"]
    assert aws.service_account_annotations(store) == {
        "eks.amazonaws.com/role-arn": f"arn:{partition}:iam::{ACCOUNT}:role/{role}"
    }
    assert not [declaration for declaration in declared(store) if declaration.type == ASSOCIATION_TYPE]


def test_pod_identity_associates_the_declared_role_and_adds_no_annotation() -> None:
    store = a_store()
    assert aws.service_account_annotations(store) == {}
    assert one(store, ASSOCIATION_TYPE).inputs == {
        "clusterName": "platform",
        "namespace": "logging",
        "serviceAccount": SERVICE_ACCOUNT,
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/{one(store, ROLE_TYPE).inputs['name']}",
    }


def test_association_depends_on_the_permissions_of_the_role() -> None:
    store = a_store()
    assert one(store, PERMISSIONS_TYPE).name in one(store, ASSOCIATION_TYPE).depends_on
    assert one(store, PERMISSIONS_TYPE).inputs["role"] == one(store, ROLE_TYPE).inputs["name"]


@pytest.mark.parametrize(("partition", "region"), [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")])
@pytest.mark.parametrize("irsa", [False, True])
def test_arns_all_have_the_partition_of_the_store(partition: str, region: str, irsa: bool) -> None:  # noqa: FBT001
    store = a_store(irsa=irsa, partition=partition, region=region)
    arns = re.findall(r"arn:[^:\"]+:", json.dumps([declaration.inputs for declaration in declared(store)]))
    assert len(arns) > 4
    assert set(arns) == {f"arn:{partition}:"}


@pytest.mark.parametrize("length", [3, 54, 55, 56, 63])
def test_role_name_is_valid_in_iam_and_unique_for_each_bucket(length: int) -> None:
    def role(bucket: str) -> str:
        return str(one(a_store(bucket=bucket), ROLE_TYPE).inputs["name"])

    bucket = "b" * (length - 1) + "1"
    assert re.fullmatch(r"[\w+=,.@-]{1,64}", role(bucket))
    assert role(bucket) == role(bucket)
    assert role(bucket) != role(bucket[:-1] + "2")


def test_bucket_is_protected_retained_and_never_emptied() -> None:
    bucket = one(a_store(), BUCKET_TYPE)
    assert bucket.protect
    assert bucket.retain_on_delete
    assert bucket.inputs["bucket"] == "acme-logs"
    assert bucket.inputs["forceDestroy"] is False


def test_bucket_settings_are_retained_like_the_bucket() -> None:
    guards = [declaration for declaration in declared(a_store()) if declaration.type.startswith("aws:s3/bucket")]
    assert len(guards) == 6
    assert all(guard.retain_on_delete for guard in guards)
    assert {guard.inputs["bucket"] for guard in guards} == {"acme-logs"}


def test_bucket_has_a_tag_with_its_stack() -> None:
    def owner(cluster: ClusterSettings) -> object:
        bucket = next(
            declaration
            for declaration in aws.declarations("store", a_store(), cluster)
            if declaration.type == BUCKET_TYPE
        )
        tags = bucket.inputs["tags"]
        assert isinstance(tags, Mapping)
        return tags[aws.OWNER_TAG]

    assert owner(CLUSTER) == "production/logging/store"
    assert owner(CLUSTER.model_copy(update={"name": "staging"})) != owner(CLUSTER)
    assert owner(CLUSTER.model_copy(update={"namespace": "team-b"})) != owner(CLUSTER)


def test_aws_provider_refuses_other_accounts_and_tags_its_resources() -> None:
    first = declared(a_store())[0]
    assert first.type == PROVIDER_TYPE, "a component uses a provider for the children after it"
    assert first.inputs == {
        "region": "eu-central-1",
        "allowedAccountIds": [ACCOUNT],
        "defaultTags": {"tags": one(a_store(), BUCKET_TYPE).inputs["tags"]},
    }


def test_bucket_blocks_every_kind_of_public_access() -> None:
    block = one(a_store(), ACCESS_BLOCK_TYPE).inputs
    ownership = one(a_store(), OWNERSHIP_TYPE).inputs
    switches = {"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"}
    assert {key for key, value in block.items() if value is True} == switches
    assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_objects_are_encrypted_with_keys_of_s3_by_default() -> None:
    assert one(a_store(), ENCRYPTION_TYPE).inputs["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"},
            "blockedEncryptionTypes": ["SSE-C"],
        }
    ]


def test_objects_are_encrypted_with_the_kms_key_through_a_bucket_key_when_it_is_set() -> None:
    assert one(a_store(kms=True), ENCRYPTION_TYPE).inputs["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
            "blockedEncryptionTypes": ["SSE-C"],
            "bucketKeyEnabled": True,
        }
    ]


def test_lifecycle_rules_neither_expire_nor_move_objects() -> None:
    rules = one(a_store(), LIFECYCLE_TYPE).inputs["rules"]
    assert isinstance(rules, list)
    assert [set(rule) for rule in rules] == [{"id", "status", "filter", "abortIncompleteMultipartUpload"}]
    assert rules[0]["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert rules[0]["status"] == "Enabled"


@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_declarations_come_after_their_dependencies(store: AwsStore) -> None:
    seen: set[str] = set()
    for declaration in declared(store):
        assert set(declaration.depends_on) <= seen
        assert declaration.name not in seen
        seen.add(declaration.name)


def test_bucket_settings_are_created_one_after_the_other() -> None:
    declarations = [declaration for declaration in declared(a_store()) if declaration.type.startswith("aws:s3/bucket")]
    assert [after.depends_on for after in declarations[1:]] == [(before.name,) for before in declarations[:-1]]


def test_role_is_created_after_the_bucket() -> None:
    assert one(a_store(), ROLE_TYPE).depends_on == (one(a_store(), BUCKET_TYPE).name,)


@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_policies_are_sorted_json_within_the_quota_of_a_trust_policy(store: AwsStore) -> None:
    for token, key in ((POLICY_TYPE, "policy"), (PERMISSIONS_TYPE, "policy"), (ROLE_TYPE, "assumeRolePolicy")):
        policy = text(store, token, key)
        assert policy == json.dumps(json.loads(policy), sort_keys=True)
        assert json.loads(policy)["Version"] == "2012-10-17"
    # The quota of a trust policy (AWS, "IAM and AWS STS quotas"), the smallest of the three.
    assert len(trust(store)) < 2048
