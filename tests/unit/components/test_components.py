"""Each component alone: its resources, their parent, provider, dependencies and protection."""

import importlib
import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pulumi
import pytest

import components
from components.alloy import Alloy
from components.base import Component
from components.canary import Canary
from components.cluster import Cluster
from components.grafana import GrafanaDatasource
from components.loki import Loki
from components.object_store import Credentials, ObjectStore
from logstack.manifests.loki.intake import Intake
from logstack.manifests.manifest import ComponentTree, Manifest, Secret, kubernetes
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import CanarySettings, CollectorSettings
from logstack.settings.model.grafana import GrafanaSettings
from logstack.settings.tree import Settings
from tests.support.monitor import Recording, RecordingMonitor, Registered, record

pytestmark = [
    pytest.mark.usefixtures("kubeconfig"),
    pytest.mark.filterwarnings("ignore:.*V2 has been deprecated in favor of:DeprecationWarning"),
]

CLUSTER = ClusterSettings(name="edge", context="edge", namespace="logs")
URL = "http://loki-gateway.logs.svc.cluster.local"
KEYS = Credentials("MARKEDKEY", "marked/secret+value")
CONFIG_MAP, CHART = "kubernetes:core/v1:ConfigMap", "kubernetes:helm.sh/v4:Chart"


def cluster(settings: ClusterSettings = CLUSTER) -> Cluster:
    return Cluster("cluster", settings)


def store(keys: Mapping[str, object], credentials: Credentials | None = None) -> ObjectStore:
    settings = Settings.model_validate({"cluster": CLUSTER, "objectStore": keys})
    return ObjectStore("store", settings.object_store, cluster(), credentials=credentials)


def loki() -> Loki:
    platform = cluster()
    settings = Settings.model_validate({"cluster": CLUSTER, "objectStore": EXISTING})
    access = ObjectStore("store", settings.object_store, platform)
    return Loki("loki", settings, access, platform)


EMBEDDED = {"kind": "embedded", "bucket": "loki"}
EXISTING = {"kind": "s3-compatible", "endpoint": "https://s3.example", "bucket": "b", "credentialsSecret": "keys"}
WITHOUT_KEYS = {key: value for key, value in EXISTING.items() if key != "credentialsSecret"}
AWS = {
    "kind": "aws-s3",
    "bucket": "acme-logs",
    "region": "eu-central-1",
    "accountId": "123456789012",
    "identity": {"eksCluster": "eu"},
}
# Each component as a program uses it that has no other component of logstack.
ALONE: dict[str, tuple[type[Component], Callable[[], object]]] = {
    "an existing namespace": (Cluster, cluster),
    "a namespace that the stack manages": (
        Cluster,
        lambda: cluster(CLUSTER.model_copy(update={"create_namespace": True})),
    ),
    "an embedded store": (ObjectStore, lambda: store(EMBEDDED, KEYS)),
    "an embedded store with an existing Secret": (
        ObjectStore,
        lambda: store({**EMBEDDED, "credentialsSecret": "keys"}),
    ),
    "an S3-compatible store with an existing Secret": (ObjectStore, lambda: store(EXISTING)),
    "an S3-compatible store with keys of the stack": (
        ObjectStore,
        lambda: store(WITHOUT_KEYS, KEYS),
    ),
    "an S3-compatible store with an external secret": (
        ObjectStore,
        lambda: store({**WITHOUT_KEYS, "externalSecret": {"secretStore": {"name": "vault"}, "remoteKey": "loki/s3"}}),
    ),
    "a bucket claim": (
        ObjectStore,
        lambda: store({"kind": "ceph-bucket-claim", "bucket": "loki-logs", "storageClass": "ceph-bucket"}),
    ),
    "a bucket in AWS": (ObjectStore, lambda: store(AWS)),
    "a filesystem store": (ObjectStore, lambda: store({"kind": "filesystem"})),
    "Loki": (Loki, loki),
    "Alloy": (Alloy, lambda: Alloy("alloy", CollectorSettings(), Intake(f"{URL}/loki/api/v1/push"), cluster())),
    "a canary": (Canary, lambda: Canary("canary", CanarySettings(), URL, cluster())),
    "a disabled canary": (Canary, lambda: Canary("canary", CanarySettings(enabled=False), URL, cluster())),
    "a datasource": (GrafanaDatasource, lambda: GrafanaDatasource("grafana", GrafanaSettings(), URL, cluster())),
    "a disabled datasource": (
        GrafanaDatasource,
        lambda: GrafanaDatasource("grafana", GrafanaSettings(enabled=False), URL, cluster()),
    ),
}
# The children that a component registers, where the list is short.
CHILDREN = {
    "an existing namespace": ["cluster-provider"],
    "a namespace that the stack manages": ["cluster-namespace", "cluster-provider"],
    "an embedded store": ["store-credentials", "store-s3", "store-s3-service"],
    "an embedded store with an existing Secret": ["store-s3", "store-s3-service"],
    "an S3-compatible store with an existing Secret": [],
    "an S3-compatible store with keys of the stack": ["store-credentials"],
    "an S3-compatible store with an external secret": ["store-external-secret"],
    "a bucket claim": ["store-claim"],
    "a filesystem store": [],
    "Loki": ["loki", "loki-config", "loki-overrides"],
    "Alloy": ["alloy", "alloy-config"],
    "a canary": ["canary", "canary-metrics"],
    "a disabled canary": [],
    "a datasource": ["grafana-datasource"],
    "a disabled datasource": [],
}
every_component = pytest.mark.parametrize("case", ALONE)


