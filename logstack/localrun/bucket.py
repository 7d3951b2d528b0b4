"""The bucket's real content, read through the S3 API."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from logstack.settings.model.loki import SINGLE_TENANT

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Chunk:
    """A chunk object: `<tenant>/<fingerprint>/<from>:<through>:<checksum>`, times as hexadecimal milliseconds."""

    key: str
    size: int

    @property
    def through(self) -> int:
        """The time of its last line, in nanoseconds."""
        return int(self.key.rsplit("/", 1)[1].split(":")[1], 16) * 1_000_000


class Bucket:
    """One bucket of the local S3 server."""

    def __init__(self, client: "S3Client", name: str) -> None:
        """`client` is boto3's S3 client."""
        self._client = client
        self._name = name

    def objects(self, prefix: str) -> dict[str, int]:
        """Keys and sizes under a prefix."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix)
        return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", [])}

    def chunks(self, tenant: str = SINGLE_TENANT) -> list[Chunk]:
        """Every chunk of a tenant, by default of the single one."""
        return [Chunk(key, size) for key, size in self.objects(f"{tenant}/").items()]


def open_bucket(endpoint: str, name: str, region: str, access_key: str, secret_key: str) -> Bucket:
    """The bucket, addressed by path."""
    import boto3  # noqa: PLC0415 - half a second, for the run alone
    from botocore.config import Config  # noqa: PLC0415

    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}),
    )
    return Bucket(client, name)
