"""A running Loki's container in Azure Blob Storage, by either of Loki's clients."""

from logstack.adopt.cloud import client_settings, refuse_prefix, report_rest
from logstack.adopt.loki_config import LokiConfig
from logstack.adopt.paths import Path, at, spelled_path
from logstack.adopt.reading import Reading

_IDENTITY = ("serviceAccount", "annotations", "azure.workload.identity/client-id")
_TENANT = ("serviceAccount", "annotations", "azure.workload.identity/tenant-id")
_POD_LABEL = ("loki", "podLabels", "azure.workload.identity/use")
# Loki's keys; the chart writes some of them in camel case.
_KEYS = {
    "account_name": "account",
    "accountname": "account",
    "container_name": "container",
    "endpoint_suffix": "cloud",
    "endpointsuffix": "cloud",
    "environment": "cloud",
    "account_key": "key",
    "accountkey": "key",
    "connection_string": "key",
    "connectionstring": "key",
    "client_secret": "key",
    "use_federated_token": "federated",
    "usefederatedtoken": "federated",
    "use_managed_identity": "managed",
    "usemanagedidentity": "managed",
    "user_assigned_id": "managed",
    "userassignedid": "managed",
}
_CLOUDS = {
    "blob.core.usgovcloudapi.net": "usgovernment",
    "azureusgovernment": "usgovernment",
    "blob.core.chinacloudapi.cn": "china",
    "azurechinacloud": "china",
}
_LETS_IN = "logstack lets Loki's pods in by Microsoft Entra Workload ID"


def azure(reading: Reading, config: LokiConfig) -> None:
    """Take the container over as an existing one, with the managed identity that its pods use."""
    reading.write("objectStore.kind", "azure")
    settings = [(path, _KEYS.get(path[-1].lower()), value) for path, value in client_settings(reading, config, "azure")]
    _account(reading, [(path, str(value)) for path, kind, value in settings if kind == "account" and value])
    _containers(reading, [(path, str(value)) for path, kind, value in settings if kind == "container" and value])
    for path, kind, value in settings:
        _setting(reading, path, kind, value)
    reading.write("objectStore.create", False)  # noqa: FBT003 - a value of the stack file
    reading.missing("(the container in Azure)", "the stack uses it as it is", key="objectStore.create")
    _identity(reading)
    refuse_prefix(reading, "container")
    report_rest(reading, "azure", ("object_store", "azure", "s3", "filesystem"))


def _account(reading: Reading, accounts: list[tuple[Path, str]]) -> None:
    if not accounts:
        reading.ask("loki.storage.azure.accountName", "write the account's name", key="objectStore.account")
        return
    reading.write("objectStore.account", accounts[0][1])
    for path, _ in accounts:
        reading.understood(path, "objectStore.account")


def _containers(reading: Reading, containers: list[tuple[Path, str]]) -> None:
    named = {role: reading.text(f"loki.storage.bucketNames.{role}") for role in ("chunks", "ruler", "admin")}
    lines = next((name for _, name in containers), named["chunks"])
    rules = next((name for _, name in containers if name != lines), named["ruler"])
    for path, container in containers:
        reading.understood(path, "objectStore.container" if container == lines else "objectStore.rulesContainer")
    for role, name in named.items():
        path_of_role = f"loki.storage.bucketNames.{role}"
        if role == "admin" and name not in (None, lines):
            reading.translated(path_of_role, "belongs to the Enterprise product: without effect")
        else:
            key = "rulesContainer" if role == "ruler" and name == rules != lines else "container"
            reading.understood(path_of_role, f"objectStore.{key}")
    if lines is None or reading.starts_anew:
        reading.ask("loki.storage.bucketNames.chunks", "write the container's name", key="objectStore.container")
        return
    reading.write("objectStore.container", lines)
    if rules not in (None, lines):
        reading.write("objectStore.rulesContainer", rules)


def _setting(reading: Reading, path: Path, kind: str | None, value: object) -> None:
    """Report a setting that is neither account nor container; one that is off has no effect."""
    match kind:
        case "cloud" if cloud := _CLOUDS.get(str(value).lower()):
            reading.write("objectStore.environment", cloud)
            reading.understood(path, "objectStore.environment")
        case "key" | "managed" if value:
            what = "a static key" if kind == "key" else "the identity of the nodes"
            text = f"{what}: {_LETS_IN}, and in no other way"
            reading.translated(path, text, key="objectStore.identity", decide=True)
        case "federated":
            reading.understood(path, "objectStore.identity")
        case _:
            pass


def _identity(reading: Reading) -> None:
    client = at(reading.values, _IDENTITY)
    reading.understood(_POD_LABEL, "objectStore.identity")
    if tenant := at(reading.values, _TENANT):
        reading.write("objectStore.tenantId", str(tenant))
        reading.understood(_TENANT, "objectStore.tenantId")
    if client:
        reading.write("objectStore.identity", {"clientId": str(client)})
        text = "its federated credential names the service account loki: compare its subject"
        reading.understood(_IDENTITY, "objectStore.identity.clientId", text)
        return
    why = "the values do not name who may use the container (docs/how-to/deploy-on-azure.md)"
    reading.ask(f"({spelled_path(_IDENTITY)})", f"{why}: write {{clientId: ...}}", key="objectStore.identity")
