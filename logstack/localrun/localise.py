"""The stack's own loki.yaml, with only those values replaced that name the cluster; each replacement is listed."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logstack.localrun.layout import LOOPBACK, Layout, Node
from logstack.manifests.loki.leader import token_file
from logstack.manifests.stores.access import DATA, ENVIRONMENT_ADDRESS
from logstack.settings.model.roles import Duty

Document = dict[str, Any]
# Of the local S3 server where the store has no region.
LOCAL_REGION = "us-east-1"


@dataclass(frozen=True)
class Replacement:
    """One value of loki.yaml that differs here."""

    path: str
    was: object
    now: object


def local_config(config: Mapping[str, Any], layout: Layout, overrides_file: Path) -> Document:
    """loki.yaml for this machine: addresses, directories, and no memcached."""
    local: Document = copy.deepcopy(dict(config))
    local["common"]["instance_addr"] = LOOPBACK
    local["common"]["compactor_grpc_address"] = f"{LOOPBACK}:{layout.compactors[0].grpc_port}"
    if "compactor_ring" in local["compactor"]:
        local["compactor"]["compactor_ring"]["tokens_file_path"] = token_file(str(overrides_file.parent))
    local["memberlist"]["bind_addr"] = [LOOPBACK]
    local["memberlist"]["join_members"] = [f"{LOOPBACK}:{node.gossip_port}" for node in layout.nodes]
    local["runtime_config"]["file"] = str(overrides_file)
    # How long a process waits in the ring before it says that it is ready; nothing but time for a test.
    local["ingester"].setdefault("lifecycler", {}).update({"min_ready_duration": "1s", "final_sleep": "0s"})
    if "tsdb_shipper" in local["storage_config"]:
        client = local["storage_config"]["tsdb_shipper"]["index_gateway_client"]
        gateways = layout.with_duty(Duty.INDEXES)
        client["server_address"] = ",".join(f"{LOOPBACK}:{node.grpc_port}" for node in gateways)
    if "frontend" in local:
        # One name stands for pods with one port; here each has its own. Without an address Loki takes the ring.
        del local["frontend"]["scheduler_address"], local["frontend_worker"]
        local["frontend"]["tail_proxy_url"] = layout.with_duty(Duty.ANSWERS)[0].url
    if local["storage_config"].get("use_thanos_objstore"):
        _use_local_s3(local, layout)
    for storage in (local["common"].get("storage", {}), local["ruler"].get("storage", {})):
        # A claim's address comes from the environment, here as in the cluster.
        if "s3" in storage and storage["s3"].get("endpoint") != ENVIRONMENT_ADDRESS:
            storage["s3"] |= {"endpoint": layout.store_url, "s3forcepathstyle": True, "insecure": True}
            storage["s3"].pop("http_config", None)  # the certificate of an endpoint in the cluster
    for former in local["storage_config"].get("named_stores", {}).get("aws", {}).values():
        former |= {"endpoint": layout.former_url, "s3forcepathstyle": True, "insecure": True}
        former.pop("http_config", None)
    _without_memcached(local)
    _under(local, layout.root)
    return local


def _use_local_s3(local: Document, layout: Layout) -> None:
    """Put the local S3 server in the place of a cloud's store, and of a former one, behind the same Thanos clients."""
    stores = local["storage_config"]["object_store"]
    kind = local["compactor"]["delete_request_store"]
    section = stores.pop(kind)
    server = {"bucket_lookup_type": "path", "insecure": True, "region": LOCAL_REGION}
    stores["s3"] = {"bucket_name": _bucket(section), "endpoint": _host(layout.store_url), **server}
    for former in stores.get("named_stores", {}).get("s3", {}).values():
        former |= {"endpoint": _host(layout.former_url), "bucket_lookup_type": "path", "insecure": True}
        former.pop("http", None)  # the certificate of an endpoint in the cluster
    rules = _bucket(local["ruler_storage"][kind])
    local["ruler_storage"] = {"backend": "s3", "s3": stores["s3"] | {"bucket_name": rules}}
    local["compactor"]["delete_request_store"] = "s3"
    for period in local["schema_config"]["configs"]:
        period["object_store"] = "s3" if period["object_store"] == kind else period["object_store"]


def _bucket(section: Mapping[str, str]) -> str:
    return next(section[key] for key in ("bucket_name", "container_name") if key in section)


def _host(url: str) -> str:
    return url.partition("://")[2]


def _without_memcached(local: Document) -> None:
    chunks = local.pop("chunk_store_config", {})
    chunks.pop("chunk_cache_config", None)
    if chunks:
        local["chunk_store_config"] = chunks
    if "memcached_client" in local["query_range"]["results_cache"]["cache"]:
        for key in ("cache_results", "results_cache"):
            del local["query_range"][key]


def _under(local: Document, root: Path) -> None:
    """Directories of the pods' volume, in the run's directory; each process gets its own by flags."""
    for path, value in list(_leaves(local)):
        if isinstance(value, str) and value.startswith(DATA):
            _put(local, path, str(root / "shared") + value.removeprefix(DATA))


def _leaves(document: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(document, Mapping):
        for key, value in document.items():
            yield from _leaves(value, (*path, str(key)))
    else:
        yield path, document


def _put(document: Document, path: tuple[str, ...], value: object) -> None:
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value


def replacements(config: Mapping[str, Any], local: Mapping[str, Any], path: str = "") -> list[Replacement]:
    """Every value that differs between the stack's loki.yaml and the one of this run; a whole section counts as one."""
    replaced: list[Replacement] = []
    for key in [*config, *(key for key in local if key not in config)]:
        was, now, here = config.get(key), local.get(key), f"{path}{key}"
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            replaced += replacements(was, now, f"{here}.")
        elif was != now:
            replaced.append(Replacement(here, was, now))
    return replaced


def flags(node: Node, config_file: Path) -> list[str]:
    """What makes one process of the ring: its own ports, name and directory."""
    return [
        f"-config.file={config_file}",
        "-config.expand-env=true",
        f"-target={node.target}",
        f"-server.http-listen-address={LOOPBACK}",
        f"-server.grpc-listen-address={LOOPBACK}",
        f"-server.http-listen-port={node.http_port}",
        f"-server.grpc-listen-port={node.grpc_port}",
        f"-memberlist.bind-port={node.gossip_port}",
        f"-memberlist.advertise-port={node.gossip_port}",
        f"-memberlist.nodename={node.name}",
        # A pod's name is its host's, and so its name in every ring; here all processes have one host.
        f"-common.storage.ring.instance-id={node.name}",
        f"-ingester.lifecycler.ID={node.name}",
        # Measured: with one host's name for all, a querier that leaves takes every other one's work from it, for ever.
        f"-querier.id={node.name}",
        f"-common.path-prefix={node.directory}",
        f"-ingester.wal-dir={node.directory / 'wal'}",
        *node.role.row.flags,
    ]
