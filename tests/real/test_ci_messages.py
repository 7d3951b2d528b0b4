"""How `ci/preview` and `ci/deploy` classify the output of the real Pulumi, with a state in a folder."""

import os
import subprocess
from pathlib import Path

import pytest

from logstack.ci import failures
from logstack.ci.failures import Failure
from logstack.ci.run import run
from logstack.settings.pins import PULUMI_VERSION
from tests.support.real import binary
from tests.support.stacks import ROOT

pytestmark = pytest.mark.prove


class Backend:
    """A state backend in a folder, with a stack that the real Pulumi created in a project of the same name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.states = folder / "states"
        for new_folder in (self.states, folder / "project"):
            new_folder.mkdir()
        for file in ("Pulumi.yaml", "Pulumi.staging.yaml"):
            (folder / "project" / file).write_text((ROOT / file).read_text())
        (folder / "kubeconfig").touch()
        self.environment = {
            "PATH": f"{binary('pulumi').parent}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.states}",
            "PULUMI_CONFIG_PASSPHRASE": "a-passphrase-of-the-tests",
            "KUBECONFIG": str(folder / "kubeconfig"),
        }
        self.pulumi("stack", "init", "staging")
        self.pulumi("config", "set", "--secret", "logstack:accessKeyId", "marker", "--stack", "staging")

    def pulumi(self, *arguments: str) -> None:
        command = ["pulumi", *arguments, "--non-interactive"]
        environment = os.environ | self.environment
        folder = self.folder / "project"
        subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=300, check=True)

    def lock(self) -> None:
        """Lock the state as another run does."""
        folder = self.states / ".pulumi/locks/organization/logstack/staging"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "1.json").write_text(
            '{"pid": 1, "username": "ci", "hostname": "runner", "timestamp": "2026-01-01T00:00:00Z"}'
        )


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backend:
    new_backend = Backend(tmp_path)
    monkeypatch.setattr("logstack.ci.run.ROOT", tmp_path / "project")
    return new_backend


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"PULUMI_BACKEND_URL": "file:///nowhere/at/all"}, failures.NO_STATE),
        ({"PULUMI_BACKEND_URL": "https://127.0.0.1:1"}, failures.NO_STATE),
        ({"PULUMI_CONFIG_PASSPHRASE": "another-passphrase"}, failures.WRONG_PASSPHRASE),
        ({"PULUMI_CONFIG_PASSPHRASE": ""}, failures.WRONG_PASSPHRASE),
        ({"PULUMI_CONFIG_PASSPHRASE": None}, failures.NO_PASSPHRASE),
    ],
    ids=lambda value: value.what if isinstance(value, Failure) else None,
)
def test_preview_classifies_each_failure_of_the_real_pulumi(
    changes: dict[str, str | None], failure: Failure, backend: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {name: value for name, value in (backend.environment | changes).items() if value is not None}
    assert run("preview", "staging", environment) == failure.code
    assert capsys.readouterr().err.splitlines()[-1] == f"error: ci/preview: {failure.line('staging')}"


def test_preview_fails_for_a_stack_that_the_real_backend_does_not_have(backend: Backend) -> None:
    (backend.folder / "project/Pulumi.other.yaml").write_text("config: {}\n")
    assert run("preview", "other", backend.environment) == failures.UNKNOWN_STACK.code


def test_locked_state_stops_a_deploy_and_no_preview(backend: Backend, capsys: pytest.CaptureFixture[str]) -> None:
    backend.lock()
    assert run("deploy", "staging", backend.environment) == failures.LOCKED.code
    assert "pulumi cancel --stack staging" in capsys.readouterr().err
    # The engine that is built from its module has no language host: the preview fails only when it needs it.
    run("preview", "staging", backend.environment)
    assert "currently locked" not in capsys.readouterr().out


def test_preview_reports_a_missing_language_host(
    backend: Backend, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(backend.environment, "PATH", f"{binary('pulumi').parent}:/usr/bin:/bin")
    if (binary("pulumi").parent / "pulumi-language-python").exists():
        pytest.skip(f"pulumi {PULUMI_VERSION} is a whole release here")
    assert run("preview", "staging", backend.environment) == failures.NO_PULUMI.code
    assert "marker" not in "".join(capsys.readouterr())


def test_preview_configures_nothing_on_the_machine(backend: Backend) -> None:
    before = sorted(path for path in (backend.folder / "home").rglob("*") if "logs" not in path.parts)
    run("preview", "staging", backend.environment)
    assert sorted(path for path in (backend.folder / "home").rglob("*") if "logs" not in path.parts) == before
