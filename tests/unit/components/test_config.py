"""Loading a stack in a program: the settings equal those of the stack file, and problems stop the program."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pulumi
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi.runtime.config import set_all_config

from components.config import load_settings, problems_stop_the_program
from logstack.settings.load.loader import load_stack_file
from logstack.settings.load.stack_file import default_config
from logstack.settings.problems import Problem, StackProblems
from logstack.settings.tree import Settings
from tests.unit.settings.stacks import FAULTLESS, keys
from tests.unit.settings.test_source import engine_text

ROOT = Path(__file__).parents[3]
SECRET = "hunter2hunter2hunter2"


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A Pulumi engine: `configure` sets the configuration of a stack, `warnings` has the logged warnings."""
    engine = SimpleNamespace(warnings=[])

    def configure(name: str, config: dict[str, str], secret: list[str] | None = None) -> None:
        monkeypatch.setattr(pulumi, "get_stack", lambda: name)
        set_all_config(config, secret or [])

    engine.configure = configure
    monkeypatch.setattr(pulumi.log, "warn", engine.warnings.append)
    yield engine
    set_all_config({}, [])


def engine_config(name: str) -> dict[str, str]:
    """Return the engine's configuration of a committed stack, with the project's defaults."""
    file = yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text())["config"]
    defaults = {f"logstack:{key}": value for key, value in default_config(ROOT).items()}
    return {key: engine_text(value) for key, value in (defaults | file).items()}


def line_of(name: str, key: str) -> str:
    """Return the file and line of a key of a committed stack."""
    lines = (ROOT / f"Pulumi.{name}.yaml").read_text().splitlines()
    number = next(number for number, line in enumerate(lines, start=1) if line.startswith(f"  logstack:{key}:"))
    return f"Pulumi.{name}.yaml:{number}"


@pytest.mark.parametrize("name", ["staging", "production"])
def test_committed_stack_is_equal_from_its_file_and_from_the_engine(name: str, program: SimpleNamespace) -> None:
    keys_of_the_store = {"logstack:accessKeyId": SECRET, "logstack:secretAccessKey": SECRET}
    program.configure(name, engine_config(name) | keys_of_the_store, list(keys_of_the_store))
    assert load_settings(ROOT) == load_stack_file(name, ROOT).settings
    assert not program.warnings


