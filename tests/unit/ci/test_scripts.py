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


def diff(machine: Machine, code: int, says: str = MARKDOWN, *more: str, **environment: str) -> tuple[int, str, str]:
    """What ci/diff answers where the stand-in for logstack says this."""
    (machine.folder / "says.txt").write_text(says)
    stand_in = machine.program(
        "stand-in",
        f"""#!/bin/sh
echo "$*" >> "{machine.folder}/calls.txt"
cat "{machine.folder}/says.txt"
echo told on standard error >&2
exit {code}
""",
    )
    answer = machine.script("diff", "main", "HEAD", *more, LOGSTACK=str(stand_in), **environment)
    return answer.code, answer.printed, answer.said


@pytest.mark.parametrize("code", CLASSES.values())
def test_a_change_of_any_class_is_printed_and_no_failure(code: int, machine: Machine) -> None:
    assert diff(machine, code) == (0, f"{MARKDOWN}\n", "told on standard error\n")
    assert machine.calls == ["diff --markdown -- main HEAD"]
    assert machine.summary == f"{MARKDOWN}\n"


def test_nothing_is_printed_where_nothing_differs(machine: Machine) -> None:
    assert diff(machine, 0, "")[:2] == (0, "")
    assert machine.summary == "No stack differs.\n"


@pytest.mark.parametrize("code", [1, 2, 9, 16, 130])
def test_what_could_not_be_compared_is_a_failure_with_its_own_words(code: int, machine: Machine) -> None:
    assert diff(machine, code, "", "diff.md") == (code, "", "told on standard error\n")
    assert machine.summary == ""
    assert not (machine.folder / "diff.md").exists()


@pytest.mark.parametrize(
    ("found", "fail_from", "exit_code"),
    [
        ("cosmetic", "cosmetic", 10),
        ("cosmetic", "cost", 0),
        ("security", "restart", 13),
        ("restart", "security", 0),
        ("write-outage", "data-loss", 0),
        ("data-loss", "data-loss", 15),
    ],
)
def test_a_class_fails_from_the_named_one_upwards_and_is_printed_all_the_same(
    found: str, fail_from: str, exit_code: int, machine: Machine
) -> None:
    code, printed, said = diff(machine, CLASSES[found], FAIL_FROM=fail_from)
    assert code == exit_code
    assert printed == f"{MARKDOWN}\n"
    assert (f"the change is of class {found}, and FAIL_FROM is {fail_from}" in said) == bool(code)


def test_problems_of_a_stack_file_are_told_and_a_failure(machine: Machine) -> None:
    code, printed, _ = diff(machine, 1, MARKDOWN, "diff.md")
    assert (code, printed) == (1, "")
    assert (machine.folder / "diff.md").read_text() == machine.summary == f"{MARKDOWN}\n"


def test_nothing_that_differs_never_fails(machine: Machine) -> None:
    assert diff(machine, 0, "", FAIL_FROM="cosmetic")[0] == 0


def test_a_class_that_is_none_is_misuse(machine: Machine) -> None:
    code, _, said = diff(machine, 0, FAIL_FROM="dataloss")
    assert code == 2
    assert "FAIL_FROM is dataloss, not one of cosmetic cost" in said
    assert machine.calls == []


@pytest.mark.parametrize("arguments", [[], ["main"], ["a", "b", "c", "d"]])
def test_other_than_two_revisions_are_misuse(arguments: list[str], machine: Machine) -> None:
    answer = machine.script("diff", *arguments)
    assert (answer.code, answer.said) == (2, "error: ci/diff: Usage: ci/diff BASE HEAD [FILE]\n")


def test_a_file_gets_the_text_in_place_of_standard_output(machine: Machine) -> None:
    assert diff(machine, 15, MARKDOWN, "diff.md", FAIL_FROM="data-loss")[:2] == (15, "")
    assert (machine.folder / "diff.md").read_text() == f"{MARKDOWN}\n"


def test_what_a_log_already_has_stays_in_it(machine: Machine) -> None:
    stand_in = machine.program("stand-in", "#!/bin/sh\necho differs\n")
    with (machine.folder / "log").open("w") as log:
        log.write("before\n")
        log.flush()
        command, environment = (
            [str(machine.scripts / "diff"), "main", "HEAD"],
            machine.environment | {"LOGSTACK": str(stand_in)},
        )
        subprocess.run(command, env=environment, stdout=log, check=True)
    assert (machine.folder / "log").read_text() == "before\ndiffers\n"


