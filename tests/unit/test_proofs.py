"""The parts of the long proofs: their tests and paths, which parts are due, and which ones CI has time for."""

import ast
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

from logstack.binaries.catalog import BINARIES
from tests import proofs
from tests.proofs import LAST_START, PARTS, PATHS, Part, Past, Record, Repository
from tests.support.stacks import ROOT

MARKED = re.compile(r"pytest\.mark\.(prove|cluster)\b")


@cache
def tracked_files() -> tuple[str, ...]:
    """Return the files that git tracks or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.skip("this folder is no git repository")
    return tuple(run.stdout.splitlines())


# The table.


def marked_tests() -> dict[str, set[str]]:
    files = {file.relative_to(ROOT).as_posix(): file.read_text() for file in (ROOT / "tests").glob("*/test_*.py")}
    return {path: marks for path, text in files.items() if (marks := {*MARKED.findall(text)})}


def test_every_proof_belongs_to_exactly_one_part() -> None:
    marks = marked_tests()
    assert len(marks) > 20
    owners = {path: [(name, PARTS[name].mark) for name in proofs.owners(path)] for path in marks}
    assert {path: parts for path, parts in owners.items() if [{mark} for _, mark in parts] != [marks[path]]} == {}


def test_every_part_has_proofs_and_binaries_that_exist() -> None:
    owners = {name for path in marked_tests() for name in proofs.owners(path)}
    assert owners == PARTS.keys()
    for part in PARTS.values():
        assert [path for path in (*part.tests, *part.programs, *part.within) if not (ROOT / path).exists()] == []
        assert [name for name in part.binaries if not BINARIES[name].on_demand] == []


def test_every_tracked_path_has_a_row() -> None:
    assert [path for path in tracked_files() if not proofs.owners(path) and not proofs.row(path)] == []


def test_every_row_matches_a_path_and_names_existing_parts() -> None:
    deciding = {proofs.row(path) for path in tracked_files() if not proofs.owners(path)}
    assert [pattern for pattern, parts in PATHS if (pattern, parts) not in deciding] == []
    assert {name for _, parts in PATHS for name in parts.split()} == PARTS.keys()


def test_path_without_a_row_touches_every_part() -> None:
    assert proofs.touched("a/new/folder/file.py") == {*PARTS}


def test_proof_and_the_files_beside_it_touch_only_their_own_part() -> None:
    assert proofs.touched("tests/real/test_migrations.py") == {"moves"}
    assert proofs.touched("tests/cluster/with-cluster") == {"cluster"}
    assert proofs.touched("tests/unit/test_proofs.py") == set()


# The table against the imports.


def module_file(name: str) -> Path | None:
    path = ROOT.joinpath(*name.split("."))
    return next((file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()), None)


@cache
def imported_files(file: Path) -> frozenset[Path]:
    """Return the project's files that a file imports directly, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = file.relative_to(ROOT).parts[: -node.level] if node.level else ()
            module = ".".join([*above, *filter(None, [node.module])])
            names |= {module} | {f"{module}.{each.name}" for each in node.names}
    return frozenset(filter(None, map(module_file, names)))


def import_closure(start: Iterable[Path]) -> set[Path]:
    visited: set[Path] = set()
    pending = [*start]
    while pending:
        file = pending.pop()
        if file not in visited:
            visited.add(file)
            pending += imported_files(file)
    return visited


def files_of(part: Part) -> Iterator[Path]:
    for path in (*part.tests, *part.programs):
        yield from (ROOT / path).rglob("*.py") if (ROOT / path).is_dir() else [ROOT / path]


@pytest.mark.parametrize("name", PARTS)
def test_part_is_touched_by_every_module_that_only_some_stacks_import(name: str) -> None:
    in_every_stack = import_closure([ROOT / "tests/support/stacks.py"])
    modules = {file.relative_to(ROOT).as_posix() for file in import_closure(files_of(PARTS[name])) - in_every_stack}
    assert modules
    assert sorted(path for path in modules if name not in proofs.touched(path)) == []


ON_DEMAND = {name for name, binary in BINARIES.items() if binary.on_demand}


def binaries_used(files: Iterable[Path]) -> set[str]:
    """Return the binaries that tests and their helpers name."""
    texts = [file.read_text() for file in files if (ROOT / "tests") in file.parents]
    return {binary for text in texts for binary in re.findall(r'\bbinary\("([a-z-]+)"\)', text)}


@pytest.mark.parametrize("name", PARTS)
def test_part_names_the_on_demand_binaries_of_its_tests(name: str) -> None:
    assert binaries_used(import_closure(files_of(PARTS[name]))) & ON_DEMAND <= {*PARTS[name].binaries}


