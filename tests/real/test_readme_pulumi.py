"""The README's commands of Pulumi followed to the letter, and those of all pages held against the real engine.

Left out, for want of what they need: `pulumi preview` and `pulumi up`, whose program the engine hands to a language
host that no registry has (tests/engine runs the program inline instead).
"""

import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from logstack.settings.load.loader import load_stack_file
from logstack.settings.load.stack_file import read_stack_file
from tests.support.commands import Command, all_commands, commands, section
from tests.support.copies import Copy, copied
from tests.support.real import binary
from tests.support.stacks import ROOT, TODAY

pytestmark = pytest.mark.prove

NEED_A_LANGUAGE_HOST = ("preview", "up")
README = (ROOT / "README.md").read_text()
PASSPHRASE = "a passphrase of the tests"


@pytest.fixture(scope="module", autouse=True)
def pulumi_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The engine writes a log for whatever it is asked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PULUMI_HOME", str(tmp_path_factory.mktemp("pulumi")))
        yield


@pytest.fixture
def with_engine(tmp_path: Path) -> Copy:
    """The copy with `pulumi` on its PATH."""
    copy = copied(tmp_path, PASSPHRASE)
    tools = copy.folder.parent / "tools"
    tools.mkdir()
    (tools / "pulumi").symlink_to(binary("pulumi"))
    return Copy(copy.folder, copy.environment | {"PATH": f"{tools}{os.pathsep}{copy.environment['PATH']}"})


def test_a_stack_is_set_up_as_the_readme_says(with_engine: Copy) -> None:
    steps = [each for each in commands("README.md", section(README, "Deploy")) if each.words[0] == "pulumi"]
    done = [each.words[1] for each in steps if each.words[1] not in NEED_A_LANGUAGE_HOST]
    assert done == ["login", "stack", "config", "config"]
    assert [each.words[1] for each in steps[len(done) :]] == [*NEED_A_LANGUAGE_HOST]
    before = read_stack_file("staging", with_engine.folder)
    settings_before = load_stack_file("staging", with_engine.folder, today=TODAY).settings
    for step in steps[: len(done)]:
        # The engine asks the system for the home that ~ is, and not the environment: no state goes there.
        with_engine.run(step.text.replace("file://~", f"file://{with_engine.environment['HOME']}"))
    after = read_stack_file("staging", with_engine.folder)
    added = {key: value for key, value in after.config.items() if key not in before.config}
    assert added.keys() == {"logstack:accessKeyId", "logstack:secretAccessKey"}
    assert all(isinstance(value, dict) and list(value) == ["secure"] for value in added.values())
    stack = load_stack_file("staging", with_engine.folder, today=TODAY)
    assert (stack.settings, stack.credentials) == (settings_before, "config")
    assert with_engine.run("pulumi config get logstack:accessKeyId") == "logs\n"
    assert re.fullmatch(r"[0-9a-f]{40}\n", with_engine.run("pulumi config get logstack:secretAccessKey"))


@cache
def help_text(*words: str) -> str:
    """What the engine says of a command."""
    command = [str(binary("pulumi")), *words, "--help"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return run.stdout if run.returncode == 0 else ""


def problems(command: Command) -> Iterator[str]:
    """What a `pulumi` of the documents has that the engine has not."""
    words = command.words[1:]
    path: list[str] = []
    while words and help_text(*path, words[0]) not in (
        "",
        help_text(*path),
    ):  # for what it does not know, it helps above
        path.append(words.pop(0))
    if not path:
        yield f"no command {words[0]}"
    for word in words:
        option = word.partition("=")[0]
        if option.startswith("-") and not re.search(rf"(^|[ ,]){re.escape(option)}[ ,\n]", help_text(*path)):
            yield f"pulumi {' '.join(path)} has no option {option}"


def test_every_pulumi_command_of_the_documents_is_one_of_the_engines() -> None:
    documented = all_commands("pulumi")
    assert len(documented) > 10
    assert {each.text: differences for each in documented if (differences := list(problems(each)))} == {}


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
