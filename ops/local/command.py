"""`logstack try`: set up, run, check, and leave nothing behind."""

import shutil
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from ops.local.checks import Outcome, Run, carry_out, standard_checks
from ops.local.client import selector
from ops.local.deep import FAST_COMPACTOR, TAKES_OLD_LINES, deep_checks
from ops.local.lines import SAMPLE, LogFileError, cut_notice, read_log_files
from ops.local.platform import NotReadyError, Platform
from ops.local.processes import Fleet, ProcessDiedError
from ops.local.report import NOT_EXERCISED, Report
from settings.quantities import kubernetes_size
from settings.tree import Settings
from tools.errors import ToolError
from tools.obtain import obtain
from tools.report import terminal_report

# Measured: 2 MiB for 2,000 lines. A log file of the largest size is in three write-ahead logs and a bucket: 0.3 GiB.
_FREE_BYTES = 2 * 1024**3
_OK, _FAILED, _INTERRUPTED = 0, 1, 130


def run_try(stack: str, settings: Settings, logs: Sequence[Path], *, deep: bool, keep: bool, as_json: bool) -> int:
    """Run a stack on this machine; the exit code is 0 when every check passed, 1 when not, 130 after Ctrl-C."""
    report = Report(as_json=as_json)
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        return _run(stack, settings, logs or [SAMPLE], report, deep=deep, keep=keep)
    except (LogFileError, NotReadyError, ProcessDiedError, ToolError) as error:
        report.say(f"error: {error}")
        return _FAILED
    except OSError as error:
        report.say(f"error: {error.filename or 'this machine'}: {error.strerror}; nothing was left running")
        return _FAILED
    except KeyboardInterrupt:
        report.say("stopped; no process was left running")
        return _INTERRUPTED


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(stack: str, settings: Settings, logs: Sequence[Path], report: Report, *, deep: bool, keep: bool) -> int:
    files = read_log_files(logs)
    began = time.monotonic()
    binaries = obtain("loki", "versitygw", report=terminal_report())
    with tempfile.TemporaryDirectory(prefix="logstack-try-", ignore_cleanup_errors=True) as directory:
        root = Path(directory)
        _expect_space(root)
        with Fleet(root / "logs") as fleet:
            platform = Platform(settings, binaries, root, fleet)
            report.replaced(platform.replaced, _also_replaced(platform, deep=deep), directory)
            for file in files:
                notice = cut_notice(file)
                report.say(f"{file.path}: {len(file.lines)} lines, {file.size} bytes{f' ({notice})' if notice else ''}")
            count = len(platform.layout.nodes)
            report.say(f"Starting {count} Loki processes (about {6 + count} s on two cores) ...")
            starting = time.monotonic()
            platform.start()
            ready = time.monotonic() - starting
            report.outcome(Outcome("ready", passed=True, detail=_processes(platform), seconds=ready))
            run = Run(platform, files)
            for outcome in carry_out(standard_checks(platform), run):
                report.outcome(outcome)
            if deep:
                report.say("Deep checks: retention and a killed writer (about 2 minutes) ...")
                for outcome in carry_out(deep_checks(), run):
                    report.outcome(outcome)
            caches = settings.caches.chunks or settings.caches.results
            not_exercised = [*NOT_EXERCISED, *(["memcached"] if caches else [])]
            passed = report.finish(stack, time.monotonic() - began, not_exercised)
            if keep:
                _hold(run, report)
    return _OK if passed else _FAILED


def _expect_space(root: Path) -> None:
    free = shutil.disk_usage(root).free
    if free < _FREE_BYTES:
        raise LogFileError(
            f"{root.parent}: {kubernetes_size(free // 1024**2 * 1024**2)} free, the run needs"
            f" {kubernetes_size(_FREE_BYTES)}; free some, or point TMPDIR at another disk"
        )


def _also_replaced(platform: Platform, *, deep: bool) -> list[str]:
    lines = ["each process: its own ports, ring name and directory, by flags"]
    if platform.has_store:
        lines.append("the store: a local Versity S3 Gateway with keys of this run alone")
    if deep:
        lines += [f"compactor.{key}: {value}, for the retention check" for key, value in FAST_COMPACTOR.items()]
        lines += [
            f"{key}: {value}, while the retention check sends old lines" for key, value in TAKES_OLD_LINES.items()
        ]
        lines.append("one backend instead of all, while the retention check waits for the compactor")
    return lines


def _processes(platform: Platform) -> str:
    roles = platform.settings.roles
    parts = [f"{platform.settings.replica_count(role)} {role}" for role in roles]
    return f"{' + '.join(parts)} processes{' and the S3 server' if platform.has_store else ''}"


def _hold(run: Run, report: Report) -> None:
    """Keep everything running until Ctrl-C, which ends it as any run ends."""
    reader, query = run.platform.loki.reader, selector(run.sent[0].labels if run.sent else {"namespace": "try"})
    report.say(f"Running until Ctrl-C. Loki answers at {reader}; for example:")
    report.say(f"  logcli --addr={reader} query --limit=10 '{query}'")
    report.say(f"  curl -G {reader}/loki/api/v1/query_range --data-urlencode 'query={query}'")
    while True:
        run.platform.fleet.check()
        time.sleep(1)