@cache
def recorded(case: str) -> Recording:
    return record(ALONE[case][1])


def component_of(case: str) -> Registered:
    """Return the component of a case; the recording has its cluster and its store as well."""
    return recorded(case).one(f"logstack:index:{ALONE[case][0].__name__}")


@pytest.mark.parametrize("case", CHILDREN)
def test_component_registers_its_children_only(case: str) -> None:
    children = recorded(case).children(component_of(case))
    assert sorted(child.name for child in children) == CHILDREN[case]


@every_component
def test_component_is_the_parent_of_every_resource(case: str) -> None:
    recording = recorded(case)
    parents = {component.urn for component in recording.components}
    assert {each.parent for each in recording.registered if not each.component} <= parents


@every_component
def test_component_registers_outputs(case: str) -> None:
    recording = recorded(case)
    assert {component.urn for component in recording.components} == set(recording.outputs)


@every_component
def test_kubernetes_resource_uses_the_provider_of_its_cluster_and_depends_on_it(case: str) -> None:
    recording = recorded(case)
    provider = recording.one("pulumi:providers:kubernetes")
    of_kubernetes = [each for each in recording.registered if each.type.startswith("kubernetes:")]
    assert {each.provider for each in of_kubernetes} <= {provider.urn}
    assert all(
        provider.urn in each.dependencies for each in of_kubernetes if each.type != "kubernetes:core/v1:Namespace"
    )


def test_chart_passes_the_provider_of_the_cluster_to_its_objects() -> None:
    provider = recorded("Loki").one("pulumi:providers:kubernetes")
    assert recorded("Loki").one(CHART).providers == {"kubernetes": provider.urn}


@pytest.mark.parametrize("case", ["Loki", "Alloy"])
def test_chart_depends_on_the_config_maps_that_its_pods_mount(case: str) -> None:
    recording = recorded(case)
    config_maps = {each.urn for each in recording.all(CONFIG_MAP)}
    assert config_maps
    assert config_maps <= recording.one(CHART).dependencies


def test_loki_depends_on_every_resource_of_its_object_store() -> None:
    def program() -> None:
        platform = cluster()
        settings = Settings.model_validate({"cluster": CLUSTER, "objectStore": EMBEDDED})
        Loki("loki", settings, ObjectStore("store", settings.object_store, platform, credentials=KEYS), platform)

    recording = record(program)
    of_store = {each.urn for each in recording.children(recording.one("logstack:index:ObjectStore"))}
    assert len(of_store) == 3
    assert all(of_store <= each.dependencies for each in recording.children(recording.one("logstack:index:Loki")))


