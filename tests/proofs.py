"""The long proofs by part: what runs, which paths touch it, and what CI has time for.

`make prove` runs every part, `make prove PART="collector moves"` some, and `make prove CHANGED=1` those that a change
touches. `.ci/run` takes `--ci`: the parts that a change touches, within the hour.
"""

import argparse
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Literal
from xml.etree import ElementTree

from logstack.binaries.cache import root as cache_folder
from logstack.binaries.report import duration

ROOT = Path(__file__).parents[1]
PYTHON = (sys.executable, "-m")

# CI has an hour. Nothing starts in its last ten minutes, nor what took longer the last time than is left.
LAST_START = 50 * 60.0
END = 60 * 60.0
LIMIT = 30 * 60.0
"""Seconds after which a part counts as hanging: it is ended and fails. The longest took 27 minutes."""
END_LINES = 80
"""Lines of a failed part's output that are printed again behind all others, where a log's last page shows them."""
LIMIT_TO_CLEAN_UP = 2 * 60.0
"""Seconds that a hanging part has to end the processes that it started."""
STARTED = "LOGSTACK_CI_STARTED"
"""The variable with the second at which CI began, as `date +%s` has it; without it, the proofs begin CI."""


@dataclass(frozen=True)
class Part:
    """Proofs that run together, in one process of pytest."""

    tests: tuple[str, ...]
    """Files and folders of tests; a change there touches the part."""
    binaries: tuple[str, ...] = ()
    """The binaries that it needs besides those that `python -m logstack tools obtain` obtains by default."""
    mark: str = "prove"
    """The marker of its tests."""
    programs: tuple[str, ...] = ()
    """The project's own programs that its tests start."""
    within: tuple[str, ...] = ()
    """A command that runs the tests, such as one that starts a cluster around them."""
    then: tuple[tuple[str, ...], ...] = ()
    """Modules of Python with their arguments, run after the tests."""


# Beside other parts a part is one process, so a run takes at least as long as its longest part: split that one.
PARTS: Mapping[str, Part] = {
    "collector": Part(
        (
            "tests/cases/test_alloy_accepts.py",
            "tests/cases/test_docker_nodes.py",
            "tests/cases/test_otlp_labels.py",
            "tests/real/test_collector_api.py",
            "tests/real/test_collector_cases.py",
            "tests/real/test_collector_faults.py",
            "tests/real/test_collector_validate.py",
            "tests/real/test_passthrough_proven.py",
        ),
        ("alloy",),
    ),
    "lines": Part(
        (
            "tests/real/test_collector_formats.py",
            "tests/real/test_collector_throughput.py",
            "tests/real/test_entries.py",
            "tests/real/test_format_throughput.py",
        ),
        ("alloy",),
    ),
    "times": Part(
        (
            "tests/cases/test_files_of_one_stream.py",
            "tests/cases/test_joining_nodes.py",
            "tests/cases/test_lines_out_of_order.py",
            "tests/cases/test_own_times.py",
            "tests/cases/test_senders_with_old_times.py",
            "tests/real/test_late_lines.py",
            "tests/real/test_refused_in_silence.py",
            "tests/real/test_truncated_files.py",
        ),
        ("alloy",),
    ),
    "redaction": Part(
        (
            "tests/real/test_redaction.py",
            "tests/real/test_redaction_recall.py",
            "tests/real/test_collector_secrets.py",
        ),
        ("alloy", "gitleaksamples"),
    ),
    "modes": Part(
        ("tests/real/test_try.py",),
        ("alloy",),
        programs=("logstack/localrun/command.py",),
        then=(("logstack", "try", "staging", "--deep"),),
    ),
    "clouds": Part(("tests/real/test_clouds.py",), ("fakegcs",)),
    "moves": Part(("tests/real/test_migrations.py", "tests/cases/test_ring_label.py")),
    "tenants": Part(("tests/real/test_gateway.py", "tests/real/test_tenants_growth.py"), ("alloy",)),
    "sizing": Part(
        (
            "tests/real/test_query_defaults.py",
            "tests/real/test_sizing.py",
            "tests/real/test_stated_effects.py",
        )
    ),
    "engine": Part(("tests/engine",), ("pulumi",), programs=("__main__.py", "package/__main__.py")),
    "workflows": Part(
        ("tests/real/test_ci_messages.py", "tests/real/test_ci_state.py"), ("pulumi",), programs=("logstack/ci/run.py",)
    ),
    "documents": Part(("tests/real/test_readme_pulumi.py",), ("pulumi",)),
    "cluster": Part(
        ("tests/cluster",),
        ("alloy", "pulumi", "prometheus-config-reloader"),
        mark="cluster",
        programs=("__main__.py",),
        within=("tests/cluster/with-cluster",),
    ),
}

