"""The AWS store: what is declared for it, and who may do what by its policies."""

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
def test_loki_may_do_nothing_that_its_s3_client_does_not_do(action: str, resource: str) -> None:
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
def test_with_a_kms_key_loki_may_make_and_open_data_keys_of_that_key(action: str, resource: str, may: bool) -> None:  # noqa: FBT001
    assert loki_may(a_store(kms=True), action, resource) is may


@pytest.mark.parametrize("resource", [BUCKET, OBJECT])
@pytest.mark.parametrize("tls", [True, False])
def test_not_even_an_administrator_reaches_the_bucket_without_tls(resource: str, tls: bool) -> None:  # noqa: FBT001
    administrator = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    request = Request("s3:GetObject", resource, context={"aws:SecureTransport": str(tls).lower()})
    assert allowed((administrator, text(a_store(), POLICY_TYPE)), request) is tls


@pytest.mark.parametrize("tls", ["true", "false"])
def test_the_bucket_policy_by_itself_lets_nobody_in(tls: str) -> None:
    stranger = Request("s3:GetObject", OBJECT, context={"aws:SecureTransport": tls})
    assert not allowed([text(a_store(), POLICY_TYPE)], stranger)


@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_the_role_names_every_action_and_every_resource(store: AwsStore) -> None:
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
def test_pod_identity_gives_the_role_to_lokis_pods(action: str) -> None:
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
def test_irsa_gives_the_role_to_lokis_service_account_alone(request_: Request, may: bool) -> None:  # noqa: FBT001
    assert allowed([trust(a_store(irsa=True))], request_) is may


@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_a_trust_compares_texts_and_leaves_no_key_out(store: AwsStore) -> None:
    """StringEquals reads * and ? as themselves; with IfExists or StringLike a pod without a tag would do."""
    (statement,) = json.loads(trust(store))["Statement"]
    assert set(statement["Condition"]) == {"StringEquals"}
    assert len(statement["Condition"]["StringEquals"]) == (2 if store.identity.kind == "irsa" else 4)


@pytest.mark.parametrize("name", ["*", "acme*", "acme-?", "${aws:username}", 'a"b', "a b"])
@pytest.mark.parametrize(
    "key",
    ["bucket", "accountId", "region", "identity.eksCluster", "identity.oidcProvider", "kmsKeyArn", "namespace"],
)
def test_no_name_that_iam_would_read_as_a_pattern_reaches_a_policy(key: str, name: str) -> None:
    shapes = {
        "kmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}",
        "identity.oidcProvider": f"oidc.example/{name}",
    }
    store = a_store(irsa=True, kms=True).model_dump(by_alias=True)
    cluster = {"name": "eu", "context": "eu", "namespace": "logging"}
    said = Source({"cluster": cluster, "objectStore": store})
    assert settings_from(said, "test", NOWHERE).settings.object_store == a_store(irsa=True, kms=True)
    group = cluster if key == "namespace" else store["identity"] if key.startswith("identity.") else store
    group[key.removeprefix("identity.")] = shapes.get(key, name)
    with pytest.raises(StackProblems) as refused:
        settings_from(said, "test", NOWHERE)
    assert [problem.path for problem in refused.value.problems if problem.severity == "error"] == [
        f"logstack:{'cluster' if key == 'namespace' else 'objectStore'}.{key}"
    ]


def test_irsa_without_an_oidc_provider_says_what_to_set() -> None:
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


def test_pod_identity_annotates_nothing_and_associates_the_declared_role() -> None:
    store = a_store()
    assert aws.service_account_annotations(store) == {}
    assert one(store, ASSOCIATION_TYPE).inputs == {
        "clusterName": "platform",
        "namespace": "logging",
        "serviceAccount": SERVICE_ACCOUNT,
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/{one(store, ROLE_TYPE).inputs['name']}",
    }


def test_pods_get_the_role_only_when_it_may_do_something() -> None:
    store = a_store()
    assert one(store, PERMISSIONS_TYPE).name in one(store, ASSOCIATION_TYPE).depends_on
    assert one(store, PERMISSIONS_TYPE).inputs["role"] == one(store, ROLE_TYPE).inputs["name"]