def test_make_test_needs_no_on_demand_binary() -> None:
    """Such a test fails on a new machine. Files with single tests that are proofs are not checked."""
    marked = marked_tests()
    folders = ("cases", "real")
    names = {
        file: file.relative_to(ROOT).as_posix()
        for folder in folders
        for file in (ROOT / "tests" / folder).glob("test_*.py")
    }
    files = [file for file, name in names.items() if name not in marked]
    assert files
    by_file = {
        file.name: used & ON_DEMAND for file in files if (used := binaries_used(import_closure([file]))) & ON_DEMAND
    }
    assert by_file == {}


# What is due.


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository of one commit, with paths of two parts."""
    for key in [key for key in os.environ if key.startswith("GIT_")]:
        monkeypatch.delenv(key)
    folder = tmp_path / "repository"
    folder.mkdir()
    new_repository = Repository(folder)
    git(new_repository, "init", "--quiet")
    commit(new_repository, {"logstack/localrun/sample.log": "a", "logstack/ci/run.py": "b", "LICENSE": "c"})
    return new_repository


def git(repository: Repository, *arguments: str) -> None:
    person = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *person, *arguments], cwd=repository.folder, check=True)


def write(repository: Repository, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        file = repository.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def commit(repository: Repository, files: Mapping[str, str]) -> str:
    write(repository, files)
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "a change")
    return repository.clean_commit()


def due_parts(repository: Repository, green: str) -> set[str]:
    return {name for name in PARTS if not proofs.is_current(name, Past(green=green), repository)}


def test_commit_makes_only_the_parts_that_it_touches_due(repository: Repository) -> None:
    before = repository.clean_commit()
    assert due_parts(repository, before) == set()
    commit(repository, {"logstack/localrun/sample.log": "changed", "LICENSE": "changed"})
    assert due_parts(repository, before) == {"modes"}
    assert due_parts(repository, repository.clean_commit()) == set()


def test_moved_file_touches_the_parts_of_both_paths(repository: Repository) -> None:
    before = repository.clean_commit()
    git(repository, "mv", "logstack/localrun/sample.log", "logstack/ci/sample.log")
    git(repository, "commit", "--quiet", "--message", "a move")
    assert due_parts(repository, before) == {"modes", "workflows"}


@pytest.mark.parametrize("path", ["logstack/ci/run.py", "logstack/ci/new.py"], ids=["changed", "untracked"])
def test_uncommitted_change_makes_its_parts_due_and_the_tree_unclean(repository: Repository, path: str) -> None:
    before = repository.clean_commit()
    write(repository, {path: "another"})
    assert due_parts(repository, before) == {"workflows"}
    assert repository.clean_commit() == ""


@pytest.mark.parametrize("green", ["", "0" * 40, "LICENSE"], ids=["none", "unknown", "no commit"])
def test_every_part_is_due_when_git_does_not_know_the_last_green_commit(repository: Repository, green: str) -> None:
    assert due_parts(repository, green) == {*PARTS}


def test_every_part_is_due_without_a_repository(tmp_path: Path) -> None:
    folder = Repository(tmp_path)
    assert folder.clean_commit() == ""
    assert due_parts(folder, "0" * 40) == {*PARTS}


def test_order_puts_waiting_parts_first_then_the_longest() -> None:
    known = {"moves": Past(waiting=True), "engine": Past(seconds=900), "sizing": Past(seconds=60)}
    assert proofs.order(["sizing", "engine", "collector", "moves"], known) == ["moves", "collector", "engine", "sizing"]


@pytest.mark.parametrize(("minute", "minutes"), [(0, 0), (50, 0), (45, 15)])
def test_part_starts_until_minute_50_when_it_ends_by_minute_60(minute: float, minutes: float) -> None:
    assert proofs.has_time(minute * 60, Past(seconds=minutes * 60))


@pytest.mark.parametrize(("minute", "minutes"), [(50.1, 0), (45, 16)])
def test_no_part_starts_after_minute_50_or_when_it_ends_after_minute_60(minute: float, minutes: float) -> None:
    assert not proofs.has_time(minute * 60, Past(seconds=minutes * 60))


# A run with small programs instead of the parts' tests.


PASSES = "def test_passes(): pass\n"
SKIPS = f"import pytest\ndef test_skips(): pytest.skip('no node')\n{PASSES}"
FAILS = "def test_fails(): assert not 'what it says'\n"


# pytest with the one plugin that a run of the parts needs: importing all that are installed takes longer than a test.
BARE_PYTEST = {"PYTEST_ADDOPTS": "-p no:cacheprovider -p xdist.plugin", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


class Parts:
    """Parts with small tests, in a repository."""

    def __init__(self, repository: Repository, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.repository, self.folder = repository, folder
        self.record = Record(folder / "cache" / "proofs.json")
        monkeypatch.setenv("LOGSTACK_CACHE", str(folder / "cache"))
        monkeypatch.setattr(proofs, "Repository", lambda: repository)
        monkeypatch.setattr(proofs, "ROOT", folder)
        monkeypatch.setattr(proofs, "obtain", lambda _names: True)
        self.parts = dict(PARTS)
        monkeypatch.setattr(proofs, "PARTS", self.parts)
        self.parts.clear()

    def add(self, name: str, text: str, then: Sequence[str] = (), within: Sequence[str] = ()) -> None:
        file = self.folder / f"test_{name}.py"
        file.write_text(text)
        self.parts[name] = Part(
            (str(file),), mark="not nothing", then=(tuple(then),) if then else (), within=(*within,)
        )

    def run(self, *arguments: str) -> int:
        return proofs.main(arguments)


@pytest.fixture
def parts(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    before = signal.getsignal(signal.SIGTERM)
    for key, value in BARE_PYTEST.items():
        monkeypatch.setenv(key, value)
    monkeypatch.delenv(proofs.STARTED, raising=False)
    yield Parts(repository, tmp_path, monkeypatch)
    signal.signal(signal.SIGTERM, before)


def test_part_that_passes_in_a_clean_tree_is_green_and_not_run_again(
    parts: Parts, capsys: pytest.CaptureFixture[str]
) -> None:
    head = parts.repository.clean_commit()
    parts.add("modes", PASSES)
    parts.add("workflows", PASSES, within=["env"])
    assert parts.run("--ci") == 0
    assert {name: past.green for name, past in parts.record.read().items()} == {"modes": head, "workflows": head}
    commit(parts.repository, {"logstack/ci/run.py": "changed"})
    capsys.readouterr()
    assert parts.run("--ci") == 0
    printed = capsys.readouterr().out
    assert f"not run: unchanged since {head[:10]}" in printed
    assert "workflows: passed" in printed
    assert "modes: started" not in printed
    assert parts.record.read()["workflows"].green == parts.repository.clean_commit()


def test_part_without_a_test_run_fails(parts: Parts) -> None:
    parts.add("modes", PASSES, within=["true"])
    parts.add("workflows", "")
    assert parts.run() == 1
    assert {name: past.green for name, past in parts.record.read().items()} == {"modes": "", "workflows": ""}


@pytest.mark.parametrize("then", [(), ("json.tool", "--nonsense")], ids=["a test", "the command behind the tests"])
def test_failed_part_fails_the_run_and_is_no_longer_green(
    parts: Parts, capsys: pytest.CaptureFixture[str], then: Sequence[str]
) -> None:
    parts.add("modes", PASSES if then else FAILS, then)
    parts.add("workflows", PASSES)
    parts.record.change("modes", lambda _: Past(green=parts.repository.clean_commit(), seconds=5))
    assert parts.run() == 1
    printed = capsys.readouterr().out
    assert re.search(r"^modes .* FAILED$", printed, re.MULTILINE)
    assert re.search(r"^workflows .* passed$", printed, re.MULTILINE)
    # It is also behind the lines of all other parts.
    assert ("what it says" in printed.split("The end of what modes printed")[1]) is not bool(then)
    assert parts.record.read()["modes"] == Past(seconds=5)
    assert parts.record.read()["workflows"].green


def test_part_with_a_skipped_test_passes_and_is_not_green(parts: Parts, capsys: pytest.CaptureFixture[str]) -> None:
    parts.add("modes", SKIPS)
    parts.add("workflows", PASSES)
    assert parts.run() == 0
    assert "passed, but for 1 skipped" in capsys.readouterr().out
    assert parts.record.read()["modes"].green == ""


def test_run_in_a_changed_tree_records_nothing_as_green(parts: Parts, capsys: pytest.CaptureFixture[str]) -> None:
    head = parts.repository.clean_commit()
    parts.record.change("modes", lambda _: Past(green=head))
    parts.add("modes", FAILS)
    parts.add("workflows", PASSES)
    write(parts.repository, {"logstack/localrun/sample.log": "changed"})
    assert parts.run("--changed") == 1
    assert "nothing is recorded as green" in capsys.readouterr().out
    assert {name: past.green for name, past in parts.record.read().items()} == {"modes": head, "workflows": ""}


def test_part_is_not_green_when_the_tree_changes_during_the_run(parts: Parts) -> None:
    file = parts.repository.folder / "logstack/ci/run.py"
    parts.add("modes", f"def test_edits(): open({str(file)!r}, 'a').write('edited')\n")
    parts.add("workflows", PASSES)
    parts.run("modes")
    assert parts.record.read()["modes"].green == ""


def test_parts_without_time_are_printed_and_run_first_the_next_time(
    parts: Parts, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parts.add("workflows", PASSES)
    parts.add("modes", FAILS)
    parts.record.change("workflows", lambda _: Past(seconds=900))
    monkeypatch.setenv(proofs.STARTED, str(time.time() - LAST_START - 1))
    assert parts.run("--ci", "modes") == 0
    printed = capsys.readouterr().out
    assert re.search(r"^modes .* NOT RUN: no time left$", printed, re.MULTILINE)
    assert "Resolve no issue with this commit until they have passed: make prove PART='modes'" in printed
    assert parts.record.read()["modes"].waiting
    assert parts.run("--list") == 0
    assert capsys.readouterr().out.split() == ["modes", "workflows"]
    assert parts.run("modes") == 1, "without --ci there is time"
    assert not parts.record.read()["modes"].waiting


@pytest.mark.usefixtures("default_signals")
@pytest.mark.parametrize("ignores_sigint", [False, True], ids=["heeds Ctrl-C", "ignores Ctrl-C"])
def test_part_that_hangs_is_ended_and_fails(
    parts: Parts, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, ignores_sigint: bool
) -> None:
    monkeypatch.setattr(proofs, "LIMIT", 1.0)
    monkeypatch.setattr(proofs, "LIMIT_TO_CLEAN_UP", 0.5 if ignores_sigint else 60.0)
    shell = "trap '' INT; " if ignores_sigint else ""
    parts.add("modes", PASSES, within=["sh", "-c", f"{shell}sleep 600"])
    assert parts.run() == 1
    printed = capsys.readouterr().out
    assert ("modes: SIGKILL after" in printed) is ignores_sigint
    assert "modes: SIGINT after 1" in printed
    assert re.search(r"^modes .* FAILED$", printed, re.MULTILINE)


def test_unknown_part_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        proofs.main(["colector"])
    assert f"no part colector: there are {', '.join(PARTS)}" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "{", "[]", '{"modes": 1}', '{"modes": {"gren": "a"}}'])
def test_damaged_record_counts_as_empty(tmp_path: Path, text: str) -> None:
    file = tmp_path / "proofs.json"
    file.write_text(text)
    assert Record(file).read() == {}
    Record(file).change("modes", lambda past: past)
    assert json.loads(file.read_text())["modes"] == {"green": "", "seconds": 0, "waiting": False}


@pytest.mark.usefixtures("default_signals")
@pytest.mark.parametrize("stop_signal", [signal.SIGINT, signal.SIGTERM], ids=lambda stop_signal: stop_signal.name)
def test_interrupted_run_ends_its_parts_and_lets_them_clean_up(tmp_path: Path, stop_signal: signal.Signals) -> None:
    (tmp_path / "test_long.py").write_text(
        "import os, pathlib, time\n"
        "def test_waits():\n"
        "    here = pathlib.Path(__file__).parent\n"
        "    (here / 'started.part').write_text(str(os.getpid()))\n"
        "    (here / 'started.part').rename(here / 'started')\n"
        "    try:\n"
        "        time.sleep(600)\n"
        "    finally:\n"
        "        (here / 'cleaned').touch()\n"
    )
    script = (
        "import sys; from pathlib import Path; from tests import proofs\n"
        f"parts = {{'modes': proofs.Part(({str(tmp_path / 'test_long.py')!r},), mark='not nothing')}}\n"
        "parts |= {name: proofs.Part(('no such file',)) for name in ('moves', 'sizing')}\n"
        "proofs.PARTS = parts; proofs.obtain = lambda names: True\n"
        "sys.exit(proofs.main([]))\n"
    )
    environment = {**os.environ, "LOGSTACK_CACHE": str(tmp_path / "cache"), **BARE_PYTEST}
    run = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    while not (tmp_path / "started").exists():
        assert run.poll() is None
        time.sleep(0.05)
    run.send_signal(stop_signal)
    printed, _ = run.communicate()
    assert run.returncode == 130
    assert (tmp_path / "cleaned").exists()
    assert re.search(r"^modes .* interrupted$", printed, re.MULTILINE)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "started").read_text()), 0)
    assert Record(tmp_path / "cache" / "proofs.json").read().get("modes", Past()) == Past()
