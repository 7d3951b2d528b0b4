"""A running Loki's bucket in Google Cloud Storage, by either of Loki's clients."""

from collections.abc import Iterator

from logstack.adopt import credentials
from logstack.adopt.loki_config import LokiConfig
from logstack.adopt.paths import Path, at, path_of, spelled_path
from logstack.adopt.reading import Reading
from logstack.settings.passthrough.documents import leaves

_ACCOUNT = ("serviceAccount", "annotations", "iam.gke.io/gcp-service-account")
# What the chart and Loki call the section of each client.
_SECTIONS = ("loki.storage.object_store.gcs", "loki.storage.gcs")
_CONFIG_SECTIONS = (
    *("storage_config.object_store.gcs", "common.storage.object_store.gcs", "ruler_storage.gcs"),
    *("storage_config.gcs", "common.storage.gcs", "ruler.storage.gcs"),
)
_BUCKET, _KEY = "bucket_name", "service_account"
_KEY_FILE = "GOOGLE_APPLICATION_CREDENTIALS"


def gcs(reading: Reading, config: LokiConfig) -> None:
    """Take the bucket over as an existing one, with the Google service account that its pods use."""
    reading.write("objectStore.kind", "gcs")
    _bucket(reading, config)
    reading.write("objectStore.create", False)  # noqa: FBT003 - a value of the stack file
    reading.missing("(the bucket in Google Cloud)", "the stack uses it as it is", key="objectStore.create")
    _identity(reading)
    for path, value in list(_settings(reading, config)):
        if path[-1] == _KEY and value:
            reading.translated(path, _static("a key in the values"), key="objectStore.identity", decide=True)
    if reading.value("loki.storage.object_store.storage_prefix"):
        text = "logstack supports no prefix: Loki would find none of the old lines"
        reading.not_taken("loki.storage.object_store.storage_prefix", text, decide=True)
        reading.side_by_side.append("its objects are below a prefix in the bucket")
    for path in list(credentials.environment_paths(reading)):
        if _KEY_FILE in str(at(reading.values, path)):
            reading.not_taken(path, _static(f"{_KEY_FILE} names a key file"), decide=True)
    credentials.secret(reading, has_key=False)
    reading.understood("loki.storage.use_thanos_objstore", "objectStore")
    reading.understood("loki.storage.object_store.type", "objectStore.kind")
    for key in ("object_store", "s3", "filesystem"):
        reading.translated(f"loki.storage.{key}", "without effect: the store is gcs")


def _bucket(reading: Reading, config: LokiConfig) -> None:
    names = {path: str(value) for path, value in _settings(reading, config) if path[-1] == _BUCKET and value}
    chunks = reading.text("loki.storage.bucketNames.chunks")
    bucket = next(iter(names.values()), chunks)
    if bucket and not reading.starts_anew:
        reading.write("objectStore.bucket", bucket)
    rules = next((name for name in names.values() if name != bucket), reading.text("loki.storage.bucketNames.ruler"))
    if rules not in (None, bucket) and not reading.starts_anew:
        reading.write("objectStore.rulesBucket", rules)
    for path, name in names.items():
        reading.understood(path, "objectStore.bucket" if name == bucket else "objectStore.rulesBucket")
    for role in ("chunks", "ruler", "admin"):
        path_of_role = f"loki.storage.bucketNames.{role}"
        named = reading.text(path_of_role)
        if role == "ruler" and named == rules != bucket:
            reading.understood(path_of_role, "objectStore.rulesBucket")
        elif role == "admin" and named not in (None, bucket):
            reading.translated(path_of_role, "belongs to the Enterprise product: without effect")
        else:
            reading.understood(path_of_role, "objectStore.bucket")
    if bucket is None or reading.starts_anew:
        reading.ask("loki.storage.bucketNames.chunks", "write the bucket's name", key="objectStore.bucket")


def _settings(reading: Reading, config: LokiConfig) -> Iterator[tuple[Path, object]]:
    """Yield each setting of a section of the client, the strongest first, with its path in the values."""
    for section in _CONFIG_SECTIONS:
        for path, setting in config.settings.items():
            if path[:-1] == path_of(section):
                yield setting.path, setting.value
    for section in _SECTIONS:
        for path, value in leaves(reading.values):
            if path[:-1] == path_of(section):
                yield path, value


def _identity(reading: Reading) -> None:
    account = at(reading.values, _ACCOUNT)
    if isinstance(account, str) and account.endswith(".iam.gserviceaccount.com"):
        reading.write("objectStore.project", account.partition("@")[2].partition(".")[0])
        reading.write("objectStore.identity", {"serviceAccount": account})
        reading.understood(_ACCOUNT, "objectStore.identity.serviceAccount")
        return
    why = "the values do not name the project, nor who may use the bucket (docs/how-to/deploy-on-google-cloud.md)"
    reading.ask("(the project in Google Cloud)", f"{why}: write its ID", key="objectStore.project")
    text = "write identity: {projectNumber: ...}, and the stack lets the pods in, or identity: {serviceAccount: ...}"
    reading.ask(f"({spelled_path(_ACCOUNT)})", text, key="objectStore.identity")


def _static(what: str) -> str:
    return (
        f"{what}: logstack gives Loki no static key of Google Cloud. Let its pods in by Workload Identity Federation "
        "for GKE, or keep the key with a store of its own"
    )
