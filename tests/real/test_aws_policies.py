"""The AWS store's policies with the real Loki: the role allows every request that Loki makes, and no other action.

AWS itself is not used. The real Loki writes, flushes, queries, compacts, deletes and stores rules in a real S3 server
that asks a real IAM for each request (tests/support/guarded_store.py). The bucket has the declared policy, and Loki's
user the declared permissions of the role. The server's access log has Loki's requests, and tests/support/iam.py checks
them again. tests/unit/manifests/test_stores_aws_moto.py tests which calls moto allows.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from logstack.localrun.bucket import Bucket
from logstack.localrun.client import Entry, selector
from logstack.localrun.deletion import FAST_COMPACTOR, NO_DELAY
from logstack.localrun.layout import Node
from logstack.localrun.localise import flags
from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.settings.model.object_store import AwsStore
from logstack.settings.tree import Settings
from tests.support.aws_store import PERMISSIONS_TYPE, POLICY_TYPE, text
from tests.support.guarded_store import GuardedStore, Key, Logged
from tests.support.iam import BUCKET_ACTIONS, KEY_ACTIONS, OBJECT_ACTIONS, Request, allowed
from tests.support.real import binary
from tests.support.s3_calls import LOKI_CALLS, OBJECT, OTHER_CALLS, refused
from tests.support.stacks import changed, settings_of

pytestmark = pytest.mark.real

OTHER_BUCKET = "acme-logs-of-another-stack"
ADMINISTRATOR = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
)
UNKNOWN_TO_THE_SERVER = {"PutBucketLifecycleConfiguration"}
"""Operations that the S3 server does not implement."""
_SECOND = 1_000_000_000
_DAY = 86_400 * _SECOND
_LINES = 50
# Measured: the compactor deletes marked chunks within 12 s of its start.
_DELETED_SECONDS = 180


def aws_stack() -> Settings:
    """Return the example in AWS with one process of each role: it makes the same requests as three."""
    return changed(
        settings_of("aws"),
        replicas={"write": 1, "read": 1, "backend": 1},
        replication_factor=1,
        canary={"enabled": False},
    )


def store_of(settings: Settings) -> AwsStore:
    store = settings.object_store
    assert isinstance(store, AwsStore)
    return store


def guarded(root: Path, fleet: Fleet, store: AwsStore) -> GuardedStore:
    """Start the server with the declared bucket and another stack's, each with an object."""
    server = GuardedStore(root, fleet, store.region)
    administrator = server.s3(server.root)
    for bucket in (store.bucket, OTHER_BUCKET):
        administrator.create_bucket(Bucket=bucket)
        administrator.put_object(Bucket=bucket, Key=OBJECT, Body=b"chunk")
    administrator.put_bucket_policy(Bucket=store.bucket, Policy=text(store, POLICY_TYPE))
    return server


class Guarded(Platform):
    """The platform with a store that checks permissions, reached with TLS and a key with the role's permissions."""

    server: GuardedStore
    key: Key

    def _start_store(self) -> None:
        store = store_of(self.settings)
        root = self._root / "store"
        root.mkdir()
        self.server = guarded(root, self.fleet, store)
        self.server.s3(self.server.root).delete_object(Bucket=store.bucket, Key=OBJECT)
        self.key = self.server.user("loki", text(store, PERMISSIONS_TYPE))
        for storage in (self.config["common"]["storage"], self.config["ruler"]["storage"]):
            storage["s3"] |= {"endpoint": self.server.endpoint, "insecure": False}
        self.write_config({})

    def start_node(self, node: Node) -> None:
        node.directory.mkdir(parents=True, exist_ok=True)
        keys = {"AWS_ACCESS_KEY_ID": self.key.id, "AWS_SECRET_ACCESS_KEY": self.key.secret}
        trusted = {"SSL_CERT_FILE": str(self.server.certificate)}
        self.fleet.start(node.name, [str(self._binaries["loki"]), *flags(node, self._config_file)], keys | trusted)

    def bucket(self) -> Bucket:
        return Bucket(self.server.s3(self.server.root), self.access.bucket)

    def stop(self, *nodes: Node) -> None:
        # Measured: a backend still runs 20 s after SIGTERM.
        self.fleet.stop(*(node.name for node in nodes), seconds=5)


@dataclass(frozen=True)
class Recorded:
    """Loki's requests to the store, in the order of their answers."""

    requests: tuple[Logged, ...]
    logs: str
    """The logs of all processes."""


