"""The package `logstack`: its exports for a program of the user, and what importing it loads."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pulumi
import pytest

import components
import logstack
from components import Credentials, checked
from components.base import Component
from logstack import ClusterSettings, FilesystemStore, S3CompatibleStore, Settings, api
from logstack.settings.load.stack_file import read_stack_file
from logstack.settings.model.base import Group
from tests.support.monitor import RecordingMonitor, record
from tests.support.stacks import NAMES, ROOT, settings_of

CLUSTER = ClusterSettings(name="dev", context="dev", api_server="https://10.0.0.1:6443")


def groups(kind: object) -> Iterator[type[Group]]:
    """Yield every group of settings in a type."""
    if isinstance(kind, type) and issubclass(kind, Group):
        yield kind
        for field in kind.model_fields.values():
            yield from groups(field.annotation)
    for argument in get_args(kind):
        yield from groups(argument)


def test_every_group_of_settings_and_every_component_can_be_imported() -> None:
    assert set(groups(Settings)) - {getattr(logstack, name) for name in api.__all__} == set()
    ours = {each for each in Component.__subclasses__() if each.__module__.startswith("components.")}
    assert ours - {getattr(components, name) for name in components.__all__} == set()


def test_every_export_has_a_unique_name_and_a_docstring() -> None:
    for module in (api, components):
        assert len(module.__all__) == len(set(module.__all__))
        assert [name for name in module.__all__ if not getattr(module, name).__doc__] == []


@pytest.mark.parametrize("stack", NAMES)
def test_settings_in_python_are_checked_like_a_stack_file(
    stack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Acknowledged warnings pass here too; the program only prints the others."""
    monkeypatch.chdir(tmp_path)  # away from the stack file that has the same bucket
    accepted: list[Settings] = []
    record(lambda: accepted.append(checked(settings_of(stack))), project="mine")
    assert accepted == [settings_of(stack)]


def test_settings_in_python_with_a_problem_stop_the_program_before_it_registers() -> None:
    monitor = RecordingMonitor()
    wrong = Settings(cluster=CLUSTER, object_store=FilesystemStore(kind="filesystem"))
    with pytest.raises(pulumi.RunError, match="filesystem-needs-one-replica"):
        record(lambda: checked(wrong), monitor=monitor)
    assert monitor.registered == []


def test_checked_refuses_a_bucket_that_a_stack_file_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    object_store = read_stack_file("production", ROOT).config["logstack:objectStore"]
    shared = Settings(cluster=CLUSTER, object_store=S3CompatibleStore.model_validate(object_store))
    with pytest.raises(pulumi.RunError, match="bucket-shared"):
        record(lambda: checked(shared), stack="other")


def test_credentials_are_read_in_a_project_of_any_name() -> None:
    keys = {"logstack:accessKeyId": "MARKEDKEY", "logstack:secretAccessKey": "marked"}
    credentials: list[Credentials | None] = []
    record(
        lambda: credentials.append(Credentials.from_config()),
        config=keys,
        secret_keys=list(keys),
        project="somebody-elses",
    )
    assert credentials != [None]


def run_program(folder: Path, program: str = "import logstack") -> subprocess.CompletedProcess[str]:
    """Run a program in a folder; modules of that folder take precedence."""
    (folder / "__main__.py").write_text(program)
    return subprocess.run(
        [sys.executable, str(folder / "__main__.py")],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("name", ["settings", "components", "tools", "ops"])
def test_logstack_imports_beside_a_users_module_of_a_common_name(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.py").write_text("MINE = True\n")
    run = run_program(tmp_path, f"import {name}, logstack; print(logstack.Settings.__name__, {name}.MINE)")
    assert (run.stdout, run.stderr) == ("Settings True\n", "")


def test_importing_logstack_imports_neither_pulumi_nor_the_command_line(tmp_path: Path) -> None:
    program = "import sys, logstack; logstack.Settings; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = run_program(tmp_path, program).stdout
    assert "'pydantic'" in loaded
    assert not [
        name for name in ("pulumi", "pulumi_kubernetes", "pulumi_aws", "typer", "rich") if f"'{name}'" in loaded
    ]


def test_importing_the_components_imports_no_provider(tmp_path: Path) -> None:
    """The providers' SDKs take seconds, so each is imported when a resource of it is declared."""
    loaded = run_program(tmp_path, "import sys, components; print(sorted(sys.modules))").stdout
    assert "'pulumi'" in loaded
    assert not [
        name
        for name in ("pulumi_kubernetes", "pulumi_aws", "pulumi_gcp", "pulumi_azure_native", "typer")
        if f"'{name}'" in loaded
    ]


def test_unknown_name_of_logstack_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'logstack' has no attribute 'Setings'"):
        logstack.Setings  # type: ignore[attr-defined]  # noqa: B018
