"""The component package's provider: a LogStack of the arguments, after the checks of a stack file."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.errors import InputPropertiesError
from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.provider.experimental.provider import (
    ConfigureRequest,
    ConstructRequest,
    ConstructResponse,
    GetSchemaRequest,
)

from components.log_stack import LOG_STACK
from components.package_schema import package_schema
from components.provider import VERSION, LogStackProvider
from logstack.manifests.deployment import deployment
from logstack.settings.load.stack_file import read_stack_file
from tests.support.monitor import Recording, RecordingMonitor, record
from tests.support.stacks import EXAMPLES, ROOT, SHIPPED, settings_of

pytestmark = [
    pytest.mark.usefixtures("kubeconfig", "reachable_cluster_and_account"),
    pytest.mark.filterwarnings("ignore:.*V2 has been deprecated in favor of:DeprecationWarning"),
]
KEYS = {"accessKeyId": "MARKEDKEY0", "secretAccessKey": "marked/secret+value"}
UNKNOWN = PropertyValue(Computed())


@pytest.fixture(autouse=True)
def consumers_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine runs a plugin in a folder without stack files of logstack."""
    monkeypatch.chdir(tmp_path)


def wire(value: Any) -> PropertyValue:
    """Return a value as the engine sends it: every number is a float."""
    match value:
        case PropertyValue():
            return value
        case dict():
            return PropertyValue({key: wire(item) for key, item in value.items()})
        case list():
            return PropertyValue([wire(item) for item in value])
        case int() if not isinstance(value, bool):
            return PropertyValue(float(value))
    return PropertyValue(value)


def secret(text: str) -> PropertyValue:
    return PropertyValue(text, is_secret=True)


def arguments_of(stack: str) -> dict[str, Any]:
    """Return a stack file's keys as arguments, with an access key."""
    config = EXAMPLES[stack] if stack in EXAMPLES else read_stack_file(stack, ROOT).config
    return {key.removeprefix("logstack:"): value for key, value in config.items()} | {
        key: secret(text) for key, text in KEYS.items()
    }


def construct(
    arguments: Mapping[str, Any], type_: str = LOG_STACK, monitor: RecordingMonitor | None = None
) -> tuple[Recording, ConstructResponse]:
    """Return what a construction registers, and its answer."""
    responses = []

    async def main() -> None:
        request = ConstructRequest(
            type_, "logs", {key: wire(value) for key, value in arguments.items()}, pulumi.ResourceOptions()
        )
        responses.append(await LogStackProvider().construct(request))

    recording = record(lambda: pulumi.run(main), stack="test", project="consumer", monitor=monitor)
    return recording, responses[0]


def refusal(arguments: Mapping[str, Any], type_: str = LOG_STACK) -> str:
    """Return the message of a construction that registers nothing."""
    monitor = RecordingMonitor()
    with pytest.raises(InputPropertiesError) as refused:
        construct(arguments, type_, monitor)
    assert monitor.registered == []
    assert refused.value.errors == [], "without a list the SDK's server fails"
    return refused.value.message


@pytest.mark.parametrize("stack", [*SHIPPED, *EXAMPLES])
def test_component_declares_what_the_program_of_the_stack_file_does(stack: str) -> None:
    recording, _ = construct(arguments_of(stack))
    (log_stack,) = recording.all(LOG_STACK)
    trees = {f"logs-{tree.name}": tree for tree in deployment(settings_of(stack))}
    assert {each.name for each in recording.children(log_stack)} == set(trees)
    for name, tree in trees.items():
        component = recording.one(tree.type, name)
        children = {(each.type, each.name): each for each in recording.children(component)}
        assert set(children) == {(each.type, f"logs-{each.name}") for each in tree.manifests}
        for manifest in tree.manifests:
            child = children[manifest.type, f"logs-{manifest.name}"]
            assert (child.protect, child.retain_on_delete) == (manifest.protect, manifest.retain_on_delete)


