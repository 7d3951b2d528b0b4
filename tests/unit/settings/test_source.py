"""The stack file as we read it and the configuration of the engine give the same source."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from logstack.settings.load.loader import load_stack_file
from logstack.settings.load.source import from_engine, from_file
from logstack.settings.load.stack_file import read_yaml
from tests.support.stacks import ROOT, TODAY

HERE = Path(__file__).parent
SECRET = "hunter2hunter2hunter2"
KEYS = st.from_regex(r"\A[a-z][a-zA-Z]{0,8}\Z").filter(lambda key: key != "secure")
TEXTS = st.one_of(
    st.sampled_from(["yes", "null", "~", "3", "0x10", "2024-04-01", "1e3", "true", "{}", "[1]", "30d", "a: b", "# no"]),
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1),
)
SCALARS = st.one_of(
    TEXTS, st.integers(-(2**53), 2**53), st.booleans(), st.floats(-1e6, 1e6).filter(lambda x: x == round(x, 3))
)
VALUES = st.recursive(
    st.one_of(SCALARS, st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
# A file's text that looks like a group stays text; the engine refuses it before the program runs.
TOP_VALUES = VALUES.filter(lambda value: not (isinstance(value, str) and value[0] in "{["))
CONFIGS = st.dictionaries(KEYS.map(lambda key: f"logstack:{key}"), TOP_VALUES, min_size=1, max_size=5)


def engine_text(value: object) -> str:
    """Return the engine's text for a value of a stack file, as config.object.MarshalString of its Go source does."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else json.dumps(_go(value))


