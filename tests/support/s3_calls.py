"""Calls of S3's API with boto3: those that Loki makes, and others that its role must not allow."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Call = Callable[["S3Client", str], object]
"""A call with a client and a bucket's name."""
OBJECT = "fake/62559bb6d64eb7f3/1a1fd22f179:1a1fd22f1ab:9b0542fd"
"""A key like those of Loki's chunks."""

LOKI_CALLS: Mapping[str, Call] = {
    "ListObjectsV2": lambda s3, bucket: s3.list_objects_v2(Bucket=bucket, Prefix="index/", Delimiter="/"),
    "PutObject": lambda s3, bucket: s3.put_object(Bucket=bucket, Key=OBJECT, Body=b"chunk"),
    "GetObject": lambda s3, bucket: s3.get_object(Bucket=bucket, Key=OBJECT),
    "DeleteObject": lambda s3, bucket: s3.delete_object(Bucket=bucket, Key=OBJECT),
}
"""By operation; a recorded run of the real Loki makes exactly these (tests/real/test_aws_policies.py). Each call finds
the object that the one before it leaves."""

EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
OTHER_CALLS: Mapping[str, Call] = {
    "ListBuckets": lambda s3, _: s3.list_buckets(),
    "CreateBucket": lambda s3, bucket: s3.create_bucket(
        Bucket=f"{bucket}-too", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    ),
    "DeleteBucket": lambda s3, bucket: s3.delete_bucket(Bucket=bucket),
    "GetBucketPolicy": lambda s3, bucket: s3.get_bucket_policy(Bucket=bucket),
    "PutBucketPolicy": lambda s3, bucket: s3.put_bucket_policy(Bucket=bucket, Policy="{}"),
    "DeleteBucketPolicy": lambda s3, bucket: s3.delete_bucket_policy(Bucket=bucket),
    "GetBucketAcl": lambda s3, bucket: s3.get_bucket_acl(Bucket=bucket),
    "PutBucketAcl": lambda s3, bucket: s3.put_bucket_acl(Bucket=bucket, ACL="public-read"),
    "PutBucketVersioning": lambda s3, bucket: s3.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
    ),
    "PutBucketLifecycleConfiguration": lambda s3, bucket: s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={
            "Rules": [{"ID": "all", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]
        },
    ),
    "PutBucketCors": lambda s3, bucket: s3.put_bucket_cors(
        Bucket=bucket, CORSConfiguration={"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}
    ),
    "PutBucketTagging": lambda s3, bucket: s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": []}),
    "ListObjectVersions": lambda s3, bucket: s3.list_object_versions(Bucket=bucket),
    "ListMultipartUploads": lambda s3, bucket: s3.list_multipart_uploads(Bucket=bucket),
    "AbortMultipartUpload": lambda s3, bucket: s3.abort_multipart_upload(
        Bucket=bucket, Key=OBJECT, UploadId=_upload(s3, bucket)
    ),
    "GetObjectAcl": lambda s3, bucket: s3.get_object_acl(Bucket=bucket, Key=OBJECT),
    "PutObjectAcl": lambda s3, bucket: s3.put_object_acl(Bucket=bucket, Key=OBJECT, ACL="public-read"),
    "GetObjectTagging": lambda s3, bucket: s3.get_object_tagging(Bucket=bucket, Key=OBJECT),
    "PutObjectTagging": lambda s3, bucket: s3.put_object_tagging(Bucket=bucket, Key=OBJECT, Tagging={"TagSet": []}),
}
"""By operation; Loki makes none of them."""


def _upload(s3: "S3Client", bucket: str) -> str:
    """Begin a multipart upload, which the permission to put objects allows; return its id."""
    return s3.create_multipart_upload(Bucket=bucket, Key=OBJECT)["UploadId"]


def refused(call: Call, s3: "S3Client", bucket: str) -> bool:
    """Return whether the server denies access; raises any other error."""
    try:
        call(s3, bucket)
    except ClientError as error:
        # An answer to HEAD has no body, and so no code but the status.
        if error.response["Error"]["Code"] in {"AccessDenied", "403"}:
            return True
        raise
    return False
