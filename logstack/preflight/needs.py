"""What a stack needs of its cluster and does not bring: namespaces, kinds, storage classes, and objects of others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from logstack.manifests.cluster.resources import NAMESPACE
from logstack.manifests.manifest import ComponentTree, Manifest
from logstack.settings.checks.acknowledgements import INGRESS_TARGET_MISSING
from logstack.settings.checks.object_store import stores
from logstack.settings.model.access import HASHES_KEY, PASSWORD_KEY, ControllerIngress, GatewayRoute
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import AccessKey, ExternalSecret
from logstack.settings.problems import Rule
from logstack.settings.tree import Settings

OBJECT_MISSING = Rule(
    "cluster-object-missing", "the pods that need it do not start, and the update waits for them until it fails"
)
DNS_MISSING = Rule(
    "dns-service-missing", 'the gateway\'s nginx does not start: "host not found in resolver" (measured: nginx 1.22)'
)
# What asks for a volume that was made by hand; the charts write the first as the second.
_NO_CLASS = ("-", "")


class Kind(NamedTuple):
    """A kind of the Kubernetes API."""

    name: str
    api_version: str
    plural: str


SECRET = Kind("Secret", "v1", "secrets")
_SERVICE = Kind("Service", "v1", "services")
_INGRESS_CLASS = Kind("IngressClass", "networking.k8s.io/v1", "ingressclasses")
_GATEWAY = Kind("Gateway", "gateway.networking.k8s.io/v1", "gateways")
_ISSUER = Kind("Issuer", "cert-manager.io/v1", "issuers")
_CLUSTER_ISSUER = Kind("ClusterIssuer", "cert-manager.io/v1", "clusterissuers")
_SECRET_STORES = {
    "SecretStore": Kind("SecretStore", "external-secrets.io/v1", "secretstores"),
    "ClusterSecretStore": Kind("ClusterSecretStore", "external-secrets.io/v1", "clustersecretstores"),
}


@dataclass(frozen=True)
class ExistingObject:
    """An object that the stack file names and that somebody else makes."""

    key: str
    """The key of the stack file that names it, without `logstack:`."""
    kind: Kind
    name: str
    namespace: str | None = None
    """None for an object of the whole cluster."""
    data_keys: tuple[str, ...] = ()
    """The keys of a Secret that the pods read."""
    rule: Rule = OBJECT_MISSING
    """What it breaks if it is missing."""
    search: str = ""
    """The command that finds it under another name; without one it can be created."""

    @property
    def fix(self) -> str:
        """How to fix it if it is missing."""
        if self.search:
            return f"correct logstack:{self.key}; this finds it:\n{self.search}"
        return f"create it, or correct logstack:{self.key}"


def namespaces(components: Sequence[ComponentTree]) -> dict[str, str]:
    """Return the namespaces that objects go to and that the stack does not make, each with the key that names it."""
    made = {_metadata(manifest)["name"] for _, manifest in _manifests(components) if manifest.type == NAMESPACE}
    key_by_namespace: dict[str, str] = {}
    for component, manifest in _manifests(components):
        name = _metadata(manifest).get("namespace", manifest.inputs.get("namespace"))
        if isinstance(name, str) and name not in made:
            key = "grafana.namespace" if component.name == "grafana" else "cluster.namespace"
            key_by_namespace.setdefault(name, key)
    return key_by_namespace


def kinds(components: Sequence[ComponentTree]) -> dict[str, dict[str, str]]:
    """Return the kinds that the stack declares by their API version, each with the first object of the kind.

    Charts render none but Kubernetes' own kinds, which the oldest supported version has.
    """
    kinds_by_version: dict[str, dict[str, str]] = {}
    for component, manifest in _manifests(components):
        if "apiVersion" in manifest.inputs:
            of_version = kinds_by_version.setdefault(str(manifest.inputs["apiVersion"]), {})
            of_version.setdefault(str(manifest.inputs["kind"]), f"{component.name}/{manifest.name}")
    return kinds_by_version


def storage_classes(components: Sequence[ComponentTree]) -> dict[str | None, str]:
    """Return the StorageClasses of volumes and buckets, each with the key that names it; None is the default class."""
    key_by_class: dict[str | None, str] = {}
    for component, manifest in _manifests(components):
        key = "objectStore.storageClass" if component.name == "store" else "storageClass"
        for name in _classes(manifest.inputs):
            if name not in _NO_CLASS:
                key_by_class.setdefault(name, key)
    return key_by_class


def existing_objects(settings: Settings) -> Iterator[ExistingObject]:
    """Return the objects that the stack file names and that somebody else makes."""
    cluster = settings.cluster
    for name in dict.fromkeys(settings.images.pull_secrets):
        yield ExistingObject("images.pullSecrets", SECRET, name, cluster.namespace)
    for path, store in stores(settings):
        yield from _of_key(path, store.access_key, cluster)
        if certificate := store.ca_certificate:
            here, secret = cluster.namespace, certificate.secret
            yield ExistingObject(f"{path}.caSecret", SECRET, secret, here, data_keys=(certificate.key,))
    if auth := settings.gateway.auth:
        keys = (HASHES_KEY, PASSWORD_KEY)
        name = auth.credentials_secret
        yield ExistingObject("gateway.auth.credentialsSecret", SECRET, name, cluster.namespace, keys)
    yield from _of_ingress(settings)
    if not cluster.skip_await:  # no pod of the gateway has to start
        yield ExistingObject(
            "cluster.dnsService",
            _SERVICE,
            cluster.dns_service,
            cluster.dns_namespace,
            rule=DNS_MISSING,
            search=f"kubectl --context {cluster.context} get services --all-namespaces | grep -i dns",
        )


def _of_key(path: str, key: AccessKey, cluster: ClusterSettings) -> Iterator[ExistingObject]:
    match key:
        case AccessKey("secret", str() as name):
            keys = (key.keys.access_key_id, key.keys.secret_access_key)
            yield ExistingObject(f"{path}.credentialsSecret", SECRET, name, cluster.namespace, keys)
        case AccessKey(ExternalSecret(secret_store=store)):
            kind = _SECRET_STORES[store.kind]
            namespace = cluster.namespace if store.kind == "SecretStore" else None
            yield ExistingObject(f"{path}.externalSecret.secretStore", kind, store.name, namespace)


def _of_ingress(settings: Settings) -> Iterator[ExistingObject]:
    rule, namespace = INGRESS_TARGET_MISSING, settings.cluster.namespace
    match settings.ingress:
        case GatewayRoute(gateway=gateway):
            where = gateway.namespace or namespace
            yield ExistingObject("ingress.gateway", _GATEWAY, gateway.name, where, rule=rule)
        case ControllerIngress(class_name=class_name, tls=tls):
            if class_name:
                yield ExistingObject("ingress.className", _INGRESS_CLASS, class_name, rule=rule)
            if tls and tls.issuer:
                yield ExistingObject("ingress.tls.issuer", _ISSUER, tls.issuer, namespace, rule=rule)
            if tls and tls.cluster_issuer:
                yield ExistingObject("ingress.tls.clusterIssuer", _CLUSTER_ISSUER, tls.cluster_issuer, rule=rule)


def _manifests(components: Sequence[ComponentTree]) -> Iterator[tuple[ComponentTree, Manifest]]:
    for component in components:
        for manifest in component.manifests:
            if manifest.type.startswith("kubernetes:"):
                yield component, manifest


def _metadata(manifest: Manifest) -> Mapping[str, object]:
    metadata = manifest.inputs.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def _classes(node: object) -> Iterator[str | None]:
    """Return the StorageClasses in an object or in a chart's values; None for a volume that names none."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "volumeClaimTemplates":
                yield from (_name(template["spec"].get("storageClassName")) for template in value)
            elif key == "persistence":
                yield from (_name(claim.get("storageClass")) for claim in value.get("claims", [value]))
            elif key == "storageClassName":
                yield str(value)
            else:
                yield from _classes(value)
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for item in node:
            yield from _classes(item)


def _name(storage_class: object) -> str | None:
    return None if storage_class is None else str(storage_class)
