"""S3-compatible stores whose https certificate comes from an authority of the owner's own.

grafana/loki#18207, grafana/helm-charts#1025: no key for the authority, and the first flush failed with "x509:
certificate signed by unknown authority".
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from logstack.localrun.client import Entry
from logstack.localrun.layout import Node
from logstack.localrun.localise import flags
from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet, ProcessDiedError
from logstack.manifests.loki.config import loki_config
from logstack.manifests.manifest import yaml_text
from logstack.manifests.stores.access import CA_DIRECTORY, CA_FILE, FORMER_CA_DIRECTORY
from logstack.manifests.stores.kinds import store_access
from logstack.settings.checks.object_store import CA_UNKNOWN
from logstack.settings.tree import Settings
from tests.cases.pods import CLUSTER, STACKS, STORE, pods_of
from tests.support.guarded_store import GuardedStore
from tests.support.real import binary
from tests.unit.settings.stacks import messages_for

AUTHORITY = {"endpoint": "https://s3.internal.example:9000", "caSecret": "loki-s3-ca"}
RULES = 'name: g\nrules:\n- record: r:count\n  expr: sum(count_over_time({app="ca"}[1m]))\n'
FLUSHED_SECONDS = 60


def stack_file(**keys: str) -> str:
    return f"objectStore: {json.dumps(STORE | keys)}"


@pytest.mark.parametrize(
    "host",
    [
        "s3.internal.example:9000",
        "192.168.10.4:9000",
        "[fd00::4]:9000",
        "100.64.0.9",
        "169.254.10.2",
        "nas.local",
        "minio.internal",
        "rook-ceph-rgw-a.rook-ceph.svc",
        "minio.storage.svc.cluster.local:9000",
        "minio",
        "s3.home.arpa",
        "s3.lan.",
    ],
)
def test_host_that_no_public_authority_certifies_is_warned_of(host: str) -> None:
    assert "warning[endpoint-not-certified]" in messages_for(stack_file(endpoint=f"https://{host}"))
    assert messages_for(stack_file(endpoint=f"https://{host}", caSecret="loki-s3-ca")) == ""


def test_claim_with_tls_is_warned_of_without_an_authority() -> None:
    claim = {"kind": "ceph-bucket-claim", "bucket": "loki-a", "storageClass": "ceph-bucket"}
    warned = messages_for(f"objectStore: {json.dumps(claim | {'tls': True})}")
    assert "warning[endpoint-not-certified] logstack:objectStore.tls" in warned
    for changes in ({}, {"tls": True, "caSecret": "rgw-ca"}):
        assert messages_for(f"objectStore: {json.dumps(claim | changes)}") == ""


@pytest.mark.parametrize(
    "host", ["s3.acme.com", "s3.internal.acme.com", "1.1.1.1", "local.acme.org", "minio.svc.acme.io"]
)
def test_public_host_is_not_warned_of(host: str) -> None:
    assert messages_for(stack_file(endpoint=f"https://{host}")) == ""


@pytest.mark.real
@pytest.mark.parametrize("mode", STACKS)
def test_every_loki_pod_has_the_certificate_and_no_other_pod(mode: str, tmp_path: Path) -> None:
    """Of the charts as Helm expands them; the certificate may have any key in its Secret."""
    stack = STACKS[mode] | {"objectStore": STORE | AUTHORITY | {"caKey": "root.pem"}}
    pods = list(pods_of(Settings.model_validate(stack), tmp_path))
    has_it = {each.name for each in pods if CA_DIRECTORY in json.dumps(each.spec)}
    assert has_it == {each.name for each in pods if any("-config.file=" in text for text in _arguments(each.spec))}
    assert has_it
    for each in (each for each in pods if each.name in has_it):
        (volume,) = (volume for volume in each.spec["volumes"] if volume["name"] == "object-store-ca")
        assert volume["secret"] == {"secretName": "loki-s3-ca", "items": [{"key": "root.pem", "path": CA_FILE}]}


@pytest.mark.real
def test_former_store_has_a_certificate_of_its_own(tmp_path: Path) -> None:
    former = {"before": "2026-05-20", "store": STORE | {"endpoint": "https://10.0.0.9", "caSecret": "old-ca"}}
    periods = [{"from": "2024-04-01"}, {"from": "2026-05-20"}]
    moved = {"objectStore": STORE | AUTHORITY, "formerObjectStore": former, "schemaPeriods": periods}
    settings = Settings.model_validate(STACKS["distributed"] | moved)
    config = loki_config(
        settings, store_access(settings.object_store, settings.cluster, settings.former_object_store), settings.cluster
    )
    files = [line.partition("ca_file: ")[2] for line in yaml_text(config).splitlines() if "ca_file" in line]
    assert sorted(files) == [f"{FORMER_CA_DIRECTORY}/{CA_FILE}", *([f"{CA_DIRECTORY}/{CA_FILE}"] * 2)]
    (ingester,) = (each for each in pods_of(settings, tmp_path) if each.name == "loki-ingester")
    secrets = {each["name"]: each["secret"]["secretName"] for each in ingester.spec["volumes"] if "secret" in each}
    assert secrets == {"object-store-ca": "loki-s3-ca", "former-object-store-ca": "old-ca"}
    mounts = {each["name"]: each["mountPath"] for each in ingester.spec["containers"][0]["volumeMounts"]}
    assert {mounts[name] for name in secrets} == {CA_DIRECTORY, FORMER_CA_DIRECTORY}


def _arguments(spec: dict[str, object]) -> Iterator[str]:
    containers = spec["containers"]
    assert isinstance(containers, list)
    for container in containers:
        yield from container.get("args") or ()


class Certified(Platform):
    """The platform with an https store; its certificate is where a pod has it, below the run's directory."""

    server: GuardedStore

    def _start_store(self) -> None:
        store = self._root / "store"
        store.mkdir()
        self.server = GuardedStore(store, self.fleet, self.access.region)
        self.server.s3(self.server.root).create_bucket(Bucket=self.access.bucket)
        directory = self._root / CA_DIRECTORY.removeprefix("/")
        directory.mkdir(parents=True)
        (directory / CA_FILE).write_bytes(self.server.certificate.read_bytes())
        for storage, section in (
            (self.config["common"]["storage"], self.access.storage),
            (self.config["ruler"]["storage"], self.access.rules["s3"]),
        ):
            assert isinstance(section, dict)
            storage["s3"] = {**section, "endpoint": self.server.endpoint}
            if "http_config" in section:
                name = section["http_config"]["ca_file"].removeprefix("/")
                storage["s3"]["http_config"] = {"ca_file": str(self._root / name)}
        self.write_config({})

    def start_node(self, node: Node) -> None:
        node.directory.mkdir(parents=True, exist_ok=True)
        keys = {"AWS_ACCESS_KEY_ID": self.server.root.id, "AWS_SECRET_ACCESS_KEY": self.server.root.secret}
        self.fleet.start(node.name, [str(self._binaries["loki"]), *flags(node, self._config_file)], keys)


