"""Run the README's commands that need no cluster and no engine, as they are written.

tests/real/test_try.py runs `make try`, and tests/real/test_readme_pulumi.py the commands that need Pulumi's engine.
"""

import re
from pathlib import Path

import pytest

from tests.support.commands import Command, commands, section
from tests.support.copies import Copy, copy_repository
from tests.support.stacks import ROOT

pytestmark = pytest.mark.real

README = (ROOT / "README.md").read_text()


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return copy_repository(tmp_path)


def of_readme(title: str) -> list[Command]:
    return list(commands("README.md", section(README, title)))


def test_readme_starts_with_make_try_and_make_test_and_their_output() -> None:
    start = section(README, "Two commands to start")
    assert re.findall(r"\*\*`(.+?)`\*\*", start) == ["make try", "make test"]
    assert re.findall(r"^```text\n\$ (.+)$", start, re.MULTILINE) == ["make try", "make test"]
    assert re.findall(r"^## (.+)$", README, re.MULTILINE)[0] == "Two commands to start"


def test_readme_shows_the_output_of_make_plan(copy: Copy) -> None:
    (command,) = [each for each in of_readme("The plan") if each.text == "make plan STACK=production"]
    output = copy.run(f"{command.text} | cat")
    documented = README.partition("<!-- plan -->\n\n```text\n")[2].partition("\n```\n")[0]
    assert documented.startswith("production: Loki ")
    for part in filter(None, re.split(r"\n\n\.\.\.(?:\n\n|$)", documented)):
        words = part.split()  # line breaks depend on the terminal
        assert output[output.index(part.splitlines()[0]) :].split()[: len(words)] == words


def test_make_try_runs_the_command_that_the_tests_run(copy: Copy) -> None:
    words = copy.run("make --dry-run try").replace("\\\n", " ").split()
    assert ".venv/bin/python -m logstack try staging" in " ".join(words)


@pytest.mark.parametrize("command", ["make try", "make test"])
def test_make_command_creates_the_environment_that_it_needs(copy: Copy, command: str) -> None:
    (copy.folder / ".venv").unlink()
    steps = copy.run(f"MAKEFLAGS= {command} --dry-run").replace("\\\n", " ")
    assert re.search(r"-m venv .venv", steps)
    assert "pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt" in steps


def test_make_test_obtains_the_binaries_after_the_fast_tests_and_before_the_real_ones(copy: Copy) -> None:
    steps = copy.run("make --dry-run test")
    order = [
        steps.index(text) for text in ("-m 'not real and", "-m logstack tools obtain\n", "LOGSTACK_REQUIRE_REAL=1 ")
    ]
    assert order == sorted(order)