def test_a_file_is_empty_where_nothing_differs(machine: Machine) -> None:
    assert diff(machine, 0, "", "diff.md")[0] == 0
    assert (machine.folder / "diff.md").read_text() == ""


def outputs(text: str) -> dict[str, str]:
    """A file of outputs as GitHub reads it."""
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        if "<<" in line.partition("=")[0]:
            name, _, delimiter = line.partition("<<")
            found[name] = "\n".join(iter(lambda: next(lines), delimiter))
        else:
            name, _, found[name] = line.partition("=")
    return found


@pytest.mark.parametrize("says", [MARKDOWN, "", "EOF\ncompared=injected\nother<<EOF\nx"])
def test_the_outputs_of_the_step_are_the_text_whatever_is_in_it(says: str, machine: Machine, tmp_path: Path) -> None:
    file = tmp_path / "outputs"
    diff(machine, 10, says, GITHUB_OUTPUT=str(file))
    assert outputs(file.read_text()) == {"compared": "true", "markdown": says}


def test_a_comparison_that_failed_has_no_outputs(machine: Machine, tmp_path: Path) -> None:
    diff(machine, 2, GITHUB_OUTPUT=str(tmp_path / "outputs"))
    assert not (tmp_path / "outputs").exists()


# ci/pulumi


ARCHIVE = f"pulumi-v{PULUMI_VERSION}-linux-x64.tar.gz"


def release(folder: Path, *, sum_of: bytes | None = None) -> str:
    """Publish a release of two programs in a folder; its address."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("pulumi", "pulumi-language-python"):
            entry = tarfile.TarInfo(f"pulumi/{name}")
            entry.mode = 0o755
            archive.addfile(entry)
    place = folder / f"v{PULUMI_VERSION}"
    place.mkdir(parents=True)
    (place / ARCHIVE).write_bytes(packed.getvalue())
    digest = hashlib.sha256(sum_of or packed.getvalue()).hexdigest()
    (place / f"pulumi-{PULUMI_VERSION}-checksums.txt").write_text(f"{digest}  {ARCHIVE}\n{digest}  another.tar.gz\n")
    return folder.as_uri()


@pytest.fixture
def linux(machine: Machine) -> Machine:
    """A machine that says that it is the one of the release, whatever runs the tests."""
    machine.program("uname", "#!/bin/sh\ncase $1 in -m) echo x86_64 ;; *) echo Linux ;; esac\n")
    return machine


def test_the_release_is_unpacked_and_put_on_the_path_of_the_job(linux: Machine, tmp_path: Path) -> None:
    path = tmp_path / "github-path"
    answer = linux.script("pulumi", "tools", PULUMI_RELEASES=release(tmp_path / "releases"), GITHUB_PATH=str(path))
    assert answer.code == 0, answer.said
    folder = linux.folder / "tools"
    assert sorted(file.name for file in folder.iterdir()) == ["pulumi", "pulumi-language-python"]
    assert path.read_text() == f"{folder}\n"


def test_an_archive_that_is_not_the_published_one_is_not_unpacked(linux: Machine, tmp_path: Path) -> None:
    address = release(tmp_path / "releases", sum_of=b"another archive")
    answer = linux.script("pulumi", "tools", PULUMI_RELEASES=address)
    assert answer.code == 1
    assert "does not match the SHA-256 of the release's list" in answer.said
    assert list((linux.folder / "tools").iterdir()) == []


def test_an_archive_without_a_sum_is_not_unpacked(linux: Machine, tmp_path: Path) -> None:
    address = release(tmp_path / "releases")
    sums = tmp_path / "releases" / f"v{PULUMI_VERSION}" / f"pulumi-{PULUMI_VERSION}-checksums.txt"
    sums.write_text(sums.read_text().replace(ARCHIVE, "yet-another.tar.gz"))
    assert linux.script("pulumi", "tools", PULUMI_RELEASES=address).code == 1
    assert list((linux.folder / "tools").iterdir()) == []


def test_a_release_that_cannot_be_had_is_named(linux: Machine, tmp_path: Path) -> None:
    answer = linux.script("pulumi", "tools", PULUMI_RELEASES=(tmp_path / "nowhere").as_uri())
    assert answer.code == 1
    assert f"{ARCHIVE} cannot be downloaded; put pulumi {PULUMI_VERSION} on PATH" in answer.said
