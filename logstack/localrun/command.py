"""`logstack try`: start a stack on this machine, run the checks and clean up."""

import shutil
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from logstack.binaries.errors import ToolError
from logstack.localrun import disclosures
from logstack.localrun.checks import Outcome, Run, carry_out
from logstack.localrun.client import selector
from logstack.localrun.collected import standard_checks
from logstack.localrun.collector import Collector
from logstack.localrun.deep import deep_checks
from logstack.localrun.lines import NAMESPACE, SAMPLE, LogFileError, cut_notice, read_log_files
from logstack.localrun.machine import Route, binaries_for, machine
from logstack.localrun.platform import NotReadyError
from logstack.localrun.processes import Fleet, ProcessDiedError
from logstack.localrun.redacted import by_rule
from logstack.localrun.report import Report
from logstack.preflight.real_parsers import refusals
from logstack.settings.model.quantities import kubernetes_size
from logstack.settings.problems import StackProblems
from logstack.settings.tree import Settings

# Measured: 2 MiB for 2,000 lines. A log file of the largest size is in three write-ahead logs and a bucket: 0.3 GiB.
_FREE_BYTES = 2 * 1024**3
_OK, _FAILED, _INTERRUPTED = 0, 1, 130


def run_try(
    stack: str, settings: Settings, logs: Sequence[Path], *, route: Route, deep: bool, keep: bool, as_json: bool
) -> int:
    """Run a stack on this machine; return 0 if every check passed, 1 if not, 130 after Ctrl-C."""
    report = Report(as_json=as_json)
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        return _run(stack, settings, logs or [SAMPLE], report, route=route, deep=deep, keep=keep)
    except StackProblems as problems:
        report.say(str(problems))
        return _FAILED
    except (LogFileError, NotReadyError, ProcessDiedError, ToolError) as error:
        report.say(f"error: {error}")
        return _FAILED
    except OSError as error:
        report.say(f"error: {error.filename or 'this machine'}: {error.strerror}; no process was left running")
        return _FAILED
    except KeyboardInterrupt:
        report.say("stopped; no process was left running")
        return _INTERRUPTED


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(
    stack: str, settings: Settings, logs: Sequence[Path], report: Report, *, route: Route, deep: bool, keep: bool
) -> int:
    files = read_log_files(logs)
    began = time.monotonic()
    binaries = binaries_for(settings, route)
    if problems := list(refusals(settings, binaries)):
        raise StackProblems(problems)
    with tempfile.TemporaryDirectory(prefix="logstack-try-", ignore_cleanup_errors=True) as directory:
        root = Path(directory)
        _expect_space(root)
        with Fleet(root / "logs") as fleet:
            here = machine(settings, binaries, root, fleet, files)
            report.replaced(
                disclosures.files_of(here),
                disclosures.replaced(here),
                disclosures.replaced_besides(here, deep=deep),
                directory,
            )
            for file in files:
                notice = cut_notice(file)
                report.say(f"{file.path}: {len(file.lines)} lines, {file.size} bytes{f' ({notice})' if notice else ''}")
            count = len(here.platform.layout.nodes)
            report.say(f"Starting {count} Loki processes (about {6 + count} s on two cores) ...")
            starting = time.monotonic()
            here.start()
            ready = time.monotonic() - starting
            report.outcome(Outcome("ready", passed=True, detail=disclosures.processes(here), seconds=ready))
            run = Run(here.platform, files, say=report.say)
            if here.canary:
                here.canary.start()
            for outcome in carry_out(standard_checks(here), run):
                report.outcome(outcome)
            if here.collector:
                report.redacted(by_rule(run.redacted, settings.collector.redact.custom))
            if deep:
                report.say("Deep checks: killing one process of each role, then retention (a few minutes) ...")
                for outcome in carry_out(deep_checks(settings), run):
                    report.outcome(outcome)
            passed = report.finish(stack, time.monotonic() - began, disclosures.not_exercised(here))
            if keep:
                _hold(run, here.collector, report)
    return _OK if passed else _FAILED


def _expect_space(root: Path) -> None:
    free = shutil.disk_usage(root).free
    if free < _FREE_BYTES:
        raise LogFileError(
            f"{root.parent}: {kubernetes_size(free // 1024**2 * 1024**2)} free, but the run needs"
            f" {kubernetes_size(_FREE_BYTES)}; free some space, or set TMPDIR to a folder on another disk"
        )


def _hold(run: Run, collector: Collector | None, report: Report) -> None:
    """Print how to query Loki, and wait for Ctrl-C."""
    reader, query = run.platform.loki.reader, selector(run.sent[0].labels if run.sent else {"namespace": NAMESPACE})
    report.say(f"Running until Ctrl-C. Loki answers at {reader}; for example:")
    report.say(f"  logcli --addr={reader} query --limit=10 '{query}'")
    report.say(f"  curl -G {reader}/loki/api/v1/query_range --data-urlencode 'query={query}'")
    if collector:
        report.say(f"Alloy shows its pipeline at {collector.url} and reads the CRI files in {collector.logs}/pods.")
    while True:
        run.platform.fleet.check()
        time.sleep(1)