@pytest.fixture(scope="module")
def recorded() -> Iterator[Recorded]:
    """Record everything that Loki does with its store, once."""
    binaries = {name: binary(name) for name in ("loki", "versitygw")}
    with TemporaryDirectory(prefix="aws-") as directory:
        root = Path(directory)
        logs = root / "logs"
        with Fleet(logs) as fleet:
            platform = Guarded(aws_stack(), binaries, root, fleet)
            use_everything(platform)
            ours = tuple(each for each in platform.server.logged() if each.requester == platform.key.id)
        yield Recorded(ours, "".join(file.read_text() for file in logs.glob("loki-*.log")))


def use_everything(platform: Guarded) -> None:
    """Push and query lines, and use rules, restarts, retention and a request to delete lines."""
    # Without delays: compaction, and the time before a delete request takes effect, to which Loki adds a minute.
    delays = FAST_COMPACTOR | NO_DELAY | {"compaction_interval": "1s", "apply_retention_interval": "1s"}
    platform.config["compactor"] |= {**delays, "delete_request_cancel_period": "-1m"}
    platform.config["limits_config"]["reject_old_samples"] = False
    platform.start()
    (backend,) = platform.layout.of("backend")
    now = time.time_ns()
    retention = int(platform.settings.retention.total_seconds()) * _SECOND
    push(platform, "kept", now - 3600 * _SECOND)
    push(platform, "doomed", now - 3600 * _SECOND)
    push(platform, "expired", now - retention - 2 * _DAY)
    with httpx.Client(base_url=backend.url, timeout=30) as http:
        rules = 'name: g\nrules:\n- record: r:count\n  expr: sum(count_over_time({app="kept"}[1m]))\n'
        http.post("/loki/api/v1/rules/ours", content=rules).raise_for_status()
        assert "r:count" in http.get("/loki/api/v1/rules").text
        platform.restart(*platform.writers)
        before = {chunk.key for chunk in platform.bucket().chunks()}
        assert len(before) == 3
        assert (count_lines(platform, "kept", now), count_lines(platform, "doomed", now)) == (_LINES, _LINES)
        delete_request: dict[str, str | int] = {
            "query": '{app="doomed"} |= "line 1"',
            "start": (now - _DAY) // _SECOND,
            "end": now // _SECOND,
        }
        http.post("/loki/api/v1/delete", params=delete_request).raise_for_status()
        wait_until(platform, "the request is processed", lambda: "processed" in http.get("/loki/api/v1/delete").text)
        # Marked chunks are deleted once a minute, and when the compactor starts.
        platform.stop(backend)
        platform.start_node(backend)
        platform.wait_ready((backend,))
        # Of the doomed lines 11 go and 39 stay, in a new chunk; of the expired ones nothing does.
        wait_until(
            platform, "two chunks are gone", lambda: len(before & {c.key for c in platform.bucket().chunks()}) == 1
        )
        http.delete("/loki/api/v1/rules/ours/g").raise_for_status()
    platform.stop(*platform.layout.nodes)
    for node in platform.layout.nodes:
        platform.start_node(node)
    platform.wait_ready(platform.layout.nodes)
    assert (count_lines(platform, "kept", now), count_lines(platform, "doomed", now)) == (_LINES, _LINES - 11)


def push(platform: Platform, app: str, when: int) -> None:
    entries = [Entry(when + index * 1_000_000, f"{app} line {index}") for index in range(_LINES)]
    (pushed,) = platform.loki.push({"cluster": "eu", "app": app}, entries)
    assert pushed.acknowledged, pushed.reason


def count_lines(platform: Platform, app: str, now: int) -> int:
    return len(list(platform.loki.entries(selector({"app": app}), now - _DAY, now)))


