"""The store in Azure: what guards the container, and who may do what with it."""

import uuid
from typing import Any

import pytest

from logstack.manifests.manifest import OutputOf
from logstack.manifests.stores.azure import OWN_SERVICE_ACCOUNT, store_kind
from logstack.settings.model.object_store import AzureStore
from tests.support.azure_store import (
    ACCOUNT,
    ACCOUNT_TYPE,
    CLIENT,
    CLUSTER,
    CONTAINER,
    CONTAINER_TYPE,
    CREDENTIAL_TYPE,
    EVERY_SHAPE,
    EXISTING_IDENTITY,
    IDENTITY_TYPE,
    ISSUER,
    PRINCIPAL,
    PROVIDER_TYPE,
    ROLE_TYPE,
    SERVICE_ACCOUNT_TYPE,
    SUBSCRIPTION,
    TENANT,
    a_store,
    declared,
    of_type,
)

CONTAINERS = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/logging/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
    "/blobServices/default/containers"
)
# Azure built-in roles: Storage Blob Data Contributor.
CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"


@pytest.mark.parametrize("store", EVERY_SHAPE)
def test_provider_works_in_the_stacks_subscription_alone(store: AzureStore) -> None:
    (provider,) = of_type(store, PROVIDER_TYPE)
    assert provider.inputs == {
        "subscriptionId": SUBSCRIPTION,
        "tenantId": TENANT,
        "location": store.location,
        "environment": store.environment,
    }


def test_account_has_no_key_no_public_access_and_outlives_the_stack() -> None:
    (account,) = of_type(a_store(), ACCOUNT_TYPE)
    (container,) = of_type(a_store(), CONTAINER_TYPE)
    for each in (account, container):
        assert (each.protect, each.retain_on_delete) == (True, True)
    guards = {
        "allowSharedKeyAccess": False,
        "allowBlobPublicAccess": False,
        "allowCrossTenantReplication": False,
        "enableHttpsTrafficOnly": True,
        "minimumTlsVersion": "TLS1_2",
    }
    assert guards.items() <= account.inputs.items()
    assert container.inputs["publicAccess"] == "None"
    assert account.inputs["tags"] == {"logstack-owner": "production/logging/store", "managed-by": "pulumi"}


def test_account_has_the_copies_that_the_stack_file_names() -> None:
    names = [of_type(a_store(redundancy=name), ACCOUNT_TYPE)[0].inputs["sku"] for name in ("ZRS", "GRS")]
    assert names == [{"name": "Standard_ZRS"}, {"name": "Standard_GRS"}]


def test_role_is_that_of_blobs_on_the_container_alone() -> None:
    (role,) = of_type(a_store(), ROLE_TYPE)
    assert role.inputs["scope"] == f"{CONTAINERS}/{CONTAINER}"
    assert str(role.inputs["roleDefinitionId"]).endswith(f"/roleDefinitions/{CONTRIBUTOR}")
    assert role.inputs["principalId"] == OutputOf("store-identity", "principalId")
    assert role.depends_on == ("store-container", "store-identity")


def test_name_of_a_role_assignment_is_a_guid_of_its_container_and_identity() -> None:
    stores = (a_store(), a_store(), a_store(container="acme-logs-two"), a_store(identity=EXISTING_IDENTITY))
    names = [str(of_type(store, ROLE_TYPE)[0].inputs["roleAssignmentName"]) for store in stores]
    assert [str(uuid.UUID(name)) for name in names] == names
    assert names[0] == names[1]
    assert len({*names}) == 3


@pytest.mark.parametrize(
    ("environment", "location", "audience"),
    [
        ("public", "westeurope", "api://AzureADTokenExchange"),
        ("usgovernment", "usgovvirginia", "api://AzureADTokenExchangeUSGov"),
        ("china", "chinanorth3", "api://AzureADTokenExchangeChina"),
    ],
)
def test_identity_trusts_lokis_service_account_in_its_namespace_alone(
    environment: str, location: str, audience: str
) -> None:
    store = a_store(environment=environment, location=location)
    (credential,), (identity,) = of_type(store, CREDENTIAL_TYPE), of_type(store, IDENTITY_TYPE)
    assert credential.inputs["resourceName"] == identity.inputs["resourceName"]
    assert credential.inputs["issuer"] == ISSUER
    assert credential.inputs["subject"] == f"system:serviceaccount:logging:{OWN_SERVICE_ACCOUNT}"
    assert credential.inputs["audiences"] == [audience]