NUMBERS = st.integers(1, 9)
SIZES = st.sampled_from(["64Mi", "1Gi", 2**30, "1.5Gi"])
GENERATED = st.fixed_dictionaries(
    {},
    optional={
        "logstack:replicas": st.fixed_dictionaries(
            {"monolithic": st.one_of(NUMBERS, NUMBERS.map(str), NUMBERS.map(float))}
        ),
        "logstack:replicationFactor": st.one_of(NUMBERS, NUMBERS.map(str)),
        "logstack:retention": st.integers(1, 400).map(lambda days: f"{days}d"),
        "logstack:schemaPeriods": st.lists(
            st.fixed_dictionaries({"from": st.dates(date(2020, 1, 1), date(2026, 12, 31)).map(str)}), max_size=3
        ),
        "logstack:limits": st.fixed_dictionaries({"ingestionRate": SIZES, "maxStreams": st.integers(-1, 20_000)}),
        "logstack:caches": st.fixed_dictionaries({}, optional={"chunks": SIZES, "results": st.none()}),
        "logstack:resources": st.fixed_dictionaries(
            {"monolithic": st.fixed_dictionaries({"cpu": st.sampled_from([1, 0.5, "500m", "2"]), "memory": SIZES})}
        ),
        "logstack:canary": st.fixed_dictionaries({"enabled": st.sampled_from([True, False, "yes", "maybe"])}),
        "logstack:walReplayCeiling": SIZES,
        "logstack:size": st.sampled_from(["small", "medium", "huge"]),
        "logstack:acknowledge": st.lists(st.sampled_from(["replication-even", "label-budget", "nothing"]), max_size=2),
    },
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(GENERATED)
def test_generated_stack_is_equal_from_its_file_and_from_the_engine(
    tmp_path: Path, program: SimpleNamespace, changes: dict[str, object]
) -> None:
    config = {f"logstack:{key}": value for key, value in keys(FAULTLESS).items()} | changes
    (tmp_path / "Pulumi.test.yaml").write_text(json.dumps({"config": config}))
    program.configure("test", {key: engine_text(value) for key, value in config.items()})
    assert outcome_in_the_program(tmp_path) == outcome_of_the_file(tmp_path)


def outcome_of_the_file(directory: Path) -> Settings | str:
    try:
        return load_stack_file("test", directory).settings
    except StackProblems as problems:
        return str(problems)


def outcome_in_the_program(directory: Path) -> Settings | str:
    try:
        return load_settings(directory)
    except pulumi.RunError as error:
        return str(error)


def test_program_stops_when_the_object_store_has_no_access_key(program: SimpleNamespace) -> None:
    program.configure("staging", engine_config("staging"))
    with pytest.raises(pulumi.RunError) as raised:
        load_settings(ROOT)
    assert str(raised.value).splitlines()[2:] == [
        f"error[missing-credentials] {line_of('staging', 'objectStore')}: logstack:objectStore",
        "  what: the object store needs an access key: neither credentialsSecret nor the Pulumi config has one",
        "  then: no Loki pod could read or write the object store",
        "  fix:  pulumi config set --secret logstack:accessKeyId",
        "        pulumi config set --secret logstack:secretAccessKey",
        "        or name an existing Secret: credentialsSecret: loki-s3",
    ]
    assert raised.value.__suppress_context__
    assert raised.value.__cause__ is None


def test_program_reports_no_missing_credentials_beside_bad_fields(program: SimpleNamespace) -> None:
    program.configure("staging", engine_config("staging") | {"logstack:objectStore": '{"kind": "minio"'})
    with pytest.raises(pulumi.RunError) as raised:
        load_settings(ROOT)
    location = line_of("staging", "objectStore")
    assert str(raised.value).startswith(f"1 error:\n\nerror[wrong-value] {location}: logstack:objectStore\n")


def test_program_stops_with_all_errors_and_logs_no_warning(program: SimpleNamespace) -> None:
    bad = {"logstack:retention": "12h", "logstack:replicationFactor": "2", "logstack:size": "huge"}
    program.configure("production", engine_config("production") | bad)
    with pytest.raises(pulumi.RunError) as raised:
        load_settings(ROOT)
    assert str(raised.value).startswith("2 errors, 1 warning:\n\n")
    assert not program.warnings


def test_program_logs_its_warnings_and_goes_on(program: SimpleNamespace) -> None:
    program.configure("production", engine_config("production") | {"logstack:replicationFactor": "2"})
    assert load_settings(ROOT).replication_factor == 2
    location = f"{line_of('production', 'replicationFactor')}: logstack:replicationFactor"  # Pulumi adds "warning"
    first_lines = [text.splitlines()[0] for text in program.warnings]
    assert first_lines == [f"[replication-survives-no-lost-writer] {location}"]


def test_program_reads_the_configuration_in_the_environment(
    program: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keys_of_the_store = {"logstack:accessKeyId": SECRET, "logstack:secretAccessKey": SECRET}
    program.configure("staging", {})
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(engine_config("staging") | keys_of_the_store))
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", json.dumps(list(keys_of_the_store)))
    assert load_settings(tmp_path).cluster.name == "staging"


def test_program_stops_with_problems_raised_after_loading() -> None:
    problem = Problem("wrong-api-server", "logstack:cluster.apiServer", "a", "b", "c")
    with pytest.raises(pulumi.RunError) as raised, problems_stop_the_program():
        raise StackProblems([problem])
    assert str(raised.value) == f"1 error:\n\n{problem}"