@pytest.fixture
def root() -> Iterator[Path]:
    """A directory with a short path, as the S3 server's socket needs."""
    with TemporaryDirectory(prefix="ca-") as directory:
        yield Path(directory)


@contextmanager
def started(root: Path, **authority: str) -> Iterator[Certified]:
    """Start one real Loki with a store whose certificate is its own."""
    store = STORE | {"endpoint": "https://s3.internal.example:9000"} | authority
    one = {"deploymentMode": "monolithic", "replicas": {"monolithic": 1}, "replicationFactor": 1}
    settings = Settings.model_validate({"cluster": CLUSTER, **one, "objectStore": store})
    binaries = {name: binary(name) for name in ("loki", "versitygw")}
    with Fleet(root / "logs") as fleet:
        platform = Certified(settings, binaries, root, fleet)
        platform.start()
        yield platform


@pytest.mark.real
def test_loki_writes_chunks_and_rules_with_the_certificate_of_the_secret(root: Path) -> None:
    with started(root, caSecret="loki-s3-ca") as platform:
        (node,) = platform.writers
        (pushed,) = platform.loki.push({"app": "ca"}, [Entry(time.time_ns(), "a line")])
        assert pushed.acknowledged, pushed.reason
        httpx.post(f"{node.url}/flush", timeout=60).raise_for_status()
        httpx.post(f"{node.url}/loki/api/v1/rules/ours", content=RULES, timeout=60).raise_for_status()
        s3 = platform.server.s3(platform.server.root)
        deadline = time.monotonic() + FLUSHED_SECONDS
        folders: set[str] = set()
        while folders < {"fake", "rules"} and time.monotonic() < deadline:
            objects = s3.list_objects_v2(Bucket=platform.access.bucket).get("Contents", [])
            folders = {each["Key"].partition("/")[0] for each in objects}
            time.sleep(0.2)
        assert folders >= {"fake", "rules"}


@pytest.mark.real
def test_loki_without_it_ends_with_the_words_of_the_warning(root: Path) -> None:
    words = "certificate signed by unknown authority"
    assert words in CA_UNKNOWN.consequence
    with pytest.raises(ProcessDiedError, match="init compactor"), started(root):
        pass
    (log,) = (root / "logs").glob("loki-*.log")
    assert words in log.read_text()
