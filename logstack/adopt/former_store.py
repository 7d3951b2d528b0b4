"""The former object store, if it is configured as logstack does: next to the current one, and used by old periods."""

from collections.abc import Mapping

from logstack.adopt import credentials
from logstack.adopt.authority import former_authority
from logstack.adopt.loki_config import LokiConfig, Setting
from logstack.adopt.passing import pass_value
from logstack.adopt.paths import at, path_of
from logstack.adopt.reading import Reading
from logstack.manifests.stores import embedded
from logstack.manifests.stores.access import DATA, FORMER_ACCESS_KEY_ID, FORMER_SECRET_ACCESS_KEY, amazon_host
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import CA_KEY, AccessKey, CredentialsKeys

_KEY = "formerObjectStore"
_NAME = "former"
_SECTION = f"storage_config.named_stores.aws.{_NAME}"
_ENVIRONMENT = ("defaults", "extraEnv")
_THANOS = "storage_config.object_store"
_THANOS_SECTION = f"{_THANOS}.named_stores.s3.{_NAME}"
_CA_FILES = (f"{_SECTION}.http_config.ca_file", f"{_THANOS_SECTION}.http.tls_ca_path")
# The directory of a volume, in the words of each family of Loki's clients.
_DIRECTORIES = (path_of("storage_config.filesystem.directory"), path_of(f"{_THANOS}.filesystem.dir"))


def former(reading: Reading, config: LokiConfig) -> None:
    """Write `formerObjectStore`, if the second store has logstack's form."""
    if store := _s3(reading, config):
        section, name = _section(config), _NAME
    elif store := _filesystem(config):
        section = {path[-1]: config.settings[path] for path in _DIRECTORIES if path in config.settings}
        name = "filesystem"
    else:
        return
    before = next((at(each, ("from",)) for each in _periods(config) if at(each, ("object_store",)) != name), None)
    if before is None:
        return
    reading.write(_KEY, {"before": str(before), "store": store})
    for each in section.values():
        reading.understood(each.path, _KEY)
    if not credentials.are_in(reading, _ENVIRONMENT):  # else they cover the list
        pass_value(reading, _ENVIRONMENT, at(reading.values, _ENVIRONMENT))  # other variables beside the store's
        reading.understood(_ENVIRONMENT, f"{_KEY}.store.credentialsSecret")


def name_of(reading: Reading, period: Mapping[str, object]) -> str | None:
    """Return the period's name of its store, if that is the former one."""
    before = reading.key_value(f"{_KEY}.before")
    if not isinstance(before, str) or str(period.get("from")) >= before:
        return None
    return "filesystem" if reading.key_value(f"{_KEY}.store.kind") == "filesystem" else _NAME


def _periods(config: LokiConfig) -> list[object]:
    periods = config.value("schema_config.configs")
    return periods if isinstance(periods, list) else []


def _section(config: LokiConfig) -> dict[str, Setting]:
    sections = [path_of(_SECTION), path_of(_THANOS_SECTION)]
    return {path[-1]: setting for path, setting in config.settings.items() if path[:-1] in sections}


def _s3(reading: Reading, config: LokiConfig) -> dict[str, object] | None:
    section, key = _section(config), _access_key(reading)
    names = ("endpoint", "bucketnames", "bucket_name", "bucket_lookup_type")
    endpoint, bucket, of_thanos, lookup = (str(section[name].value) if name in section else "" for name in names)
    if of_thanos and endpoint:  # Thanos' client takes a host without a scheme
        insecure = section.get("insecure")
        endpoint = f"{'http' if insecure and insecure.value else 'https'}://{endpoint}"
    bucket = bucket or of_thanos
    if not bucket or not key:
        return None
    store: dict[str, object] = {"bucket": bucket, "credentialsSecret": key.secret}
    if not key.keys.are_variables:
        store["credentialsKeys"] = key.keys.model_dump(by_alias=True)
    if certificate := former_authority(reading, config, _CA_FILES):
        store["caSecret"] = certificate.secret
        if certificate.key != CA_KEY:
            store["caKey"] = certificate.key
    if "region" in section:
        store["region"] = section["region"].value
    if endpoint == embedded.endpoint(ClusterSettings.model_validate(reading.stack["cluster"])):
        return {"kind": "embedded", **store}
    if not endpoint or endpoint == f"https://{amazon_host(str(store.get('region')))}":
        return {"kind": "aws-s3", "create": False, **store}
    style = section.get("s3forcepathstyle")
    by_path = lookup == "path" or bool(style and style.value)
    return {"kind": "s3-compatible", "endpoint": endpoint, "pathStyle": by_path, **store}


def _access_key(reading: Reading) -> AccessKey | None:
    """Return the Secret with the former store's access key, and its keys."""
    listed = at(reading.values, _ENVIRONMENT)
    references = {
        at(entry, ("name",)): at(entry, path_of("valueFrom.secretKeyRef"))
        for entry in (listed if isinstance(listed, list) else [])
    }
    halves = [references.get(name) for name in (FORMER_ACCESS_KEY_ID, FORMER_SECRET_ACCESS_KEY)]
    names = {str(at(half, ("name",))) for half in halves if half}
    if not all(halves) or len(names) != 1:
        return None
    access_key_id, secret_access_key = (str(at(half, ("key",))) for half in halves)
    keys = CredentialsKeys(access_key_id=access_key_id, secret_access_key=secret_access_key)
    return AccessKey("secret", names.pop(), keys)


def _filesystem(config: LokiConfig) -> dict[str, object] | None:
    """Return the volume's directory as a store, if old periods use it and the last one does not."""
    kinds = [at(each, ("object_store",)) for each in _periods(config)]
    directory = next((config.settings[path].value for path in _DIRECTORIES if path in config.settings), None)
    moved = "filesystem" in kinds and kinds[-1] != "filesystem"
    return {"kind": "filesystem"} if moved and str(directory).rstrip("/") == f"{DATA}/chunks" else None
