"""`ci/diff` with a stand-in for `logstack`, and `ci/pulumi` with a release of the test's own making."""

import hashlib
import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from logstack.settings.pins import PULUMI_VERSION
from tests.unit.ci.conftest import Machine

MARKDOWN = "<!-- logstack-diff -->\n### production\n\n`retention` 30d -> 7d"
CLASSES = {"cosmetic": 10, "cost": 11, "restart": 12, "security": 13, "write-outage": 14, "data-loss": 15}


def run_diff(
    machine: Machine, code: int, output: str = MARKDOWN, *arguments: str, **environment: str
) -> tuple[int, str, str]:
    """Run ci/diff with a stand-in for logstack that prints this, and return exit code, output and errors."""
    (machine.folder / "says.txt").write_text(output)
    stand_in = machine.install_program(
        "stand-in",
        f"""#!/bin/sh
echo "$*" >> "{machine.folder}/calls.txt"
cat "{machine.folder}/says.txt"
echo a message on standard error >&2
exit {code}
""",
    )
    answer = machine.run_script("diff", "main", "HEAD", *arguments, LOGSTACK=str(stand_in), **environment)
    return answer.code, answer.stdout, answer.stderr


@pytest.mark.parametrize("code", CLASSES.values())
def test_diff_script_prints_a_change_of_any_class_and_succeeds(code: int, machine: Machine) -> None:
    assert run_diff(machine, code) == (0, f"{MARKDOWN}\n", "a message on standard error\n")
    assert machine.calls == ["diff --markdown -- main HEAD"]
    assert machine.summary == f"{MARKDOWN}\n"


def test_diff_script_prints_nothing_when_nothing_differs(machine: Machine) -> None:
    assert run_diff(machine, 0, "")[:2] == (0, "")
    assert machine.summary == "No stack differs.\n"


@pytest.mark.parametrize("code", [1, 2, 9, 16, 130])
def test_diff_script_fails_with_logstacks_message_when_it_cannot_compare(code: int, machine: Machine) -> None:
    assert run_diff(machine, code, "", "diff.md") == (code, "", "a message on standard error\n")
    assert machine.summary == ""
    assert not (machine.folder / "diff.md").exists()


@pytest.mark.parametrize(
    ("effect", "fail_from", "exit_code"),
    [
        ("cosmetic", "cosmetic", 10),
        ("cosmetic", "cost", 0),
        ("security", "restart", 13),
        ("restart", "security", 0),
        ("write-outage", "data-loss", 0),
        ("data-loss", "data-loss", 15),
    ],
)
def test_diff_script_prints_the_change_and_fails_from_the_given_class_upwards(
    effect: str, fail_from: str, exit_code: int, machine: Machine
) -> None:
    code, stdout, stderr = run_diff(machine, CLASSES[effect], FAIL_FROM=fail_from)
    assert code == exit_code
    assert stdout == f"{MARKDOWN}\n"
    assert (f"the change is of class {effect}, and FAIL_FROM is {fail_from}" in stderr) == bool(code)


def test_diff_script_prints_problems_of_a_stack_file_and_fails(machine: Machine) -> None:
    code, stdout, _ = run_diff(machine, 1, MARKDOWN, "diff.md")
    assert (code, stdout) == (1, "")
    assert (machine.folder / "diff.md").read_text() == machine.summary == f"{MARKDOWN}\n"


def test_diff_script_never_fails_when_nothing_differs(machine: Machine) -> None:
    assert run_diff(machine, 0, "", FAIL_FROM="cosmetic")[0] == 0


def test_diff_script_refuses_an_unknown_class(machine: Machine) -> None:
    code, _, stderr = run_diff(machine, 0, FAIL_FROM="dataloss")
    assert code == 2
    assert "FAIL_FROM is dataloss, not one of cosmetic cost" in stderr
    assert machine.calls == []


@pytest.mark.parametrize("arguments", [[], ["main"], ["a", "b", "c", "d"]])
def test_diff_script_prints_its_usage_without_two_revisions(arguments: list[str], machine: Machine) -> None:
    answer = machine.run_script("diff", *arguments)
    assert (answer.code, answer.stderr) == (2, "error: ci/diff: Usage: ci/diff BASE HEAD [FILE]\n")


def test_diff_script_writes_the_text_to_a_file_instead_of_standard_output(machine: Machine) -> None:
    assert run_diff(machine, 15, MARKDOWN, "diff.md", FAIL_FROM="data-loss")[:2] == (15, "")
    assert (machine.folder / "diff.md").read_text() == f"{MARKDOWN}\n"


def test_diff_script_appends_to_a_log(machine: Machine) -> None:
    stand_in = machine.install_program("stand-in", "#!/bin/sh\necho differs\n")
    with (machine.folder / "log").open("w") as log:
        log.write("before\n")
        log.flush()
        command, environment = (
            [str(machine.scripts / "diff"), "main", "HEAD"],
            machine.environment | {"LOGSTACK": str(stand_in)},
        )
        subprocess.run(command, env=environment, stdout=log, check=True)
    assert (machine.folder / "log").read_text() == "before\ndiffers\n"


