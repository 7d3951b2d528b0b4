"""What the program asks a cluster before it registers anything, asked of a real API server."""

import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from logstack.manifests.deployment import deployment
from logstack.preflight.api_server import Answer, ApiServer, NoAnswer, connect
from logstack.preflight.questions import refuse_unfit_cluster
from logstack.settings.load.stack_file import Value
from logstack.settings.problems import Problem, StackProblems
from logstack.settings.tree import Settings
from tests.support.live import Live
from tests.support.stacks import ROOT
from tests.support.stores import Server

pytestmark = pytest.mark.cluster

NAMESPACE, SECRET = "asking", "store-key"
KEYS = {"AWS_ACCESS_KEY_ID": "marker-id-5b1d", "AWS_SECRET_ACCESS_KEY": "marker-value-8c2e"}


def settings(cluster: Live, **changed: Value) -> Settings:
    """A stack that names much of others."""
    place = {"name": "lab", "context": cluster.context, "namespace": NAMESPACE}
    store = {
        "kind": "s3-compatible",
        "endpoint": "http://10.0.0.9:9000",
        "bucket": "lines",
        "credentialsSecret": SECRET,
    }
    stated = {"cluster": place, "deploymentMode": "monolithic", "replicas": {"monolithic": 3}, "objectStore": store}
    return Settings.model_validate({**stated, **changed})


def problems(server: ApiServer, stack: Settings) -> dict[str, Problem]:
    """What is said about the stack, by name; a real node has room for little, or for much."""
    try:
        found = refuse_unfit_cluster(stack, deployment(stack), server.get)
    except StackProblems as refusal:
        found = list(refusal.problems)
    return {problem.name: problem for problem in found if problem.name != "nodes-too-small"}


@pytest.fixture
def namespace(cluster: Live) -> Iterator[None]:
    cluster.remove_namespace(NAMESPACE)
    cluster.namespace(NAMESPACE)
    yield
    cluster.remove_namespace(NAMESPACE)


@pytest.fixture
def server(cluster: Live) -> ApiServer:
    return connect(settings(cluster).cluster, [cluster.kubeconfig])


def test_missing_namespace_is_the_only_problem_about_it(
    cluster: Live, server: ApiServer, measured: Callable[[str], None]
) -> None:
    cluster.remove_namespace(NAMESPACE)
    started = time.monotonic()
    found = problems(server, settings(cluster))
    measured(f"questions about a stack: {time.monotonic() - started:.3f} s")
    assert found["namespace-missing"].what.endswith(f'has no namespace "{NAMESPACE}", and the stack does not create it')
    assert "cluster-object-missing" not in found


@pytest.mark.usefixtures("namespace")
def test_problems_name_what_is_missing(cluster: Live, server: ApiServer) -> None:
    route: Value = {"kind": "gateway-api", "host": "logs.example.com", "gateway": {"name": "nobody-s"}}
    stack = settings(cluster, ingress=route, storageClass="nobody-s", grafana={"namespace": "nobody-s"})
    dns = stack.model_copy(update={"cluster": stack.cluster.model_copy(update={"dns_service": "nobody-s"})})
    found = problems(server, dns)
    assert 'has no namespace "nobody-s"' in found["namespace-missing"].what
    assert 'has no StorageClass "nobody-s"' in found["storage-class-missing"].what
    assert 'has no Service "nobody-s"' in found["dns-service-missing"].what
    assert f'"{NAMESPACE}" has no Secret "{SECRET}"' in found["cluster-object-missing"].what
    assert "the stack needs 3 nodes" in found["nodes-too-few"].what
    definitions = cluster.dynamic.resources.get(
        api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition"
    ).get()
    installed = {each.metadata.name for each in definitions.items}  # other tests may have installed it
    assert ("kind-missing" in found) == ("httproutes.gateway.networking.k8s.io" not in installed)


def an_object(data: Mapping[str, str], part: str) -> dict[str, Any]:
    metadata = {"name": SECRET, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, part: dict(data)}