def test_namespace_is_protected_and_created_before_its_objects_when_the_stack_manages_it() -> None:
    settings = CLUSTER.model_copy(update={"create_namespace": True})
    recording = record(lambda: Canary("canary", CanarySettings(), URL, cluster(settings)))
    namespace = recording.one("kubernetes:core/v1:Namespace", "cluster-namespace")
    assert namespace.protect
    assert all(
        namespace.urn in each.dependencies for each in recording.children(recording.one("logstack:index:Canary"))
    )


def test_aws_bucket_is_protected_and_retained_after_the_stack_is_destroyed() -> None:
    recording = recorded("a bucket in AWS")
    bucket = recording.one("aws:s3/bucket:Bucket")
    assert bucket.protect
    assert bucket.retain_on_delete
    assert {each.provider for each in recording.registered if each.type.startswith("aws:")} == {
        recording.one("pulumi:providers:aws").urn
    }


@pytest.mark.parametrize("case", ["Loki", "Alloy"])
def test_chart_stateful_set_orphans_its_pods_when_replaced(case: str) -> None:
    (transform,) = recorded(case).one(CHART).transforms
    annotations = {"kept": "yes"}
    props = {"metadata": {"name": "loki-write", "annotations": annotations}, "spec": {"replicas": 3}}
    options = pulumi.ResourceOptions()
    result = transform(transform_arguments("kubernetes:apps/v1:StatefulSet", props, options))
    assert result is not None
    assert result.props == {
        "metadata": {
            "name": "loki-write",
            "annotations": {"kept": "yes", "pulumi.com/deletionPropagationPolicy": "orphan"},
        },
        "spec": {"replicas": 3},
    }
    assert result.opts is options
    assert annotations == {"kept": "yes"}


@pytest.mark.parametrize("annotations", [{}, {"annotations": None}])
def test_chart_stateful_set_gets_the_orphan_annotation_when_it_has_none(annotations: dict[str, None]) -> None:
    (transform,) = recorded("Loki").one(CHART).transforms
    result = transform(
        transform_arguments("kubernetes:apps/v1:StatefulSet", {"metadata": annotations}, pulumi.ResourceOptions())
    )
    assert result is not None
    assert result.props == {"metadata": {"annotations": {"pulumi.com/deletionPropagationPolicy": "orphan"}}}


@pytest.mark.parametrize("kind", ["apps/v1:Deployment", "apps/v1:DaemonSet", "core/v1:Service", "core/v1:ConfigMap"])
def test_chart_transform_leaves_objects_unchanged_unless_they_are_stateful_sets(kind: str) -> None:
    (transform,) = recorded("Loki").one(CHART).transforms
    assert transform(transform_arguments(f"kubernetes:{kind}", {"metadata": {}}, pulumi.ResourceOptions())) is None


def transform_arguments(
    type_: str, props: dict[str, object], options: pulumi.ResourceOptions
) -> pulumi.ResourceTransformArgs:
    return pulumi.ResourceTransformArgs(custom=True, type_=type_, name="x", props=props, opts=options)


@pytest.mark.parametrize("case", ["an embedded store", "an S3-compatible store with keys of the stack"])
def test_access_key_is_in_the_secret_and_never_in_clear_text(case: str) -> None:
    recording = recorded(case)
    secret = recording.one("kubernetes:core/v1:Secret").revealed["stringData"]
    assert secret == {"AWS_ACCESS_KEY_ID": KEYS.access_key_id, "AWS_SECRET_ACCESS_KEY": KEYS.secret_access_key}
    in_clear = json.dumps([[each.plain for each in recording.registered], recording.outputs, recording.exports])
    assert str(KEYS.access_key_id) not in in_clear
    assert str(KEYS.secret_access_key) not in in_clear


