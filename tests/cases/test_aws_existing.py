"""Stores on AWS that exist already: the bucket, the role of Loki's pods, or an access key instead of a role."""

import json
from pathlib import Path
from typing import Any

import pytest

from logstack.manifests.stores.access import SERVICE_ACCOUNT
from logstack.manifests.stores.credentials import describe_source
from logstack.manifests.stores.kinds import store_kind
from logstack.settings.model.object_store import AwsStore
from logstack.settings.tree import Settings
from tests.cases.pods import CLUSTER, STACKS, pods_of
from tests.cases.test_adopt import errors
from tests.support.aws_store import (
    ACCOUNT,
    ASSOCIATION_TYPE,
    BUCKET,
    ISSUER,
    KEY,
    PERMISSIONS_TYPE,
    PROVIDER_TYPE,
    REGION,
    ROLE_TYPE,
    a_store,
    declared,
    one,
    text,
)
from tests.support.aws_store import CLUSTER as AWS_CLUSTER
from tests.support.iam import Request, allowed
from tests.support.real import binary, run
from tests.support.stacks import data, declarations
from tests.unit.adopt.cases import adopt_values
from tests.unit.adopt.test_adopt import loki_values, stack_of
from tests.unit.settings.stacks import messages_for

ROLE = f"arn:aws:iam::{ACCOUNT}:role/teams/loki"
EXISTING: dict[str, Any] = {"create": False, "accountId": None}
POD_IDENTITY: dict[str, Any] = {"kind": "pod-identity", "roleArn": ROLE}
IRSA: dict[str, Any] = {"kind": "irsa", "roleArn": ROLE}
KEYS: dict[str, Any] = {"identity": None, "credentialsSecret": "loki-s3"}


def types(store: AwsStore) -> set[str]:
    return {each.type for each in declared(store)}


@pytest.mark.parametrize(
    ("store", "expected"),
    [
        (a_store(**EXISTING, identity=IRSA), set()),
        (a_store(**EXISTING, identity=POD_IDENTITY), set()),
        (a_store(**EXISTING, **KEYS), set()),
        (a_store(create=False, identity=POD_IDENTITY | {"eksCluster": "platform"}), {PROVIDER_TYPE, ASSOCIATION_TYPE}),
        (a_store(create=False), {PROVIDER_TYPE, ROLE_TYPE, PERMISSIONS_TYPE, ASSOCIATION_TYPE}),
        (a_store(create=False, irsa=True), {PROVIDER_TYPE, ROLE_TYPE, PERMISSIONS_TYPE}),
    ],
)
def test_stack_makes_in_aws_only_what_does_not_exist(store: AwsStore, expected: set[str]) -> None:
    assert types(store) == expected


@pytest.mark.parametrize("identity", [IRSA, POD_IDENTITY | {"eksCluster": "platform"}])
def test_stack_makes_the_bucket_and_its_settings_for_an_existing_role(identity: dict[str, str]) -> None:
    made = types(a_store(identity=identity))
    assert len([each for each in made if each.startswith("aws:s3/")]) == 6
    assert not [each for each in made if each.startswith("aws:iam/")]


def test_stack_makes_no_role_for_an_access_key() -> None:
    assert not [each for each in types(a_store(**KEYS)) if each.startswith(("aws:iam/", "aws:eks/"))]


def test_pods_have_the_existing_role_by_annotation_or_association() -> None:
    annotated = store_kind(a_store(**EXISTING, identity=IRSA), AWS_CLUSTER)
    assert annotated.access.service_account_annotations == {"eks.amazonaws.com/role-arn": ROLE}
    associated = a_store(create=False, identity=POD_IDENTITY | {"eksCluster": "platform"})
    assert one(associated, ASSOCIATION_TYPE).inputs == {
        "clusterName": "platform",
        "namespace": "logging",
        "serviceAccount": SERVICE_ACCOUNT,
        "roleArn": ROLE,
    }


def test_role_for_an_existing_bucket_may_use_it_and_the_bucket_of_rules_alone() -> None:
    policy = text(a_store(create=False, rulesBucket="acme-rules"), PERMISSIONS_TYPE)
    for bucket, may in ((BUCKET, True), ("acme-rules", True), ("acme-other", False)):
        arn = f"arn:aws:s3:::{bucket}"
        assert allowed([policy], Request("s3:ListBucket", arn)) is may
        assert allowed([policy], Request("s3:PutObject", f"{arn}/rules/fake/a")) is may


@pytest.mark.parametrize(
    ("changes", "location", "key"),
    [
        (EXISTING | {"identity": IRSA}, "(existing, not managed by this stack)", f"the AWS role {ROLE} (existing)"),
        (EXISTING | KEYS, "(existing, not managed by this stack)", "from the Secret loki-s3 (existing)"),
        ({}, "(created by this stack, protected and retained)", "none: the pods use an AWS role"),
        ({"rulesBucket": "acme-rules"}, "rules in the existing bucket acme-rules", "an AWS role"),
    ],
)
def test_plan_says_what_exists(changes: dict[str, Any], location: str, key: str) -> None:
    store = a_store(**changes)
    assert location in store_kind(store, AWS_CLUSTER).location
    assert key in describe_source(store.access_key)


@pytest.mark.parametrize(
    "changes",
    [
        EXISTING | {"identity": IRSA},
        EXISTING | {"identity": POD_IDENTITY},
        {"create": False, "kmsKeyArn": KEY},
        {"create": False, "irsa": True},
        {"rulesBucket": "acme-rules"},
    ],
)
def test_existing_bucket_or_role_has_no_problem(changes: dict[str, Any]) -> None:
    store = a_store(**changes).model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
    assert messages_for(f"objectStore: {json.dumps(store)}") == ""


