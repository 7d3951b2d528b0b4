"""The stack's own collector on this machine: the real Alloy under config.alloy, with a fixed list of pods."""

import time
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path

import httpx

from logstack.localrun.layout import LOOPBACK, free_ports
from logstack.localrun.localise import Replacement
from logstack.localrun.metrics import Metrics, parse_metrics
from logstack.localrun.platform import NotReadyError
from logstack.localrun.pods import NODE, ContainerLog, Pod
from logstack.localrun.processes import Fleet
from logstack.manifests.alloy.config import node_config
from logstack.manifests.alloy.environment import Environment
from logstack.manifests.loki.intake import Intake, intake
from logstack.settings.model.sources import PORTS
from logstack.settings.tree import Settings

NAME = "alloy"
# Measured: 2 to 4 s on two cores beside nine Loki processes.
_READY_SECONDS = 60
_POLL_SECONDS = 0.2


def stack_config(settings: Settings) -> str:
    """config.alloy as the stack has it."""
    return _config(settings, intake(settings, settings.cluster), Environment())


def local_config(settings: Settings, push_url: str, environment: Environment) -> str:
    """The same for this machine."""
    to = replace(intake(settings, settings.cluster), push_url=push_url, credentials_secret=None)
    return _config(settings, to, environment)


def _config(settings: Settings, to: Intake, environment: Environment) -> str:
    return node_config(settings.collector, settings.cluster, to, environment)


class Collector:
    """An Alloy for the pods of this run. `start` first; the fleet stops it."""

    def __init__(
        self, settings: Settings, binary: Path, root: Path, fleet: Fleet, push: str, pods: Sequence[Pod]
    ) -> None:
        """`push` is a writer's push URL; all pods have to be known now, as their log files are made here."""
        self.logs = root / "var" / "log"
        self._binary = binary
        self._settings = settings
        self._fleet = fleet
        self._storage = root / "alloy"
        self.config_file = root / "config.alloy"
        self._port, *ports = free_ports(1 + len(PORTS))
        self.source_ports = {port.name: number for port, number in zip(PORTS, ports, strict=True)}
        self.config = local_config(settings, push, self._environment(pods))
        self.replaced: list[Replacement] = config_replacements(stack_config(settings), self.config)
        # Alloy looks for new files every ten seconds: those that are there when it starts it reads at once.
        self.containers: dict[str, ContainerLog] = {pod.name: ContainerLog(pod, self.logs) for pod in pods}

    @property
    def url(self) -> str:
        """Its HTTP address, with its own page of the pipeline."""
        return f"http://{LOOPBACK}:{self._port}"

    def start(self) -> None:
        """Start it and return when it is ready; raises ProcessDiedError or NotReadyError."""
        self.config_file.write_text(self.config)
        command = [
            str(self._binary),
            "run",
            f"--server.http.listen-addr={LOOPBACK}:{self._port}",
            f"--storage.path={self._storage}",
            f"--stability.level={self._settings.collector.stability}",
            "--disable-reporting",
            str(self.config_file),
        ]
        self._fleet.start(NAME, command, {"HOSTNAME": NODE})
        self._wait_ready()

    def stop(self) -> None:
        """Stop it as a roll-out does."""
        self._fleet.stop(NAME)

    def kill(self) -> None:
        """Kill it, as the loss of a node would; its files stay."""
        self._fleet.kill(NAME)

    def restart(self) -> None:
        """Stop it if it runs, and start it with its stored files."""
        self.stop()
        self.start()

    def metrics(self) -> Metrics:
        """Its metrics now."""
        return parse_metrics(httpx.get(f"{self.url}/metrics", timeout=10).raise_for_status().text)

    def _environment(self, pods: Sequence[Pod]) -> Environment:
        return Environment(str(self.logs), [pod.meta for pod in pods], LOOPBACK, self.source_ports)

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not self._is_ready():
            self._fleet.check()
            if time.monotonic() > deadline:
                tail = self._fleet.tail(NAME)
                raise NotReadyError(f"Alloy is not ready after {_READY_SECONDS} s; its last lines:\n{tail}")
            time.sleep(_POLL_SECONDS)

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=2).is_success
        except httpx.TransportError:
            return False


def config_replacements(config: str, local: str) -> list[Replacement]:
    """Every line of config.alloy that differs here; lines of the stack's that are not here count as one."""
    was, now = config.splitlines(), local.splitlines()
    replaced: list[Replacement] = []
    for kind, first, last, start, end in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        here, there = was[first:last], now[start:end]
        if len(here) == len(there):
            replaced += [_replaced(*pair) for pair in zip(here, there, strict=True)]
        else:
            replaced.append(Replacement(f"config.alloy: {_title(here or there)}", _counted(here), _counted(there)))
    return replaced


def _replaced(was: str, now: str) -> Replacement:
    name, _, value = was.partition("=")
    return Replacement(f"config.alloy: {name.strip()}", value.strip(), now.partition("=")[2].strip())


def _title(lines: Sequence[str]) -> str:
    """Return the name of a block, or the first of some lines."""
    return next((line.strip(" {") for line in lines if line.endswith("{")), lines[0].strip())


def _counted(lines: Sequence[str]) -> str | None:
    return f"{len(lines)} lines" if lines else None
