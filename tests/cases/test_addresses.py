"""Pods by the address that Kubernetes gives them, in clusters with one IP family or both.

helm-charts#2779 and loki#9681: on nodes with ipv6.disable=1 the gateway ended with `nginx: [emerg] socket() [::]:8080
failed (97: Address family not supported by protocol)`.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from logstack.localrun.client import Entry
from logstack.localrun.localise import flags
from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.manifests.loki.config import POD_ADDRESS
from logstack.settings.tree import Settings
from tests.cases.pods import CLUSTER, STACKS, Pods, pods_of
from tests.support.gateway import chart_config, local_nginx, nginx_command
from tests.support.real import binary, run
from tests.support.stacks import artefacts

pytestmark = pytest.mark.real

every_stack = pytest.mark.parametrize("stack", STACKS)


def settings_with(*families: str, **keys: Any) -> Settings:
    """Settings of a cluster with these IP families."""
    cluster = {**CLUSTER, "ipFamilies": list(families)}
    return Settings.model_validate({**STACKS["simple-scalable"], "cluster": cluster, **keys})


def loki_pods(settings: Settings, directory: Path) -> list[Pods]:
    """The pods that run Loki itself."""
    return [each for each in pods_of(settings, directory) if "/grafana/loki:" in each.spec["containers"][0]["image"]]


@every_stack
def test_every_loki_pod_has_its_own_address_for_the_ring(stack: str, tmp_path: Path) -> None:
    settings = Settings.model_validate(STACKS[stack])
    pods = loki_pods(settings, tmp_path)
    assert {each.name for each in pods} == {role.workload("loki") for role in settings.roles}
    for each in pods:
        loki = each.spec["containers"][0]
        (address,) = [variable for variable in loki["env"] if variable["name"] == "POD_IP"]
        assert address["valueFrom"] == {"fieldRef": {"fieldPath": "status.podIP"}}
        assert {"-config.expand-env=true", "-memberlist.advertise-addr=$(POD_IP)"} <= set(loki["args"])
    assert yaml.safe_load(artefacts(settings)["loki.yaml"])["common"]["instance_addr"] == POD_ADDRESS == "${POD_IP}"


@every_stack
@pytest.mark.parametrize("address", ["10.1.2.3", "100.64.1.2", "fd00:10:1::2"])
def test_loki_uses_the_address_for_every_ring_and_for_memberlist(stack: str, address: str, tmp_path: Path) -> None:
    file = tmp_path / "loki.yaml"
    file.write_text(artefacts(Settings.model_validate(STACKS[stack]))["loki.yaml"])
    command: list[str | Path] = [binary("loki"), f"-config.file={file}", "-config.expand-env=true", "-verify-config"]
    answer = run([*command, "-print-config-stderr"], environment={"POD_IP": address})
    assert answer.returncode == 0, answer.stderr
    effective = yaml.safe_load(answer.stderr.partition("---\n")[2].rpartition("\nlevel=info")[0])
    rings = [
        effective["distributor"]["ring"],
        effective["compactor"]["compactor_ring"],
        effective["query_scheduler"]["scheduler_ring"],
        effective["index_gateway"]["ring"],
        effective["ruler"]["ring"],
    ]
    assert [ring["instance_addr"] for ring in rings] == [address] * len(rings)
    assert {ring["kvstore"]["store"] for ring in rings} == {"memberlist"}
    assert effective["ingester"]["lifecycler"]["address"] == address
    assert effective["ingester"]["lifecycler"]["ring"]["kvstore"]["store"] == "memberlist"
    assert effective["memberlist"]["advertise_addr"] == address


@contextmanager
def ring_at(address: str, settings: Settings, root: Path) -> Iterator[Platform]:
    """A ring of the real Loki, whose processes listen as pods do and have this address."""
    with Fleet(root / "logs") as fleet:
        platform = Platform(settings, {"loki": binary("loki")}, root, fleet)
        platform.config["common"]["instance_addr"] = str(POD_ADDRESS)
        host = f"[{address}]" if ":" in address else address
        platform.config["memberlist"]["join_members"] = [f"{host}:{node.gossip_port}" for node in platform.layout.nodes]
        platform.config["memberlist"]["bind_addr"] = ["::"] if settings.cluster.pods_prefer_ipv6 else [address]
        platform.write_overrides({})
        platform.write_config({})
        for node in platform.layout.nodes:
            node.directory.mkdir()
            as_in_a_pod = [each for each in flags(node, root / "loki.yaml") if "listen-address" not in each]
            fleet.start(node.name, [str(binary("loki")), *as_in_a_pod], {"HOSTNAME": node.pod, "POD_IP": address})
        platform.wait_ready(platform.layout.nodes)
        yield platform


@pytest.mark.parametrize(
    ("families", "address"), [(("IPv4",), "127.0.0.1"), (("IPv6",), "::1"), (("IPv6", "IPv4"), "::1")]
)
def test_ring_of_such_addresses_stores_and_finds_lines(families: tuple[str, ...], address: str, tmp_path: Path) -> None:
    settings = settings_with(
        *families,
        deploymentMode="monolithic",
        replicas={"monolithic": 2},
        replicationFactor=2,
        objectStore={"kind": "filesystem"},
    )
    with ring_at(address, settings, tmp_path) as platform:
        host = f"[{address}]" if ":" in address else address
        assert members(platform) == {f"{host}:{node.grpc_port}" for node in platform.layout.nodes}
        now = time.time_ns()
        pushed = platform.loki.push({"app": "a"}, [Entry(now, "by whatever family")])
        assert all(each.acknowledged for each in pushed), pushed
        assert [each.line for each in platform.loki.entries('{app="a"}', now, now + 1)] == ["by whatever family"]


def members(platform: Platform) -> set[str]:
    """The addresses in the writers' ring."""
    page = httpx.get(f"{platform.layout.nodes[0].url}/ring", headers={"Accept": "application/json"}, timeout=10)
    return {shard["address"] for shard in page.json()["shards"]}


@pytest.mark.parametrize("families", [("IPv4",), ("IPv6",), ("IPv4", "IPv6")])
def test_gateway_listens_on_ipv6_only_where_nodes_have_it(families: tuple[str, ...], tmp_path: Path) -> None:
    config = chart_config(settings_with(*families), tmp_path)
    assert re.findall(r"listen +8080;", config)
    assert bool(re.search(r"listen +\[::\]:8080;", config)) is ("IPv6" in families)


def test_nginx_accepts_the_configuration_without_ipv6(tmp_path: Path) -> None:
    config = local_nginx(chart_config(settings_with("IPv4"), tmp_path), None, 8080, tmp_path)
    (tmp_path / "nginx.conf").write_text(config)
    answer = run([*nginx_command(tmp_path), "-t"])
    assert "syntax is ok" in answer.stderr, answer.stderr
