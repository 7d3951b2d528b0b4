"""A bucket by Rook's claim, and an access key by External Secrets: the objects, and the environment of Loki's pods."""

from typing import Any

from logstack.manifests.stores.kinds import store_access
from logstack.settings.tree import Settings
from tests.support.stacks import changed, chart_values, declarations, settings_of

CEPH, CEPH_SSD = settings_of("ceph"), settings_of("ceph-ssd")


def declared(stack: Settings, name: str) -> Any:
    return declarations(stack)[f"store/{name}"]


def values_of(stack: Settings) -> Any:
    return chart_values(stack, "loki")


def test_bucket_claim_names_its_bucket_and_is_awaited() -> None:
    claim = declared(CEPH, "store-claim")
    assert claim.inputs["spec"] == {"bucketName": "loki-chunks", "storageClassName": "ceph-bucket"}
    assert claim.inputs["metadata"]["annotations"] == {"pulumi.com/waitFor": "jsonpath={.status.phase}=Bound"}
    assert (claim.protect, claim.retain_on_delete) == (True, True)


def test_store_objects_are_not_awaited_when_the_cluster_skips_the_await() -> None:
    for stack, name in ((CEPH, "store-claim"), (CEPH_SSD, "store-external-secret")):
        asleep = changed(stack, cluster={**stack.cluster.model_dump(), "skip_await": True})
        assert "annotations" not in declared(asleep, name).inputs["metadata"]


def test_pods_take_the_access_key_and_address_from_the_secret_and_config_map_of_rook() -> None:
    values = values_of(CEPH)
    name = declared(CEPH, "store-claim").inputs["metadata"]["name"]
    assert values["defaults"]["extraEnvFrom"] == [{"secretRef": {"name": name}}, {"configMapRef": {"name": name}}]


def test_claim_endpoint_is_https_when_the_gateway_has_tls() -> None:
    store = {**CEPH.object_store.model_dump(), "tls": True}
    access = store_access(changed(CEPH, object_store=store).object_store, CEPH.cluster)
    assert access.endpoint == "https://${BUCKET_HOST}:${BUCKET_PORT}"
    assert access.storage["insecure"] is False
    assert access.storage["s3forcepathstyle"] is True


def test_claim_name_differs_from_the_names_of_the_stack() -> None:
    """Rook gives its Secret and ConfigMap the name of the claim, not of the bucket."""
    for bucket in ("loki-config", "loki-overrides", "alloy-config"):
        stack = changed(CEPH, object_store={**CEPH.object_store.model_dump(), "bucket": bucket})
        metadata: list[Any] = [each.inputs.get("metadata", {}) for each in declarations(stack).values()]
        own = {each["name"] for each in metadata if "name" in each} - {f"{bucket}-bucket"}
        assert bucket in own
        assert declared(stack, "store-claim").inputs["metadata"]["name"] not in own


def test_external_secret_creates_the_secret_that_pods_read() -> None:
    secret = declared(CEPH_SSD, "store-external-secret")
    spec, values = secret.inputs["spec"], values_of(CEPH_SSD)
    assert spec["target"]["name"] == "loki-s3-credentials"
    assert values["defaults"]["extraEnvFrom"] == [{"secretRef": {"name": "loki-s3-credentials"}}]
    assert [(each["secretKey"], each["remoteRef"]["property"]) for each in spec["data"]] == [
        ("AWS_ACCESS_KEY_ID", "access-key-id"),
        ("AWS_SECRET_ACCESS_KEY", "secret-access-key"),
    ]


def test_chart_values_have_no_fingerprint_when_the_stack_does_not_know_the_key() -> None:
    for stack in (CEPH, CEPH_SSD):
        assert not store_access(stack.object_store, stack.cluster).credentials_are_ours
        assert "fingerprint" not in repr(chart_values(stack, "loki"))