def test_component_registers_a_secret_value_as_secret_in_a_config_map() -> None:
    """The SDK's Secret hides its data by itself; no other resource does."""
    inputs = kubernetes(CONFIG_MAP, "x", "logs", {}, data={"key": Secret("accessKeyId")})
    tree = ComponentTree("logstack:index:Test", "test", (Manifest(CONFIG_MAP, "x", inputs),))
    recording = record(lambda: Component(tree, after=[cluster()], secrets={"accessKeyId": "MARKEDKEY"}))
    config_map = recording.one(CONFIG_MAP)
    assert config_map.revealed["data"] == {"key": "MARKEDKEY"}
    assert "MARKEDKEY" not in json.dumps(config_map.plain)


def test_credentials_are_secrets_when_read_from_the_pulumi_config() -> None:
    keys = {"logstack:accessKeyId": "MARKEDKEY", "logstack:secretAccessKey": "marked"}
    recording = record(lambda: store(EMBEDDED, Credentials.from_config()), config=keys, secret_keys=list(keys))
    secret = recording.one("kubernetes:core/v1:Secret")
    assert secret.plain["stringData"] == "[secret]"
    assert secret.revealed["stringData"] == {"AWS_ACCESS_KEY_ID": "MARKEDKEY", "AWS_SECRET_ACCESS_KEY": "marked"}


def test_object_store_names_the_fix_when_it_needs_keys_and_gets_none() -> None:
    with pytest.raises(ValueError, match="no accessKeyId was given: pass the component its credentials"):
        record(lambda: store(EMBEDDED))


@pytest.mark.parametrize("keys", [{}, {"logstack:accessKeyId": "half of a key"}])
def test_credentials_are_none_when_the_pulumi_config_has_no_complete_key(keys: dict[str, str]) -> None:
    credentials: list[Credentials | None] = []
    record(lambda: credentials.append(Credentials.from_config()), config=keys)
    assert credentials == [None]


UNREACHABLE = {
    "an unknown context": ({"context": "elsewhere"}, "unknown kubeconfig context 'elsewhere'"),
    "another API server": (
        {"api_server": "https://10.9.9.9:6443"},
        "points at https://somewhere.example, but this stack belongs to https://10.9.9.9:6443",
    ),
}


@pytest.mark.parametrize(("changes", "message"), UNREACHABLE.values(), ids=UNREACHABLE)
def test_cluster_registers_nothing_when_the_context_is_wrong(changes: dict[str, str], message: str) -> None:
    settings = CLUSTER.model_copy(update=changes)
    monitor = RecordingMonitor()
    with pytest.raises(pulumi.RunError, match=re.escape(message)) as refused:
        record(lambda: cluster(settings), monitor=monitor)
    assert "nothing was registered" in str(refused.value)
    assert monitor.registered == []


def test_cluster_knows_no_context_when_there_is_no_kubeconfig(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(pulumi.RunError, match="contexts there: none"):
        record(cluster)


def test_component_takes_the_options_of_the_caller_and_its_children_do_not() -> None:
    options = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="before")], protect=True)
    recording = record(
        lambda: GrafanaDatasource("grafana", GrafanaSettings(), URL, cluster(), opts=options),
    )
    component = recording.one("logstack:index:GrafanaDatasource")
    assert (component.aliases, component.protect) == (1, True)
    (child,) = recording.children(component)
    assert child.aliases == 0


def test_recording_refuses_two_resources_with_one_urn_as_the_engine_does() -> None:
    def program() -> None:
        platform = cluster()
        for _ in range(2):
            Canary("canary", CanarySettings(), URL, platform)

    with pytest.raises(Exception, match="duplicate resource URN"):
        record(program)