@pytest.mark.parametrize(("partition", "region"), [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")])
@pytest.mark.parametrize("irsa", [False, True])
def test_no_arn_of_another_partition_stays(partition: str, region: str, irsa: bool) -> None:  # noqa: FBT001
    store = a_store(irsa=irsa, partition=partition, region=region)
    arns = re.findall(r"arn:[^:\"]+:", json.dumps([declaration.inputs for declaration in declared(store)]))
    assert len(arns) > 4
    assert set(arns) == {f"arn:{partition}:"}


@pytest.mark.parametrize("length", [3, 54, 55, 56, 63])
def test_a_role_name_is_one_that_iam_takes_and_belongs_to_one_bucket(length: int) -> None:
    def role(bucket: str) -> str:
        return str(one(a_store(bucket=bucket), ROLE_TYPE).inputs["name"])

    bucket = "b" * (length - 1) + "1"
    assert re.fullmatch(r"[\w+=,.@-]{1,64}", role(bucket))
    assert role(bucket) == role(bucket)
    assert role(bucket) != role(bucket[:-1] + "2")


def test_the_bucket_is_protected_kept_and_never_emptied() -> None:
    bucket = one(a_store(), BUCKET_TYPE)
    assert bucket.protect
    assert bucket.retain_on_delete
    assert bucket.inputs["bucket"] == "acme-logs"
    assert bucket.inputs["forceDestroy"] is False


def test_what_guards_the_bucket_stays_as_long_as_the_bucket() -> None:
    guards = [declaration for declaration in declared(a_store()) if declaration.type.startswith("aws:s3/bucket")]
    assert len(guards) == 6
    assert all(guard.retain_on_delete for guard in guards)
    assert {guard.inputs["bucket"] for guard in guards} == {"acme-logs"}


def test_the_bucket_says_which_stack_it_belongs_to() -> None:
    def owner(cluster: ClusterSettings) -> object:
        bucket = next(made for made in aws.declarations("store", a_store(), cluster) if made.type == BUCKET_TYPE)
        tags = bucket.inputs["tags"]
        assert isinstance(tags, Mapping)
        return tags[aws.OWNER_TAG]

    assert owner(CLUSTER) == "production/logging/store"
    assert owner(CLUSTER.model_copy(update={"name": "staging"})) != owner(CLUSTER)
    assert owner(CLUSTER.model_copy(update={"namespace": "team-b"})) != owner(CLUSTER)


def test_the_provider_refuses_other_accounts_and_marks_all_that_it_makes() -> None:
    first = declared(a_store())[0]
    assert first.type == PROVIDER_TYPE, "the component gives a child the provider that stands before it"
    assert first.inputs == {
        "region": "eu-central-1",
        "allowedAccountIds": [ACCOUNT],
        "defaultTags": {"tags": one(a_store(), BUCKET_TYPE).inputs["tags"]},
    }


def test_the_bucket_is_private_by_every_switch_there_is() -> None:
    block = one(a_store(), ACCESS_BLOCK_TYPE).inputs
    ownership = one(a_store(), OWNERSHIP_TYPE).inputs
    switches = {"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"}
    assert {key for key, value in block.items() if value is True} == switches
    assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_objects_are_encrypted_with_s3s_keys() -> None:
    assert one(a_store(), ENCRYPTION_TYPE).inputs["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"},
            "blockedEncryptionTypes": ["SSE-C"],
        }
    ]


def test_objects_are_encrypted_with_the_kms_key_through_a_bucket_key() -> None:
    assert one(a_store(kms=True), ENCRYPTION_TYPE).inputs["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
            "blockedEncryptionTypes": ["SSE-C"],
            "bucketKeyEnabled": True,
        }
    ]


def test_nothing_expires_objects_or_moves_them() -> None:
    rules = one(a_store(), LIFECYCLE_TYPE).inputs["rules"]
    assert isinstance(rules, list)
    assert [set(rule) for rule in rules] == [{"id", "status", "filter", "abortIncompleteMultipartUpload"}]
    assert rules[0]["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert rules[0]["status"] == "Enabled"


@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_each_declaration_comes_after_what_it_depends_on(store: AwsStore) -> None:
    seen: set[str] = set()
    for declaration in declared(store):
        assert set(declaration.depends_on) <= seen
        assert declaration.name not in seen
        seen.add(declaration.name)


def test_settings_of_the_bucket_are_made_one_after_the_other() -> None:
    made = [declaration for declaration in declared(a_store()) if declaration.type.startswith("aws:s3/bucket")]
    assert [after.depends_on for after in made[1:]] == [(before.name,) for before in made[:-1]]


def test_no_role_is_made_for_a_bucket_that_belongs_to_somebody_else() -> None:
    assert one(a_store(), ROLE_TYPE).depends_on == (one(a_store(), BUCKET_TYPE).name,)


@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_policies_are_the_same_text_every_time(store: AwsStore) -> None:
    for token, key in ((POLICY_TYPE, "policy"), (PERMISSIONS_TYPE, "policy"), (ROLE_TYPE, "assumeRolePolicy")):
        policy = text(store, token, key)
        assert policy == json.dumps(json.loads(policy), sort_keys=True)
        assert json.loads(policy)["Version"] == "2012-10-17"
    # The quota of a trust policy (AWS, "IAM and AWS STS quotas"); the shortest that any of the three has.
    assert len(trust(store)) < 2048
