"""`__main__.py` with the configuration of the engine: it registers what `deployment()` declares."""

import json
import re
import runpy
from collections.abc import Mapping
from functools import cache

import pytest

from components import (
    Alloy,
    Canary,
    Cluster,
    Credentials,
    GrafanaDatasource,
    Loki,
    ObjectStore,
    guards,
)
from components.base import fingerprint
from logstack import Settings, collector_sizes, found_by, pod_options
from logstack.manifests.charts import CHART
from logstack.manifests.deployment import deployment
from logstack.manifests.manifest import Manifest, OutputOf, Secret
from logstack.preflight import provider_packages
from logstack.preflight.aws_account import Caller
from logstack.settings.load.stack_file import default_config, read_stack_file
from logstack.settings.problems import Problem, StackProblems
from tests.support.monitor import ANSWERED, STACK_TYPE, Recording, RecordingMonitor, Registered, record
from tests.support.stacks import EXAMPLES, NAMES, ROOT, settings_of

pytestmark = [
    pytest.mark.usefixtures("kubeconfig", "reachable_cluster_and_account", "repository"),
    pytest.mark.filterwarnings("ignore:.*V2 has been deprecated in favor of:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*ServieAccount has been deprecated in favor of:DeprecationWarning"),
]
KEYS = {"logstack:accessKeyId": "MARKEDKEY", "logstack:secretAccessKey": "marked/secret+value"}
# The components whose resources a component's own resources depend on.
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
    """Return the engine's configuration of a stack, with the project's defaults."""
    config = {f"logstack:{key}": value for key, value in {**default_config(ROOT), **EXAMPLES.get(stack, {})}.items()}
    if stack not in EXAMPLES:
        config |= read_stack_file(stack, ROOT).config
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


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
def test_program_registers_the_declared_resources_only(stack: str) -> None:
    declared = [
        (component.type, component.name, STACK_TYPE, f"logstack-{stack}")
        for component in deployment(settings_of(stack))
    ]
    declared += [
        (manifest.type, manifest.name, component.type, component.name)
        for component in deployment(settings_of(stack))
        for manifest in component.manifests
    ]
    recording = recorded(stack)
    registered = [(each.type, each.name, *each.parent.split("::")[2:]) for each in recording.registered]
    assert sorted(registered) == sorted(declared)


@every_stack
def test_program_registers_each_resource_with_its_declared_inputs_and_protection(stack: str) -> None:
    recording = recorded(stack)
    for component in deployment(settings_of(stack)):
        for manifest in component.manifests:
            registered = recording.one(manifest.type, manifest.name)
            inputs = registered.revealed
            if manifest.type.startswith("pulumi:providers:"):  # the SDK adds what it finds in the environment
                inputs = {key: inputs[key] for key in manifest.inputs}
            assert inputs == wire_inputs(manifest, stack), manifest.name
            assert (registered.protect, registered.retain_on_delete) == (manifest.protect, manifest.retain_on_delete)


def wire_inputs(manifest: Manifest, stack: str) -> dict[str, object]:
    """Return a manifest's inputs as the engine gets them, with secrets filled in; a provider's are JSON texts."""
    if manifest.type.startswith("pulumi:providers:"):
        return {key: value if isinstance(value, str) else json.dumps(value) for key, value in manifest.inputs.items()}
    return {key: _fill_secrets(value, stack) for key, value in manifest.inputs.items()}


def _fill_secrets(value: object, stack: str) -> object:
    if isinstance(value, OutputOf):
        return ANSWERED[value.output]
    if isinstance(value, Secret):
        secret = KEYS[f"logstack:{value.name}"]
        return fingerprint(secret, stack) if value.fingerprint else secret
    if isinstance(value, Mapping):
        return {key: _fill_secrets(item, stack) for key, item in value.items()}
    return [_fill_secrets(item, stack) for item in value] if isinstance(value, list | tuple) else value


@every_stack
def test_program_registers_each_resource_with_its_declared_dependencies(stack: str) -> None:
    recording = recorded(stack)
    trees = {component.name: component for component in deployment(settings_of(stack))}
    for component in trees.values():
        urns = {manifest.name: recording.one(manifest.type, manifest.name).urn for manifest in component.manifests}
        first = {
            recording.one(manifest.type, manifest.name).urn
            for name in BEFORE[component.name]
            for manifest in trees[name].manifests
        }
        for manifest in component.manifests:
            own = {urns[name] for name in manifest.depends_on}
            assert recording.one(manifest.type, manifest.name).dependencies == first | own, manifest.name


def run_user_program(settings: Settings) -> None:
    """Register the same deployment as the shipped program, with the component classes of the public API."""
    cluster, pods = Cluster("cluster", settings.cluster), pod_options(settings)
    store = ObjectStore(
        "store",
        settings.object_store,
        cluster,
        credentials=Credentials.from_config(),
        former=settings.former_object_store,
        size=settings.resources_of("object-store"),
        pods=pods,
    )
    loki = Loki("loki", settings, store, cluster, chart=settings.charts.loki, pods=pods)
    Alloy(
        "alloy",
        settings.collector,
        loki.intake,
        cluster,
        chart=settings.charts.alloy,
        sizes=collector_sizes(settings),
        passed_on=settings.alloy,
        pods=pods,
    )
    Canary(
        "canary",
        settings.canary,
        loki.gateway_url,
        cluster,
        found=found_by(settings.canary, settings.collector, loki.canary_tenant, loki.credentials_secret),
        size=settings.resources_of("canary"),
        pods=pods,
    )
    GrafanaDatasource(
        "grafana",
        settings.grafana,
        loki.gateway_url,
        cluster,
        tenants=settings.tenant_names,
        with_password=bool(loki.credentials_secret),
    )


