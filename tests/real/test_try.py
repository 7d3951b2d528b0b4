"""`logstack try` as its users run it, with the real Loki, S3 server, Alloy and canary; it leaves nothing behind."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.real import binary, shared
from tests.support.stacks import ROOT

pytestmark = pytest.mark.real
# Seconds until a step, and a whole run, count as hanging, on however busy a machine.
_PATIENCE = 300
_RUN_SECONDS = 1200


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "logstack.cli", "try", *arguments]


def environment(directory: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(directory), "NO_COLOR": "1"}


def processes_of(directory: Path) -> list[int]:
    """Return the processes whose command line names the run's directory."""
    pids = []
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            line = (proc / "cmdline").read_bytes().decode()
        except OSError:
            continue
        if str(directory) in line:
            pids.append(int(proc.name))
    return pids


@pytest.fixture
def run_directory(tmp_path: Path) -> Iterator[Path]:
    for name in ("loki", "versitygw"):
        binary(name)
    yield tmp_path
    assert processes_of(tmp_path) == [], "a run left processes behind"
    assert list(tmp_path.glob("logstack-try-*")) == [], "a run left its directory behind"


@pytest.fixture
def with_alloy(run_directory: Path) -> Path:
    for name in ("alloy", "loki-canary"):
        binary(name)
    return run_directory


def run(directory: Path, *arguments: str, collector: str = "push") -> tuple[int, dict[str, Any], str]:
    process = subprocess.run(
        command(*arguments, "--collector", collector, "--json"),
        cwd=ROOT,
        env=environment(directory),
        capture_output=True,
        text=True,
        timeout=_RUN_SECONDS,
        check=False,
    )
    return process.returncode, json.loads(process.stdout) if process.stdout else {}, process.stderr


def details(answer: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["detail"] for check in answer["checks"]}


def test_try_stores_and_returns_a_real_log_file(run_directory: Path) -> None:
    log = shared("logs/OpenSSH_2k.log")
    lines = len([line for line in log.read_text().splitlines() if line])
    code, answer, output = run(run_directory, "staging", "--logs", str(log))
    assert code == 0, output
    results = details(answer)
    assert results["ready"] == "3 write + 3 read + 3 backend processes and the S3 server"
    assert results["ring whole"] == "3 of 3 writers ACTIVE, replication 1"
    assert results["lines out"] == f"{lines} of {lines} lines, each as it was sent"
    assert results["lines out after all writers restarted"] == results["lines out"]
    assert "the gateway's nginx" in answer["notExercised"]
    assert any(each.startswith("the collector and the canary (") for each in answer["notExercised"])
    assert "config.alloy" not in output
    assert "common.storage.s3.endpoint: http://loki-s3.monitoring.svc.cluster.local:7070 ->" in output


def test_try_passes_a_claimed_buckets_address_in_lokis_environment(run_directory: Path) -> None:
    code, answer, output = run(run_directory, "ceph")
    assert code == 0, output
    assert "s3.endpoint" not in output
    assert "BUCKET_HOST and BUCKET_PORT of the claim's ConfigMap" in output
    assert "chunks and index in the bucket" in details(answer)


