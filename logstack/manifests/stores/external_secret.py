"""The store's access key by External Secrets: the operator makes the Secret that Loki's pods read."""

from logstack.manifests.manifest import Json, Manifest, kubernetes, labels
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import ExternalSecret
from logstack.settings.model.quantities import loki_duration

EXTERNAL_SECRET = "kubernetes:external-secrets.io/v1:ExternalSecret"  # noqa: S105 - a type token


def declaration(name: str, external: ExternalSecret, secret: str, cluster: ClusterSettings) -> Manifest:
    """Return the ExternalSecret; `secret` is what it makes, which stays when the other system loses the entry."""
    waits = {} if cluster.skip_await else {"pulumi.com/waitFor": "condition=Ready"}
    inputs = kubernetes(
        EXTERNAL_SECRET,
        secret,
        cluster.namespace,
        labels("loki"),
        annotations=waits,
        spec={
            "refreshInterval": loki_duration(external.refresh_interval),
            "secretStoreRef": {"kind": external.secret_store.kind, "name": external.secret_store.name},
            "target": {"name": secret, "creationPolicy": "Owner", "deletionPolicy": "Retain"},
            "data": [
                _entry("AWS_ACCESS_KEY_ID", external.remote_key, external.properties.access_key_id),
                _entry("AWS_SECRET_ACCESS_KEY", external.remote_key, external.properties.secret_access_key),
            ],
        },
    )
    return Manifest(EXTERNAL_SECRET, f"{name}-external-secret", inputs)


def _entry(key: str, remote_key: str, remote_property: str) -> dict[str, Json]:
    return {"secretKey": key, "remoteRef": {"key": remote_key, "property": remote_property}}
