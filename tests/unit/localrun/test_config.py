"""The Loki configuration of a local run: only what refers to the cluster changes."""

from pathlib import Path
from typing import Any

import pytest

from logstack.localrun.layout import layout
from logstack.localrun.localise import flags, local_config, replacements
from logstack.manifests.loki.config import loki_config
from logstack.manifests.stores.kinds import store_access
from logstack.settings.model.roles import Duty
from logstack.settings.tree import Settings

CLAIM = {"kind": "ceph-bucket-claim", "bucket": "loki-chunks", "storageClass": "ceph-bucket"}
STACKS: dict[str, dict[str, Any]] = {
    "simple scalable on an external store, with caches": {
        "objectStore": {"kind": "s3-compatible", "endpoint": "http://10.0.40.10:9000", "bucket": "loki-production"},
        "caches": {"chunks": "1Gi", "results": "256Mi"},
    },
    "distributed on an external store": {
        "deploymentMode": "distributed",
        "objectStore": {"kind": "s3-compatible", "endpoint": "http://10.0.40.10:9000", "bucket": "loki-plant"},
    },
    "monolithic on a bucket by a claim": {"deploymentMode": "monolithic", "objectStore": CLAIM},
    "monolithic on a bucket by a claim, with TLS": {
        "deploymentMode": "monolithic",
        "objectStore": {**CLAIM, "tls": True},
    },
    "monolithic on a directory": {
        "deploymentMode": "monolithic",
        "replicationFactor": 1,
        "objectStore": {"kind": "filesystem"},
    },
}
IN_EVERY_STACK = {
    "memberlist.join_members",
    "memberlist.bind_addr",
    "common.path_prefix",
    "common.compactor_grpc_address",
    "common.instance_addr",
    "runtime_config.file",
    "ruler.wal.dir",
    "ingester.lifecycler",
}
BY_STACK = {
    "simple scalable on an external store, with caches": {
        "common.storage.s3.endpoint",
        "ruler.storage.s3.endpoint",
        "storage_config.tsdb_shipper.index_gateway_client.server_address",
        "chunk_store_config",
        "query_range.cache_results",
        "query_range.results_cache",
        "compactor.compactor_ring.tokens_file_path",
    },
    "distributed on an external store": {
        "common.storage.s3.endpoint",
        "ruler.storage.s3.endpoint",
        "storage_config.tsdb_shipper.index_gateway_client.server_address",
        "frontend.scheduler_address",
        "frontend.tail_proxy_url",
        "frontend_worker",
    },
    # Loki's pods, and the processes of a local run, read the address from the environment.
    "monolithic on a bucket by a claim": set(),
    "monolithic on a bucket by a claim, with TLS": {
        f"{storage}.storage.s3.{key}" for storage in ("common", "ruler") for key in ("endpoint", "insecure")
    },
    "monolithic on a directory": {
        "common.storage.filesystem.chunks_directory",
        "common.storage.filesystem.rules_directory",
        "ruler.storage.local.directory",
    },
}


def settings(name: str) -> Settings:
    return Settings.model_validate({"cluster": {"name": "here", "context": "here"}, **STACKS[name]})


@pytest.mark.parametrize("name", STACKS)
def test_local_config_replaces_only_addresses_directories_and_caches(name: str, tmp_path: Path) -> None:
    stack = settings(name)
    original = loki_config(stack, store_access(stack.object_store, stack.cluster), stack.cluster)
    local = local_config(original, layout(stack, tmp_path), tmp_path / "overrides.yaml")
    replaced = {each.path for each in replacements(original, local)}
    assert replaced == IN_EVERY_STACK | BY_STACK[name]
    assert local["limits_config"] == original["limits_config"]
    assert local["schema_config"] == original["schema_config"]


def test_local_config_does_not_change_the_original(tmp_path: Path) -> None:
    stack = settings("monolithic on a directory")
    original = loki_config(stack, store_access(stack.object_store, stack.cluster), stack.cluster)
    again = loki_config(stack, store_access(stack.object_store, stack.cluster), stack.cluster)
    local_config(original, layout(stack, tmp_path), tmp_path / "overrides.yaml")
    assert original == again


def test_layout_has_the_stacks_replicas_of_each_role(tmp_path: Path) -> None:
    nodes = layout(settings("simple scalable on an external store, with caches"), tmp_path).nodes
    assert [node.name for node in nodes] == [
        f"loki-{role}-{index}" for role in ("write", "read", "backend") for index in range(3)
    ]
    ports = [port for node in nodes for port in (node.http_port, node.grpc_port, node.gossip_port)]
    assert len(set(ports)) == len(ports)


def test_monolithic_process_has_every_role(tmp_path: Path) -> None:
    processes = layout(settings("monolithic on a directory"), tmp_path)
    assert processes.with_duty(Duty.HOLDS) == processes.fronts == processes.compactors == processes.nodes
    assert [node.pod for node in processes.nodes] == ["loki-0"]
    assert "-target=all" in flags(processes.nodes[0], tmp_path / "loki.yaml")


def test_every_process_has_a_unique_name_in_every_ring(tmp_path: Path) -> None:
    nodes = layout(settings("simple scalable on an external store, with caches"), tmp_path).nodes
    for flag in ("-common.storage.ring.instance-id", "-ingester.lifecycler.ID", "-memberlist.nodename"):
        arguments = [
            argument
            for node in nodes
            for argument in flags(node, tmp_path / "loki.yaml")
            if argument.startswith(f"{flag}=")
        ]
        assert arguments == [f"{flag}={node.name}" for node in nodes]
