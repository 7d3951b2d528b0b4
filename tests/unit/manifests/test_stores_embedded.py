"""The embedded store: its pod, its volume, its Service and its key."""

from collections.abc import Mapping
from typing import Any

from logstack.manifests.stores import embedded
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import EmbeddedStore
from logstack.settings.model.sizes import SIZES, SizeName

CLUSTER = ClusterSettings(name="production", context="production")
SIZE = SIZES[SizeName.SMALL]["object-store"]


def pod_of(store: EmbeddedStore) -> dict[str, Any]:
    _, stateful_set = embedded.declarations("store", store, SIZE, CLUSTER)
    spec: Any = stateful_set.inputs["spec"]
    pod: dict[str, Any] = spec["template"]["spec"]
    return pod


def test_embedded_bucket_is_a_directory_of_the_volume() -> None:
    store = EmbeddedStore(kind="embedded", bucket="loki-staging")
    (container,) = pod_of(store)["containers"]
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    assert mounts["/data/loki-staging"] == {
        "name": "data",
        "mountPath": "/data/loki-staging",
        "subPath": "loki-staging",
    }
    assert container["args"][-2:] == ["posix", "/data"]


def test_embedded_server_uses_the_same_access_key_as_loki() -> None:
    (container,) = pod_of(EmbeddedStore(kind="embedded"))["containers"]
    assert {
        (entry["valueFrom"]["secretKeyRef"]["name"], entry["valueFrom"]["secretKeyRef"]["key"])
        for entry in container["env"]
        if "valueFrom" in entry
    } == {("loki-s3-credentials", "AWS_ACCESS_KEY_ID"), ("loki-s3-credentials", "AWS_SECRET_ACCESS_KEY")}


def test_embedded_service_has_the_name_in_the_endpoint_of_loki() -> None:
    service, stateful_set = embedded.declarations("store", EmbeddedStore(kind="embedded"), SIZE, CLUSTER)
    metadata, spec = service.inputs["metadata"], stateful_set.inputs["spec"]
    assert isinstance(metadata, Mapping)
    assert isinstance(spec, Mapping)
    assert embedded.endpoint(CLUSTER) == f"http://{metadata['name']}.{metadata['namespace']}.svc.cluster.local:7070"
    assert spec["serviceName"] == metadata["name"]


def test_embedded_volume_is_retained_when_the_pod_is_deleted() -> None:
    store = EmbeddedStore(kind="embedded", storage_class="fast")
    _, stateful_set = embedded.declarations("store", store, SIZE, CLUSTER)
    spec: Any = stateful_set.inputs["spec"]
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == "fast"
    metadata: Any = stateful_set.inputs["metadata"]
    assert metadata["annotations"] == {"pulumi.com/deletionPropagationPolicy": "orphan"}