def test_diff_script_writes_an_empty_file_when_nothing_differs(machine: Machine) -> None:
    assert run_diff(machine, 0, "", "diff.md")[0] == 0
    assert (machine.folder / "diff.md").read_text() == ""


def read_outputs(text: str) -> dict[str, str]:
    """Parse a file of outputs as GitHub does."""
    outputs: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        if "<<" in line.partition("=")[0]:
            name, _, delimiter = line.partition("<<")
            outputs[name] = "\n".join(iter(lambda: next(lines), delimiter))
        else:
            name, _, outputs[name] = line.partition("=")
    return outputs


@pytest.mark.parametrize("output", [MARKDOWN, "", "EOF\ncompared=injected\nother<<EOF\nx"])
def test_diff_script_passes_any_text_to_the_outputs_of_the_step(output: str, machine: Machine, tmp_path: Path) -> None:
    file = tmp_path / "outputs"
    run_diff(machine, 10, output, GITHUB_OUTPUT=str(file))
    assert read_outputs(file.read_text()) == {"compared": "true", "markdown": output}


def test_diff_script_writes_no_outputs_when_the_comparison_fails(machine: Machine, tmp_path: Path) -> None:
    run_diff(machine, 2, GITHUB_OUTPUT=str(tmp_path / "outputs"))
    assert not (tmp_path / "outputs").exists()


# ci/pulumi


ARCHIVE = f"pulumi-v{PULUMI_VERSION}-linux-x64.tar.gz"


def publish_release(folder: Path, *, checksum_of: bytes | None = None) -> str:
    """Publish a release of two programs in a folder, and return its address."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name in ("pulumi", "pulumi-language-python"):
            entry = tarfile.TarInfo(f"pulumi/{name}")
            entry.mode = 0o755
            archive.addfile(entry)
    directory = folder / f"v{PULUMI_VERSION}"
    directory.mkdir(parents=True)
    (directory / ARCHIVE).write_bytes(content.getvalue())
    digest = hashlib.sha256(checksum_of or content.getvalue()).hexdigest()
    (directory / f"pulumi-{PULUMI_VERSION}-checksums.txt").write_text(
        f"{digest}  {ARCHIVE}\n{digest}  another.tar.gz\n"
    )
    return folder.as_uri()


@pytest.fixture
def linux(machine: Machine) -> Machine:
    """A machine that `uname` calls Linux on x86_64, whatever runs the tests."""
    machine.install_program("uname", "#!/bin/sh\ncase $1 in -m) echo x86_64 ;; *) echo Linux ;; esac\n")
    return machine


def test_pulumi_script_unpacks_the_release_and_adds_it_to_the_path(linux: Machine, tmp_path: Path) -> None:
    path = tmp_path / "github-path"
    answer = linux.run_script(
        "pulumi", "tools", PULUMI_RELEASES=publish_release(tmp_path / "releases"), GITHUB_PATH=str(path)
    )
    assert answer.code == 0, answer.stderr
    folder = linux.folder / "tools"
    assert sorted(file.name for file in folder.iterdir()) == ["pulumi", "pulumi-language-python"]
    assert path.read_text() == f"{folder}\n"


def test_pulumi_script_does_not_unpack_an_archive_with_a_wrong_checksum(linux: Machine, tmp_path: Path) -> None:
    address = publish_release(tmp_path / "releases", checksum_of=b"another archive")
    answer = linux.run_script("pulumi", "tools", PULUMI_RELEASES=address)
    assert answer.code == 1
    assert "does not match the SHA-256 of the release's list" in answer.stderr
    assert list((linux.folder / "tools").iterdir()) == []


def test_pulumi_script_does_not_unpack_an_archive_without_a_checksum(linux: Machine, tmp_path: Path) -> None:
    address = publish_release(tmp_path / "releases")
    sums = tmp_path / "releases" / f"v{PULUMI_VERSION}" / f"pulumi-{PULUMI_VERSION}-checksums.txt"
    sums.write_text(sums.read_text().replace(ARCHIVE, "yet-another.tar.gz"))
    assert linux.run_script("pulumi", "tools", PULUMI_RELEASES=address).code == 1
    assert list((linux.folder / "tools").iterdir()) == []


def test_pulumi_script_names_a_release_that_cannot_be_downloaded(linux: Machine, tmp_path: Path) -> None:
    answer = linux.run_script("pulumi", "tools", PULUMI_RELEASES=(tmp_path / "nowhere").as_uri())
    assert answer.code == 1
    assert f"{ARCHIVE} cannot be downloaded; put pulumi {PULUMI_VERSION} on PATH" in answer.stderr
