"""Staging on a real cluster, from its first up to its last: each test continues where the one before it ended.

The stack file differs from the shipped one in the context, its address, and the settings for one small node
(`singleNode`, the smallest size).
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from logstack.settings.load.stack_file import Value
from tests.support.engine import Project
from tests.support.live import Live
from tests.support.talker import talker

pytestmark = pytest.mark.cluster

STACK, NAMESPACE = "staging", "monitoring"
GUESTS = {"shop": "till", "bank": "teller"}
LOKI = "app.kubernetes.io/name=loki,app.kubernetes.io/component in (write, read, backend)"
# Seed 002's labels; `app` comes besides where a pod has app.kubernetes.io/name.
SEED_LABELS = {"cluster", "namespace", "pod", "container", "job", "stream", "container_runtime"}


@pytest.fixture(scope="module")
def platform(cluster: Live, deploying: Project) -> Iterator[Project]:
    """Bring staging up, and remove everything at the end."""
    for name in (NAMESPACE, *GUESTS):  # they exist before the stack
        cluster.remove_namespace(name)
        cluster.namespace(name)
    for guest, app in GUESTS.items():
        cluster.core.create_namespaced_pod(guest, talker(app))
    cluster_settings: Value = {"context": cluster.context, "apiServer": cluster.server, "singleNode": True}
    deploying.edit(STACK, {"cluster": cluster_settings, "size": "extra-small"})
    try:
        assert deploying.up(STACK).failed == ""
        yield deploying
    finally:
        deploying.destroy(STACK)
        for name in (NAMESPACE, *GUESTS):
            cluster.remove_namespace(name)


def replaced_pods(cluster: Live, before: dict[str, str]) -> set[str]:
    """Return the names of the earlier pods that are gone or replaced; a Deployment's new pods have new names."""
    now = {pod.name: pod.uid for pod in cluster.pods(NAMESPACE)}
    return {name for name, uid in before.items() if now.get(name) != uid}


def uids(cluster: Live, selector: str = "") -> dict[str, str]:
    return {pod.name: pod.uid for pod in cluster.pods(NAMESPACE, selector)}


def test_every_pod_becomes_ready(cluster: Live, platform: Project, measured: Callable[[str], None]) -> None:
    seconds = cluster.settle(NAMESPACE)
    pods = cluster.pods(NAMESPACE)
    measured(f"staging on the cluster: {len(pods)} pods ready {seconds:.0f} s after the up")
    assert len(pods) == 15  # 3 write, 3 read, 3 backend, 2 gateway, Alloy, Alloy for events, canary, store
    assert platform.preview(STACK).changes == ()


@pytest.mark.usefixtures("platform")
def test_canary_misses_nothing_through_the_collector(cluster: Live, measured: Callable[[str], None]) -> None:
    count = cluster.canary(NAMESPACE, more=40)
    measured(f"after the first up, {count}, {count.duplicates} twice")
    assert count.missing == 0


@pytest.mark.usefixtures("platform")
def test_logql_through_the_gateway_finds_every_namespace_by_the_seeds_labels(cluster: Live) -> None:
    for namespace in (NAMESPACE, *GUESTS):
        streams = cluster.streams(NAMESPACE, f'{{namespace="{namespace}", stream=~".+"}}', limit=50)
        assert streams, f"no line of {namespace}"
        for stream in streams:
            assert stream["stream"].keys() >= SEED_LABELS, namespace
            assert stream["stream"]["cluster"] == "staging"
    for guest, app in GUESTS.items():
        streams = cluster.streams(NAMESPACE, f'{{namespace="{guest}", app="{app}"}}', limit=5)
        assert {stream["stream"]["job"] for stream in streams} == {f"{guest}/{app}"}


@pytest.mark.usefixtures("platform")
def test_each_kubernetes_event_is_stored_once(cluster: Live, measured: Callable[[str], None]) -> None:
    entries = cluster.events(NAMESPACE, more_than=20)
    twice = [line for line, times in Counter(entries).items() if times > 1]
    assert twice == []
    measured(f"Kubernetes events: {len(entries)}, none twice")


def test_retention_change_rolls_only_the_loki_pods_and_loses_nothing(
    cluster: Live, platform: Project, measured: Callable[[str], None]
) -> None:
    loki_pods, all_pods = uids(cluster, LOKI), uids(cluster)
    platform.edit(STACK, {"retention": "14d"})
    started = time.monotonic()
    changed = platform.up(STACK)
    assert {step.name.rpartition("/")[2] for step in changed.of("update")} == {
        "loki-config",
        "loki-write",
        "loki-read",
        "loki-backend",
    }
    cluster.settle(NAMESPACE)
    seconds = time.monotonic() - started
    assert replaced_pods(cluster, loki_pods) == loki_pods.keys(), "some Loki pod was not replaced"
    assert replaced_pods(cluster, all_pods) == loki_pods.keys(), "a pod that is not Loki's was replaced"
    count = cluster.canary(NAMESPACE, more=30)
    measured(f"a retention change: nine Loki pods rolled in {seconds:.0f} s; {count}")
    assert count.missing == 0


def edit_by_hand(cluster: Live, kind: str, name: str, spec: dict[str, object]) -> None:
    """As `kubectl edit` does: the fields are its own from now on."""
    workloads = cluster.dynamic.resources.get(api_version="apps/v1", kind=kind)
    patch = {"metadata": {"labels": {"edited": "by-hand"}}, "spec": spec}
    workloads.patch(
        body=patch,
        name=name,
        namespace=NAMESPACE,
        content_type="application/strategic-merge-patch+json",
        field_manager="kubectl-edit",
    )


