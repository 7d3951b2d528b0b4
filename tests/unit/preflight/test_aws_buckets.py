"""Existing buckets, asked of moto as S3, and the problems of those that are missing or elsewhere."""

import socket
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from logstack.localrun.layout import LOOPBACK
from logstack.preflight.aws_buckets import BucketAnswer, head_bucket, refuse_missing_buckets
from logstack.settings.model.object_store import AwsStore
from logstack.settings.problems import StackProblems
from tests.support.aws_store import BUCKET, REGION, a_store
from tests.unit.preflight.test_aws_account import remove_aws_credentials

EXISTING = a_store(create=False, rulesBucket="acme-rules")


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """S3 with one bucket, asked by a shell without credentials."""
    remove_aws_credentials(monkeypatch, tmp_path)
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        remove_aws_credentials(patch, tmp_path)
        yield


def problems(store: AwsStore, **answers: BucketAnswer | None) -> dict[str, str]:
    """Return the problems' names by key; `answers` are those of S3 by the key of the bucket."""
    keys = {bucket: key for key, bucket in store.buckets.items()}
    try:
        refuse_missing_buckets(store, lambda _, bucket: answers[keys[bucket]])
    except StackProblems as refused:
        return {each.path.removeprefix("logstack:objectStore."): each.name for each in refused.problems}
    return {}


@pytest.mark.usefixtures("moto")
def test_head_bucket_needs_no_credentials() -> None:
    there = head_bucket(a_store(), BUCKET)
    assert there
    assert there.exists
    assert head_bucket(a_store(), "acme-nowhere") == BucketAnswer(exists=False)


def test_head_bucket_has_no_answer_when_aws_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as bound:  # a port without a listener
        bound.bind((LOOPBACK, 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{LOOPBACK}:{bound.getsockname()[1]}")
        assert head_bucket(a_store(), BUCKET) is None


HERE, GONE, AWAY = (
    BucketAnswer(exists=True, region=REGION),
    BucketAnswer(exists=False),
    BucketAnswer(exists=True, region="us-east-2"),
)


def test_existing_buckets_are_refused_when_they_are_missing_or_in_another_region() -> None:
    assert problems(EXISTING, bucket=HERE, rulesBucket=HERE) == {}
    assert problems(EXISTING, bucket=GONE, rulesBucket=AWAY) == {
        "bucket": "bucket-missing",
        "rulesBucket": "bucket-in-another-region",
    }


def test_buckets_are_not_refused_without_an_answer_or_without_their_region() -> None:
    assert problems(EXISTING, bucket=None, rulesBucket=BucketAnswer(exists=True)) == {}


def test_bucket_that_the_stack_creates_is_not_asked_for() -> None:
    assert problems(a_store(rulesBucket="acme-rules"), rulesBucket=GONE) == {"rulesBucket": "bucket-missing"}


def test_missing_bucket_has_a_fix_for_both_intents() -> None:
    with pytest.raises(StackProblems) as refused:
        refuse_missing_buckets(a_store(create=False), lambda *_: GONE)
    (problem,) = refused.value.problems
    assert problem.what == f'there is no S3 bucket "{BUCKET}"'
    assert problem.fix == "create the bucket, or correct bucket; for one that the stack creates, remove create: false"
