"""`logstack try` as its users run it: the real Loki, the real S3 server, and nothing left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.real import binary, shared
from tests.support.stacks import ROOT

pytestmark = pytest.mark.real


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ops.cli", "try", *arguments]


def environment(directory: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(directory), "NO_COLOR": "1"}


def processes_of(directory: Path) -> list[int]:
    """Processes whose command line names the run's directory."""
    found = []
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            line = (proc / "cmdline").read_bytes().decode()
        except OSError:
            continue
        if str(directory) in line:
            found.append(int(proc.name))
    return found


@pytest.fixture
def run_directory(tmp_path: Path) -> Iterator[Path]:
    for name in ("loki", "versitygw"):
        binary(name)
    yield tmp_path
    assert processes_of(tmp_path) == [], "a run left processes behind"
    assert list(tmp_path.glob("logstack-try-*")) == [], "a run left its directory behind"


def run(directory: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    done = subprocess.run(
        command(*arguments, "--json"), cwd=ROOT, env=environment(directory), capture_output=True, text=True, check=False
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def details(answer: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["detail"] for check in answer["checks"]}


def test_staging_takes_a_real_log_file_in_and_gives_it_back(run_directory: Path) -> None:
    log = shared("logs/OpenSSH_2k.log")
    lines = len([line for line in log.read_text().splitlines() if line])
    code, answer, said = run(run_directory, "staging", "--logs", str(log))
    assert code == 0, said
    seen = details(answer)
    assert seen["ready"] == "3 write + 3 read + 3 backend processes and the S3 server"
    assert seen["ring whole"] == "3 of 3 writers ACTIVE, replication 1"
    assert seen["lines out"] == f"{lines} of {lines} lines, each as it was sent"
    assert seen["lines out after all writers restarted"] == seen["lines out"]
    assert set(answer["notExercised"]) >= {"the gateway's nginx", "the collector and the canary"}
    assert "common.storage.s3.endpoint: http://loki-s3.monitoring.svc.cluster.local:7070 ->" in said


def test_production_survives_a_killed_writer_and_deletes_what_has_expired(run_directory: Path) -> None:
    code, answer, said = run(run_directory, "production", "--deep")
    assert code == 0, said
    seen = details(answer)
    assert seen["ring whole"] == "3 of 3 writers ACTIVE, replication 3"
    assert (
        "0 of 600 pushes refused after the kill; 0 of 4500 acknowledged lines missing"
        in (seen["one writer killed under load"])
    )
    assert "gone from the bucket" in seen["retention"]


def test_lines_above_the_limit_are_refused_and_told(run_directory: Path) -> None:
    log = run_directory / "long.log"
    log.write_text("short\n" + "x" * 300_000 + "\nshort too\n")
    code, answer, said = run(run_directory, "staging", "--logs", str(log))
    assert code == 0, said
    expected = "2 lines acknowledged; 1 longer than 256Ki refused, as limits.maxLineSize says"
    assert details(answer)["lines in"] == expected


def start_and_wait(directory: Path, text: str) -> subprocess.Popen[str]:
    """A run that has said `text`."""
    process = subprocess.Popen(
        command("staging", "--keep"), cwd=ROOT, env=environment(directory), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    said = []
    for line in process.stdout:
        said.append(line)
        if text in line:
            return process
    pytest.fail(f"the run never said {text!r}: {''.join(said)}")


def test_ctrl_c_ends_a_run_that_was_kept(run_directory: Path) -> None:
    process = start_and_wait(run_directory, "Running until Ctrl-C")
    assert len(processes_of(run_directory)) == 10
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopped; no process was left running" in rest


def test_a_killed_child_ends_the_run_with_its_name(run_directory: Path) -> None:
    process = start_and_wait(run_directory, "Starting 9 Loki processes")
    victims: list[int] = []
    deadline = time.monotonic() + 30
    while not victims and time.monotonic() < deadline:
        victims = [pid for pid in processes_of(run_directory) if b"loki-read-1" in _command_line(pid)]
    os.kill(victims[0], signal.SIGKILL)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "error: loki-read-1 ended with code -9" in rest


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_files_that_cannot_be_used_stop_before_anything_starts(run_directory: Path) -> None:
    code, answer, said = run(run_directory, "staging", "--logs", "absent.log")
    assert (code, answer) == (1, {})
    assert "error: absent.log: No such file or directory; give a readable text file" in said