def created(cluster: Live, values: Mapping[str, str]) -> None:
    """As `kubectl create secret` does it."""
    cluster.core.create_namespaced_secret(NAMESPACE, an_object(values, "stringData"))


def applied(cluster: Live, values: Mapping[str, str]) -> None:
    """As `kubectl apply --server-side` does it, Flux and Pulumi."""
    Server(cluster.dynamic).update(an_object(values, "stringData"), force=False)


def applied_and_disowned(cluster: Live, values: Mapping[str, str]) -> None:
    """Keys that are no more applied stay, and are nobody's."""
    applied(cluster, values)
    applied(cluster, {"another": "value"})


@pytest.mark.usefixtures("namespace")
@pytest.mark.parametrize("write", [created, applied, applied_and_disowned])
def test_keys_of_a_secret_are_found_whoever_wrote_them(
    cluster: Live, server: ApiServer, write: Callable[[Live, Mapping[str, str]], None]
) -> None:
    write(cluster, KEYS)
    assert not {"cluster-object-missing", "secret-key-missing"} & problems(server, settings(cluster)).keys()


@pytest.mark.usefixtures("namespace")
@pytest.mark.parametrize("write", [created, applied])
def test_problem_about_a_missing_key_shows_no_value(
    cluster: Live, write: Callable[[Live, Mapping[str, str]], None]
) -> None:
    write(cluster, {"AWS_ACCESS_KEY_ID": KEYS["AWS_ACCESS_KEY_ID"], "SECRET": KEYS["AWS_SECRET_ACCESS_KEY"]})
    server = connect(settings(cluster).cluster, [cluster.kubeconfig])
    answers: list[Answer] = []

    def get(path: str, accept: str) -> Answer:
        answers.append(server.get(path, accept))
        return answers[-1]

    found = problems(ApiServer(server.version, get), settings(cluster))
    assert found["secret-key-missing"].what == f'the Secret "{SECRET}" has no key AWS_SECRET_ACCESS_KEY'
    for value in KEYS.values():
        assert value not in repr(answers)
        assert b64encode(value.encode()).decode() not in repr(answers)


@pytest.mark.usefixtures("namespace")
def test_preview_role_may_read_everything_but_secrets(cluster: Live, tmp_path: Path) -> None:
    """The role of docs/reference/ci/preview-rbac.yaml, in a namespace of this test's own."""
    store = Server(cluster.dynamic)
    text = (ROOT / "docs/reference/ci/preview-rbac.yaml").read_text()
    role: list[dict[str, Any]] = list(
        yaml.safe_load_all(text.replace("namespace: monitoring", f"namespace: {NAMESPACE}"))
    )
    for each in role:
        store.create(each, upsert=True)
    try:
        request = {"spec": {"expirationSeconds": 600}}
        token = cluster.core.create_namespaced_service_account_token(
            "logstack-preview", NAMESPACE, request
        ).status.token
        document = yaml.safe_load(cluster.kubeconfig.read_text())
        document["users"] = [{"name": each["name"], "user": {"token": token}} for each in document["users"]]
        file = tmp_path / "kubeconfig"
        file.write_text(yaml.safe_dump(document))
        stack = settings(cluster, storageClass="nobody-s", grafana={"namespace": "nobody-s"})
        asked: dict[str, Answer] = {}
        server = connect(stack.cluster, [file])

        def get(path: str, accept: str) -> Answer:
            asked[path] = server.get(path, accept)
            return asked[path]

        found = problems(ApiServer(server.version, get), stack)
    finally:
        for each in role:
            store.delete(each, orphan=False)
    assert [path for path, answer in asked.items() if answer is NoAnswer.NOT_ALLOWED] == [
        f"/api/v1/namespaces/{NAMESPACE}/secrets/{SECRET}"
    ]
    assert {"namespace-missing", "storage-class-missing", "nodes-too-few"} <= found.keys()
    assert "cluster-object-missing" not in found
