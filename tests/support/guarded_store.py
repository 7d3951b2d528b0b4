"""A real S3 server that asks a real IAM before it answers: Versity S3 Gateway with its own IAM server.

It is not AWS, but it evaluates the same policies, with conditions, and the real Loki can run against it.
"""

import datetime
import ipaddress
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import httpx
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from logstack.localrun.layout import LOOPBACK, free_ports
from logstack.localrun.processes import Fleet
from tests.support.real import binary

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The region that the IAM server's signatures carry, as IAM's own do.
_IAM_REGION = "us-east-1"
_READY_SECONDS = 120


@dataclass(frozen=True)
class Key:
    """An access key."""

    id: str
    secret: str


@dataclass(frozen=True)
class Logged:
    """One request of the access log."""

    bucket: str
    requester: str
    """The access key's id."""
    operation: str
    """Its name in S3's API."""
    key: str
    """The object's key; `-` in a request without an object."""
    status: int
    tls: bool


class GuardedStore:
    """Two servers over the same buckets, with TLS and without; `fleet` stops them."""

    def __init__(self, root: Path, fleet: Fleet, region: str) -> None:
        """`root` is an empty directory with a short path: the path of a socket has at most 107 characters."""
        self.region = region
        self.root = Key("root", secrets.token_hex(20))
        self.certificate = root / "certificate.pem"
        self._log = root / "access.log"
        private_key = root / "key.pem"
        self_signed(self.certificate, private_key)
        tls, plain, iam = free_ports(3)
        self.endpoint = f"https://{LOOPBACK}:{tls}"
        self.plain_endpoint = f"http://{LOOPBACK}:{plain}"
        self.iam_endpoint = f"http://{LOOPBACK}:{iam}"
        data, users, socket = root / "data", root / "users", root / "iam.sock"
        data.mkdir()
        users.mkdir()
        gateway = ["--region", region, "--access-log", str(self._log), "--iam-standalone-endpoint", str(socket)]
        # Without a cache, because the tests change policies.
        posix = ["--iam-cache-disable", "posix", str(data)]
        secure = ["--cert", str(self.certificate), "--key", str(private_key)]
        self._start(fleet, "iam", iam, ["iam", "--dir", str(users), "--private-ports", str(socket)])
        self._start(fleet, "s3-tls", tls, [*gateway, *secure, *posix])
        self._start(fleet, "s3-plain", plain, [*gateway, *posix])
        for endpoint in (self.iam_endpoint, self.endpoint, self.plain_endpoint):
            self._wait(fleet, endpoint)

    def s3(self, key: Key, *, tls: bool = True) -> "S3Client":
        """Return a client of the S3 server."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint if tls else self.plain_endpoint,
            region_name=self.region,
            verify=str(self.certificate),
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret,
            # No checksum after the body: with one, the server failed to read 3 to 12 of 400 requests with TLS
            # (measured), and closed the connection when it refused an object.
            config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
        )

    def iam(self) -> Any:
        """Return the administrator's client of the IAM server."""
        return boto3.client(
            "iam",
            endpoint_url=self.iam_endpoint,
            region_name=_IAM_REGION,
            aws_access_key_id=self.root.id,
            aws_secret_access_key=self.root.secret,
        )

    def user(self, name: str, policy: str) -> Key:
        """Create a user with a policy; return its access key."""
        iam = self.iam()
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="test", PolicyDocument=policy)
        access_key = iam.create_access_key(UserName=name)["AccessKey"]
        return Key(access_key["AccessKeyId"], access_key["SecretAccessKey"])

    def logged(self) -> list[Logged]:
        """Return every request so far."""
        return [_logged(line) for line in self._log.read_text().splitlines() if not line.startswith("log starts")]

    def _start(self, fleet: Fleet, name: str, port: int, arguments: Sequence[str]) -> None:
        command = [
            str(binary("versitygw")),
            "--port",
            f"{LOOPBACK}:{port}",
            "--keep-alive",
            "--health",
            "/health",
            *arguments,
        ]
        keys = {"ROOT_ACCESS_KEY_ID": self.root.id, "ROOT_SECRET_ACCESS_KEY": self.root.secret}
        fleet.start(name, command, keys)

    def _wait(self, fleet: Fleet, endpoint: str) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            fleet.check()
            try:
                httpx.get(f"{endpoint}/health", verify=False).raise_for_status()  # noqa: S501 - is it there at all
            except httpx.TransportError:
                assert time.monotonic() < deadline, f"{endpoint} does not answer"
                time.sleep(0.1)
            else:
                return


def _logged(line: str) -> Logged:
    # The time is the third and the fourth word; no key of the tests has a space.
    words = line.split(" ")
    bucket, requester, operation, key, status = (words[index] for index in (1, 5, 7, 8, 10))
    return Logged(bucket, requester, operation.removeprefix("s3_"), key, int(status), "TLSv1.3" in words)


def self_signed(certificate: Path, private_key: Path, hosts: Sequence[str] = ()) -> None:
    """Write a self-signed certificate of the loopback address and of hosts, valid for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, LOOPBACK)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.IPAddress(ipaddress.ip_address(LOOPBACK)), *map(x509.DNSName, hosts)]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private_key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