def test_up_with_refresh_undoes_edits_by_hand(cluster: Live, platform: Project) -> None:
    edit_by_hand(cluster, "Deployment", "loki-gateway", {"replicas": 1})
    cluster.core.delete_namespaced_service("loki-memberlist", NAMESPACE)
    drifted = platform.preview(STACK, refresh=True)
    assert {step.name.rpartition("/")[2] for step in drifted.changes} >= {"loki-gateway", "loki-memberlist"}
    undone = platform.up(STACK, refresh=True)
    assert undone.failed == ""
    gateway = cluster.dynamic.resources.get(api_version="apps/v1", kind="Deployment").get("loki-gateway", NAMESPACE)
    assert gateway.spec.replicas == 2
    assert gateway.metadata.labels["edited"] == "by-hand", "a field that the stack does not set was changed"
    owners = {each.manager: str(each.fieldsV1) for each in gateway.metadata.managedFields}
    assert "replicas" in owners["pulumi-kubernetes"]
    assert "replicas" not in owners["kubectl-edit"]
    assert cluster.core.read_namespaced_service("loki-memberlist", NAMESPACE)
    cluster.settle(NAMESPACE)


@pytest.mark.usefixtures("platform")
def test_killed_collector_loses_nothing(cluster: Live, measured: Callable[[str], None]) -> None:
    (alloy,) = cluster.pods(NAMESPACE, "app.kubernetes.io/instance=alloy")
    before = cluster.canary(NAMESPACE)
    cluster.kill(NAMESPACE, alloy.name)
    cluster.settle(NAMESPACE)
    after = cluster.canary(NAMESPACE, more=40)
    measured(f"a collector pod killed; {after}, {after.duplicates - before.duplicates} seen twice")
    assert after.missing == 0


def test_new_volume_template_keeps_pods_and_volumes(
    cluster: Live, platform: Project, measured: Callable[[str], None]
) -> None:
    pods, claims = uids(cluster), cluster.claims(NAMESPACE)
    platform.edit(STACK, {"resources": {"write": {"cpu": "100m", "memory": "512Mi", "disk": "6Gi"}}})
    changed = platform.up(STACK)
    assert changed.failed == ""
    assert [step.name.rpartition("/")[2] for step in changed.of("replace")] == ["loki-write"]
    cluster.settle(NAMESPACE)
    assert replaced_pods(cluster, pods) == set(), "a pod was replaced"
    assert cluster.claims(NAMESPACE) == claims
    assert all(pod.owned for pod in cluster.pods(NAMESPACE)), "the new StatefulSet has not taken the pods over"
    measured("a new volume template: 0 pods restarted, every claim kept")


def test_new_credentials_reach_the_store_and_loki(
    cluster: Live, platform: Project, measured: Callable[[str], None]
) -> None:
    """The same roll brings replication factor 3 for the tests after it."""
    before = uids(cluster)
    platform.edit(STACK, {"replicationFactor": 3})
    started = time.monotonic()
    changed = platform.up(STACK, secrets={"logstack:secretAccessKey": "marker-secret-rotated"})
    assert changed.failed == ""
    cluster.settle(NAMESPACE, seconds=600)
    seconds = time.monotonic() - started
    assert replaced_pods(cluster, before) == {
        name for name in before if re.match(r"loki-(write|read|backend|s3)", name)
    }
    count = cluster.canary(NAMESPACE, more=40)
    measured(f"new credentials: store and nine Loki pods rolled in {seconds:.0f} s; {count}")
    assert count.missing == 0


@pytest.mark.usefixtures("platform")
def test_killed_writer_at_replication_factor_3_loses_nothing(cluster: Live, measured: Callable[[str], None]) -> None:
    cluster.kill(NAMESPACE, "loki-write-1")
    cluster.settle(NAMESPACE)
    count = cluster.canary(NAMESPACE, more=40)
    measured(f"a writer killed at replication 3; {count}")
    assert count.missing == 0


def test_second_up_finds_the_data_of_a_destroyed_stack(
    cluster: Live, platform: Project, measured: Callable[[str], None]
) -> None:
    query = '{namespace="shop", app="till"}'
    written = set(cluster.lines(NAMESPACE, query))
    assert written
    claims = cluster.claims(NAMESPACE)
    assert platform.destroy(STACK).failed == ""
    assert NAMESPACE in cluster.namespaces()
    assert cluster.claims(NAMESPACE) == claims
    remaining_pods = cluster.pods(NAMESPACE)
    assert {re.sub(r"-\d+$", "", pod.name) for pod in remaining_pods if not pod.ending} <= {
        "loki-write",
        "loki-backend",
        "loki-s3",
    }, "docs/reference/resources.md says which pods stay, and how they go"
    for selector in ("app.kubernetes.io/instance=loki", "app.kubernetes.io/name=loki-s3"):
        cluster.core.delete_collection_namespaced_pod(NAMESPACE, label_selector=selector)
    cluster.until(lambda: not cluster.pods(NAMESPACE), "all pods are gone", seconds=420)
    assert platform.up(STACK).failed == ""
    cluster.settle(NAMESPACE)
    cluster.until(lambda: written <= set(cluster.lines(NAMESPACE, query)), "the earlier lines", seconds=120)
    measured(f"after a destroy and a second up: all {len(written)} earlier lines found, {len(claims)} claims kept")
