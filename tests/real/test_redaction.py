"""Redaction by the real Alloy: every line of the corpus, through the stages once and twice."""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from logstack.localrun.layout import free_ports
from logstack.manifests.alloy.redaction import redaction
from logstack.manifests.alloy.syntax import Block, Expression, document
from logstack.settings.model.redaction import CustomRedaction, RedactionSettings
from tests.support import corpus
from tests.support.corpus import EVERY_RULE
from tests.support.real import binary, run

pytestmark = [pytest.mark.real, pytest.mark.prove]

CUSTOM = (
    CustomRedaction(name="customer-number", pattern=r"customer-(\d+)"),
    CustomRedaction(name="ticket", pattern=r"\bT-\d+|case (\w+) of (\w+)", replacement="{{ .Value }}"),
    CustomRedaction(name="badge", pattern="badge [0-9A-F]{4}", replacement=""),
)
CUSTOM_LINES = {
    "customer-17 called customer-18": "customer-<redacted:customer-number> called customer-<redacted:customer-number>",
    "T-1, case a of b": "T-1, case {{ .Value }} of {{ .Value }}",
    "has badge 00FF!": "has !",
    "customer-x": "customer-x",
}
TIMES = ("once", "twice")
PATIENCE = 180


def config(settings: RedactionSettings, port: int) -> str:
    stages = redaction(settings)
    listen = {"listen_address": "127.0.0.1"}
    return document(
        [
            Block("logging", attributes={"format": "json"}),
            Block(
                "loki.source.api",
                "lines",
                {"use_incoming_timestamp": True, "forward_to": [Expression("loki.process.once.receiver")]},
                (Block("http", attributes=listen | {"listen_port": port}), Block("grpc", attributes=listen)),
            ),
            Block(
                "loki.process",
                "once",
                {"forward_to": [Expression("loki.echo.once.receiver"), Expression("loki.process.twice.receiver")]},
                stages,
            ),
            Block("loki.process", "twice", {"forward_to": [Expression("loki.echo.twice.receiver")]}, stages),
            Block("loki.echo", "once"),
            Block("loki.echo", "twice"),
        ]
    )


@contextmanager
def running(text: str, directory: Path, port: int) -> Iterator[Path]:
    """Run Alloy with a configuration; yield its log file."""
    file, log = directory / "config.alloy", directory / "log"
    file.write_text(text)
    command: list[str | Path] = [
        binary("alloy"),
        "run",
        file,
        f"--storage.path={directory / 'data'}",
        f"--server.http.listen-addr=127.0.0.1:{port}",
        "--disable-reporting",
    ]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            yield log
        finally:
            process.kill()
            process.wait(timeout=60)


def push_lines(url: str, lines: Sequence[str]) -> None:
    """Send the lines, each with its number as its time."""
    stream = {"stream": {"app": "test"}, "values": [[str(number), line] for number, line in enumerate(lines, 1)]}
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            httpx.post(url, json={"streams": [stream]}, timeout=PATIENCE).raise_for_status()
        except httpx.TransportError:
            assert time.monotonic() < deadline, "Alloy does not listen"
            time.sleep(0.2)
        else:
            return


def echoed(log: Path, component: str) -> dict[int, str]:
    """Return the lines that came out, by their number."""
    records = [json.loads(text) for text in log.read_text().splitlines() if text.startswith("{")]
    return {
        int(record["entry_timestamp"].partition(".")[2].rstrip("Z").ljust(9, "0")): record["entry"]
        for record in records
        if record.get("component_id") == component and "entry" in record
    }


def redacted_lines(lines: Sequence[str], directory: Path) -> Mapping[str, list[str]]:
    """Return the lines after the stages, passed once and twice."""
    port, api = free_ports(2)
    with running(config(RedactionSettings(rules=EVERY_RULE, custom=CUSTOM), api), directory, port) as log:
        push_lines(f"http://127.0.0.1:{api}/loki/api/v1/push", lines)
        deadline = time.monotonic() + PATIENCE
        while True:
            echoed_lines = {times: echoed(log, f"loki.echo.{times}") for times in TIMES}
            if all(len(output) >= len(lines) for output in echoed_lines.values()):
                break
            assert time.monotonic() < deadline, log.read_text()[-2000:]
            time.sleep(0.2)
    return {times: [output[number] for number in sorted(output)] for times, output in echoed_lines.items()}


def test_redaction_removes_every_secret_and_nothing_else_once_and_twice(tmp_path: Path) -> None:
    expected = {line.text: line.expected for line in corpus.lines()} | CUSTOM_LINES
    redacted = redacted_lines(list(expected), tmp_path)
    for times in TIMES:
        differences = [
            f"{line}\n  expected: {expected_line}\n  redacted: {redacted_line}"
            for (line, expected_line), redacted_line in zip(expected.items(), redacted[times], strict=True)
            if expected_line != redacted_line
        ]
        assert not differences, f"{times}:\n" + "\n".join(differences)


def test_redaction_stages_are_formatted_as_alloy_does() -> None:
    text = config(RedactionSettings(rules=EVERY_RULE, custom=CUSTOM), 1)
    answer = run([binary("alloy"), "fmt"], text)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == text
