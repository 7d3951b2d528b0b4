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

END_BY = "import os, signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL); os.kill(os.getpid(), signal.{})"
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z")


def test_leaving_the_context_ends_every_child(tmp_path: Path) -> None:
    with Fleet(tmp_path) as fleet:
        pids = [fleet.start(name, SLEEP, {}).process.pid for name in ("a", "b")]
        assert all(alive(pid) for pid in pids)
    assert not any(alive(pid) for pid in pids)


def test_an_error_in_the_run_ends_every_child(tmp_path: Path) -> None:
    pid = 0

    def run() -> None:
        nonlocal pid
        with Fleet(tmp_path) as fleet:
            pid = fleet.start("a", SLEEP, {}).process.pid
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert pid
    assert not alive(pid)


def test_a_child_that_dies_by_itself_is_told_with_its_errors(tmp_path: Path) -> None:
    says = "print('level=info fine'); print('level=error msg=\"no port\"'); raise SystemExit(3)"
    with Fleet(tmp_path) as fleet:
        fleet.start("loki-write-0", [sys.executable, "-c", says], {}).process.wait()
        with pytest.raises(ProcessDiedError) as caught:
            fleet.check()
    assert str(caught.value) == 'loki-write-0 ended with code 3; its last lines:\n    level=error msg="no port"'


def test_a_killed_child_is_forgotten_and_its_death_is_no_failure(tmp_path: Path) -> None:
    with Fleet(tmp_path) as fleet:
        pid = fleet.start("a", SLEEP, {}).process.pid
        fleet.kill("a")
        fleet.check()
        assert not alive(pid)


def test_a_child_that_does_not_stop_when_asked_is_killed(tmp_path: Path) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    with Fleet(tmp_path) as fleet:
        child = fleet.start("a", [sys.executable, "-c", stubborn], {})
        while not child.log.read_text():
            time.sleep(0.02)
        fleet.stop("a", seconds=0.2)
        assert not alive(child.process.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_children_end_even_when_the_run_itself_is_killed(tmp_path: Path) -> None:
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
    assert alive(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 300
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(child)


def test_of_two_that_ended_the_one_is_named_whose_end_was_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who writes to a reader that has ended is ended by that; it may be the first one to be seen."""
    monkeypatch.setattr(processes, "_SEEN_SECONDS", 300)
    with Fleet(tmp_path) as fleet:
        writer = fleet.start("writer", [sys.executable, "-c", END_BY.format("SIGPIPE")], {})
        writer.process.wait()
        fleet.start("reader", [sys.executable, "-c", f"import time; time.sleep(0.1); {END_BY.format('SIGKILL')}"], {})
        with pytest.raises(ProcessDiedError, match="reader ended with code -9"):
            fleet.check()


def test_one_that_ended_alone_is_named_even_if_nobody_read_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_SEEN_SECONDS", 0.1)
    with Fleet(tmp_path) as fleet:
        fleet.start("writer", [sys.executable, "-c", END_BY.format("SIGPIPE")], {}).process.wait()
        with pytest.raises(ProcessDiedError, match="writer ended with code -13"):
            fleet.check()


def test_free_ports_are_all_different() -> None:
    assert len(set(free_ports(30))) == 30


def test_free_ports_are_none_that_outgoing_connections_or_node_ports_get() -> None:
    assert max(free_ports(30)) < 30_000


@pytest.fixture
def own_register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A register of given ports that no other run of these tests has: they would give the same ones."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(layout, "_ports_in_use", set())
    monkeypatch.setattr(layout, "_taken_ports", cache(layout._taken_ports.__wrapped__))


def candidates(monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
    """The ports that are tried, in this order."""
    monkeypatch.setattr(layout, "_candidates", lambda: list(ports))


@pytest.mark.usefixtures("own_register")
def test_a_port_is_given_once_even_if_nobody_has_opened_it_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = free_ports(2)
    monkeypatch.setattr(layout, "_ports_in_use", set())
    candidates(monkeypatch, first, second)
    assert (free_ports(1), free_ports(1)) == ([first], [second])
    with pytest.raises(OSError, match="1 ports are needed, and 0 of"):
        free_ports(1)


def test_a_port_that_somebody_listens_on_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    open_port, free = free_ports(2)
    monkeypatch.setattr(layout, "_ports_in_use", set())
    candidates(monkeypatch, open_port, free)
    with socket.create_server(("127.0.0.1", open_port)):
        assert free_ports(1) == [free]


@pytest.mark.usefixtures("own_register")
def test_a_port_of_another_run_is_not_given_until_that_run_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as another:
        taken, further = one.getsockname()[1], another.getsockname()[1]
    takes = f"from logstack.localrun import layout; print(layout._is_nobody_elses({taken}), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", takes], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout
        assert run.stdout.readline() == "True\n"
        candidates(monkeypatch, taken, further)
        assert free_ports(1) == [further]
        run.communicate("\n")
    candidates(monkeypatch, taken)
    assert free_ports(1) == [taken]
