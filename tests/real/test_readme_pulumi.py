"""Run the README's Pulumi commands as written, and check those of all pages against the real engine.

`pulumi preview` and `pulumi up` are left out: they need a language host, which no registry has (tests/engine runs the
program inline instead).
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
from tests.support.copies import Copy, copy_repository
from tests.support.real import binary
from tests.support.stacks import ROOT, TODAY

pytestmark = pytest.mark.prove

NEED_A_LANGUAGE_HOST = ("preview", "up")
README = (ROOT / "README.md").read_text()
PASSPHRASE = "a passphrase of the tests"


@pytest.fixture(scope="module", autouse=True)
def pulumi_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the engine a home for the logs that every command writes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PULUMI_HOME", str(tmp_path_factory.mktemp("pulumi")))
        yield


@pytest.fixture
def with_engine(tmp_path: Path) -> Copy:
    """Return a copy with `pulumi` on its PATH."""
    copy = copy_repository(tmp_path, PASSPHRASE)
    tools = copy.folder.parent / "tools"
    tools.mkdir()
    (tools / "pulumi").symlink_to(binary("pulumi"))
    return Copy(copy.folder, copy.environment | {"PATH": f"{tools}{os.pathsep}{copy.environment['PATH']}"})


def written_comments(copy: Copy) -> list[str]:
    text = (copy.folder / "Pulumi.staging.yaml").read_text()
    return re.findall(r"# .*", text)


def test_readmes_commands_set_up_a_stack(with_engine: Copy) -> None:
    steps = [each for each in commands("README.md", section(README, "Deploy")) if each.words[0] == "pulumi"]
    done = [each.words[1] for each in steps if each.words[1] not in NEED_A_LANGUAGE_HOST]
    assert done == ["login", "stack", "config", "config"]
    assert [each.words[1] for each in steps[len(done) :]] == [*NEED_A_LANGUAGE_HOST]
    before = read_stack_file("staging", with_engine.folder)
    settings_before = load_stack_file("staging", with_engine.folder, today=TODAY).settings
    comments = written_comments(with_engine)
    for step in steps[: len(done)]:
        # The engine takes ~ from the system, not from HOME: the state must not go there.
        with_engine.run(step.text.replace("file://~", f"file://{with_engine.environment['HOME']}"))
    after = read_stack_file("staging", with_engine.folder)
    added = {key: value for key, value in after.config.items() if key not in before.config}
    assert added.keys() == {"logstack:accessKeyId", "logstack:secretAccessKey"}
    assert all(isinstance(value, dict) and list(value) == ["secure"] for value in added.values())
    stack = load_stack_file("staging", with_engine.folder, today=TODAY)
    assert (stack.settings, stack.credentials) == (settings_before, "config")
    assert written_comments(with_engine) == comments
    assert re.fullmatch(r"[0-9a-f]{20}\n", with_engine.run("pulumi config get logstack:accessKeyId"))
    assert re.fullmatch(r"[0-9a-f]{40}\n", with_engine.run("pulumi config get logstack:secretAccessKey"))


@cache
def help_text(*words: str) -> str:
    """Return the engine's help for a command."""
    command = [str(binary("pulumi")), *words, "--help"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return run.stdout if run.returncode == 0 else ""


def problems(command: Command) -> Iterator[str]:
    """Yield what is wrong with a `pulumi` command of the documents: an unknown command or option."""
    words = command.words[1:]
    path: list[str] = []
    # For an unknown subcommand the engine prints the help of the command above it.
    while words and help_text(*path, words[0]) not in ("", help_text(*path)):
        path.append(words.pop(0))
    if not path:
        yield f"no command {words[0]}"
    for word in words:
        option = word.partition("=")[0]
        if option.startswith("-") and not re.search(rf"(^|[ ,]){re.escape(option)}[ ,\n]", help_text(*path)):
            yield f"pulumi {' '.join(path)} has no option {option}"


def test_engine_has_every_pulumi_command_of_the_documents() -> None:
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
def test_check_finds_a_command_that_the_engine_does_not_have(text: str) -> None:
    assert list(problems(Command("x", text)))