def _go(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _go(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_go(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def test_source_from_a_file_equals_the_recorded_engine_configuration() -> None:
    recorded = json.loads((HERE / "engine_values.json").read_text())
    file = from_file(read_yaml(HERE / "engine_values.yaml"))
    engine = from_engine(recorded["config"], set(recorded["secret"]))
    assert file.raw == engine.raw
    assert file.secrets == engine.secrets == {"accessKeyId"}
    assert set(file.problems) == set(engine.problems)
    assert {(problem.path, problem.name) for problem in file.problems} == {
        ("logstack:empty", "empty-value"),
        ("logstack:missing", "empty-value"),
        ("logstack:nothing", "empty-value"),
        ("logstack:partlySecret", "unexpected-secret"),
    }


@settings(deadline=None)
@given(CONFIGS)
def test_source_from_a_generated_file_equals_the_engine_configuration(
    tmp_path_factory: pytest.TempPathFactory, config: dict[str, object]
) -> None:
    path = tmp_path_factory.getbasetemp() / "Pulumi.test.yaml"
    with path.open("w", encoding="utf-8") as file:
        YAML().dump({"config": config}, file)
    assert from_file(read_yaml(path)) == from_engine({key: engine_text(value) for key, value in config.items()}, set())


def problem_text(problems: object) -> str:
    """Return the problems of a source as text."""
    return "\n".join(map(str, problems)) if isinstance(problems, tuple) else ""


def test_key_without_a_value_is_refused_and_not_given_its_default() -> None:
    assert problem_text(from_engine({"logstack:retention": ""}, set()).problems) == (
        "error[empty-value] logstack:retention\n"
        "  what: retention has no value\n"
        "  then: Pulumi reads it as empty text, not as the default\n"
        "  fix:  add a value, or remove the line"
    )


def test_key_with_and_without_its_project_is_a_duplicate(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.test.yaml"
    path.write_text("config: {kubernetes:size: 1, size: small, logstack:size: medium}")
    assert problem_text(from_file(read_yaml(path)).problems) == (
        "error[key-twice] logstack:size\n"
        '  what: duplicate key: "size" and "logstack:size"\n'
        "  then: Pulumi takes one of the two, not always the same one\n"
        "  fix:  remove size"
    )


def test_source_ignores_keys_of_providers_and_the_engine() -> None:
    source = from_engine(
        {"kubernetes:context": "a", "aws:region": "b", "pulumi:tags": "{}", "size": "small"}, {"aws:region"}
    )
    assert source.raw == {"size": "small"}
    assert not source.problems


def test_misspelt_project_is_refused() -> None:
    assert problem_text(from_engine({"logstak:retention": "7d"}, set()).problems) == (
        "error[other-project] logstak:retention\n"
        '  what: unknown project "logstak"\n'
        "  then: nothing would read the key: it belongs to another project\n"
        "  fix:  did you mean logstack:retention?"
    )


@pytest.mark.parametrize("key", ["accessKeyId", "secretAccessKey"])
def test_access_key_in_clear_text_is_refused_and_not_repeated(key: str) -> None:
    source = from_engine({f"logstack:{key}": SECRET}, set())
    assert problem_text(source.problems) == (
        f"error[secret-in-clear] logstack:{key}\n"
        f"  what: {key} is in clear text\n"
        "  then: everybody who reads the repository or Pulumi's state can read it\n"
        "  fix:  replace the exposed access key, then encrypt the new one:\n"
        f"        pulumi config set --secret logstack:{key}"
    )
    assert SECRET not in repr(source)


def test_encrypted_access_key_is_noted_and_not_read() -> None:
    source = from_engine(
        {"logstack:accessKeyId": SECRET, "secretAccessKey": SECRET}, {"logstack:accessKeyId", "secretAccessKey"}
    )
    assert source.secrets == {"accessKeyId", "secretAccessKey"}
    assert SECRET not in repr(source)
    assert not source.problems


def test_group_is_not_encrypted_when_it_has_a_key_beside_secure(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.test.yaml"
    path.write_text("config: {logstack:collector: {labels: {secure: level, tier: tier}}}")
    source = from_file(read_yaml(path))
    assert source.raw == {"collector": {"labels": {"secure": "level", "tier": "tier"}}}
    assert not source.problems


def test_encrypted_key_is_refused_and_not_read_unless_it_is_an_access_key() -> None:
    source = from_engine({"logstack:cluster": json.dumps({"name": SECRET})}, {"logstack:cluster"})
    assert problem_text(source.problems) == (
        "error[unexpected-secret] logstack:cluster\n"
        "  what: cluster is encrypted, or a part of it is\n"
        "  then: the plan and the tests cannot read it, so nothing could be proven before the deployment\n"
        "  fix:  write it in clear text: only logstack:accessKeyId and logstack:secretAccessKey are secrets"
    )
    assert SECRET not in repr(source)
    assert not source.raw


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ("[logs/production]", "logs/production"),
        ("[logs/a, logs/b: {merge: false}]", "logs/a and logs/b"),
        ("{imports: [logs/a], values: {pulumiConfig: {logstack:retention: 9d}}}", "logs/a"),
        ("{values: {pulumiConfig: {logstack:retention: 9d}}}", "environment"),
    ],
)
def test_values_of_an_esc_environment_are_reported_as_unread(environment: str, names: str, tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.production.yaml"
    path.write_text(f"environment: {environment}\n{(ROOT / path.name).read_text()}")
    (problem,) = from_file(read_yaml(path)).problems
    assert (problem.severity, problem.name, problem.path) == ("warning", "environment-not-read", "environment")
    assert problem.what == f"Pulumi ESC gives values to this stack: {names}"
    assert load_stack_file("production", tmp_path, today=TODAY).problems == (problem,)


def test_unread_environment_can_be_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.production.yaml"
    text = (ROOT / path.name).read_text().replace("acknowledge:\n", "acknowledge:\n    - environment-not-read\n")
    path.write_text(f"environment: [logs/production]\n{text}")
    stack = load_stack_file("production", tmp_path, today=TODAY)
    assert stack.problems == ()
    assert "environment-not-read" in [problem.name for problem in stack.accepted]
