"""The platform on this machine: the S3 server and the stack's own Loki processes, started and stopped as one."""

import secrets
import time
from collections.abc import Mapping
from pathlib import Path

from logstack.localrun.bucket import Bucket, open_bucket
from logstack.localrun.client import Loki
from logstack.localrun.layout import LOOPBACK, Layout, Node, layout
from logstack.localrun.localise import LOCAL_REGION, Document, Replacement, flags, local_config, replacements
from logstack.localrun.processes import Fleet
from logstack.localrun.refusals import Refusals
from logstack.manifests.loki.config import loki_config
from logstack.manifests.loki.leader import token_files
from logstack.manifests.loki.overrides import loki_overrides
from logstack.manifests.manifest import yaml_text
from logstack.manifests.stores.access import FORMER_ACCESS_KEY_ID, FORMER_SECRET_ACCESS_KEY, StoreAccess
from logstack.manifests.stores.kinds import store_access
from logstack.settings.tree import Settings

# Nine processes on two cores were ready after 11.5 s; ten times that is a failure.
_READY_SECONDS = 120
_POLL_SECONDS = 0.25


class NotReadyError(Exception):
    """A process that did not become ready in time."""


class Platform:
    """A running stack: its processes, its store and a client. `start` first; the fleet stops everything."""

    def __init__(self, settings: Settings, binaries: Mapping[str, Path], root: Path, fleet: Fleet) -> None:
        """`root` is the run's directory, made and removed by the caller."""
        self.settings = settings
        self.access: StoreAccess = store_access(settings.object_store, settings.cluster, settings.former_object_store)
        self.layout: Layout = layout(settings, root)
        self.fleet = fleet
        self._binaries = binaries
        self._root = root
        self._key, self._secret = secrets.token_hex(10), secrets.token_hex(20)
        self._overrides_file = root / "overrides.yaml"
        self._config_file = root / "loki.yaml"
        original = loki_config(settings, self.access, settings.cluster)
        self.config: Document = local_config(original, self.layout, self._overrides_file)
        self.replaced: list[Replacement] = replacements(original, self.config)
        self.loki = self.loki_as(settings.default_tenant)
        self.refusals = Refusals(self.layout.nodes)

    @property
    def distributors(self) -> tuple[Node, ...]:
        """Return the processes that accept pushes."""
        return self.layout.of(self.settings.receiver)

    @property
    def writers(self) -> tuple[Node, ...]:
        """Return the processes that hold lines until they are flushed."""
        return self.layout.of(self.settings.writer)

    def loki_as(self, tenant: str | None) -> Loki:
        """Return a client that sends a tenant's name."""
        return Loki([node.url for node in self.distributors], self.layout.fronts[0].url, tenant)

    @property
    def has_store(self) -> bool:
        """Return whether chunks go to an object store, not to a directory."""
        return bool(self.access.bucket)

    def start(self) -> None:
        """Write the artefacts and start everything; raises ProcessDiedError or NotReadyError."""
        self.write_overrides({})
        self.write_config({})
        for name, token in token_files(self.settings).items():
            (self._root / name).write_text(token)
        if self.has_store:
            self._start_store()
        if self._former:
            self._start_s3("versitygw-former", "former-store", self._former, self.layout.former_port)
        for node in self.layout.nodes:
            self.start_node(node)
        self.wait_ready(self.layout.nodes)

    def write_config(self, compactor: Mapping[str, object]) -> None:
        """loki.yaml, with delays of the compactor added for the retention check alone."""
        document = {**self.config, "compactor": {**self.config["compactor"], **compactor}}
        self._config_file.write_text(yaml_text(document))

    def write_overrides(self, changes: Mapping[str, object]) -> None:
        """The stack's overrides, with the changes that one check needs; Loki reads them every ten seconds."""
        document: Document = dict(loki_overrides(self.settings))
        document["overrides"] = {tenant: {**limits, **changes} for tenant, limits in document["overrides"].items()}
        self._overrides_file.write_text(yaml_text(document))

    def start_node(self, node: Node) -> None:
        """Start one Loki process."""
        node.directory.mkdir(parents=True, exist_ok=True)
        command = [str(self._binaries["loki"]), *flags(node, self._config_file)]
        self.fleet.start(node.name, command, {"HOSTNAME": node.pod, **(self._environment() if self.has_store else {})})

    def _environment(self) -> dict[str, str]:
        """Return the variables that the stack's pods take from the store's Secret and ConfigMap."""
        keys = {"AWS_ACCESS_KEY_ID": self._key, "AWS_SECRET_ACCESS_KEY": self._secret}
        address = {"BUCKET_HOST": LOOPBACK, "BUCKET_PORT": str(self.layout.store_port)}
        former = {FORMER_ACCESS_KEY_ID: self._key, FORMER_SECRET_ACCESS_KEY: self._secret}
        return keys | (address if self.access.address_config_map else {}) | (former if self._former else {})

    def restart(self, *nodes: Node) -> None:
        """Stop processes that run, as a rolling update would, and start them all."""
        self.stop(*nodes)
        for node in nodes:
            self.start_node(node)
        self.wait_ready(nodes)

    def stop(self, *nodes: Node) -> None:
        """Stop processes that run, as a rolling update would."""
        self.refusals.end(*nodes)
        self.fleet.stop(*(node.name for node in nodes), seconds=20)

    def kill(self, node: Node) -> None:
        """Kill a process, as the loss of its node would."""
        self.refusals.end(node)
        self.fleet.kill(node.name)

    def wait_ready(self, nodes: tuple[Node, ...]) -> None:
        """Return when every process says that it is ready."""
        deadline = time.monotonic() + _READY_SECONDS
        waiting = list(nodes)
        while waiting:
            self.fleet.check()
            waiting = [node for node in waiting if not self.loki.is_ready(node.url)]
            if waiting and time.monotonic() > deadline:
                names = ", ".join(node.name for node in waiting)
                tail = self.fleet.tail(waiting[0].name)
                raise NotReadyError(
                    f"not ready after {_READY_SECONDS} s: {names}; the last lines of {waiting[0].name}:\n{tail}"
                )
            time.sleep(_POLL_SECONDS)

    def bucket(self) -> Bucket:
        """The store's bucket."""
        return open_bucket(
            self.layout.store_url, self.access.bucket, self._region(self.access), self._key, self._secret
        )

    @staticmethod
    def _region(access: StoreAccess) -> str:
        return access.region or LOCAL_REGION

    @property
    def _former(self) -> StoreAccess | None:
        """The S3 store of earlier days, if the stack has one."""
        former = self.access.former.store if self.access.former else None
        return former if former and former.bucket else None

    def _start_store(self) -> None:
        self._start_s3("versitygw", "store", self.access, self.layout.store_port)

    def _start_s3(self, name: str, folder: str, access: StoreAccess, port: int) -> None:
        data = self._root / folder
        # A directory under the server's root is a bucket, as the embedded store's volume mount makes it.
        for bucket in {access.bucket, access.rules_bucket}:
            (data / bucket).mkdir(parents=True)
        address = f"{LOOPBACK}:{port}"
        command = [
            str(self._binaries["versitygw"]),
            "--port",
            address,
            "--region",
            self._region(access),
            "posix",
            str(data),
        ]
        self.fleet.start(name, command, {"ROOT_ACCESS_KEY_ID": self._key, "ROOT_SECRET_ACCESS_KEY": self._secret})
