"""The Secret with the store's access key: its manifests, and notes for people."""

from typing import assert_never

from logstack.manifests.manifest import Manifest, Secret, kubernetes, labels
from logstack.manifests.stores import external_secret
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import STATIC_CREDENTIALS_SECRET, AccessKey, ExternalSecret

SECRET = "kubernetes:core/v1:Secret"  # noqa: S105 - a type token


def declarations(name: str, key: AccessKey, cluster: ClusterSettings) -> tuple[Manifest, ...]:
    """Return the manifests of the Secret; none if it exists, if another resource creates it, or without a key."""
    match key.made_by:
        case ExternalSecret() as external:
            return (external_secret.declaration(name, external, STATIC_CREDENTIALS_SECRET, cluster),)
        case "config":
            return (_from_config(name, cluster),)
        case "secret" | "claim" | "identity" | "none":
            return ()
        case never:
            assert_never(never)


def describe_source(key: AccessKey) -> str:
    """Return where Loki's pods have the key from."""
    match key.made_by:
        case ExternalSecret() as external:
            entry = f"{external.remote_key} of the {external.secret_store.kind} {external.secret_store.name}"
            return f"External Secrets is expected to copy {entry} into the Secret {key.secret}"
        case "config":
            return f"from the secrets of the Pulumi config, copied into the Secret {key.secret}"
        case "secret":
            names = f"{key.keys.access_key_id} and {key.keys.secret_access_key}"
            return f"from the Secret {key.secret} (existing): {names}"
        case "claim":
            made = f"Rook is expected to create it in the Secret {key.secret}"
            return f"{made}; pods read it, and the gateway's address, when they start"
        case "identity":
            return f"none: the pods use {key.identity}"
        case "none":
            return "none: a directory needs no key"
        case never:
            assert_never(never)


def _from_config(name: str, cluster: ClusterSettings) -> Manifest:
    """Return the Secret that Loki's pods take their keys from, filled from the Pulumi config's secrets."""
    inputs = kubernetes(
        SECRET,
        STATIC_CREDENTIALS_SECRET,
        cluster.namespace,
        labels("loki"),
        stringData={
            "AWS_ACCESS_KEY_ID": Secret("accessKeyId"),
            "AWS_SECRET_ACCESS_KEY": Secret("secretAccessKey"),
        },
    )
    return Manifest(SECRET, f"{name}-credentials", inputs)