def test_access_key_is_accepted_by_name_or_found_in_the_config_of_pulumi() -> None:
    store = f"objectStore: {{kind: aws-s3, create: false, bucket: {BUCKET}, region: {REGION}}}"
    named = store.replace("}", ", credentialsSecret: loki-s3}")
    assert messages_for(f"{named}\nacknowledge: [static-access-key]") == ""
    assert "error[store-without-identity]" in messages_for(store)
    secrets = frozenset({"accessKeyId", "secretAccessKey"})
    assert messages_for(store, secrets).startswith("warning[static-access-key]")


@pytest.mark.real
@pytest.mark.parametrize("mode", STACKS)
def test_loki_pods_read_the_access_key_from_the_secret(mode: str, tmp_path: Path) -> None:
    named = {"accessKeyId": "id", "secretAccessKey": "secret"}
    store = a_store(**EXISTING, **KEYS, credentialsKeys=named).model_dump(by_alias=True)
    loki = [
        each
        for each in pods_of(Settings.model_validate(STACKS[mode] | {"objectStore": store}), tmp_path)
        if "-config.file=" in json.dumps(each.spec)
    ]
    assert loki
    for pod in loki:
        variables = {each["name"]: each.get("valueFrom") for each in pod.spec["containers"][0]["env"]}
        for name, key in (("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret")):
            assert variables[name] == {"secretKeyRef": {"name": "loki-s3", "key": key}}


@pytest.mark.real
def test_loki_accepts_an_existing_store_and_a_former_one_on_aws(tmp_path: Path) -> None:
    former = a_store(**EXISTING, **KEYS | {"credentialsSecret": "old"}, rulesBucket="old-rules", bucket="acme-old")
    settings = Settings.model_validate(
        {
            "cluster": CLUSTER,
            "objectStore": a_store(**EXISTING, identity=IRSA, rulesBucket="acme-rules").model_dump(by_alias=True),
            "schemaPeriods": [{"from": "2024-04-01"}, {"from": "2026-05-20"}],
            "formerObjectStore": {"before": "2026-05-20", "store": former.model_dump(by_alias=True)},
        }
    )
    file = tmp_path / "loki.yaml"
    file.write_text(data(declarations(settings), "loki/loki-config"))
    flags = ("-config.expand-env=true", "-verify-config", "-print-config-stderr")
    variables = {"FORMER_AWS_ACCESS_KEY_ID": "a", "FORMER_AWS_SECRET_ACCESS_KEY": "b"}
    answer = run([binary("loki"), f"-config.file={file}", *flags], environment=variables)
    assert answer.returncode == 0, answer.stderr
    for bucket in ("acme-logs", "acme-rules", "acme-old"):
        assert f"bucketnames: {bucket}\n" in answer.stderr


ROLE_VALUES = {"serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": ROLE}}}
ON_AWS: dict[str, Any] = {"type": "s3", "bucketNames": {"chunks": "acme", "ruler": "acme-rules"}}


def test_adopt_takes_bucket_and_role_of_a_release_over() -> None:
    adoption = adopt_values(loki_values(storage=ON_AWS | {"s3": {"region": REGION}}) | ROLE_VALUES)
    assert stack_of(adoption)["objectStore"] == {
        "kind": "aws-s3",
        "create": False,
        "bucket": "acme",
        "rulesBucket": "acme-rules",
        "region": REGION,
        "identity": IRSA,
    }
    assert errors(adoption) == set()
    assert not [each for each in adoption.decisions if (each.key or "").startswith("objectStore")]
    assert not adoption.side_by_side


def test_adopt_asks_for_the_trust_of_another_service_account() -> None:
    account = {"serviceAccount": ROLE_VALUES["serviceAccount"] | {"name": "logs"}}
    adoption = adopt_values(loki_values(storage=ON_AWS | {"s3": {"region": REGION}}) | account)
    (decision,) = [each for each in adoption.decisions if each.key == "objectStore.identity"]
    assert "system:serviceaccount:monitoring:loki" in decision.text


def test_adopt_asks_for_the_role_when_the_values_name_neither_role_nor_key() -> None:
    adoption = adopt_values(loki_values(storage=ON_AWS | {"s3": {"endpoint": "s3.eu-west-1.amazonaws.com"}}))
    store = stack_of(adoption)["objectStore"]
    assert (store["region"], store["create"], "identity" in store) == ("eu-west-1", False, False)
    assert "objectStore.identity" in {each.key for each in adoption.decisions}


def test_adopt_copies_no_access_key_of_aws_and_says_where_it_goes() -> None:
    keys = {"accessKeyId": "SECRET-a", "secretAccessKey": "SECRET-b", "region": REGION}
    adoption = adopt_values(loki_values(storage=ON_AWS | {"s3": keys}))
    assert "SECRET-" not in json.dumps(stack_of(adoption))
    entries = [each for each in adoption.entries if each.key == "objectStore.credentialsSecret"]
    assert entries
    assert all("pulumi config set --secret" in each.text for each in entries)
    assert errors(adoption) == {"store-without-identity"}


def test_adopt_names_the_secret_with_an_access_key_of_aws() -> None:
    values = loki_values(storage=ON_AWS | {"s3": {"region": REGION}})
    adoption = adopt_values(values | {"global": {"extraEnvFrom": [{"secretRef": {"name": "loki-aws"}}]}})
    assert stack_of(adoption)["objectStore"]["credentialsSecret"] == "loki-aws"
    assert errors(adoption) == set()
    assert "static-access-key" in {each.name for each in adoption.problems}


def test_role_for_irsa_that_exists_needs_no_issuer() -> None:
    assert ISSUER not in json.dumps([each.inputs for each in declared(a_store(create=False, identity=IRSA))])