def test_own_service_account_has_the_client_id_that_azure_gives_the_identity() -> None:
    (account,) = of_type(a_store(), SERVICE_ACCOUNT_TYPE)
    metadata: Any = account.inputs["metadata"]
    assert (metadata["name"], metadata["namespace"]) == (OWN_SERVICE_ACCOUNT, "logging")
    assert metadata["annotations"] == {
        "azure.workload.identity/client-id": OutputOf("store-identity", "clientId"),
        "azure.workload.identity/tenant-id": TENANT,
    }
    access = store_kind(a_store(), CLUSTER).access
    assert (access.service_account, access.service_account_annotations) == (OWN_SERVICE_ACCOUNT, {})


def test_existing_identity_is_annotated_at_the_charts_service_account_and_gets_the_role() -> None:
    store = a_store(identity=EXISTING_IDENTITY)
    access = store_kind(store, CLUSTER).access
    assert access.service_account == "loki"
    assert access.service_account_annotations["azure.workload.identity/client-id"] == CLIENT
    (role,) = of_type(store, ROLE_TYPE)
    assert role.inputs["principalId"] == PRINCIPAL
    assert not of_type(store, IDENTITY_TYPE)
    assert not of_type(store, SERVICE_ACCOUNT_TYPE)


def test_existing_account_is_never_managed_and_gets_only_identity_and_role() -> None:
    assert [each.type for each in declared(a_store(create=False))] == [
        PROVIDER_TYPE,
        IDENTITY_TYPE,
        CREDENTIAL_TYPE,
        SERVICE_ACCOUNT_TYPE,
        ROLE_TYPE,
    ]


def test_stack_declares_nothing_in_azure_when_account_and_identity_exist() -> None:
    """So it needs neither a package of Azure's provider nor a subscription."""
    place = dict.fromkeys(("resourceGroup", "subscriptionId", "tenantId", "location"))
    store = a_store(create=False, identity={"clientId": CLIENT}, **place)
    assert declared(store) == ()
    annotations = store_kind(store, CLUSTER).access.service_account_annotations
    assert annotations == {"azure.workload.identity/client-id": CLIENT}


def test_container_for_rules_has_the_same_guards_and_role() -> None:
    store = a_store(rulesContainer="acme-logs-rules")
    chunks, rules = of_type(store, CONTAINER_TYPE)
    assert (rules.name, rules.protect) == ("store-rules-container", True)
    assert {**rules.inputs, "containerName": CONTAINER} == chunks.inputs
    assert [each.inputs["scope"] for each in of_type(store, ROLE_TYPE)] == [
        f"{CONTAINERS}/{CONTAINER}",
        f"{CONTAINERS}/acme-logs-rules",
    ]
    access = store_kind(store, CLUSTER).access
    assert access.rules == {
        "backend": "azure",
        "azure": {"account_name": ACCOUNT, "container_name": "acme-logs-rules"},
    }


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"identity": {}}, "oidcIssuer"),
        ({"identity": {"clientId": CLIENT}}, "principalId"),
        ({"location": None}, "location"),
    ],
)
def test_resources_without_what_they_need_are_an_error(changes: dict[str, object], key: str) -> None:
    with pytest.raises(ValueError, match=key):
        declared(a_store(**changes))


@pytest.mark.parametrize(
    ("store", "words"),
    [
        (a_store(), "container acme-logs of acmelogs in westeurope (created by this stack, protected and retained)"),
        (
            a_store(create=False, location=None, rulesContainer="acme-rules"),
            "container acme-logs of acmelogs (existing, not managed by this stack), rules in container acme-rules",
        ),
    ],
)
def test_location_says_who_manages_the_container(store: AzureStore, words: str) -> None:
    assert store_kind(store, CLUSTER).location == words