def test_component_gives_the_addresses_that_the_program_exports() -> None:
    _, response = construct(arguments_of("staging"))
    gateway = "http://loki-gateway.monitoring.svc.cluster.local"
    assert {name: value.value for name, value in response.state.items()} == {
        "gatewayUrl": gateway,
        "pushUrl": f"{gateway}/loki/api/v1/push",
        "queryUrl": f"{gateway}/loki/api/v1",
        "datasourceUid": "loki",
    }
    assert response.urn.endswith("::logstack:index:LogStack::logs")


def test_access_key_is_a_secret_however_it_is_passed() -> None:
    for arguments in (arguments_of("staging"), arguments_of("staging") | KEYS):
        recording, _ = construct(arguments)
        credentials = recording.one("kubernetes:core/v1:Secret", "logs-store-credentials")
        assert credentials.revealed["stringData"] == {
            "AWS_ACCESS_KEY_ID": KEYS["accessKeyId"],
            "AWS_SECRET_ACCESS_KEY": KEYS["secretAccessKey"],
        }
        in_clear = str([[each.plain for each in recording.registered], recording.outputs, recording.exports])
        assert not [text for text in KEYS.values() if text in in_clear]


def test_access_key_may_be_unknown_before_an_update() -> None:
    recording, _ = construct(arguments_of("staging") | {"accessKeyId": UNKNOWN, "secretAccessKey": UNKNOWN})
    assert recording.all("kubernetes:core/v1:Secret", "logs-store-credentials")


@pytest.mark.parametrize(
    ("changes", "messages"),
    [
        ({"retention": "12h"}, ["1 error:", "error[retention-too-short] logstack:retention"]),
        (
            {"retention": "a week", "replicationFactor": 5},
            ["error[wrong-value] logstack:retention", "error[replication-above-writers]"],
        ),
        ({"retentoin": "7d"}, ['unknown key "retentoin"', "did you mean retention?"]),
        (
            {"retention": secret("7d")},
            ["error[unexpected-secret] logstack:retention", "only accessKeyId and secretAccessKey are secrets"],
        ),
        (
            {"objectStore": {"kind": "embedded", "bucket": UNKNOWN}},
            ["error[value-not-known] logstack:objectStore.bucket", "not known before an update"],
        ),
        ({"acknowledge": [UNKNOWN]}, ["error[value-not-known] logstack:acknowledge[0]"]),
        ({"accessKeyId": secret("logs")}, ["error[secret-is-a-word] logstack:accessKeyId"]),
        ({"accessKeyId": None}, ["error[half-credentials] logstack:accessKeyId"]),
        ({"cluster": None}, ['missing key "cluster"']),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_problems_are_those_of_a_stack_file_and_nothing_is_registered(
    changes: dict[str, Any], messages: list[str]
) -> None:
    arguments = {key: value for key, value in (arguments_of("staging") | changes).items() if value is not None}
    text = refusal(arguments)
    for message in messages:
        assert message in text


def test_store_without_its_access_key_is_refused() -> None:
    arguments = {key: value for key, value in arguments_of("staging").items() if key not in KEYS}
    assert "error[missing-credentials] logstack:objectStore" in refusal(arguments)


def test_null_is_an_argument_that_is_not_passed() -> None:
    given = arguments_of("staging")
    recording, _ = construct(given | {"ingress": None, "gateway": {"replicas": 2, "auth": None}})
    assert recording.all(LOG_STACK)


def test_component_that_the_package_does_not_have_is_refused() -> None:
    message = refusal(arguments_of("staging"), "logstack:index:Loki")
    assert message == "unknown component logstack:index:Loki: the package has logstack:index:LogStack"


def test_provider_answers_with_its_schema_and_takes_secrets_and_unknown_values_as_such() -> None:
    provider = LogStackProvider()
    answer = asyncio.run(provider.get_schema(GetSchemaRequest(0)))
    assert answer.schema is not None
    assert json.loads(answer.schema) == json.loads(json.dumps(package_schema(VERSION)))
    configured = asyncio.run(provider.configure(ConfigureRequest({}, {}, accept_secrets=True, accept_resources=True)))
    assert (configured.accept_secrets, configured.accept_outputs) == (True, False)
