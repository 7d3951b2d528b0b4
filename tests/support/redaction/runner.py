"""Lines through the stages of redaction in the real Alloy."""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

import httpx

from logstack.localrun.layout import free_ports
from logstack.manifests.alloy.redaction import redaction
from logstack.manifests.alloy.syntax import Block, Expression, document
from logstack.settings.model.redaction import RedactionSettings
from tests.support.real import binary

PASSES = ("once", "twice")
SECRETFILTER = "secretfilter"
"""A pass through Alloy's own loki.secretfilter instead of the stages."""
PATIENCE = 180
BATCH = 2000
STILL = 8
"""Seconds without a further entry after which no more are expected: more than those that an entry waits for its end."""


def config(settings: RedactionSettings, port: int, passes: Sequence[str] = PASSES) -> str:
    """Return a configuration in which the lines of a push pass the stages, and what came out passes them again."""
    listen = {"listen_address": "127.0.0.1"}
    source = Block(
        "loki.source.api",
        "lines",
        {"use_incoming_timestamp": True, "forward_to": [_receiver(passes[0])]},
        (Block("http", attributes=listen | {"listen_port": port}), Block("grpc", attributes=listen)),
    )
    stages = redaction(settings)
    components = [_component(*names, stages) for names in zip_longest(passes, passes[1:])]
    echoes = [Block("loki.echo", name) for name in passes]
    return document([Block("logging", attributes={"format": "json"}), source, *components, *echoes])


def redacted_lines(
    settings: RedactionSettings,
    lines: Sequence[str],
    directory: Path,
    passes: Sequence[str] = PASSES,
    by_line: Sequence[range] = (),
) -> dict[str, list[str]]:
    """Return the lines after each pass of the stages.

    `by_line` are ranges of lines that one program writes one after another; all other lines are each of another
    program. Of lines that become one entry, the first is this entry and the others are empty.
    """
    port, api = free_ports(2)
    programs = {number: together.start for together in by_line for number in together}
    alone = len(lines) - len(programs)
    echoed: dict[str, dict[int, str]] = {f"loki.echo.{name}": {} for name in passes}
    with _running(config(settings, api, passes), directory, port) as log, log.open() as output:
        _push(f"http://127.0.0.1:{api}/loki/api/v1/push", lines, programs)
        deadline, rest, grown = time.monotonic() + PATIENCE, "", time.monotonic()
        # The first lines of an entry wait for its end.
        while any(len(entries) < alone for entries in echoed.values()) or (
            programs and time.monotonic() < grown + STILL
        ):
            assert time.monotonic() < deadline, log.read_text()[-2000:]
            time.sleep(0.2)
            *complete, rest = (rest + output.read()).split("\n")
            for record in map(json.loads, filter(None, complete)):
                if "entry" in record:
                    echoed[record["component_id"]][_number(record["entry_timestamp"])] = record["entry"]
                    grown = time.monotonic()
    numbers = range(1, len(lines) + 1)
    return {name: [echoed[f"loki.echo.{name}"].get(number, "") for number in numbers] for name in passes}


def _component(name: str, following: str | None, stages: tuple[Block, ...]) -> Block:
    """Return the component of a pass, whose lines go to its echo and to the next pass."""
    receivers = [Expression(f"loki.echo.{name}.receiver"), *([_receiver(following)] if following else [])]
    if name == SECRETFILTER:
        return Block("loki.secretfilter", name, {"forward_to": receivers, "redact_with": "<redacted:secretfilter>"})
    return Block("loki.process", name, {"forward_to": receivers}, stages)


def _receiver(name: str) -> Expression:
    return Expression(f"loki.{SECRETFILTER if name == SECRETFILTER else 'process'}.{name}.receiver")


@contextmanager
def _running(text: str, directory: Path, port: int) -> Iterator[Path]:
    """Run Alloy with a configuration; yield its log file."""
    file, log = directory / "config.alloy", directory / "log"
    file.write_text(text)
    command: list[str | Path] = [
        binary("alloy"),
        "run",
        file,
        f"--storage.path={directory / 'data'}",
        f"--server.http.listen-addr=127.0.0.1:{port}",
        "--stability.level=public-preview",  # of loki.secretfilter
        "--disable-reporting",
    ]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            yield log
        finally:
            process.kill()
            process.wait(timeout=60)


def _push(url: str, lines: Sequence[str], programs: Mapping[int, int]) -> None:
    """Send the lines, each with its number as its time."""
    for start in range(0, len(lines), BATCH):
        streams: dict[int, list[list[str]]] = {}
        for number, line in enumerate(lines[start : start + BATCH], start):
            streams.setdefault(programs.get(number, number), []).append([str(number + 1), line])
        body = {"streams": [{"stream": {"app": str(app)}, "values": values} for app, values in streams.items()]}
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                httpx.post(url, json=body, timeout=PATIENCE).raise_for_status()
            except httpx.TransportError:
                assert time.monotonic() < deadline, "Alloy does not listen"
                time.sleep(0.2)
            else:
                break


def _number(timestamp: str) -> int:
    return int(timestamp.partition(".")[2].rstrip("Z").ljust(9, "0"))
