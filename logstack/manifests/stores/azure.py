"""The object store in Azure: a container of the stack's own or an existing one, and the one role on it for Loki."""

import uuid
from collections.abc import Mapping

from logstack.manifests.manifest import Json, Manifest, OutputOf, kubernetes, labels
from logstack.manifests.stores.access import SERVICE_ACCOUNT, StoreAccess
from logstack.manifests.stores.kind import StoreKind, management
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import AzureStore

OWN_SERVICE_ACCOUNT = "loki-azure"
"""The service account of Loki's pods if the stack creates the identity.

Azure gives the identity its client ID when it is created, and a chart's values are known at preview: so the annotation
is on a service account of our own. It has a name of its own, because the chart deletes `loki` after this one is there.
"""

# Storage Blob Data Contributor (Azure built-in roles): reads, writes, lists and deletes blobs.
_ROLE = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
_AUDIENCE = {
    "public": "api://AzureADTokenExchange",
    "usgovernment": "api://AzureADTokenExchangeUSGov",
    "china": "api://AzureADTokenExchangeChina",
}
_ENDPOINT_SUFFIX = {"usgovernment": "blob.core.usgovcloudapi.net", "china": "blob.core.chinacloudapi.cn"}
"""Where blobs are outside Azure itself, whose suffix is the client's default."""

# Annotations of a service account (Azure/azure-workload-identity).
_CLIENT_ID = "azure.workload.identity/client-id"
_TENANT_ID = "azure.workload.identity/tenant-id"

_ACCOUNT_TYPE = "Microsoft.Storage/storageAccounts"
_PROVIDER = "pulumi:providers:azure-native"
_ACCOUNT = "azure-native:storage:StorageAccount"
_CONTAINER = "azure-native:storage:BlobContainer"
_IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
_CREDENTIAL = "azure-native:managedidentity:FederatedIdentityCredential"
_ROLE_ASSIGNMENT = "azure-native:authorization:RoleAssignment"
# What the names of a container's resources begin with, by its key.
_SUFFIXES = {"container": "", "rulesContainer": "rules-"}
_SERVICE_ACCOUNT = "kubernetes:core/v1:ServiceAccount"


def store_kind(store: AzureStore, cluster: ClusterSettings) -> StoreKind:
    """Return the record of the store's kind."""
    region = f" in {store.location}" if store.location else ""
    rules = f", rules in container {store.rules_container}" if store.rules_container else ""
    return StoreKind(
        access=_access(store),
        location=f"container {store.container} of {store.account}{region} ({management(created=store.create)}){rules}",
        label=f"Azure container {store.container}<br/>{store.account}{region}",
        declare=lambda name, _size, _options: declarations(name, store, cluster),
    )


def _access(store: AzureStore) -> StoreAccess:
    """How Loki reaches the container: by Thanos' client, with the token that the webhook's variables lead to.

    Unlike the other client of Loki 3.7.8, it asks the authority in AZURE_AUTHORITY_HOST (grafana/loki#21219), so it
    works outside Azure itself too; tests/real/test_clouds.py shows both.
    """
    section: dict[str, Json] = {"account_name": store.account, "container_name": store.container}
    if suffix := _ENDPOINT_SUFFIX.get(store.environment):
        section["endpoint_suffix"] = suffix
    rules_container = store.rules_container or store.container
    client = store.identity.client_id
    return StoreAccess(
        kind="azure",
        storage=section,
        rules={"backend": "azure", "azure": {**section, "container_name": rules_container}},
        by_thanos=True,
        bucket=store.container,
        rules_bucket=rules_container,
        access_key=store.access_key,
        service_account=SERVICE_ACCOUNT if client else OWN_SERVICE_ACCOUNT,
        service_account_annotations={_CLIENT_ID: client, **_tenant(store)} if client else {},
        pod_labels={"azure.workload.identity/use": "true"},
    )


def _tenant(store: AzureStore) -> dict[str, str]:
    """The annotation with the identity's tenant; without it the webhook takes the cluster's."""
    return {_TENANT_ID: store.tenant_id} if store.tenant_id else {}


def declarations(name: str, store: AzureStore, cluster: ClusterSettings) -> tuple[Manifest, ...]:
    """Return the provider, account and containers, and identity and roles; nothing where both exist.

    An identity that exists gets the role on a container that the stack creates: nobody could give it before.

    Raises ValueError if the stack file does not say where, or whom to trust.
    """
    if not store.is_declared:
        return ()
    missing = [key for key, value in store.place.items() if not value]
    if missing:
        raise ValueError(f"Azure creates nothing without a place: set logstack:objectStore.{missing[0]}")
    existing = store.identity.client_id
    provider = Manifest(
        _PROVIDER,
        f"{name}-provider",
        {
            "subscriptionId": store.subscription_id,
            "tenantId": store.tenant_id,
            "location": store.location,
            "environment": store.environment,
        },
    )
    containers = _containers(name, store, cluster) if store.create else ()
    identity = () if existing else _identity(name, store, cluster)
    principal: str | OutputOf | None = store.identity.principal_id
    if identity:
        principal = OutputOf(identity[0].name, "principalId")
    if not principal:
        raise ValueError("the role needs the identity's object ID: set logstack:objectStore.identity.principalId")
    after = tuple(each.name for each in (*containers[1:], *identity[:1]))
    return provider, *containers, *identity, *_roles(name, store, principal, after)


