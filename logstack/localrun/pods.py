"""Pods of a local run: their objects in the Kubernetes API, and their log files in the kubelet's form."""

import re
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from logstack.localrun.client import Entry
from logstack.localrun.cri import cri_lines

NODE = "this-machine"
_NO_LABEL = re.compile(r"[^a-zA-Z0-9_]")
_BLOCK = 256 * 1024


@dataclass(frozen=True)
class Pod:
    """A pod with one container."""

    namespace: str
    name: str
    container: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    node: str = NODE

    @property
    def uid(self) -> str:
        """The same for the same pod in every run."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.namespace}/{self.name}"))

    @property
    def meta(self) -> dict[str, str]:
        """The meta labels that Alloy's discovery.kubernetes gives a pod's container."""
        pod = "__meta_kubernetes_pod"
        facts = {
            "__meta_kubernetes_namespace": self.namespace,
            f"{pod}_name": self.name,
            f"{pod}_uid": self.uid,
            f"{pod}_node_name": self.node,
            f"{pod}_phase": "Running",
            f"{pod}_ready": "true",
            f"{pod}_container_name": self.container,
            f"{pod}_container_id": f"containerd://{sha256(self.uid.encode()).hexdigest()}",
            f"{pod}_container_init": "false",
        }
        for kind, pairs in (("label", self.labels), ("annotation", self.annotations)):
            for name, value in pairs.items():
                key = _NO_LABEL.sub("_", name)
                facts |= {f"{pod}_{kind}_{key}": value, f"{pod}_{kind}present_{key}": "true"}
        return facts

    def folder(self, logs: Path) -> Path:
        """Where the kubelet keeps the container's log files, below the node's folder of logs."""
        return logs / "pods" / f"{self.namespace}_{self.name}_{self.uid}" / self.container


class ContainerLog:
    """The log file of a pod's container: written as the runtime does, rotated as the kubelet does."""

    def __init__(self, pod: Pod, logs: Path) -> None:
        """Create the empty file; `logs` stands for the node's /var/log."""
        folder = pod.folder(logs)
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "0.log"
        self._file = self.path.open("ab")

    def write(self, entries: Iterable[Entry], stream: str = "stdout") -> None:
        """Append lines, each with its time."""
        block = bytearray()
        for entry in entries:
            block += cri_lines(entry.time, stream, entry.line.encode())
            if len(block) > _BLOCK:
                self._file.write(block)
                block.clear()
        self._file.write(block)
        self._file.flush()

    def rotate(self) -> Path:
        """Rename the file and go on in a new one; the old one's path."""
        old = self.rename()
        self.reopen()
        return old

    def rename(self) -> Path:
        """The kubelet's half of a rotation; until `reopen` lines still go to the renamed file. Its path."""
        old = self.path
        second = time.time()
        while old.exists():  # the kubelet looks every ten seconds only
            old = self.path.with_name(f"{self.path.name}.{time.strftime('%Y%m%d-%H%M%S', time.gmtime(second))}")
            second += 1
        self.path.rename(old)
        return old

    def reopen(self) -> None:
        """The runtime's half of a rotation: a new file under the old name."""
        self._file.close()
        self._file = self.path.open("ab")

    def truncate(self) -> None:
        """Empty the file in its place, as copytruncate does: what the collector has not read yet is gone."""
        self._file.truncate(0)
