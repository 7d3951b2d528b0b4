"""The `logstack` command: its output, its exit codes, and the imports it avoids."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from logstack.cli import app
from logstack.settings.tree import Settings
from tests.support.stacks import ROOT

INVALID_STACK = """\
config:
  logstack:cluster: {name: here, context: here}
  logstack:retentoin: 30d
"""


@pytest.fixture
def invalid_folder(tmp_path: Path) -> Path:
    """A folder with a stack that has problems."""
    (tmp_path / "Pulumi.wrong.yaml").write_text(INVALID_STACK)
    return tmp_path


def logstack(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_plan_defaults_to_production() -> None:
    result = logstack("plan", "-C", str(ROOT))
    assert result.exit_code == 0
    assert result.stdout.startswith("production: Loki ")
    assert result.stdout == logstack("plan", "production", "-C", str(ROOT)).stdout


def test_plan_prints_one_screen_everything_or_the_given_sections() -> None:
    def run_plan(*options: str) -> str:
        return logstack("plan", *options, "-C", str(ROOT)).stdout

    screen, full, storage = run_plan(), run_plan("--full"), run_plan("--section", "storage")
    assert len(screen.splitlines()) <= 50 < len(full.splitlines())
    assert storage.startswith("Storage and retention\n")
    assert storage in full
    two_sections = run_plan("--section", "storage", "--section", "access")
    assert two_sections == storage + run_plan("--section", "access")


def test_plan_names_the_sections_when_one_is_unknown() -> None:
    result = logstack("plan", "--section", "storrage", "-C", str(ROOT))
    assert (result.exit_code, result.stdout) == (2, "")
    message = " ".join(re.sub(r"[│╭╰─╮╯]", " ", result.stderr).split())
    assert (
        'no section "storrage": did you mean storage? The sections are stack, warnings, acknowledged, failures'
        in message
    )
    assert "Traceback" not in result.stderr


def test_plan_finds_stack_files_from_a_folder_below_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "tests" / "unit")
    assert logstack("plan", "staging").stdout.startswith("staging: Loki ")


def test_plan_prints_json_as_one_document() -> None:
    result = logstack("plan", "staging", "--json", "-C", str(ROOT))
    assert result.exit_code == 0
    assert json.loads(result.stdout)["head"]["stack"] == "staging"


@pytest.mark.parametrize("command", ["plan", "check", "try"])
def test_command_prints_problems_once_and_exits_with_1(command: str, invalid_folder: Path) -> None:
    result = logstack(command, "wrong", "-C", str(invalid_folder))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.count('unknown key "retentoin"') == 1
    assert result.stderr.count("did you mean retention?") == 1
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("command", ["plan", "check", "try"])
def test_command_prints_problems_as_a_document_with_json(command: str, invalid_folder: Path) -> None:
    result = logstack(command, "wrong", "--json", "-C", str(invalid_folder))
    assert result.exit_code == 1
    problems = json.loads(result.stdout)["problems"]
    assert {problem["name"] for problem in problems} >= {"unknown-key", "missing-key"}
    assert problems[0].keys() == {"name", "path", "what", "consequence", "fix", "severity", "where"}


def test_plan_prints_problems_of_the_stack_it_compares_with(invalid_folder: Path) -> None:
    (invalid_folder / "Pulumi.right.yaml").write_text((ROOT / "Pulumi.production.yaml").read_text())
    result = logstack("plan", "right", "--against", "wrong", "-C", str(invalid_folder))
    assert result.exit_code == 1
    assert "retentoin" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--unknown"),
        ("plan", "production", "--against", "nowhere", "-C", str(ROOT)),
        ("plan", "-C", "/no/such/folder"),
        ("unknown",),
        ("tools", "unknown"),
        (),
    ],
)
def test_invalid_command_exits_with_2(arguments: tuple[str, ...]) -> None:
    result = logstack(*arguments)
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)


def test_plan_refuses_an_unknown_stack_with_a_suggestion() -> None:
    result = logstack("plan", "produktion", "-C", str(ROOT))
    assert result.exit_code == 1
    assert "did you mean production?" in result.stderr


def test_check_prints_warnings_and_exits_with_0(tmp_path: Path) -> None:
    text = (ROOT / "Pulumi.production.yaml").read_text()
    (tmp_path / "Pulumi.production.yaml").write_text(text[: text.index("  logstack:acknowledge")])
    result = logstack("check", "-C", str(tmp_path))
    assert result.exit_code == 0
    first, *_ = result.stdout.splitlines()
    head = r"warning\[simple-scalable-ends-with-loki-4\] Pulumi\.production\.yaml:\d+: logstack:deploymentMode"
    assert re.fullmatch(head, first)
    document = json.loads(logstack("check", "--json", "-C", str(tmp_path)).stdout)
    assert [problem["name"] for problem in document["problems"]] == ["simple-scalable-ends-with-loki-4"]


def test_check_says_that_there_are_no_problems() -> None:
    assert logstack("check", "staging", "-C", str(ROOT)).stdout == "staging: no problems\n"


def test_try_passes_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    options_passed: dict[str, Any] = {}

    def run_try(stack: str, settings: Settings, logs: list[Path], **options: bool | str) -> int:
        options_passed.update(stack=stack, cluster=settings.cluster.name, logs=logs, **options)
        return 130

    monkeypatch.setattr("logstack.localrun.command.run_try", run_try)
    flags = ["--collector", "push", "--deep", "--keep", "--json"]
    result = logstack("try", "--logs", "a.log", "--logs", "b c.log", *flags, "-C", str(ROOT))
    assert result.exit_code == 130
    assert options_passed == {
        "stack": "staging",
        "cluster": "staging",
        "logs": [Path("a.log"), Path("b c.log")],
        "route": "push",
        "deep": True,
        "keep": True,
        "as_json": True,
    }


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        (("list", "loki"), ["--list", "loki"]),
        (("obtain",), []),
        (("obtain", "helm", "loki"), ["helm", "loki"]),
        (("build", "alloy"), ["--build", "alloy"]),
    ],
)
def test_tools_lists_obtains_and_builds_binaries_by_name(
    words: tuple[str, ...], arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []

    def tools_main(arguments: list[str]) -> int:
        calls.append(arguments)
        return 1

    monkeypatch.setattr("logstack.binaries.command.main", tools_main)
    assert logstack("tools", *words).exit_code == 1
    assert calls == [arguments]


@pytest.mark.parametrize(
    "arguments", [["plan", "production"], ["plan", "staging", "--json"], ["plan", "staging", "--against", "production"]]
)
def test_plan_imports_no_sdk_and_no_client(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom logstack.cli import app\napp(sys.argv[1:], standalone_mode=False)\n"
        "sys.stderr.write(' '.join(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    run = python("-c", code, *arguments)
    assert run.returncode == 0, run.stderr
    imported = set(run.stderr.split())
    assert not imported & {
        "pulumi",
        "pulumi_kubernetes",
        "pulumi_aws",
        "pulumi_gcp",
        "pulumi_azure_native",
        "grpc",
        "boto3",
        "botocore",
        "httpx",
    }
    assert "pydantic" in imported


def test_command_runs_as_a_module_and_survives_a_broken_pipe() -> None:
    assert python("-m", "logstack", "check", "staging").stdout == "staging: no problems\n"
    assert python("-m", "logstack", "plan", "--unknown").stderr.startswith("Usage: logstack plan ")
    with subprocess.Popen(
        [sys.executable, "-m", "logstack", "plan"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def test_plan_needs_no_home_no_cluster_and_no_credentials() -> None:
    command = [sys.executable, "-m", "logstack", "plan", "staging"]
    run = subprocess.run(command, cwd=ROOT, env={"HOME": "/nonexistent"}, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "pulumi config set --secret logstack:accessKeyId" in run.stdout
