"""`logstack diff` of real revisions: each with its own code, older ones with today's; and invalid input."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from logstack.cli import app
from tests.support.stacks import ROOT

PACKAGES = ("logstack", "components")
STACK = """\
config:
  logstack:cluster: {name: here, context: here, apiServer: https://10.0.0.2:6443}
  logstack:objectStore: {kind: s3-compatible, endpoint: http://10.0.0.1:9000, bucket: loki-here, credentialsSecret: key}
  logstack:acknowledge: [simple-scalable-ends-with-loki-4]
"""
MARKER = "marked-secret"


def git(directory: Path, *arguments: str) -> None:
    author = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", directory, *author, *arguments], check=True)


def commit(directory: Path, name: str) -> None:
    """Commit everything with a tag."""
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--allow-empty", "--message", name)
    git(directory, "tag", name)


def write(directory: Path, text: str, stack: str = "here") -> None:
    (directory / f"Pulumi.{stack}.yaml").write_text(text)


def diff(directory: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["diff", *arguments, "--directory", str(directory)])


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    """A repository of stack files only, with a commit."""
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    write(tmp_path, STACK)
    commit(tmp_path, "one")
    return tmp_path


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the whole program: `one`, then `two`, which changes a builder and no stack file."""
    folder = tmp_path_factory.mktemp("program")
    git(folder, "init", "--quiet", "--initial-branch", "main")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    write(folder, STACK)
    commit(folder, "one")
    edit(
        folder / "logstack" / "manifests" / "loki" / "config.py",
        '"chunk_encoding": CODEC',
        '"chunk_encoding": "snappy"',
    )
    commit(folder, "two")
    return folder


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_diff_renders_each_side_with_its_own_code(program: Path) -> None:
    result = diff(program, "one", "two", "--json")
    (stack,) = json.loads(result.stdout)["stacks"]
    assert {each["rule"] for each in stack["consequences"]} == {"compression", "pods-restart"}
    assert stack["settings"] == []
    assert result.exit_code == 12


def test_diff_renders_the_work_tree_with_its_own_code(program: Path) -> None:
    edit(program / "logstack" / "manifests" / "loki" / "config.py", '"snappy"', '"lz4-4M"')
    try:
        document = json.loads(diff(program, "two", str(program), "--json").stdout)
    finally:
        git(program, "checkout", "--quiet", "--", "logstack")
    texts = [text for each in document["stacks"][0]["consequences"] for text in each["sentences"]]
    assert "Loki compresses chunks with lz4-4M instead of snappy." in texts


def test_diff_hides_the_environment_from_the_code_of_a_revision(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", MARKER)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    text = f'import os\nassert "{MARKER}" not in os.environ.values(), "seen"\n'
    path = program / "logstack" / "render" / "command.py"
    before = path.read_text()
    path.write_text(text + before)
    try:
        result = diff(program, "two", str(program), "--json")
    finally:
        path.write_text(before)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_diff_renders_a_revision_without_render_with_todays_code_and_a_note(program: Path) -> None:
    git(program, "checkout", "--quiet", "-b", "older", "one")
    shutil.rmtree(program / "logstack" / "render")
    write(program, f"{STACK}  logstack:retention: 20d\n")
    commit(program, "old")
    git(program, "checkout", "--quiet", "main")
    result = diff(program, "old", "one", "--markdown")
    assert result.exit_code == 12
    assert "Loki stores lines for `30d` instead of `20d`" in result.stdout
    (note,) = [line for line in result.stdout.splitlines() if line.startswith("> ")]
    assert "The code of old (" in note
    assert "has no &#96;logstack render&#96;. Today's code rendered its stack files" in note


def test_diff_renders_a_revision_with_the_ops_package_with_its_own_code(program: Path) -> None:
    document = CliRunner().invoke(app, ["render", "here", "--json", "--directory", str(program)]).stdout
    git(program, "checkout", "--quiet", "-b", "former", "one")
    shutil.rmtree(program / "logstack")
    (program / "ops" / "render").mkdir(parents=True)
    (program / "ops" / "__init__.py").touch()
    (program / "ops" / "render" / "__init__.py").touch()
    (program / "document.json").write_text(document.replace("720h", "721h"))
    (program / "ops" / "__main__.py").write_text('print(open("document.json").read())\n')
    commit(program, "before")
    git(program, "checkout", "--quiet", "main")
    result = diff(program, "before", str(program), "--json")
    differences = json.loads(result.stdout)
    assert "721h" in result.stdout
    assert differences["notes"] == []


def test_diff_renders_a_revision_with_broken_code_with_todays_code_and_the_error(program: Path) -> None:
    git(program, "checkout", "--quiet", "-b", "broken", "one")
    edit(program / "logstack" / "diff" / "snapshot.py", "from dataclasses", "import no_such_module\nfrom dataclasses")
    write(program, f"{STACK}  logstack:retention: 20d\n")
    commit(program, "bad")
    git(program, "checkout", "--quiet", "main")
    result = diff(program, "bad", "one")
    assert result.exit_code == 12
    assert "could not render: ModuleNotFoundError: No module named 'no_such_module'" in " ".join(result.stdout.split())


@pytest.mark.parametrize("form", [(), ("--json",), ("--markdown",)])
def test_diff_prints_nothing_and_exits_with_0_when_nothing_differs(stacks: Path, form: tuple[str, ...]) -> None:
    (stacks / "readme").write_text("nothing that a stack is made of")
    commit(stacks, "two")
    result = diff(stacks, "one", "two", *form)
    assert (result.exit_code, result.stdout) == (0, "")


def test_diff_ignores_a_comment_in_a_stack_file(stacks: Path) -> None:
    write(stacks, f"# a comment\n{STACK}")
    assert diff(stacks, "HEAD", ".").stdout == ""


def test_diff_compares_a_branch_with_the_current_folder(stacks: Path) -> None:
    write(stacks, f"{STACK}  logstack:retention: 14d\n")
    result = diff(stacks, "main", ".")
    assert result.exit_code == 15
    assert result.stdout.startswith("From main (")
    assert ") (-) to . (+): data-loss\n" in result.stdout


def test_diff_lists_added_and_removed_stacks(stacks: Path) -> None:
    (stacks / "Pulumi.here.yaml").rename(stacks / "Pulumi.there.yaml")
    document = json.loads(diff(stacks, "one", ".", "--json").stdout)
    assert [(stack["stack"], stack["change"]) for stack in document["stacks"]] == [
        ("here", "removed"),
        ("there", "added"),
    ]


def test_diff_compares_only_the_given_stacks(stacks: Path) -> None:
    other_stack = STACK.replace("loki-here", "loki-other")
    write(stacks, other_stack, "other")
    commit(stacks, "two")
    write(stacks, f"{other_stack}  logstack:retention: 14d\n", "other")
    assert diff(stacks, "two", ".", "--stack", "here").stdout == ""
    assert diff(stacks, "two", ".", "--stack", "here", "--stack", "other").exit_code == 15


def test_diff_finds_a_project_below_the_top_of_the_repository(tmp_path: Path) -> None:
    below = tmp_path / "logs"
    below.mkdir()
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    commit(tmp_path, "before")
    write(below, STACK)
    commit(tmp_path, "one")
    write(below, f"{STACK}  logstack:retention: 14d\n")
    assert diff(below, "one", ".").exit_code == 15
    assert json.loads(diff(below, "before", "one", "--json").stdout)["stacks"][0]["change"] == "added"


def test_diff_prints_problems_of_both_sides_with_side_revision_and_line(stacks: Path) -> None:
    write(stacks, f"{STACK}  logstack:retentoin: 7d\n")
    commit(stacks, "two")
    write(stacks, f"{STACK}  logstack:retention: 1h\n")
    result = diff(stacks, "two", ".")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "BASE error[unknown-key] two:Pulumi.here.yaml:5: logstack:retentoin" in result.stderr
    assert "HEAD error[retention-too-short] .:Pulumi.here.yaml:5: logstack:retention" in result.stderr
    problems = json.loads(diff(stacks, "two", ".", "--json").stdout)["problems"]
    assert {(each["side"], each["revision"], each["stack"]) for each in problems} == {
        ("BASE", "two", "here"),
        ("HEAD", ".", "here"),
    }
    assert "[unknown-key]" in diff(stacks, "two", ".", "--markdown").stdout


def test_diff_prints_problems_that_a_revisions_own_code_reports(program: Path) -> None:
    write(program, f"{STACK}  logstack:retentoin: 7d\n")
    try:
        result = diff(program, "two", str(program))
    finally:
        write(program, STACK)
    assert result.exit_code == 1
    assert f"HEAD error[unknown-key] {program}:Pulumi.here.yaml:5: logstack:retentoin" in result.stderr


def test_diff_refuses_an_unknown_revision_with_a_suggestion(stacks: Path) -> None:
    result = diff(stacks, "mian", ".")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == 'logstack diff: "mian" is neither a folder nor a git revision; did you mean main?\n'
    assert "branches and tags here: main and one" in diff(stacks, "feature/xyz", ".").stderr


def test_diff_never_reads_an_option_as_a_revision(stacks: Path) -> None:
    result = CliRunner().invoke(app, ["diff", "--directory", str(stacks), "--", "--output=x", "."])
    assert result.exit_code == 2
    assert not (stacks / "x").exists()


def test_diff_says_how_to_complete_a_shallow_clone(stacks: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    commit(stacks, "two")
    clone = tmp_path_factory.mktemp("clone")
    git(clone, "clone", "--quiet", "--depth", "1", f"file://{stacks}", ".")
    assert "git fetch --unshallow" in diff(clone, "HEAD~1", ".").stderr


def test_diff_says_that_it_needs_a_git_repository_for_revisions(tmp_path: Path) -> None:
    write(tmp_path, STACK)
    result = diff(tmp_path, "main", ".")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "is in no git repository" in result.stderr


def test_diff_refuses_an_unknown_stack_with_a_suggestion(stacks: Path) -> None:
    result = diff(stacks, "one", ".", "--stack", "hree")
    assert result.exit_code == 2
    assert result.stderr.startswith('logstack diff: unknown stack "hree" in one (')
    assert result.stderr.endswith(") and in .; did you mean here?\n")


def test_diff_shows_no_secret_encrypted_or_in_clear_text(stacks: Path) -> None:
    without_secret = STACK.replace(", credentialsSecret: key", "")
    keys = "  logstack:accessKeyId: {secure: v1:one}\n  logstack:secretAccessKey: {secure: v1:%s}\n"
    write(stacks, without_secret + keys % f"{MARKER}1")
    commit(stacks, "two")
    write(stacks, f"{without_secret}{keys % f'{MARKER}2'}  logstack:retention: 14d\n")
    clear_text = f"{STACK}  logstack:secretAccessKey: {MARKER}\n"
    for form in ((), ("--json",), ("--markdown",)):
        result = diff(stacks, "two", ".", *form)
        assert result.exit_code == 15
        assert MARKER not in result.output
    write(stacks, clear_text)
    for form in ((), ("--json",), ("--markdown",)):
        result = diff(stacks, "two", ".", *form)
        assert result.exit_code == 1
        assert MARKER not in result.output


def test_diff_refuses_markdown_together_with_json(stacks: Path) -> None:
    assert diff(stacks, "one", ".", "--json", "--markdown").exit_code == 2


def test_diff_prefers_a_revision_to_a_folder_of_the_same_name(stacks: Path) -> None:
    (stacks / "one").mkdir()
    assert diff(stacks, "one", ".").exit_code == 0