_NONE = ""
_ALL = " ".join(PARTS)
_LOKI = " ".join(name for name in PARTS if name not in ("workflows", "documents"))  # all that run or declare a stack
_PIPELINE = "collector lines times"
_COLLECTOR = f"{_PIPELINE} redaction modes tenants engine cluster"
_DECLARED = "engine cluster"

# The parts that a path touches, besides the part that has it in `tests`: the first matching row decides, and a path
# without a row touches all. `*` matches folders too. Settings and builders are in every stack, so their rows are
# judgements: a builder touches the proofs of its output. For all other modules a test compares with the imports.
PATHS: tuple[tuple[str, str], ...] = (
    # Every proof runs these, or runs in them.
    (".ci/run", _ALL),
    ("pyproject.toml", _ALL),
    ("requirements*.txt", _ALL),
    ("logstack/settings/pins.py", _ALL),
    ("logstack/settings/model/charts.py", _ALL),
    ("tests/__init__.py", _ALL),
    ("tests/conftest.py", _ALL),
    ("tests/proofs.py", _ALL),
    ("tests/real/__init__.py", _ALL),
    # Only fast and real tests use these: `.ci/run` passes all of them before the first part.
    ("tests/docs/*", _NONE),
    ("tests/unit/*", _NONE),
    ("tests/real/*", _NONE),
    ("tests/cases/own_collectors.py", "collector"),
    ("tests/cases/pods.py", "collector"),
    ("tests/cases/*", _NONE),
    ("requirements*.in", _NONE),
    ("Makefile", _NONE),  # the proofs do not go through it
    (".editorconfig", _NONE),
    (".git*", _NONE),
    (".pre-commit-config.yaml", _NONE),
    ("LICENSE", _NONE),
    # Pages that proofs read or write.
    ("docs/reference/changes.md", "engine documents"),
    ("docs/reference/ci/*", "workflows"),
    ("docs/reference/cluster.md", "cluster documents"),
    ("docs/reference/redaction-recall.md", "redaction documents"),
    ("docs/*", "documents"),
    ("*.md", "documents"),
    # Settings.
    ("logstack/settings/checks/*", "modes tenants engine cluster"),  # their tests write stack files of their own
    ("logstack/settings/model/grafana.py", _DECLARED),
    ("logstack/settings/model/processing.py", _COLLECTOR),
    ("logstack/settings/model/redaction.py", _COLLECTOR),
    ("logstack/settings/*", f"{_LOKI} documents"),
    # Builders and components.
    ("logstack/preflight/kubeconfig.py", "workflows engine cluster"),
    ("logstack/preflight/data_loss.py", _DECLARED),
    ("logstack/preflight/real_parsers.py", "modes engine cluster"),
    ("logstack/manifests/loki/history.py", _DECLARED),
    ("logstack/preflight/aws_account.py", _DECLARED),
    ("logstack/manifests/alloy/*", _COLLECTOR),
    ("logstack/manifests/canary/*", "modes engine cluster"),
    ("logstack/manifests/cluster/*", _DECLARED),
    ("logstack/manifests/grafana/*", _DECLARED),
    ("logstack/manifests/loki/*", _LOKI),
    ("logstack/manifests/stores/*", "clouds modes moves sizing engine cluster"),
    ("logstack/manifests/*", _LOKI),
    ("logstack/preflight/*", _DECLARED),
    ("components/*", _DECLARED),
    ("__main__.py", _DECLARED),
    ("package/*", "engine"),
    ("logstack/__init__.py", _ALL),
    ("logstack/api.py", _DECLARED),
    ("logstack/py.typed", _NONE),
    ("setup.py", _NONE),
    # Stacks.
    ("Pulumi.yaml", "workflows engine cluster documents"),
    ("Pulumi.*.yaml", f"{_LOKI} documents"),
    ("examples/minimal/*", _NONE),
    ("examples/typescript/*", _NONE),
    ("examples/yaml/*", "engine"),
    ("examples/*", "modes"),
    # Commands.
    ("logstack/localrun/canary.py", "modes"),
    ("logstack/localrun/collected.py", "modes"),
    ("logstack/localrun/entries.py", "modes"),
    ("logstack/localrun/command.py", "modes"),
    ("logstack/localrun/deep.py", "modes"),
    ("logstack/localrun/losses.py", "modes"),
    ("logstack/localrun/machine.py", "modes"),
    ("logstack/localrun/redacted.py", f"{_PIPELINE} clouds modes moves"),
    ("logstack/localrun/report.py", "modes"),
    ("logstack/localrun/sample.log", "modes"),
    ("logstack/localrun/disclosures.py", "modes"),
    ("logstack/localrun/aged.py", "clouds modes moves"),
    ("logstack/localrun/checks.py", f"{_PIPELINE} clouds modes moves"),
    ("logstack/localrun/deletion.py", "clouds modes moves"),
    ("logstack/localrun/lines.py", f"{_PIPELINE} clouds modes moves"),
    ("logstack/localrun/collector.py", f"{_PIPELINE} redaction modes"),
    ("logstack/localrun/*", _ALL),
    ("logstack/ci/*", "workflows"),
    ("ci/*", "workflows"),
    ("logstack/migrate/*", "moves"),  # it prints the stages that the moves go through
    ("logstack/text/*", "modes tenants engine cluster"),
    ("logstack/plan/*", "tenants"),
    ("logstack/__main__.py", "modes"),
    ("logstack/cli.py", "modes"),
    ("logstack/adopt/*", _NONE),
    ("logstack/diff/*", _NONE),
    ("logstack/docsgen/*", _NONE),
    ("logstack/render/*", _NONE),
    # Binaries.
    ("logstack/binaries/go/actionlint/*", _NONE),
    ("logstack/binaries/go/alloysyntax/*", _NONE),
    ("logstack/binaries/go/alloy/*", f"{_PIPELINE} redaction modes tenants cluster"),
    ("logstack/binaries/go/configreloader/*", "cluster"),
    ("logstack/binaries/go/fakegcs/*", "clouds"),
    ("logstack/binaries/go/gitleaksamples/*", "redaction"),
    ("logstack/binaries/go/loki/*", f"{_PIPELINE} clouds redaction modes moves tenants sizing cluster"),
    ("logstack/binaries/go/pulumi/*", "engine workflows cluster documents"),
    ("logstack/binaries/*", _ALL),
    # What the tests share.
    ("tests/support/aws_store.py", "engine"),
    ("tests/support/azure_store.py", _NONE),
    ("tests/support/azurite/*", "clouds"),
    ("tests/support/clouds.py", "clouds"),
    ("tests/support/gcs_store.py", _NONE),
    ("tests/support/dns.py", _NONE),
    ("tests/support/reached.py", "engine"),
    ("tests/support/engine.py", _DECLARED),
    ("tests/support/golden.py", f"redaction {_DECLARED}"),
    ("tests/support/standin.py", _DECLARED),
    ("tests/support/stores.py", _DECLARED),
    ("tests/support/wire.py", _DECLARED),
    ("tests/support/charts/*", "tenants engine cluster"),
    ("tests/support/api_server.py", "collector times"),
    ("tests/support/generated.py", "collector"),
    ("tests/support/collector*", f"{_PIPELINE} redaction"),
    ("tests/support/entries/*", "lines"),
    ("tests/support/commands.py", "documents"),
    ("tests/support/copies.py", "documents"),
    ("tests/support/corpus.py", "redaction"),
    ("tests/support/redaction_corpus.yaml", "redaction"),
    ("tests/support/redaction/*", "redaction"),
    ("tests/support/cluster_lines.py", "sizing"),
    ("tests/support/crds.yaml", "cluster"),
    ("tests/support/live.py", "cluster"),
    ("tests/support/objects.py", "cluster"),
    ("tests/support/schemas.py", "cluster"),
    ("tests/support/talker.py", "cluster"),
    ("tests/support/gateway.py", "tenants"),
    ("tests/support/guarded_store.py", "clouds workflows"),
    ("tests/support/iam.py", "workflows"),
    ("tests/support/measuring.py", "sizing times"),
    ("tests/support/mixes.*", "lines"),
    ("tests/support/moving.py", "moves"),
    ("tests/support/__init__.py", _ALL),
    ("tests/support/real.py", _ALL),
    ("tests/support/stacks.py", _ALL),
    ("tests/support/changes.py", _NONE),
    ("tests/support/chart_keys.py", _NONE),
    ("tests/support/documents.py", _NONE),
    ("tests/support/evidence.py", _NONE),
    ("tests/support/installed.py", _NONE),
    ("tests/support/monitor.py", _NONE),
    ("tests/support/reads.py", _NONE),
    ("tests/support/s3_calls.py", _NONE),
    ("tests/support/sentences.py", _NONE),
)


