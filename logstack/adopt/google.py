"""A running Loki's bucket in Google Cloud Storage, by either of Loki's clients."""

from logstack.adopt import credentials
from logstack.adopt.cloud import client_settings, refuse_prefix, report_rest
from logstack.adopt.loki_config import LokiConfig
from logstack.adopt.paths import at, spelled_path
from logstack.adopt.reading import Reading

_ACCOUNT = ("serviceAccount", "annotations", "iam.gke.io/gcp-service-account")
_BUCKET, _KEY = "bucket_name", "service_account"
_KEY_FILE = "GOOGLE_APPLICATION_CREDENTIALS"


def gcs(reading: Reading, config: LokiConfig) -> None:
    """Take the bucket over as an existing one, with the Google service account that its pods use."""
    reading.write("objectStore.kind", "gcs")
    _bucket(reading, config)
    reading.write("objectStore.create", False)  # noqa: FBT003 - a value of the stack file
    reading.missing("(the bucket in Google Cloud)", "the stack uses it as it is", key="objectStore.create")
    _identity(reading)
    for path, value in list(client_settings(reading, config, "gcs")):
        if path[-1] == _KEY and value:
            reading.translated(path, _static("a key in the values"), key="objectStore.identity", decide=True)
    refuse_prefix(reading, "bucket")
    for path in list(credentials.environment_paths(reading)):
        if _KEY_FILE in str(at(reading.values, path)):
            reading.not_taken(path, _static(f"{_KEY_FILE} names a key file"), decide=True)
    report_rest(reading, "gcs", ("object_store", "s3", "filesystem"))


def _bucket(reading: Reading, config: LokiConfig) -> None:
    names = {
        path: str(value) for path, value in client_settings(reading, config, "gcs") if path[-1] == _BUCKET and value
    }
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
