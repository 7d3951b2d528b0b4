"""The processes of the stack's mode in a local run, each with ports and a directory of its own."""

import errno
import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import SystemRandom

from logstack.manifests.loki.chart import RELEASE
from logstack.settings.model.loki import LokiSettings
from logstack.settings.model.roles import Duty, Role

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Node:
    """One Loki process, which stands for a pod of the stack."""

    role: Role
    index: int
    http_port: int
    grpc_port: int
    gossip_port: int
    directory: Path

    @property
    def name(self) -> str:
        """Its name, here and in every ring."""
        return f"loki-{self.role}-{self.index}"

    @property
    def pod(self) -> str:
        """Its pod's name, which Loki reads from its environment."""
        return f"{self.role.workload(RELEASE)}-{self.index}"

    @property
    def target(self) -> str:
        """Loki's -target."""
        return self.role.target

    @property
    def url(self) -> str:
        """Its HTTP address."""
        return f"http://{LOOPBACK}:{self.http_port}"


@dataclass(frozen=True)
class Layout:
    """Every process of the run."""

    nodes: tuple[Node, ...]
    store_port: int
    root: Path
    former_port: int = 0
    """Of the S3 server of earlier days, where the stack has one."""

    def of(self, role: str) -> tuple[Node, ...]:
        """Return the processes of a role."""
        return tuple(node for node in self.nodes if node.role == role)

    def with_duty(self, duty: Duty) -> tuple[Node, ...]:
        """Return the processes that have a duty, by whichever role."""
        return tuple(node for node in self.nodes if duty in node.role.row.duties)

    @property
    def fronts(self) -> tuple[Node, ...]:
        """The processes that the gateway would ask a query."""
        return self.with_duty(Duty.SPLITS)

    @property
    def compactors(self) -> tuple[Node, ...]:
        """The processes that compact; the first one is the leader."""
        return self.with_duty(Duty.COMPACTS)

    @property
    def store_url(self) -> str:
        """The S3 server's address."""
        return f"http://{LOOPBACK}:{self.store_port}"

    @property
    def former_url(self) -> str:
        """The address of the S3 server of earlier days."""
        return f"http://{LOOPBACK}:{self.former_port}"


# Below what systems give to outgoing connections (Linux from 32768, macOS from 49152) and Kubernetes to NodePorts (from
# 30000): a process that is away for a while finds its port free again. Seen: somebody's connection had the port of a
# Loki that was to start again.
PORTS = range(12_000, 30_000)
_ports_in_use: set[int] = set()


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback that nobody uses now, and that no run of this user was given before.

    Who was given one before may not have opened it yet. Raises OSError when there are not so many.
    """
    ports: list[int] = []
    with ExitStack() as open_sockets:
        for port in _candidates():
            if len(ports) == count:
                break
            bound = open_sockets.enter_context(socket.socket())
            with suppress(OSError):
                bound.bind((LOOPBACK, port))
                if port not in _ports_in_use and _is_nobody_elses(port):
                    _ports_in_use.add(port)
                    ports.append(port)
    if len(ports) < count:
        raise OSError(errno.EADDRINUSE, f"{count} ports are needed, and {len(ports)} of {PORTS} are free")
    return ports


def _candidates() -> Iterator[int]:
    """Yield all ports in an order of chance: runs that begin together seldom try the same."""
    chance, ports = SystemRandom(), list(PORTS)
    while ports:
        index = chance.randrange(len(ports))
        ports[index], ports[-1] = ports[-1], ports[index]
        yield ports.pop()


def _is_nobody_elses(port: int) -> bool:
    """Take the port before every other run: its byte of a file is locked until this process ends, however it does."""
    try:
        fcntl.lockf(_taken_ports(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


@cache
def _taken_ports() -> int:
    path = Path(tempfile.gettempdir()) / f"logstack-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def layout(settings: LokiSettings, root: Path) -> Layout:
    """As many processes of each role as the stack says."""
    role_indexes = [(role, index) for role in settings.roles for index in range(settings.replica_count(role))]
    ports = iter(free_ports(3 * len(role_indexes) + 2))
    store_port, former_port = next(ports), next(ports)
    nodes = tuple(
        Node(role, index, next(ports), next(ports), next(ports), root / f"loki-{role}-{index}")
        for role, index in role_indexes
    )
    return Layout(nodes, store_port, root, former_port)
