"""`__main__.py`, run with a stack's configuration as the engine hands it over, against the stack as data."""

import json
import runpy
from collections.abc import Mapping
from functools import cache

import pulumi
import pytest

from components import guards
from components.base import fingerprint
from logstack.manifests.deployment import deployment
from logstack.manifests.manifest import Manifest, Secret
from logstack.preflight.aws_account import Caller
from logstack.settings.load.stack_file import default_config, read_stack_file
from tests.support.monitor import STACK_TYPE, Recording, RecordingMonitor, record
from tests.support.stacks import EXAMPLES, NAMES, ROOT, settings_of

pytestmark = [
    pytest.mark.usefixtures("kubeconfig", "surroundings", "repository"),
    pytest.mark.filterwarnings("ignore:.*V2 has been deprecated in favor of:DeprecationWarning"),
]
KEYS = {"logstack:accessKeyId": "MARKEDKEY", "logstack:secretAccessKey": "marked/secret+value"}
# Which parts come before a part's own resources.
BEFORE = {
    "cluster": (),
    "store": ("cluster",),
    "loki": ("cluster", "store"),
    "alloy": ("cluster",),
    "canary": ("cluster",),
    "grafana": ("cluster",),
}
every_stack = pytest.mark.parametrize("stack", NAMES)


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine runs a program in its own folder."""
    monkeypatch.chdir(ROOT)


def config_of(stack: str) -> dict[str, str]:
    """What the engine makes of what a stack says and of the project's defaults."""
    said = {f"logstack:{key}": value for key, value in {**default_config(ROOT), **EXAMPLES.get(stack, {})}.items()}
    if stack not in EXAMPLES:
        said |= read_stack_file(stack, ROOT).config
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in said.items()}


def run_program(config: Mapping[str, str], stack: str, monitor: RecordingMonitor | None = None) -> Recording:
    return record(
        lambda: runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__"),
        config=config,
        secret_keys=list(KEYS),
        stack=stack,
        monitor=monitor,
    )


@cache
def recorded(stack: str) -> Recording:
    return run_program(config_of(stack) | KEYS, stack)


@every_stack
def test_the_program_registers_what_the_stack_declares_and_nothing_else(stack: str) -> None:
    declared = [(part.type, part.name, STACK_TYPE, f"logstack-{stack}") for part in deployment(settings_of(stack))]
    declared += [
        (child.type, child.name, part.type, part.name)
        for part in deployment(settings_of(stack))
        for child in part.manifests
    ]
    recording = recorded(stack)
    registered = [(each.type, each.name, *each.parent.split("::")[2:]) for each in recording.registered]
    assert sorted(registered) == sorted(declared)


@every_stack
def test_each_resource_gets_the_inputs_and_the_protection_that_are_declared(stack: str) -> None:
    recording = recorded(stack)
    for part in deployment(settings_of(stack)):
        for child in part.manifests:
            registered = recording.one(child.type, child.name)
            inputs = registered.revealed
            if child.type.startswith("pulumi:providers:"):  # the SDK adds what it finds in the environment
                inputs = {key: inputs[key] for key in child.inputs}
            assert inputs == on_the_wire(child, stack), child.name
            assert (registered.protect, registered.retain_on_delete) == (child.protect, child.retain_on_delete)


def on_the_wire(child: Manifest, stack: str) -> dict[str, object]:
    """A declaration's inputs with the secrets in their places; a provider's are texts."""
    if child.type.startswith("pulumi:providers:"):
        return {key: value if isinstance(value, str) else json.dumps(value) for key, value in child.inputs.items()}
    return {key: _filled(value, stack) for key, value in child.inputs.items()}


def _filled(value: object, stack: str) -> object:
    if isinstance(value, Secret):
        secret = KEYS[f"logstack:{value.name}"]
        return fingerprint(secret, stack) if value.fingerprint else secret
    if isinstance(value, Mapping):
        return {key: _filled(item, stack) for key, item in value.items()}
    return [_filled(item, stack) for item in value] if isinstance(value, list | tuple) else value


@every_stack
def test_each_resource_comes_after_what_is_declared_to_come_first(stack: str) -> None:
    recording = recorded(stack)
    parts = {part.name: part for part in deployment(settings_of(stack))}
    for part in parts.values():
        urns = {child.name: recording.one(child.type, child.name).urn for child in part.manifests}
        first = {
            recording.one(child.type, child.name).urn for name in BEFORE[part.name] for child in parts[name].manifests
        }
        for child in part.manifests:
            own = {urns[name] for name in child.depends_on}
            assert recording.one(child.type, child.name).dependencies == first | own, child.name


@every_stack
def test_every_input_is_known_before_anything_exists(stack: str) -> None:
    """One unknown value of a chart, and its preview shows no object at all."""
    assert [each.name for each in recorded(stack).registered if each.inputs_from] == []


@every_stack
def test_the_program_exports_where_loki_is_reached(stack: str) -> None:
    place = settings_of(stack).cluster
    gateway = f"http://loki-gateway.{place.namespace}.svc.{place.cluster_domain}"
    assert recorded(stack).exports == {
        "gatewayUrl": gateway,
        "pushUrl": f"{gateway}/loki/api/v1/push",
        "queryUrl": f"{gateway}/loki/api/v1",
        "datasourceUid": settings_of(stack).grafana.uid,
    }


@pytest.mark.parametrize("stack", NAMES)
def test_logical_names_are_unique_within_a_part(stack: str) -> None:
    for part in deployment(settings_of(stack)):
        names = [child.name for child in part.manifests]
        assert len(set(names)) == len(names), part.name


def test_every_secret_stays_out_of_whatever_can_be_read() -> None:
    for stack in NAMES:
        recording = recorded(stack)
        in_clear = json.dumps([[each.plain for each in recording.registered], recording.outputs, recording.exports])
        assert not [secret for secret in KEYS.values() if secret in in_clear], stack


def test_a_stack_with_problems_registers_nothing_and_tells_all_of_them() -> None:
    monitor = RecordingMonitor()
    broken = config_of("staging") | {"logstack:retention": "a week", "logstack:sizes": "small"}
    with pytest.raises(pulumi.RunError) as refused:
        run_program(broken, "staging", monitor)
    assert "logstack:retention" in str(refused.value)
    assert "logstack:sizes" in str(refused.value)
    assert monitor.registered == []


def test_a_store_that_needs_a_key_stops_the_program_without_one() -> None:
    monitor = RecordingMonitor()
    with pytest.raises(pulumi.RunError, match="needs an access key"):
        run_program(config_of("staging"), "staging", monitor)
    assert monitor.registered == []


def test_another_aws_account_stops_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = Caller("999999999999", "arn:aws:iam::999999999999:user/somebody")
    monkeypatch.setattr(guards, "shell_caller", lambda _: stranger)
    monitor = RecordingMonitor()
    with pytest.raises(pulumi.RunError, match="belong to account 999999999999") as refused:
        run_program(config_of("aws"), "aws", monitor)
    assert "this stack belongs to 123456789012" in str(refused.value)
    assert monitor.registered == []