def owners(path: str) -> list[str]:
    """Return the parts whose tests a path is or belongs to."""
    return [name for name, part in PARTS.items() if any(f"{path}/".startswith(f"{test}/") for test in part.tests)]


def row(path: str) -> tuple[str, str] | None:
    """Return the row of PATHS that decides for a path; None where none does."""
    return next((each for each in PATHS if fnmatchcase(path, each[0])), None)


def touched(path: str) -> set[str]:
    """Return the parts that a change of a path touches: all of them where the table does not know the path."""
    deciding_row = row(path)
    return {*(owners(path) or (deciding_row[1].split() if deciding_row else PARTS))}


@dataclass(frozen=True)
class Past:
    """The results of a part's earlier runs."""

    green: str = ""
    """The last commit at which all its tests passed in a clean work tree; empty again once it fails."""
    seconds: float = 0
    """The duration of the last run that passed; 0 if none did."""
    waiting: bool = False
    """Whether the last run had no time left for it."""


@dataclass(frozen=True)
class Record:
    """The file with every part's past, beside the cached binaries."""

    file: Path

    def read(self) -> dict[str, Past]:
        """Return every known past; none from a file that is missing or damaged."""
        try:
            return {name: Past(**past) for name, past in json.loads(self.file.read_text()).items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def change(self, name: str, change: Callable[[Past], Past]) -> None:
        """Write one part's past; another run may write others at the same time."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = self.read()
            known[name] = change(known.get(name, Past()))
            new = self.file.with_suffix(".new")
            new.write_text(json.dumps({each: asdict(past) for each, past in known.items()}, indent=1))
            new.replace(self.file)


@dataclass(frozen=True)
class Repository:
    """A folder as git sees it."""

    folder: Path = ROOT

    def clean_commit(self) -> str:
        """Return the commit that the work tree equals; empty where there are changes, or there is no git."""
        return "" if self._git("status", "--porcelain") != "" else (self._git("rev-parse", "HEAD") or "").strip()

    def changed_since(self, commit: str) -> list[str] | None:
        """Return the paths in which the work tree differs from a commit; None where git cannot tell."""
        # A moved file counts at its old path too: the move may touch the parts of that path.
        changed = self._git("diff", "--name-only", "--no-renames", "--no-relative", "-z", f"{commit}^{{commit}}", "--")
        untracked = self._git("ls-files", "--others", "--exclude-standard", "-z")
        return None if changed is None or untracked is None else [*filter(None, (changed + untracked).split("\0"))]

    def _git(self, *arguments: str) -> str | None:
        command = ["git", *arguments]
        try:
            run = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        except OSError:  # no git
            return None
        return run.stdout if run.returncode == 0 else None


def is_current(name: str, past: Past, repository: Repository) -> bool:
    """Return whether nothing that touches a part has changed since it was green."""
    changed = repository.changed_since(past.green) if past.green else None
    return changed is not None and not any(name in touched(path) for path in changed)


def order(names: Iterable[str], known: Mapping[str, Past]) -> list[str]:
    """Return the parts that had to wait, then all others, longest first: short ones fill the time that is left."""
    past = {name: known.get(name, Past()) for name in names}
    return sorted(past, key=lambda name: (not past[name].waiting, -(past[name].seconds or END)))


def has_time(elapsed: float, past: Past) -> bool:
    """Return whether a part may start so many seconds after CI did."""
    return elapsed <= LAST_START and elapsed + past.seconds <= END


Result = Literal["passed", "failed", "interrupted", "current", "out of time"]


@dataclass(frozen=True)
class Outcome:
    """The outcome of a part."""

    result: Result
    seconds: float = 0
    skipped: int = 0
    """The number of its tests that this machine cannot run."""
    end: str = ""
    """The end of the output of a part that failed beside others."""


class Run:
    """One run of some parts: starts them, records their outcomes, and ends them on Ctrl-C."""

    def __init__(self, record: Record, repository: Repository, may_start: Callable[[Past], bool]) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._record, self._repository, self._may_start = record, repository, may_start
        self._known = record.read()
        self._commit = repository.clean_commit()
        self._printing, self._starting = threading.Lock(), threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._interrupted = False
        self._side_by_side = True

    def prove(self, names: Sequence[str]) -> None:
        """Run parts in this order: those on the cluster one at a time, and beside them all others two at a time.

        Proofs mostly wait: three on two cores take little longer than the longest of them.
        """
        self._side_by_side = len(names) > 1
        with ThreadPoolExecutor(1) as on_cluster, ThreadPoolExecutor(2) as off_cluster:
            lanes = {name: on_cluster if PARTS[name].within else off_cluster for name in names}
            running = [lane.submit(self._prove_one, name) for name, lane in lanes.items()]
            try:
                for each in running:
                    each.result()
            except KeyboardInterrupt:
                with self._starting:
                    self._interrupted = True
                    for process in [*self._running]:
                        with suppress(ProcessLookupError):  # it has just ended
                            os.killpg(process.pid, signal.SIGINT)

    def _prove_one(self, name: str) -> None:
        if self._interrupted:
            self.outcomes[name] = Outcome("interrupted")
        elif not self._may_start(self._known.get(name, Past())):
            self.outcomes[name] = Outcome("out of time")
            self._record.change(name, lambda past: replace(past, waiting=True))
        else:
            self._print(f"{name}: started")
            outcome = self.outcomes[name] = self._run_part(name)
            self._record.change(name, lambda past: self._past(past, outcome))
            self._print(f"{name}: {outcome.result} after {duration(outcome.seconds)}")

    def _past(self, past: Past, outcome: Outcome) -> Past:
        """A part is green if it passed without a skip, at a commit that the work tree equals before and after."""
        if outcome.result == "interrupted":
            return past
        passed = outcome.result == "passed"
        past = replace(past, waiting=False, seconds=outcome.seconds if passed else past.seconds)
        if not self._commit or self._repository.clean_commit() != self._commit:
            return past
        return replace(past, green=self._commit if passed and not outcome.skipped else "")

    def _run_part(self, name: str) -> Outcome:
        part, began, skipped = PARTS[name], time.monotonic(), 0
        with TemporaryDirectory() as folder:
            report = Path(folder) / "report.xml"
            at_once = () if self._side_by_side or part.within else ("--numprocesses=2", "--dist=loadfile")
            pytest = ("pytest", "-m", part.mark, *at_once, f"--junit-xml={report}", *part.tests)
            commands = [(*part.within, *PYTHON, *pytest), *((*PYTHON, *module) for module in part.then)]
            end = next((lines for passed, lines in map(partial(self._call, name), commands) if not passed), None)
            passed = end is None and report.exists()
            if passed:
                suites = ElementTree.parse(report).iter("testsuite")  # noqa: S314 - pytest wrote it, a moment ago
                skipped = sum(int(suite.get("skipped", 0)) for suite in suites)
        result: Result = "interrupted" if self._interrupted else "passed" if passed else "failed"
        return Outcome(result, time.monotonic() - began, skipped, end or "")

    def _call(self, name: str, command: Sequence[str]) -> tuple[bool, str]:
        """Run a command in a new process group: Ctrl-C reaches it once, from here, and it has time to clean up.

        Returns whether it succeeded, and the end of what it printed.
        """
        environment = {**os.environ, "LOGSTACK_REQUIRE_REAL": "1"}
        with TemporaryFile() as captured:
            output = captured if self._side_by_side else None
            with self._starting:
                if self._interrupted:
                    return False, ""
                process = subprocess.Popen(
                    command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
                )
                self._running.add(process)
            code = self._await(name, process)
            self._running.discard(process)
            captured.seek(0)
            lines = [f"{name} | {line}" for line in captured.read().decode(errors="replace").splitlines()]
        if lines:
            self._print("\n".join(lines))
        return code == 0, "\n".join(lines[-END_LINES:])

    def _await(self, name: str, process: subprocess.Popen[bytes]) -> int:
        """Wait for a command; one that hangs gets Ctrl-C, so that it prints where it hangs, then SIGKILL."""
        for signal_, seconds in ((signal.SIGINT, LIMIT), (signal.SIGKILL, LIMIT_TO_CLEAN_UP)):
            try:
                return process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._print(f"{name}: {signal_.name} after {duration(seconds)} more without an end")
                os.killpg(process.pid, signal_)
        return process.wait()

    def _print(self, text: str) -> None:
        with self._printing:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()


def summary(outcomes: Mapping[str, Outcome], known: Mapping[str, Past], commit: str) -> str:
    """Return the table of all parts, with the consequences of parts that did not run."""
    width = max(map(len, outcomes))
    ends = {name: outcome.end for name, outcome in outcomes.items() if outcome.result == "failed" and outcome.end}
    lines = [line for name, end in ends.items() for line in ("", f"The end of what {name} printed, which failed:", end)]
    lines += ["", f"{'part'.ljust(width)}  took          result"]
    for name, outcome in outcomes.items():
        took = duration(outcome.seconds) if outcome.seconds else ""
        lines.append(f"{name.ljust(width)}  {took.ljust(12)}  {_describe(outcome, known.get(name, Past()))}")
    if late := [name for name, outcome in outcomes.items() if outcome.result == "out of time"]:
        lines += ["", f"NOT PROVEN for want of time: {', '.join(late)}. The next run begins with them."]
        lines += ["Resolve no issue with this commit until they have passed: make prove PART=" + repr(" ".join(late))]
    if not commit:
        lines += ["", "The work tree has uncommitted changes, or is no git repository: nothing is recorded as green."]
    return "\n".join([*lines, ""])


def _describe(outcome: Outcome, past: Past) -> str:
    match outcome.result:
        case "current":
            return f"not run: unchanged since {past.green[:10]}, where it passed"
        case "out of time":
            return "NOT RUN: no time left"
        case "passed" if outcome.skipped:
            return f"passed, but for {outcome.skipped} skipped: this machine cannot run them, so it counts as unproven"
        case "failed":
            return "FAILED"
        case result:
            return result


def obtain(names: Iterable[str]) -> bool:
    """Obtain every binary that some parts need; return whether all are available."""
    on_demand = sorted({binary for name in names for binary in PARTS[name].binaries})
    calls = ([], on_demand) if on_demand else ([],)
    command = [*PYTHON, "logstack", "tools", "obtain"]
    return all(subprocess.run([*command, *each], cwd=ROOT, check=False).returncode == 0 for each in calls)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run parts and print each outcome; return 1 if one failed, 130 if interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.proofs", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"which of {', '.join(PARTS)}; by default all")
    parser.add_argument("--changed", action="store_true", help="only parts that a change touches since they were green")
    parser.add_argument("--ci", action="store_true", help=f"--changed, and no start after minute {LAST_START / 60:.0f}")
    parser.add_argument("--list", action="store_true", help="only print which parts are due, in their order")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.parts if name not in PARTS]:
        parser.error(f"no part {', '.join(unknown)}: there are {', '.join(PARTS)}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # how CI cancels a job
    began = float(os.environ.get(STARTED) or time.time())
    record, repository = Record(cache_folder() / "proofs.json"), Repository()
    known = record.read()
    chosen = options.parts or [*PARTS]
    current = [name for name in chosen if is_current(name, known.get(name, Past()), repository)]
    due = order((name for name in chosen if name not in current or not (options.changed or options.ci)), known)
    if options.list:
        sys.stdout.write("".join(f"{name}\n" for name in due))
        return 0
    run = Run(record, repository, lambda past: not options.ci or has_time(time.time() - began, past))
    try:
        if due and not obtain(due):
            return 1
        run.prove(due)
    except KeyboardInterrupt:  # while binaries were obtained
        return 130
    outcomes = {name: run.outcomes.get(name, Outcome("interrupted")) for name in due}
    not_run = {name: Outcome("current") for name in chosen if name not in due}
    sys.stdout.write(summary(outcomes | not_run, known, repository.clean_commit()))
    results = {outcome.result for outcome in outcomes.values()}
    return 130 if "interrupted" in results else 1 if "failed" in results else 0


if __name__ == "__main__":
    sys.exit(main())
