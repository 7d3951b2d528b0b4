"""The real Loki with the storage section of each cloud's store, as it is for the cloud, on emulators of the clouds.

tests/support/clouds.py says how. It proves the configuration, not the identity: no real cloud is asked.
"""

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from logstack.localrun.client import Entry, selector
from logstack.localrun.deletion import FAST_COMPACTOR, NO_DELAY
from logstack.localrun.layout import Node
from logstack.localrun.localise import flags
from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.manifests.loki.config import loki_config
from logstack.settings.tree import Settings
from tests.support.clouds import AUTHORITIES, GOOGLE, Clouds
from tests.support.real import PATIENCE, binary
from tests.support.stacks import changed, settings_of

pytestmark = pytest.mark.prove

_SECOND = 1_000_000_000
_DAY = 86_400 * _SECOND
_LINES = 50
# Measured: the compactor deletes what it has marked within 12 s of its start, or a minute later.
_DELETED_SECONDS = 240
_ACCOUNT = "acmelogs"
_BUCKET = "acme-logs"
_SUBSCRIPTION, _TENANT, _CLIENT = (f"{digit * 8}-1111-2222-3333-444444444444" for digit in "567")
_GCS = {
    "kind": "gcs",
    "bucket": _BUCKET,
    "project": "acme-production",
    "location": "europe-west3",
    "identity": {"projectNumber": "123456789012"},
}
_AZURE = {
    "kind": "azure",
    "account": _ACCOUNT,
    "container": _BUCKET,
    "resourceGroup": "logging",
    "subscriptionId": _SUBSCRIPTION,
    "tenantId": _TENANT,
    "identity": {"clientId": _CLIENT},
    "create": False,
}
_REGIONS = {"public": "westeurope", "usgovernment": "usgovvirginia", "china": "chinanorth3"}
_BLOBS = {
    "public": f"{_ACCOUNT}.blob.core.windows.net",
    "usgovernment": f"{_ACCOUNT}.blob.core.usgovcloudapi.net",
    "china": f"{_ACCOUNT}.blob.core.chinacloudapi.cn",
}


def azure_in(environment: str) -> dict[str, object]:
    return {**_AZURE, "environment": environment, "location": _REGIONS[environment]}


@dataclass(frozen=True)
class Case:
    """A store in a cloud, the cloud's hosts that Loki asks, and Azure's name of the cloud."""

    store: Mapping[str, object]
    hosts: frozenset[str]
    environment: str = "public"


CASES = {
    "google": Case(_GCS, frozenset({GOOGLE})),
    **{
        f"azure-{name}": Case(azure_in(name), frozenset({_BLOBS[name], authority}), name)
        for name, authority in AUTHORITIES.items()
    },
}


class Clouded(Platform):
    """The platform with the artefact's own storage section, in a small internet with the clouds' stores."""

    clouds: Clouds
    environment: str = "public"

    def _start_store(self) -> None:
        artefact: Mapping[str, Any] = loki_config(self.settings, self.access, self.settings.cluster)
        for section in ("schema_config", "ruler_storage"):
            self.config[section] = artefact[section]
        for section, key in (("storage_config", "object_store"), ("compactor", "delete_request_store")):
            self.config[section][key] = artefact[section][key]
        self.write_config({})

    def start_node(self, node: Node) -> None:
        node.directory.mkdir(parents=True, exist_ok=True)
        command = [str(self._binaries["loki"]), *flags(node, self._config_file)]
        self.fleet.start(node.name, command, {"HOSTNAME": node.pod, **self.clouds.environment(self.environment)})

    def stored(self) -> set[str]:
        """Return the names of all objects in the store."""
        read = self.clouds.objects if self.access.kind == "gcs" else self.clouds.blobs
        return read(_BUCKET)

    def chunks(self) -> set[str]:
        """Return the names of the chunks in the store."""
        return {name for name in self.stored() if name.startswith("fake/")}


def stack(store: Mapping[str, object]) -> Settings:
    return changed(settings_of("monolithic"), object_store=dict(store))


