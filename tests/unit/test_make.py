"""The Makefile's targets for a busy machine and a later day, with a command instead of the tests."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.stacks import ROOT

# The environment of the tests exists already, and must not change.
MAKE = ("make", "--no-print-directory", "--old-file=.venv/installed", "--old-file=.venv/developed")

pytestmark = pytest.mark.skipif(not shutil.which("ps"), reason="ps is not installed")


def start_make(target: str, fast: str, **environment: str) -> subprocess.Popen[str]:
    """Start a target in its own process group."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.Popen(
        [*MAKE, target, f"FAST={fast}"],
        cwd=ROOT,
        env=inherited | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def group_members(group: int) -> list[tuple[int, int, str]]:
    """Return process id, parent id and program of each running process of a group."""
    output = subprocess.run(
        ["ps", "-A", "-o", "pgid=,pid=,ppid=,stat=,comm="], capture_output=True, text=True, check=True
    ).stdout
    rows = [row.split(maxsplit=4) for row in output.splitlines()]
    return [
        (int(pid), int(parent), name) for of, pid, parent, state, name in rows if of == str(group) and "Z" not in state
    ]


def wait_until_gone(group: int) -> None:
    deadline = time.monotonic() + 300  # longer than any machine needs
    while remaining := group_members(group):
        assert time.monotonic() < deadline, remaining
        time.sleep(0.05)


@pytest.fixture
def loaded_run(default_signals: None) -> Iterator[subprocess.Popen[str]]:  # noqa: ARG001 - before the run starts
    """`make loaded` in its first round, with a command that does not end by itself."""
    run = start_make("loaded", "sleep 600")
    try:
        # A signal may get lost before exec.
        while [name for _, _, name in group_members(run.pid)].count("sleep") != 1:
            assert run.poll() is None
            time.sleep(0.05)
        assert len(group_members(run.pid)) == 1 + 1 + 8 + 1, "make, its shell, the loops and the command"
        yield run
    finally:
        with suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)


def test_loaded_runs_three_rounds_and_leaves_no_loop_behind() -> None:
    run = start_make("loaded", 'test "$$round" != 2')
    printed, _ = run.communicate()
    assert run.returncode != 0
    assert [line for line in printed.splitlines() if line.startswith("Round")] == [f"Round {n} of 3" for n in (1, 2, 3)]
    assert "Failed in round 2\n" in printed
    wait_until_gone(run.pid)
    passing = start_make("loaded", "true")
    passing.communicate()
    assert passing.returncode == 0


def test_ctrl_c_ends_loaded_with_its_loops(loaded_run: subprocess.Popen[str]) -> None:
    os.killpg(loaded_run.pid, signal.SIGINT)
    printed, _ = loaded_run.communicate()
    assert loaded_run.returncode != 0
    assert "Round 2" not in printed
    wait_until_gone(loaded_run.pid)


def test_killed_shell_of_loaded_ends_its_loops(loaded_run: subprocess.Popen[str]) -> None:
    (shell,) = [pid for pid, parent, _ in group_members(loaded_run.pid) if parent == loaded_run.pid]
    (command,) = [pid for pid, _, name in group_members(loaded_run.pid) if name == "sleep"]
    os.kill(shell, signal.SIGKILL)
    os.kill(command, signal.SIGKILL)
    loaded_run.communicate()
    wait_until_gone(loaded_run.pid)


def test_later_runs_the_tests_with_the_clock_a_year_ahead(tmp_path: Path) -> None:
    faketime = tmp_path / "faketime"
    faketime.write_text('#!/bin/sh\necho "clock: $1 $2"; shift 2; exec "$@"\n')
    faketime.chmod(0o755)
    run = start_make("later", "echo tested", PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert run.communicate()[0].splitlines() == ["clock: -f +365d", "tested"]
    assert run.returncode == 0


def test_later_is_skipped_with_its_reason_without_faketime(tmp_path: Path) -> None:
    for name in ("make", "sh", "python3"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    run = start_make("later", "echo tested", PATH=str(tmp_path))
    printed, _ = run.communicate()
    assert run.returncode == 0
    assert printed.startswith("make later: skipped, faketime is not installed")
