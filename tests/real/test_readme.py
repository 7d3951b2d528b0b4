"""The README followed to the letter, as far as a machine without a cluster goes; the engine's commands in all pages.

Left out, for want of what they need: `pulumi preview` and `pulumi up`, whose program the engine hands to a language
host that no registry has (tests/engine runs the program inline instead). tests/real/test_try.py runs `make try`.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from settings.load import load_stack_file
from settings.stack_file import read_stack_file
from tests.real.test_packaging import NO_SOURCE
from tests.support.commands import Command, all_commands, commands, section
from tests.support.real import binary
from tests.support.stacks import ROOT, TODAY

pytestmark = pytest.mark.real

README = (ROOT / "README.md").read_text()
NEED_A_LANGUAGE_HOST = ("preview", "up")
PASSPHRASE = "a passphrase of the tests"


@dataclass(frozen=True)
class Copy:
    """A copy of the repository with a home of its own, where a reader's commands run."""

    folder: Path
    environment: dict[str, str]

    def run(self, command: str) -> str:
        """What a command prints, run by a shell as it is written."""
        shell = ["sh", "-c", command]
        run = subprocess.run(
            shell, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert run.returncode == 0, f"{command}\n{run.stdout}{run.stderr}"
        return run.stdout


@pytest.fixture(scope="module", autouse=True)
def pulumi_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The engine writes a log for whatever it is asked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PULUMI_HOME", str(tmp_path_factory.mktemp("pulumi")))
        yield


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """The environment that the tests run in stands for the one that make would set up: it is taken as up to date."""
    folder, home = tmp_path / "logstack", tmp_path / "home"
    shutil.copytree(ROOT, folder, ignore=NO_SOURCE)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    home.mkdir()
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "MAKE", "COLUMNS"))
    }
    own = {
        "HOME": str(home),
        "PULUMI_HOME": str(home / ".pulumi"),
        "MAKEFLAGS": "--old-file=.venv/installed",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
    }
    return Copy(folder, environment | own | {"PULUMI_SKIP_UPDATE_CHECK": "true", "PYTHONDONTWRITEBYTECODE": "1"})


@pytest.fixture
def with_engine(copy: Copy) -> Copy:
    """The copy with `pulumi` on its PATH."""
    tools = copy.folder.parent / "tools"
    tools.mkdir()
    (tools / "pulumi").symlink_to(binary("pulumi"))
    return Copy(copy.folder, copy.environment | {"PATH": f"{tools}{os.pathsep}{copy.environment['PATH']}"})


def of_readme(title: str) -> list[Command]:
    return list(commands("README.md", section(README, title)))


def test_the_two_commands_to_start_are_make_try_and_a_plan() -> None:
    bold = re.findall(r"\*\*`(.+?)`\*\*", section(README, "Two commands to start"))
    assert bold == ["make try", "make plan STACK=production"]


def test_the_plan_that_the_readme_shows_is_what_its_command_prints(copy: Copy) -> None:
    (command,) = [each for each in of_readme("Two commands to start") if each.text == "make plan STACK=production"]
    told = copy.run(f"{command.text} | cat")
    shown = README.partition("<!-- plan -->\n\n```text\n")[2].partition("\n```\n")[0]
    assert shown.startswith("production: Loki ")
    for part in filter(None, re.split(r"\n\n\.\.\.(?:\n\n|$)", shown)):
        words = part.split()  # how the lines break is up to the terminal
        assert told[told.index(part.splitlines()[0]) :].split()[: len(words)] == words


def test_make_try_is_what_the_local_run_is_tested_with(copy: Copy) -> None:
    words = copy.run("make --dry-run try").replace("\\\n", " ").split()
    assert ".venv/bin/python -m ops try staging" in " ".join(words)


def test_a_stack_is_set_up_as_the_readme_says(with_engine: Copy) -> None:
    steps = [each for each in of_readme("Deploy") if each.words[0] == "pulumi"]
    done = [each.words[1] for each in steps if each.words[1] not in NEED_A_LANGUAGE_HOST]
    assert done == ["login", "stack", "config", "config"]
    assert [each.words[1] for each in steps[len(done) :]] == [*NEED_A_LANGUAGE_HOST]
    before = read_stack_file("staging", with_engine.folder)
    meant = load_stack_file("staging", with_engine.folder, today=TODAY).settings
    for step in steps[: len(done)]:
        # The engine asks the system for the home that ~ is, and not the environment: no state goes there.
        with_engine.run(step.text.replace("file://~", f"file://{with_engine.environment['HOME']}"))
    after = read_stack_file("staging", with_engine.folder)
    added = {key: value for key, value in after.config.items() if key not in before.config}
    assert added.keys() == {"logstack:accessKeyId", "logstack:secretAccessKey"}
    assert all(isinstance(value, dict) and list(value) == ["secure"] for value in added.values())
    stack = load_stack_file("staging", with_engine.folder, today=TODAY)
    assert (stack.settings, stack.credentials) == (meant, "config")
    assert with_engine.run("pulumi config get logstack:accessKeyId") == "logs\n"
    assert re.fullmatch(r"[0-9a-f]{40}\n", with_engine.run("pulumi config get logstack:secretAccessKey"))


@cache
def helped(*words: str) -> str:
    """What the engine says of a command."""
    run = subprocess.run([binary("pulumi"), *words, "--help"], capture_output=True, text=True, check=False)
    return run.stdout if run.returncode == 0 else ""


def problems(command: Command) -> Iterator[str]:
    """What a `pulumi` of the documents has that the engine has not."""
    words = command.words[1:]
    path: list[str] = []
    while words and helped(*path, words[0]) not in ("", helped(*path)):  # for what it does not know, it helps above
        path.append(words.pop(0))
    if not path:
        yield f"no command {words[0]}"
    for word in words:
        option = word.partition("=")[0]
        if option.startswith("-") and not re.search(rf"(^|[ ,]){re.escape(option)}[ ,\n]", helped(*path)):
            yield f"pulumi {' '.join(path)} has no option {option}"


def test_every_pulumi_command_of_the_documents_is_one_of_the_engines() -> None:
    found = all_commands("pulumi")
    assert len(found) > 10
    assert {each.text: told for each in found if (told := list(problems(each)))} == {}


@pytest.mark.parametrize(
    "text",
    [
        "pulumi destory",
        "pulumi destroy --exclude-protect",
        "pulumi config set --sekret a b",
        "pulumi stack rn x --force",
    ],
)
def test_a_command_that_the_engine_has_not_is_found(text: str) -> None:
    assert list(problems(Command("x", text)))