@every_stack
def test_program_of_a_user_registers_the_same_resources_with_the_component_classes(stack: str) -> None:
    own = record(lambda: run_user_program(settings_of(stack)), config=KEYS, secret_keys=list(KEYS), stack=stack)
    assert {each.urn: registration(each) for each in own.registered} == {
        each.urn: registration(each) for each in recorded(stack).registered
    }
    assert own.outputs == recorded(stack).outputs


def registration(resource: Registered) -> tuple[object, ...]:
    """Return everything that the engine got for a resource, with its secrets marked."""
    options = (resource.protect, resource.retain_on_delete, resource.provider, resource.providers, resource.aliases)
    return resource.inputs, resource.dependencies, *options, len(resource.transforms)


@every_stack
def test_program_knows_every_input_at_preview(stack: str) -> None:
    """If one value of a chart is unknown, its preview shows no objects. Only Azure's IDs of an identity are unknown."""
    manifests = [manifest for component in deployment(settings_of(stack)) for manifest in component.manifests]
    waiting = {each.name: each.type for each in manifests if "OutputOf(" in repr(each.inputs)}
    assert {each.name for each in recorded(stack).registered if each.inputs_from} == waiting.keys()
    assert CHART not in waiting.values()


@every_stack
def test_program_exports_the_addresses_of_loki(stack: str) -> None:
    cluster = settings_of(stack).cluster
    gateway = f"http://loki-gateway.{cluster.namespace}.svc.{cluster.cluster_domain}"
    assert recorded(stack).exports == {
        "gatewayUrl": gateway,
        "pushUrl": f"{gateway}/loki/api/v1/push",
        "queryUrl": f"{gateway}/loki/api/v1",
        "datasourceUid": settings_of(stack).grafana.uid,
    }


@pytest.mark.parametrize("stack", NAMES)
def test_logical_names_are_unique_in_each_component(stack: str) -> None:
    for component in deployment(settings_of(stack)):
        names = [manifest.name for manifest in component.manifests]
        assert len(set(names)) == len(names), component.name


def test_program_shows_no_secret_in_inputs_outputs_or_exports() -> None:
    for stack in NAMES:
        recording = recorded(stack)
        in_clear = json.dumps([[each.plain for each in recording.registered], recording.outputs, recording.exports])
        assert not [secret for secret in KEYS.values() if secret in in_clear], stack


def refusal(config: Mapping[str, str], stack: str, caplog: pytest.LogCaptureFixture) -> str:
    """Return what a program shows that ends before it registers anything, and that the language host says no more."""
    monitor = RecordingMonitor()
    with pytest.raises(SystemExit) as ended:
        run_program(config, stack, monitor)
    assert ended.value.code == 32
    assert monitor.registered == []
    return "\n".join(f"{each.levelname.lower()}: {each.getMessage()}" for each in caplog.records)


def test_program_reports_all_problems_and_registers_nothing(caplog: pytest.LogCaptureFixture) -> None:
    broken = config_of("staging") | {"logstack:retention": "a week", "logstack:sizes": "small"}
    text = refusal(broken, "staging", caplog)
    assert "logstack:retention" in text
    assert "logstack:sizes" in text


def test_program_stops_when_the_object_store_needs_an_access_key_and_has_none(caplog: pytest.LogCaptureFixture) -> None:
    assert "needs an access key" in refusal(config_of("staging"), "staging", caplog)


def test_program_stops_in_another_aws_account(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = Caller("999999999999", "arn:aws:iam::999999999999:user/somebody")
    monkeypatch.setattr(guards, "shell_caller", lambda _: stranger)
    text = refusal(config_of("aws"), "aws", caplog)
    assert "belong to account 999999999999" in text
    assert "this stack belongs to 123456789012" in text


def test_program_stops_when_the_package_of_a_clouds_provider_is_missing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(provider_packages, "find_spec", lambda _: None)
    assert "pip install 'logstack[gcp]'" in refusal(config_of("gcp"), "gcp", caplog)


def test_program_stops_when_the_kubeconfig_has_no_such_context(caplog: pytest.LogCaptureFixture) -> None:
    config = config_of("dev") | KEYS
    elsewhere = {**json.loads(config["logstack:cluster"]), "context": "elsewhere"}
    text = refusal(config | {"logstack:cluster": json.dumps(elsewhere)}, "dev", caplog)
    assert "unknown kubeconfig context 'elsewhere'" in text


def test_program_stops_when_a_change_would_lose_lines(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise StackProblems([Problem("some-loss", "logstack:retention", "shorter than the state's", "", "")])

    monkeypatch.setattr(guards, "refuse_lost_lines", refuse)
    assert "shorter than the state's" in refusal(config_of("dev") | KEYS, "dev", caplog)


def test_program_shows_each_problem_as_a_message_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    broken = config_of("staging") | KEYS | {"logstack:retention": "12h", "logstack:replicationFactor": "2"}
    text = refusal(broken, "staging", caplog)
    assert re.findall(r"^(?! )(.*) Pulumi\.staging\.yaml:\d+: (.*)", text, re.MULTILINE) == [
        ("error: [retention-too-short]", "logstack:retention"),
        ("warning: [replication-survives-no-lost-writer]", "logstack:replicationFactor"),
    ]
    assert text.count("retention is too short: 12h") == 1
