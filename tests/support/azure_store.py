"""Settings of a store in Azure in every variant, and its declared resources."""

from logstack.manifests.manifest import Manifest
from logstack.manifests.stores import azure
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import AzureStore

ACCOUNT = "acmelogs"
CONTAINER = "acme-logs"
SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
TENANT = "66666666-7777-8888-9999-000000000000"
CLIENT = "aaaaaaaa-1111-1111-1111-111111111111"
PRINCIPAL = "bbbbbbbb-1111-1111-1111-111111111111"
ISSUER = "https://westeurope.oic.prod-aks.azure.com/66666666/1a2b3c4d/"
CLUSTER = ClusterSettings(name="production", context="production", namespace="logging")

ACCOUNT_TYPE = "azure-native:storage:StorageAccount"
CONTAINER_TYPE = "azure-native:storage:BlobContainer"
IDENTITY_TYPE = "azure-native:managedidentity:UserAssignedIdentity"
CREDENTIAL_TYPE = "azure-native:managedidentity:FederatedIdentityCredential"
ROLE_TYPE = "azure-native:authorization:RoleAssignment"
PROVIDER_TYPE = "pulumi:providers:azure-native"
SERVICE_ACCOUNT_TYPE = "kubernetes:core/v1:ServiceAccount"

EXISTING_IDENTITY = {"clientId": CLIENT, "principalId": PRINCIPAL}


def a_store(**changed: object) -> AzureStore:
    """Return the settings of a store; by default the stack creates account, container and identity."""
    stack_keys: dict[str, object] = {
        "kind": "azure",
        "account": ACCOUNT,
        "container": CONTAINER,
        "resourceGroup": "logging",
        "subscriptionId": SUBSCRIPTION,
        "tenantId": TENANT,
        "location": "westeurope",
        "identity": {"oidcIssuer": ISSUER},
        **changed,
    }
    return AzureStore.model_validate(stack_keys)


EVERY_SHAPE = [
    a_store(),
    a_store(create=False),
    a_store(rulesContainer=f"{CONTAINER}-rules"),
    a_store(identity=EXISTING_IDENTITY),
    a_store(environment="china", location="chinanorth3", redundancy="LRS"),
]


def declared(store: AzureStore) -> tuple[Manifest, ...]:
    """Return every declared resource of a store."""
    return azure.declarations("store", store, CLUSTER)


def of_type(store: AzureStore, token: str) -> list[Manifest]:
    """Return the declared resources of a type."""
    return [declaration for declaration in declared(store) if declaration.type == token]