def test_components_register_three_platforms_in_one_program() -> None:
    """A URN contains the types of a resource's parents, but not their names."""

    def register_platform(name: str, namespace: str, store_keys: Mapping[str, object]) -> None:
        cluster_settings = ClusterSettings(name=name, context="edge", namespace=namespace, create_namespace=True)
        settings = Settings.model_validate(
            {"cluster": cluster_settings, "objectStore": store_keys, "collector": {"sources": {"events": True}}}
        )
        platform = Cluster(f"{name}-cluster", cluster_settings)
        store = ObjectStore(f"{name}-store", settings.object_store, platform, credentials=KEYS)
        loki = Loki(f"{name}-loki", settings, store, platform)
        Alloy(f"{name}-alloy", settings.collector, loki.intake, platform)
        Canary(f"{name}-canary", settings.canary, loki.gateway_url, platform)
        GrafanaDatasource(f"{name}-grafana", settings.grafana, loki.gateway_url, platform)

    def program() -> None:
        register_platform("one", "logs", EMBEDDED)
        register_platform("two", "logs", EMBEDDED)
        register_platform("three", "more-logs", AWS)

    recording = record(program)
    charts = {chart.name: chart.revealed["name"] for chart in recording.all(CHART)}
    assert charts["one-loki"] == charts["two-loki"] == "loki"
    assert charts["one-alloy-events"] == "alloy-events"
    assert len({each.urn for each in recording.registered}) == len(recording.registered) > 3 * 15


def test_recording_names_the_resources_that_an_input_comes_from() -> None:
    """Other tests rely on `inputs_from` of the recording."""

    def program() -> None:
        platform = cluster()
        canary = Canary("canary", CanarySettings(), URL, platform)
        settings = Settings.model_validate({"cluster": CLUSTER, "objectStore": EMBEDDED})
        ObjectStore("store", settings.object_store, platform, credentials=Credentials(canary.urn, "known"))

    recording = record(program)
    # A resource that depends on a component depends on all children of it.
    waited_for = {each.urn for each in recording.children(recording.one("logstack:index:Canary"))}
    assert recording.one("kubernetes:core/v1:Secret").inputs_from == waited_for != set()
    # A new key rolls the pods, so the StatefulSet depends on it as well.
    assert recording.one("kubernetes:apps/v1:StatefulSet").inputs_from == waited_for
    assert recording.one("kubernetes:core/v1:Service", "store-s3-service").inputs_from == set()


def component_classes() -> list[type[Component]]:
    """Return every component class of the package, also those without a test."""
    for file in Path(components.__file__).parent.glob("*.py"):
        if file.stem != "__init__":
            importlib.import_module(f"components.{file.stem}")
    return Component.__subclasses__()


def test_every_component_class_has_a_case_of_its_own() -> None:
    assert {component for component, _ in ALONE.values()} == {
        each for each in component_classes() if each.__module__.startswith("components.")
    }


@every_component
def test_component_type_token_contains_the_name_of_its_class(case: str) -> None:
    token = component_of(case).type
    assert re.fullmatch(r"logstack:index:[A-Z][A-Za-z]+", token)
    assert token == f"logstack:index:{ALONE[case][0].__name__}"


def test_component_type_tokens_are_unique() -> None:
    tokens = {component: component_of(case).type for case, (component, _) in ALONE.items()}
    assert len(set(tokens.values())) == len(tokens)


OUTPUTS = {
    "an existing namespace": {"namespace": "logs"},
    "an embedded store": {
        "kind": "embedded",
        "bucket": "loki",
        "endpoint": "http://loki-s3.logs.svc.cluster.local:7070",
    },
    "a bucket in AWS": {"kind": "aws-s3", "bucket": "acme-logs", "endpoint": ""},
    "Loki": {"gatewayUrl": URL, "pushUrl": f"{URL}/loki/api/v1/push"},
    "Alloy": {"pushUrl": f"{URL}/loki/api/v1/push"},
    "a canary": {},
    "a datasource": {"uid": "loki"},
}


@pytest.mark.parametrize(("case", "outputs"), OUTPUTS.items(), ids=OUTPUTS)
def test_component_registers_these_outputs(case: str, outputs: dict[str, str]) -> None:
    assert recorded(case).outputs[component_of(case).urn] == outputs
