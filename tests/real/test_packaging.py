"""logstack as a package: built like a release, installed alone, and used in another program."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from logstack.manifests.deployment import deployment
from logstack.settings.tree import Settings
from tests.support.copies import NO_SOURCE
from tests.support.installed import MINIMAL, lay_out, record_minimal
from tests.support.stacks import ROOT
from tests.unit.test_examples import MINIMAL_SETTINGS

pytestmark = pytest.mark.real

# The folder of the requirements. Its path files are not read: they lead to the repository itself.
REQUIREMENTS = sysconfig.get_paths()["purelib"]


@dataclass(frozen=True)
class Built:
    """A release, and the folder in which it is installed."""

    wheel: Path
    sdist: Path
    installed: Path

    def python(self, program: str, *arguments: str, folder: Path, **environment: str) -> str:
        """Run a program that can import only its folder, the release and the requirements; return its output."""
        begin = (
            f"import sys; sys.path[:0] = {[str(folder), str(self.installed)]!r}; sys.path.append({REQUIREMENTS!r})\n"
        )
        run = subprocess.run(
            [sys.executable, "-I", "-S", "-c", begin + program, *arguments],
            cwd=folder,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the sdist of a copy of the repository and the wheel of that sdist, and install it; without a network."""
    folder = tmp_path_factory.mktemp("release")
    shutil.copytree(ROOT, folder / "source", ignore=NO_SOURCE)
    _run("-m", "build", "--no-isolation", "--outdir", folder / "dist", folder / "source")
    (wheel,), (sdist,) = (folder / "dist").glob("*.whl"), (folder / "dist").glob("*.tar.gz")
    installed = folder / "installed"
    _run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", installed, wheel)
    return Built(wheel, sdist, installed)