def _tags(name: str, cluster: ClusterSettings) -> Mapping[str, str]:
    """Tags with the owning stack: the compactors of two stacks delete each other's data."""
    return {"logstack-owner": f"{cluster.name}/{cluster.namespace}/{name}", "managed-by": "pulumi"}


def _containers(name: str, store: AzureStore, cluster: ClusterSettings) -> tuple[Manifest, ...]:
    """The account and its containers, which outlive the stack.

    No key opens the account and nobody reads it without a token. Nothing expires a blob, for retention is the
    compactor's work: an expiry would also take the index and the rules.
    """
    account = Manifest(
        _ACCOUNT,
        f"{name}-account",
        {
            "accountName": store.account,
            "resourceGroupName": store.resource_group,
            "location": store.location,
            "kind": "StorageV2",
            "sku": {"name": f"Standard_{store.redundancy}"},
            "allowBlobPublicAccess": False,
            "allowSharedKeyAccess": False,
            "allowCrossTenantReplication": False,
            "enableHttpsTrafficOnly": True,
            "minimumTlsVersion": "TLS1_2",
            "tags": _tags(name, cluster),
        },
        protect=True,
        retain_on_delete=True,
    )
    containers = (
        Manifest(
            _CONTAINER,
            f"{name}-{_SUFFIXES[key]}container",
            {
                "accountName": store.account,
                "containerName": container,
                "resourceGroupName": store.resource_group,
                "publicAccess": "None",
            },
            depends_on=(account.name,),
            protect=True,
            retain_on_delete=True,
        )
        for key, container in store.buckets.items()
    )
    return account, *containers


def _identity(name: str, store: AzureStore, cluster: ClusterSettings) -> tuple[Manifest, ...]:
    """The managed identity, its trust in Loki's service account alone, and that service account.

    Raises ValueError without an issuer.
    """
    issuer = store.identity.oidc_issuer
    if not issuer:
        raise ValueError("the identity needs the cluster's issuer: set logstack:objectStore.identity.oidcIssuer")
    own = {"resourceGroupName": store.resource_group, "resourceName": _identity_name(store)}
    identity = Manifest(
        _IDENTITY, f"{name}-identity", {**own, "location": store.location, "tags": _tags(name, cluster)}
    )
    credential = Manifest(
        _CREDENTIAL,
        f"{name}-identity-credential",
        {
            **own,
            "federatedIdentityCredentialResourceName": SERVICE_ACCOUNT,
            "issuer": issuer,
            "subject": f"system:serviceaccount:{cluster.namespace}:{OWN_SERVICE_ACCOUNT}",
            "audiences": [_AUDIENCE[store.environment]],
        },
        depends_on=(identity.name,),
    )
    annotations: dict[str, Json] = {_CLIENT_ID: OutputOf(identity.name, "clientId"), **_tenant(store)}
    account = Manifest(
        _SERVICE_ACCOUNT,
        f"{name}-service-account",
        kubernetes(_SERVICE_ACCOUNT, OWN_SERVICE_ACCOUNT, cluster.namespace, labels("loki"), annotations=annotations),
        depends_on=(identity.name, credential.name),
    )
    return identity, credential, account


def _identity_name(store: AzureStore) -> str:
    """The identity's name, one for each container of its resource group."""
    return f"loki-{store.account}-{store.container}"


def _roles(name: str, store: AzureStore, principal: str | OutputOf, after: tuple[str, ...]) -> tuple[Manifest, ...]:
    """The one role, on the containers and nothing else of the account."""
    subscription = f"/subscriptions/{store.subscription_id}"
    account = f"{subscription}/resourceGroups/{store.resource_group}/providers/{_ACCOUNT_TYPE}/{store.account}"
    scopes = {key: f"{account}/blobServices/default/containers/{name}" for key, name in store.buckets.items()}
    return tuple(
        Manifest(
            _ROLE_ASSIGNMENT,
            f"{name}-{_SUFFIXES[key]}role",
            {
                # Azure wants a GUID: always the same for one container and identity, so that the preview has it.
                "roleAssignmentName": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{scope}/{principal}")),
                "roleDefinitionId": f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{_ROLE}",
                "scope": scope,
                "principalId": principal,
                # Azure then does not look for an identity that it has just created, and may not find yet.
                "principalType": "ServicePrincipal",
            },
            depends_on=after,
        )
        for key, scope in scopes.items()
    )