def wait_until(platform: Platform, what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _DELETED_SECONDS
    while not holds():
        platform.fleet.check()
        assert time.monotonic() < deadline, f"not after {_DELETED_SECONDS} s: {what}"
        time.sleep(0.5)


def needed(each: Logged) -> Request:
    """Return the action that AWS requires for an operation, with its resource."""
    context = {"aws:SecureTransport": str(each.tls).lower()}
    if each.operation in BUCKET_ACTIONS:
        return Request(BUCKET_ACTIONS[each.operation], f"arn:aws:s3:::{each.bucket}", context=context)
    return Request(OBJECT_ACTIONS[each.operation], f"arn:aws:s3:::{each.bucket}/{each.key}", context=context)


def test_loki_makes_exactly_the_known_requests(recorded: Recorded, measured: Callable[[str], None]) -> None:
    kinds = Counter((each.operation, each.key.partition("/")[0]) for each in recorded.requests)
    counts = ", ".join(f"{count} {operation} {prefix}" for (operation, prefix), count in sorted(kinds.items()))
    measured(f"AWS: {kinds.total()} requests of Loki to its store: {counts}")
    assert {operation for operation, _ in kinds} == set(LOKI_CALLS)
    # The run covers all that Loki stores: chunks of the tenant, the index with delete requests, and rules.
    for prefix in ("fake", "index", "rules"):
        assert {operation for operation, key in kinds if key == prefix} == {"GetObject", "PutObject", "DeleteObject"}


def test_store_refuses_no_request_of_loki(recorded: Recorded) -> None:
    # 404 is how Loki learns that there are no rules and no delete requests yet.
    assert {each.status for each in recorded.requests} <= {200, 206, 404}
    assert "AccessDenied" not in recorded.logs


def test_declared_policies_allow_each_request_over_tls_only(recorded: Recorded) -> None:
    store = store_of(aws_stack())
    policies = (text(store, PERMISSIONS_TYPE), text(store, POLICY_TYPE))
    assert {each.tls for each in recorded.requests} == {True}
    assert {each.bucket for each in recorded.requests} == {store.bucket}
    for each in recorded.requests:
        request = needed(each)
        assert allowed(policies, request), each
        assert not allowed(
            policies, Request(request.action, request.resource, context={"aws:SecureTransport": "false"})
        )


def test_role_has_no_permission_that_loki_does_not_need(recorded: Recorded) -> None:
    """With a KMS key, S3 asks for a data key at each write and for its decryption at each read."""
    key = "arn:aws:kms:eu-central-1:123456789012:key/6f1c"
    store = store_of(aws_stack()).model_copy(update={"kms_key_arn": key})
    needed_actions = {needed(each).action for each in recorded.requests}
    needed_actions |= {KEY_ACTIONS[each.operation] for each in recorded.requests if each.operation in KEY_ACTIONS}
    statements = json.loads(text(store, PERMISSIONS_TYPE))["Statement"]
    assert {action for statement in statements for action in statement["Action"]} == needed_actions


@pytest.fixture(scope="module")
def server() -> Iterator[GuardedStore]:
    """Start the server without Loki."""
    binary("versitygw")
    with TemporaryDirectory(prefix="aws-") as directory, Fleet(Path(directory) / "logs") as fleet:
        root = Path(directory) / "store"
        root.mkdir()
        yield guarded(root, fleet, store_of(aws_stack()))


def test_server_allows_the_role_only_the_calls_of_loki(server: GuardedStore) -> None:
    store = store_of(aws_stack())
    s3 = server.s3(server.user("loki", text(store, PERMISSIONS_TYPE)))
    assert [name for name, call in LOKI_CALLS.items() if refused(call, s3, store.bucket)] == []
    assert [name for name, call in LOKI_CALLS.items() if not refused(call, s3, OTHER_BUCKET)] == []
    server.s3(server.root).put_object(Bucket=store.bucket, Key=OBJECT, Body=b"chunk")
    known = {name: call for name, call in OTHER_CALLS.items() if name not in UNKNOWN_TO_THE_SERVER}
    assert [name for name, call in known.items() if not refused(call, s3, store.bucket)] == []


def test_server_refuses_even_an_administrator_without_tls(server: GuardedStore) -> None:
    store = store_of(aws_stack())
    administrator = server.user("administrator", ADMINISTRATOR)
    plain, secure = server.s3(administrator, tls=False), server.s3(administrator)
    assert [name for name, call in LOKI_CALLS.items() if not refused(call, plain, store.bucket)] == []
    assert [name for name, call in LOKI_CALLS.items() if refused(call, secure, store.bucket)] == []
    # The bucket's own policy refuses them: another bucket accepts the same calls.
    assert [name for name, call in LOKI_CALLS.items() if refused(call, plain, OTHER_BUCKET)] == []


def test_bucket_policy_alone_grants_no_access(server: GuardedStore) -> None:
    store = store_of(aws_stack())
    elsewhere = text(store, PERMISSIONS_TYPE).replace(store.bucket, OTHER_BUCKET)
    s3 = server.s3(server.user("stranger", elsewhere))
    assert [name for name, call in LOKI_CALLS.items() if not refused(call, s3, store.bucket)] == []