@contextmanager
def clouded(case: Case) -> Iterator[Clouded]:
    """Yield a platform that has not started, in an internet with an empty store."""
    with TemporaryDirectory(prefix="clouds-") as directory:
        root = Path(directory)
        with Fleet(root / "logs") as fleet:
            clouds = Clouds(root, fleet, _ACCOUNT)
            try:
                clouds.create_bucket(_BUCKET)
                clouds.create_container(_BUCKET)
                clouds.forget()
                platform = Clouded(stack(case.store), {"loki": binary("loki")}, root, fleet)
                platform.clouds, platform.environment = clouds, case.environment
                yield platform
            finally:
                clouds.close()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_loki_keeps_finds_and_deletes_lines_in_the_cloud_of_its_section(case: Case) -> None:
    with clouded(case) as platform:
        delays = FAST_COMPACTOR | NO_DELAY | {"compaction_interval": "1s", "apply_retention_interval": "1s"}
        platform.config["compactor"] |= delays
        platform.config["limits_config"]["reject_old_samples"] = False
        platform.start()
        (node,) = platform.layout.nodes
        now = time.time_ns()
        expired = now - int(platform.settings.retention.total_seconds()) * _SECOND - 2 * _DAY
        push(platform, "new", now - 60 * _SECOND)
        push(platform, "expired", expired)
        rules = 'name: g\nrules:\n- record: r:count\n  expr: sum(count_over_time({app="new"}[1m]))\n'
        httpx.post(f"{node.url}/loki/api/v1/rules/ours", content=rules, timeout=PATIENCE).raise_for_status()

        platform.fleet.stop(node.name, seconds=60)
        written = platform.chunks()
        assert len(written) == 2
        shutil.rmtree(node.directory)
        platform.start_node(node)
        platform.wait_ready((node,))

        assert count_lines(platform, "new", now) == _LINES
        assert "r:count" in httpx.get(f"{node.url}/loki/api/v1/rules", timeout=PATIENCE).text
        deadline = time.monotonic() + _DELETED_SECONDS
        while len(written & platform.chunks()) > 1:
            platform.fleet.check()
            assert time.monotonic() < deadline, f"the compactor deleted no chunk within {_DELETED_SECONDS} s"
            time.sleep(0.5)
        assert count_lines(platform, "new", now) == _LINES
        # The test reads what is stored in Azure by its first cloud.
        read_by_the_test = {_BLOBS["public"]} if platform.access.kind == "azure" else set()
        assert platform.clouds.asked - read_by_the_test == case.hosts - read_by_the_test


def test_older_azure_client_asks_the_wrong_authority_outside_azure_itself() -> None:
    """The reason why loki.yaml names the newer one: grafana/loki#21219. When this fails, it has gone."""
    case = CASES["azure-usgovernment"]
    with clouded(case) as platform:
        platform._start_store()
        section: dict[str, Any] = {
            **platform.config["storage_config"].pop("object_store")["azure"],
            "use_federated_token": True,
        }
        platform.config["storage_config"] |= {"use_thanos_objstore": False, "azure": section}
        del platform.config["ruler_storage"]
        platform.config["ruler"]["storage"] = {"type": "azure", "azure": section}
        platform.write_overrides({})
        platform.write_config({})
        platform.start_node(platform.layout.nodes[0])
        platform.wait_ready(platform.layout.nodes)
        assert AUTHORITIES["public"] in platform.clouds.asked
        assert AUTHORITIES["usgovernment"] not in platform.clouds.asked


def push(platform: Platform, app: str, when: int) -> None:
    entries = [Entry(when + index * 1_000_000, f"{app} line {index}") for index in range(_LINES)]
    (pushed,) = platform.loki.push({"cluster": "edge", "app": app}, entries)
    assert pushed.acknowledged, pushed.reason


def count_lines(platform: Platform, app: str, now: int) -> int:
    return len(list(platform.loki.entries(selector({"app": app}), now - _DAY, now)))
