"""Reading stack files: invalid YAML, missing files, and the line number of each key."""

from pathlib import Path

import pytest

from logstack.settings.load.loader import load_stack_file, stacks
from logstack.settings.load.stack_file import read_yaml
from logstack.settings.problems import StackProblems

SECRET = "hunter2hunter2hunter2"


def problem_text(directory: Path, content: str | bytes, stack: str = "test") -> str:
    """Return the problems of a stack file with this content as text."""
    path = directory / "Pulumi.test.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(StackProblems) as raised:
        load_stack_file(stack, directory)
    return "\n".join(map(str, raised.value.problems))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("config:\n  a: [1\n", "line 3, column 1: expected ',' or ']', but got '<stream end>'"),
        ("config:\n\ta: 1\n", "line 2, column 1: found character '\\t' that cannot start any token"),
        ("config:\n  a: b: c\n", "line 2, column 7: mapping values are not allowed here"),
        (f"config:\n  a: {SECRET}\n  a: {SECRET}2\n", 'line 3, column 3: duplicate key "a"'),
        (f"config:\n  a: *{SECRET}\n", "line 2, column 6: invalid anchor, alias or tag"),
        (f"config: 1\n---\nother: {SECRET}\n", "line 2, column 1: invalid anchor, alias or tag"),
    ],
)
def test_invalid_yaml_is_reported_with_its_line_and_without_its_values(
    tmp_path: Path, content: str, reason: str
) -> None:
    line = reason.split()[1].rstrip(",")
    assert problem_text(tmp_path, content) == (
        f"error[not-yaml] Pulumi.test.yaml:{line}\n"
        f"  what: {reason}\n"
        "  then: neither Pulumi nor logstack can read the file\n"
        "  fix:  correct the line"
    )


@pytest.mark.parametrize("content", [b"config: \xff", "config: \x00", "config: !!float x", "!!set"])
def test_invalid_yaml_is_reported_when_the_reader_raises_another_error(tmp_path: Path, content: str | bytes) -> None:
    assert problem_text(tmp_path, content) == (
        "error[not-yaml] Pulumi.test.yaml:1\n"
        "  what: the file has a character, a tag or an alias that is not valid YAML\n"
        "  then: neither Pulumi nor logstack can read the file\n"
        "  fix:  save it as UTF-8 text with plain values"
    )


@pytest.mark.parametrize(
    "content", ["", "# nothing yet\n", "config:\n", "config: {}\n", "config: text\n", "- config\n", "5"]
)
def test_file_without_config_is_reported_with_the_page_of_keys(tmp_path: Path, content: str) -> None:
    assert problem_text(tmp_path, content) == (
        "error[no-config] Pulumi.test.yaml:1\n"
        "  what: nothing under `config:`\n"
        "  then: the stack has neither a cluster nor an object store\n"
        "  fix:  add keys under `config:`; docs/reference/stack-file.md lists them"
    )


@pytest.mark.parametrize(
    ("name", "existing", "fix"),
    [
        ("prodution", ["production", "staging"], "did you mean production?"),
        ("ceph", ["production", "staging"], "name one of production or staging"),
        ("ceph", [], "write Pulumi.ceph.yaml"),
    ],
)
def test_unknown_stack_is_reported_with_the_existing_ones(
    tmp_path: Path, name: str, existing: list[str], fix: str
) -> None:
    for stack in existing:
        (tmp_path / f"Pulumi.{stack}.yaml").touch()
    (tmp_path / "Pulumi.yaml").touch()
    assert stacks(tmp_path) == existing
    with pytest.raises(StackProblems) as raised:
        load_stack_file(name, tmp_path)
    assert str(raised.value) == (
        "1 error:\n\n"
        f"error[unknown-stack] Pulumi.{name}.yaml:1\n"
        f"  what: Pulumi.{name}.yaml does not exist\n"
        f"  fix:  {fix}"
    )


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("logstack:retention", "Pulumi.test.yaml:3"),
        ("logstack:size", "Pulumi.test.yaml:4"),
        ("logstack:schemaPeriods", "Pulumi.test.yaml:5"),
        ("logstack:schemaPeriods[1].from", "Pulumi.test.yaml:7"),
        ("logstack:schemaPeriods[1].store", "Pulumi.test.yaml:7"),
        ("logstack:schemaPeriods[9].from", "Pulumi.test.yaml:5"),
        ("logstack:limits.maxStreams", "Pulumi.test.yaml:9"),
        ("logstack:limits.queryTimeout", "Pulumi.test.yaml:8"),
        ("logstack:caches.chunks", "Pulumi.test.yaml:10"),
        ("logstack:caches.results", "Pulumi.test.yaml:10"),
        ("logstack:storageClass", ""),
    ],
)
def test_key_is_located_on_its_line_or_on_that_of_its_group(tmp_path: Path, path: str, where: str) -> None:
    file = tmp_path / "Pulumi.test.yaml"
    file.write_text(
        "# a stack\n"
        "config:\n"
        "  logstack:retention: 7d\n"
        "  size: small\n"
        "  logstack:schemaPeriods:\n"
        "    - from: 2024-04-01\n"
        "    - {from: 2025-04-01, store: tsdb}\n"
        "  logstack:limits: &limits\n"
        "    maxStreams: 5\n"
        "  logstack:caches: {<<: {chunks: 1Gi}}\n"
    )
    assert read_yaml(file).where(path) == where


def test_byte_order_mark_is_not_part_of_the_first_key(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.test.yaml"
    file.write_bytes(b"\xef\xbb\xbfconfig: {a: &yes true, b: *yes}\n")
    assert read_yaml(file).config == {"a": True, "b": True}