@pytest.mark.prove
@pytest.mark.parametrize(
    ("stack", "processes"),
    [
        (["ceph-ssd"], "3 write + 3 read + 1 backend processes and the S3 server"),
        (["longhorn"], "1 monolithic processes"),
        (["aws", "-C", "examples/aws"], "3 write + 3 read + 3 backend processes and the S3 server"),
        (["aws-monolithic", "-C", "examples/aws"], "3 monolithic processes and the S3 server"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_try_stores_and_returns_lines_on_every_platform(stack: list[str], processes: str, run_directory: Path) -> None:
    code, answer, output = run(run_directory, *stack)
    assert code == 0, output
    assert details(answer)["ready"] == processes
    assert details(answer)["lines out after all writers restarted"] == "1200 of 1200 lines, each as it was sent"


def test_deep_try_survives_a_killed_writer_and_deletes_expired_lines(run_directory: Path) -> None:
    code, answer, output = run(run_directory, "production", "--deep")
    assert code == 0, output
    results = details(answer)
    assert results["ring whole"] == "3 of 3 writers ACTIVE, replication 3"
    under_load = results["one writer killed under load"]
    assert "0 of 600 pushes refused after the kill; 0 of 4500 acknowledged lines missing" in under_load
    for role in ("read", "backend"):
        assert (
            "0 of 120 pushes refused, 12 of 12 queries answered; 0 of 120 acknowledged" in results[f"one {role} killed"]
        )
    assert "marked by loki-backend-0, deleted by the next leader" in results["retention"]


# Modes that no shipped stack has: the processes, the roles killed besides a writer, and whose marks are deleted how.
MODES = {
    "monolithic-ha": ("3 monolithic processes", (), "loki-monolithic-0, deleted by the next leader"),
    "distributed": (
        (
            "2 distributor + 3 ingester + 2 querier + 2 query-frontend + 2 query-scheduler + 2 index-gateway"
            " + 1 compactor + 1 ruler processes"
        ),
        (
            *("distributor", "querier", "query-frontend", "query-scheduler"),
            *("index-gateway", "compactor", "ruler"),
        ),
        "loki-compactor-0, deleted after its restart",
    ),
}


@pytest.mark.prove
@pytest.mark.parametrize(("stack", "expected"), MODES.items())
def test_deep_try_of_each_mode_confirms_the_plan_for_a_lost_process_of_each_role(
    run_directory: Path, stack: str, expected: tuple[str, tuple[str, ...], str]
) -> None:
    code, answer, output = run(run_directory, stack, "-C", str(ROOT / "examples" / stack), "--deep")
    assert code == 0, output
    processes, killed, deleted = expected
    results = details(answer)
    assert results["ready"] == f"{processes} and the S3 server"
    assert "0 of 600 pushes refused after the kill" in results["one writer killed under load"]
    assert tuple(name.split()[1] for name in results if name.endswith(" killed")) == killed
    assert f"marked by {deleted}" in results["retention"]


RULES = """\
config:
  logstack:cluster: {name: rules, context: rules, apiServer: https://10.0.0.2:6443}
  logstack:deploymentMode: monolithic
  logstack:replicas: {monolithic: 1}
  logstack:replicationFactor: 1
  logstack:acknowledge: [replication-single-copy, retention-rules-replaced]
  logstack:objectStore: {kind: s3-compatible, endpoint: http://10.0.0.1:9000, bucket: rules, credentialsSecret: s3}
  logstack:retention: 7d
  logstack:retentionStreams:
    - {selector: '{namespace="airflow"}', period: 90d, priority: 10}
    - {selector: '{app=~"debug.*"}', period: 1d}
  logstack:tenants:
    - {name: team-a, namespaces: [shop], retention: 3d}
    - name: team-b
      namespaces: [bank]
      retention: 14d
      retentionStreams:
        - {selector: '{namespace="bank", stream="stdout"}', period: 60d}
"""


@pytest.mark.prove
def test_deep_try_confirms_retention_rules_of_streams_and_tenants(run_directory: Path) -> None:
    """Loki's own precedence: the highest priority, a tenant's period, and a tenant's rules instead of the stack's."""
    stacks = run_directory / "stacks"
    stacks.mkdir()
    (stacks / "Pulumi.rules.yaml").write_text(RULES)
    code, answer, output = run(run_directory, "rules", "--deep", "-C", str(stacks))
    assert code == 0, output
    retention = details(answer)["retention"]
    assert "3000 lines older than their retention and 300 of a delete request: marked by loki-monolithic-0" in retention
    assert "3000 younger lines found" in retention
    assert "not exercised" not in retention
    for rule in (
        'fake {namespace="airflow"} 2160h',
        'fake {app=~"debug.*"} 24h',
        "fake 168h",
        'team-a {namespace="airflow"} 2160h',
        "team-a 72h",
        'team-b {namespace="bank", stream="stdout"} 1440h',
        'team-b {namespace="airflow"} 336h',
        'team-b {app=~"debug.*"} 336h',
        "team-b 336h",
    ):
        assert rule in retention


@pytest.mark.prove
def test_try_with_alloy_sends_lines_through_the_collector_and_the_canary_misses_none(with_alloy: Path) -> None:
    logs = [shared("logs/OpenSSH_2k.log"), shared("logs/Hadoop_2k.log")]
    arguments = [argument for log in logs for argument in ("--logs", str(log))]
    code, answer, output = run(with_alloy, "staging", *arguments, collector="auto")
    assert code == 0, output
    results = details(answer)
    assert results["lines in"] == (
        "4000 lines by Alloy from the log files of 2 pods, rotated and truncated while it read"
    )
    assert results["lines out"] == "4000 of 4000 lines, each as it was sent"
    assert results["lines out after all writers restarted"] == results["lines out"]
    canary = re.match(
        r"(\d+) entries, 0 missing.*, latency .* s; spot checks: [1-9]\d*, 0 missing;"
        r" Loki has (\d+) of \2 written lines and none of the canary's [1-9]\d* messages",
        results["canary through the collector"],
    )
    assert canary, results
    assert int(canary[1]) >= 25
    assert not any("the collector and" in each or "canary" in each for each in answer["notExercised"])
    assert 'config.alloy: discovery.kubernetes "pods"' in output


@pytest.mark.prove
def test_try_with_alloy_reports_lines_that_the_collector_cut(with_alloy: Path) -> None:
    log = long_lines(with_alloy)
    code, answer, output = run(with_alloy, "staging", "--logs", str(log), collector="alloy")
    assert code == 0, output
    assert details(answer)["lines in"].endswith("; 1 longer than 256Ki cut by collector.longLines")


@pytest.mark.prove
def test_try_with_alloy_lists_the_lines_that_redaction_changed_without_their_secrets(with_alloy: Path) -> None:
    log = with_alloy / "secrets.log"
    lines = [f"connecting {number} with password=hunter2 host=db" for number in range(5)]
    lines += ['{"token":987654321,"user":"bob"}', "sent Basic YWRtaW46YWRtaW4=", "plain"]
    log.write_text("".join(f"{line}\n" for line in lines))
    code, answer, output = run(with_alloy, "staging", "--logs", str(log), collector="alloy")
    assert code == 0, output
    assert details(answer)["lines out"] == "8 of 8 lines, each as it was sent; 7 with redacted secrets"
    assert answer["redacted"] == [
        {
            "rule": "passwords",
            "lines": 6,
            "examples": [
                "connecting 0 with password=<redacted:passwords> host=db",
                '{"token":"<redacted:passwords>","user":"bob"}',
            ],
        },
        {"rule": "tokens", "lines": 1, "examples": ["sent Basic <redacted:tokens>"]},
    ]
    assert "hunter2" not in output


def long_lines(directory: Path) -> Path:
    log = directory / "long.log"
    log.write_text("short\n" + "x" * 300_000 + "\nshort too\n")
    return log


def test_try_reports_lines_that_loki_refused_above_the_limit(run_directory: Path) -> None:
    log = long_lines(run_directory)
    code, answer, output = run(run_directory, "staging", "--logs", str(log))
    assert code == 0, output
    expected = "2 lines acknowledged; 1 longer than 256Ki refused by limits.maxLineSize"
    assert details(answer)["lines in"] == expected


@contextmanager
def running(directory: Path, text: str, collector: str = "push") -> Iterator[subprocess.Popen[str]]:
    """Start a run and wait until it prints `text`; kill it at the end if it still runs."""
    process = subprocess.Popen(
        command("staging", "--keep", "--collector", collector),
        cwd=ROOT,
        env=environment(directory),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for_line(process, text)
        yield process
    finally:
        process.kill()
        process.wait(timeout=_PATIENCE)


def wait_for_line(process: subprocess.Popen[str], text: str) -> None:
    """Read the output until a line has `text`; fail when the run ends first, or does not print it in time."""
    assert process.stdout
    output = []
    # With --keep a run prints nothing more and does not end, so without this the loop would not end either.
    deadline = threading.Timer(_PATIENCE, process.terminate)
    deadline.start()
    try:
        for line in process.stdout:
            output.append(line)
            if text in line:
                return
    finally:
        deadline.cancel()
    pytest.fail(f"the run did not print {text!r} within {_PATIENCE} s: {''.join(output)}")


@pytest.mark.usefixtures("default_signals")
def test_ctrl_c_ends_a_run_with_keep(run_directory: Path) -> None:
    with running(run_directory, "Running until Ctrl-C") as process:
        assert len(processes_of(run_directory)) == 10
        process.send_signal(signal.SIGINT)
        last_output, _ = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 130
    assert "stopped; no process was left running" in last_output


def test_try_fails_with_the_name_of_a_killed_process(run_directory: Path) -> None:
    with running(run_directory, "Starting 9 Loki processes") as process:
        os.kill(victim(run_directory, b"loki-read-1"), signal.SIGKILL)
        last_output, _ = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 1
    assert "error: loki-read-1 ended with code -9" in last_output


@pytest.mark.prove
@pytest.mark.parametrize(
    ("words", "name"),
    [(b"--storage.path", "alloy"), (b"cri.py", "loki-canary-runtime")],
    ids=["Alloy", "the log's writer"],
)
def test_try_fails_with_the_name_of_a_killed_collector_process(with_alloy: Path, words: bytes, name: str) -> None:
    with running(with_alloy, "the canary queries its lines", collector="auto") as process:
        assert len(canaries_of(with_alloy)) == 1
        os.kill(victim(with_alloy, words), signal.SIGKILL)
        last_output, _ = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 1
    assert f"error: {name} ended with code -9" in last_output
    assert canaries_of(with_alloy) == []


@pytest.mark.prove
@pytest.mark.usefixtures("default_signals")
def test_ctrl_c_ends_the_collector_and_the_canary_too(with_alloy: Path) -> None:
    with running(with_alloy, "the canary queries its lines", collector="auto") as process:
        # Nine of Loki, the S3 server, Alloy, and the writer of the canary's log file.
        assert len(processes_of(with_alloy)) == 12
        assert len(canaries_of(with_alloy)) == 1
        process.send_signal(signal.SIGINT)
        last_output, _ = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 130
    assert "stopped; no process was left running" in last_output
    assert canaries_of(with_alloy) == []


def victim(directory: Path, words: bytes) -> int:
    """Return a process of the run whose command line has these words, as soon as one exists."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if pids := [pid for pid in processes_of(directory) if words in _command_line(pid)]:
            return pids[0]
        time.sleep(0.1)
    pytest.fail(f"no process with {words!r} within {_PATIENCE} s")


def canaries_of(directory: Path) -> list[int]:
    """Return the run's canary: its environment names the run's directory, its command line does not."""
    pids = [int(proc.name) for proc in Path("/proc").glob("[0-9]*")]
    return [
        pid
        for pid in pids
        if b"-labelvalue=loki-canary-try" in _command_line(pid)
        and str(directory).encode() in _of_process(pid, "environ")
    ]


def _command_line(pid: int) -> bytes:
    return _of_process(pid, "cmdline")


def _of_process(pid: int, file: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{file}").read_bytes()
    except OSError:
        return b""


def test_try_refuses_an_unreadable_log_file_before_it_starts_anything(run_directory: Path) -> None:
    code, answer, output = run(run_directory, "staging", "--logs", "absent.log")
    assert (code, answer) == (1, {})
    assert "error: absent.log: No such file or directory; give a readable text file" in output
