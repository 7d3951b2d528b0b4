"""Whether the existing buckets of a stack are there, asked of S3 before anything is registered."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from logstack.settings.model.object_store import AwsStore
from logstack.settings.problems import Problem, StackProblems

# As for the account (logstack/preflight/aws_account.py).
_PATIENCE_SECONDS = 5
_ATTEMPTS = 2
_NOT_FOUND = 404
# The header in which S3 names a bucket's region, whoever asks (AWS, API reference of HeadBucket).
_REGION_HEADER = "x-amz-bucket-region"


@dataclass(frozen=True)
class BucketAnswer:
    """What S3 says of a bucket to somebody without credentials."""

    exists: bool
    region: str | None = None
    """None if S3 does not name it."""


AskForBucket = Callable[[AwsStore, str], BucketAnswer | None]


def refuse_missing_buckets(store: AwsStore, ask: AskForBucket) -> None:
    """Raise StackProblems for existing buckets that are not there, or in another region.

    Whether Loki may use a bucket only its own pods can tell. Without an answer nothing is refused.
    """
    if problems := list(_problems(store, ask)):
        raise StackProblems(problems)


def _problems(store: AwsStore, ask: AskForBucket) -> Iterator[Problem]:
    for key, bucket in store.buckets.items():
        if key == "bucket" and store.makes_bucket:
            continue
        answer = ask(store, bucket)
        if answer and not answer.exists:
            fix = f"create the bucket, or correct {key}"
            if key == "bucket":
                fix += "; for one that the stack creates, remove create: false"
            yield _problem("bucket-missing", key, f'there is no S3 bucket "{bucket}"', fix)
        elif answer and answer.region and answer.region != store.region:
            what = f'the S3 bucket "{bucket}" is in {answer.region}, but region is {store.region}'
            yield _problem("bucket-in-another-region", key, what, f"region: {answer.region}")


def head_bucket(store: AwsStore, bucket: str) -> BucketAnswer | None:
    """Return what S3 answers to an unsigned HeadBucket, which needs no credentials; None without an answer."""
    import boto3  # noqa: PLC0415 - half a second, for stores in AWS alone
    from botocore import UNSIGNED, exceptions  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        signature_version=UNSIGNED,
        connect_timeout=_PATIENCE_SECONDS,
        read_timeout=_PATIENCE_SECONDS,
        retries={"total_max_attempts": _ATTEMPTS},
    )
    try:
        s3 = boto3.Session().client("s3", region_name=store.region, config=config)
        headers = s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
    except exceptions.ClientError as error:
        metadata = error.response["ResponseMetadata"]
        if metadata["HTTPStatusCode"] == _NOT_FOUND:
            return BucketAnswer(exists=False)
        headers = metadata["HTTPHeaders"]
    except exceptions.BotoCoreError:
        return None
    return BucketAnswer(exists=True, region=headers.get(_REGION_HEADER))


def _problem(name: str, key: str, what: str, fix: str) -> Problem:
    consequence = "Loki's pods could neither write nor read there; nothing was registered"
    return Problem(name, f"logstack:objectStore.{key}", what, consequence, fix)
