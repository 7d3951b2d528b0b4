"""The workflows of GitHub under the linters of their format."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.real import binary
from tests.support.stacks import ROOT

pytestmark = pytest.mark.real


def actionlint(folder: Path, *files: str) -> subprocess.CompletedProcess[str]:
    # Without shellcheck and pyflakes, which only some machines have.
    command = [str(binary("actionlint")), "-shellcheck=", "-pyflakes=", *files]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def test_actionlint_finds_no_problem_in_the_workflows() -> None:
    answer = actionlint(ROOT)
    assert (answer.returncode, answer.stdout) == (0, "")


def test_actionlint_finds_an_unknown_runner(tmp_path: Path) -> None:
    text = (ROOT / ".github/workflows/test.yml").read_text()
    (tmp_path / "test.yml").write_text(text.replace("runs-on: ubuntu-24.04", "runs-on: ubuntu-4.10"))
    answer = actionlint(tmp_path, "test.yml")
    assert 'label "ubuntu-4.10" is unknown' in answer.stdout


def zizmor(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("zizmor")
    command = [str(program), "--offline", "--no-progress", "--color=never", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_zizmor_finds_no_problem_in_the_workflows() -> None:
    answer = zizmor(ROOT / ".github")
    assert answer.returncode == 0, answer.stdout


def test_zizmor_finds_a_dangerous_trigger(tmp_path: Path) -> None:
    text = (ROOT / ".github/workflows/preview.yml").read_text()
    (tmp_path / ".github/workflows").mkdir(parents=True)
    (tmp_path / ".github/workflows/preview.yml").write_text(text.replace("pull_request:", "pull_request_target:"))
    assert "dangerous-triggers" in zizmor(tmp_path / ".github").stdout