def _run(*arguments: str | Path) -> str:
    run = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def source_files() -> set[str]:
    """Return every file of logstack/ and components/ that git tracks or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "logstack", "components"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}


def test_wheel_has_exactly_the_files_of_the_packages(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == {f"logstack/{name}" if name.startswith("components/") else name for name in source_files()}
    assert {name.partition("/")[0] for name in packed} == {"logstack"}
    files = ("localrun/sample.log", "binaries/go/loki/go.mod", "py.typed", "components/loki.py")
    assert {f"logstack/{name}" for name in files} <= packed


def test_lay_out_of_the_fast_tests_equals_the_wheel(built: Built, tmp_path: Path) -> None:
    laid_out = lay_out(tmp_path) / "logstack"
    with zipfile.ZipFile(built.wheel) as archive:
        packed = {name.removeprefix("logstack/") for name in archive.namelist() if ".dist-info/" not in name}
    assert {str(file.relative_to(laid_out)) for file in laid_out.rglob("*") if file.is_file()} == packed


def test_sdist_has_every_source_of_the_wheel(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    assert source_files() | {"pyproject.toml", "README.md", "LICENSE"} <= packed
    assert not [name for name in packed if name.startswith((".venv", "Pulumi."))]


def test_release_requires_the_packages_that_the_repository_pins(built: Built) -> None:
    """A program has its own pins: the release requires the tested version or a later one of its major version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    dependencies, extras = project["dependencies"], project["optional-dependencies"]
    with zipfile.ZipFile(built.wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith("METADATA"))
        metadata = archive.read(name).decode()
    required_lines = re.findall("^Requires-Dist: .*", metadata, re.MULTILINE)
    optional = [line for line in required_lines if "extra ==" in line]
    assert len(required_lines) - len(optional) == len(dependencies)
    assert len(optional) == sum(map(len, extras.values()))
    pinned = dict(re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements.in").read_text(), re.MULTILINE))
    required = dict(each.partition(",")[0].split(">=") for each in dependencies)
    assert required.keys() == pinned.keys()
    assert {name: _numbers(version) for name, version in required.items()} == {
        name: _numbers(version)[: len(_numbers(required[name]))] for name, version in pinned.items()
    }


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


COMMON_NAMES = ("settings.py", "tools.py", "ops.py", "components.py", "logstack_local.py")


@pytest.fixture(scope="module")
def environment(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of a new environment with the release, and with the requirements by a path file."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = (folder / "lib").glob("python*/site-packages")
    _run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", packages, built.wheel)
    (packages / "requirements.pth").write_text(f"{REQUIREMENTS}\n")
    return folder / "bin" / "python"


def test_components_are_imported_beside_a_users_modules_of_common_names(environment: Path, tmp_path: Path) -> None:
    for name in COMMON_NAMES:
        (tmp_path / name).write_text("MINE = True\n")
    mine = ", ".join(name.removesuffix(".py") for name in COMMON_NAMES)
    names = sorted(file.stem for file in (ROOT / "components").glob("*.py") if file.stem != "__init__")
    assert "loki" in names
    program = f"""
import importlib
import {mine}
assert all(module.MINE for module in ({mine}))
import logstack
for name in {names!r}:
    print(importlib.import_module(f"logstack.components.{{name}}").__file__)
print(logstack.Settings.__module__)
"""
    (tmp_path / "program.py").write_text(program)
    run = subprocess.run(
        [environment, "program.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr
    *files, settings = run.stdout.splitlines()
    assert settings == "logstack.settings.tree"
    assert [Path(file).name for file in files] == [f"{name}.py" for name in names]
    assert all(Path(file).is_relative_to(environment.parents[1]) for file in files)


def test_minimal_program_registers_the_same_resources_with_the_release_alone(built: Built, tmp_path: Path) -> None:
    recorded = record_minimal(tmp_path, str(built.installed))
    assert all(file.is_relative_to(built.installed) for file in recorded.modules)
    compared = 0
    for part in deployment(Settings.model_validate(MINIMAL_SETTINGS)):
        for child in part.manifests if part.name in recorded.registered else ():
            type_, parent, inputs = recorded.registered[child.name]
            assert (type_, parent) == (child.type, part.name)
            if not child.type.startswith("pulumi:providers:"):
                assert inputs == child.inputs, child.name
                compared += 1
    assert compared == 5


def test_components_refuse_to_be_imported_by_both_names(built: Built, tmp_path: Path) -> None:
    (tmp_path / "components").symlink_to(built.installed / "logstack" / "components")
    program = f"""
import sys
sys.path[:0] = [{str(tmp_path)!r}, {str(built.installed)!r}]
import components
components.__file__ = {str(built.installed / "logstack" / "components" / "__init__.py")!r}
try:
    import logstack.components
except ImportError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert run.stdout == "these components are already imported as `components`: import them by one name only\n"


def test_command_of_the_release_plans_a_stack_and_finds_its_own_files(built: Built, tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples" / "aws" / "Pulumi.aws.yaml", tmp_path)
    command = "from logstack.cli import main\nsys.argv[0] = 'logstack'\nmain()"
    assert built.python(command, "plan", "aws", folder=tmp_path).startswith("aws: Loki ")
    files = """
from logstack.localrun.lines import SAMPLE
from logstack.binaries.catalog import BINARIES
print(SAMPLE, *(binary.module.folder / "go.mod" for binary in BINARIES.values()))
"""
    named = [Path(file) for file in built.python(files, folder=tmp_path).split()]
    assert len(named) > 5
    assert [file for file in named if not file.is_file() or not file.is_relative_to(built.installed)] == []


def test_script_of_the_release_is_named_logstack(built: Built) -> None:
    assert (built.installed / "bin" / "logstack").is_file()


TYPED = """
from logstack import ClusterSettings, S3CompatibleStore, Settings
from logstack.components import Cluster, Loki, ObjectStore, load_settings

settings: Settings = load_settings()
cluster = Cluster("cluster", settings.cluster)
loki = Loki("loki", settings, ObjectStore("store", settings.object_store, cluster), cluster)
url: str = loki.intake.push_url
"""
MISTYPED = {
    "settings of another component": ('Cluster("cluster", settings)', "Cluster"),
    "a component of another class": ('Loki("loki", settings, cluster, cluster)', "Loki"),
    "an unknown attribute": ("loki.gateway_ulr", "gateway_ulr"),
    "an unknown setting": ("settings.retentoin", "retentoin"),
}


@pytest.fixture(scope="module")
def checked(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[str]]:
    """Return a function that checks a user's program with mypy, in an environment with the release."""
    folder = tmp_path_factory.mktemp("typed")

    def find(program: str) -> list[str]:
        file = folder / "program.py"
        file.write_text(program)
        options = ["--strict", "--no-error-summary", "--config-file=", f"--cache-dir={folder / 'cache'}"]
        options.append(f"--python-executable={environment}")
        command = [sys.executable, "-m", "mypy", *options, file.name]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
        assert not run.stderr, run.stderr
        return run.stdout.splitlines()

    return find


def test_minimal_program_passes_mypy(checked: Callable[[str], list[str]]) -> None:
    assert checked((MINIMAL / "__main__.py").read_text()) == []


def test_mypy_finds_errors_in_a_program_that_uses_the_release(checked: Callable[[str], list[str]]) -> None:
    assert checked(TYPED) == []
    wrong = "".join(f"{line}\n" for line, _ in MISTYPED.values())
    errors = checked(TYPED + wrong)
    first = TYPED.count("\n") + 1
    for number, (case, (_, named)) in enumerate(MISTYPED.items()):
        line_errors = [line for line in errors if line.startswith(f"program.py:{first + number}: error:")]
        assert line_errors, case
        assert named in line_errors[0], case
