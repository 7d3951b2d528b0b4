"""No process outlives a run, however the run ends."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from functools import cache
from pathlib import Path

import pytest

from logstack.localrun import layout, processes
from logstack.localrun.layout import free_ports
from logstack.localrun.processes import Fleet, ProcessDiedError

ENDED_BY_SIGNAL = "import os, signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL); os.kill(os.getpid(), signal.{})"
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z")


def test_fleet_ends_every_child_when_its_context_ends(tmp_path: Path) -> None:
    with Fleet(tmp_path) as fleet:
        pids = [fleet.start(name, SLEEP, {}).process.pid for name in ("a", "b")]
        assert all(is_alive(pid) for pid in pids)
    assert not any(is_alive(pid) for pid in pids)


def test_fleet_ends_every_child_when_the_run_fails(tmp_path: Path) -> None:
    pid = 0

    def run() -> None:
        nonlocal pid
        with Fleet(tmp_path) as fleet:
            pid = fleet.start("a", SLEEP, {}).process.pid
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert pid
    assert not is_alive(pid)


def test_fleet_reports_a_child_that_dies_with_its_errors(tmp_path: Path) -> None:
    program = "print('level=info fine'); print('level=error msg=\"no port\"'); raise SystemExit(3)"
    with Fleet(tmp_path) as fleet:
        fleet.start("loki-write-0", [sys.executable, "-c", program], {}).process.wait()
        with pytest.raises(ProcessDiedError) as caught:
            fleet.check()
    assert str(caught.value) == 'loki-write-0 ended with code 3; its last lines:\n    level=error msg="no port"'


def test_fleet_does_not_report_a_child_that_it_killed(tmp_path: Path) -> None:
    with Fleet(tmp_path) as fleet:
        pid = fleet.start("a", SLEEP, {}).process.pid
        fleet.kill("a")
        fleet.check()
        assert not is_alive(pid)


def test_fleet_kills_a_child_that_ignores_sigterm(tmp_path: Path) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    with Fleet(tmp_path) as fleet:
        child = fleet.start("a", [sys.executable, "-c", stubborn], {})
        while not child.log.read_text():
            time.sleep(0.02)
        fleet.stop("a", seconds=0.2)
        assert not is_alive(child.process.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_children_end_when_the_run_is_killed(tmp_path: Path) -> None:
    program = f"""
        import sys, time
        from pathlib import Path
        from logstack.localrun.processes import Fleet
        with Fleet(Path({str(tmp_path)!r})) as fleet:
            print(fleet.start("a", {SLEEP!r}, {{}}).process.pid, flush=True)
            time.sleep(600)
    """
    root = Path(__file__).parents[3]
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, cwd=root, text=True
    )
    assert parent.stdout
    child = int(parent.stdout.readline())
    assert is_alive(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 300
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(child)


def test_fleet_names_the_reader_when_its_end_ended_the_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken pipe ends the writer when its reader has ended; the fleet may notice the writer first."""
    monkeypatch.setattr(processes, "_SEEN_SECONDS", 300)
    with Fleet(tmp_path) as fleet:
        writer = fleet.start("writer", [sys.executable, "-c", ENDED_BY_SIGNAL.format("SIGPIPE")], {})
        writer.process.wait()
        fleet.start(
            "reader", [sys.executable, "-c", f"import time; time.sleep(0.1); {ENDED_BY_SIGNAL.format('SIGKILL')}"], {}
        )
        with pytest.raises(ProcessDiedError, match="reader ended with code -9"):
            fleet.check()


def test_fleet_names_a_writer_that_a_broken_pipe_ended_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_SEEN_SECONDS", 0.1)
    with Fleet(tmp_path) as fleet:
        fleet.start("writer", [sys.executable, "-c", ENDED_BY_SIGNAL.format("SIGPIPE")], {}).process.wait()
        with pytest.raises(ProcessDiedError, match="writer ended with code -13"):
            fleet.check()


def test_free_ports_are_all_different() -> None:
    assert len(set(free_ports(30))) == 30


def test_free_ports_are_below_ephemeral_and_node_ports() -> None:
    assert max(free_ports(30)) < 30_000


@pytest.fixture
def own_register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A register of ports that no other run of these tests shares."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(layout, "_ports_in_use", set())
    monkeypatch.setattr(layout, "_taken_ports", cache(layout._taken_ports.__wrapped__))


def set_candidates(monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
    """Set the ports that free_ports tries, in this order."""
    monkeypatch.setattr(layout, "_candidates", lambda: list(ports))


@pytest.mark.usefixtures("own_register")
def test_free_ports_gives_a_port_once_even_when_nobody_opened_it(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = free_ports(2)
    monkeypatch.setattr(layout, "_ports_in_use", set())
    set_candidates(monkeypatch, first, second)
    assert (free_ports(1), free_ports(1)) == ([first], [second])
    with pytest.raises(OSError, match="1 ports are needed, and 0 of"):
        free_ports(1)


def test_free_ports_skips_a_port_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    open_port, free = free_ports(2)
    monkeypatch.setattr(layout, "_ports_in_use", set())
    set_candidates(monkeypatch, open_port, free)
    with socket.create_server(("127.0.0.1", open_port)):
        assert free_ports(1) == [free]


@pytest.mark.usefixtures("own_register")
def test_free_ports_skips_a_port_of_another_run_until_that_run_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as another:
        port_in_use, free_port = one.getsockname()[1], another.getsockname()[1]
    program = (
        f"from logstack.localrun import layout; print(layout._is_nobody_elses({port_in_use}), flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout
        assert run.stdout.readline() == "True\n"
        set_candidates(monkeypatch, port_in_use, free_port)
        assert free_ports(1) == [free_port]
        run.communicate("\n")
    set_candidates(monkeypatch, port_in_use)
    assert free_ports(1) == [port_in_use]
