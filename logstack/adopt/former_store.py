"""The store of earlier days, where it stands as logstack has it: beside that of today, and named by old periods."""

from collections.abc import Mapping

from logstack.adopt.loki_config import LokiConfig, Said
from logstack.adopt.paths import at, path_of
from logstack.adopt.reading import Reading
from logstack.manifests.stores import embedded
from logstack.manifests.stores.access import DATA, FORMER_ACCESS_KEY_ID, FORMER_SECRET_ACCESS_KEY
from logstack.settings.model.cluster import ClusterSettings

_KEY = "formerObjectStore"
_NAME = "former"
_ENVIRONMENT = ("defaults", "extraEnv")


def former(reading: Reading, config: LokiConfig) -> None:
    """`formerObjectStore`; in any other form, what names a second store is left to others."""
    if store := _s3(reading, config):
        said, name = _section(config), _NAME
    elif store := _filesystem(config):
        said, name = {"directory": config.said[path_of("storage_config.filesystem.directory")]}, "filesystem"
    else:
        return
    before = next((at(each, ("from",)) for each in _periods(config) if at(each, ("object_store",)) != name), None)
    if before is None:
        return
    reading.write(_KEY, {"before": str(before), "store": store})
    for each in said.values():
        reading.understood(each.path, _KEY)
    reading.understood(_ENVIRONMENT, f"{_KEY}.store.credentialsSecret")


def name_of(reading: Reading, period: Mapping[str, object]) -> str | None:
    """What the period calls its store, if that is the former one."""
    before = reading.written(f"{_KEY}.before")
    if not isinstance(before, str) or str(period.get("from")) >= before:
        return None
    return "filesystem" if reading.written(f"{_KEY}.store.kind") == "filesystem" else _NAME


def _periods(config: LokiConfig) -> list[object]:
    periods = config.value("schema_config.configs")
    return periods if isinstance(periods, list) else []


def _section(config: LokiConfig) -> dict[str, Said]:
    section = path_of(f"storage_config.named_stores.aws.{_NAME}")
    return {path[-1]: said for path, said in config.said.items() if path[:-1] == section}


def _s3(reading: Reading, config: LokiConfig) -> dict[str, object] | None:
    said, secret = _section(config), _secret(reading)
    endpoint, bucket = (str(said[name].value) if name in said else "" for name in ("endpoint", "bucketnames"))
    if not endpoint or not bucket or not secret:
        return None
    store: dict[str, object] = {"bucket": bucket, "credentialsSecret": secret}
    if "region" in said:
        store["region"] = said["region"].value
    if endpoint == embedded.endpoint(ClusterSettings.model_validate(reading.stack["cluster"])):
        return {"kind": "embedded", **store}
    style = said.get("s3forcepathstyle")
    return {"kind": "s3-compatible", "endpoint": endpoint, "pathStyle": bool(style and style.value), **store}


def _secret(reading: Reading) -> str | None:
    """The Secret of the former store's key."""
    listed = at(reading.values, _ENVIRONMENT)
    entries = listed if isinstance(listed, list) else []
    if {at(entry, ("name",)) for entry in entries} != {FORMER_ACCESS_KEY_ID, FORMER_SECRET_ACCESS_KEY}:
        return None
    names = {str(at(entry, path_of("valueFrom.secretKeyRef.name"))) for entry in entries}
    return names.pop() if len(names) == 1 else None


def _filesystem(config: LokiConfig) -> dict[str, object] | None:
    """A directory of the volume, which old periods name and the last one does not."""
    kinds = [at(each, ("object_store",)) for each in _periods(config)]
    directory = config.value("storage_config.filesystem.directory")
    moved = "filesystem" in kinds and kinds[-1] != "filesystem"
    return {"kind": "filesystem"} if moved and str(directory).rstrip("/") == f"{DATA}/chunks" else None
