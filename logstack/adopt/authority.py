"""The authority of the object store's certificate: a file of Loki's client, in a Secret that the pods mount."""

from collections.abc import Container, Iterable, Iterator, Mapping

from logstack.adopt.loki_config import LokiConfig
from logstack.adopt.mode import roles_of
from logstack.adopt.passing import pass_value
from logstack.adopt.paths import Path, at, path_of
from logstack.adopt.reading import Reading
from logstack.settings.model.object_store import CA_KEY, CaCertificate

_SECTIONS = ("common.storage.s3", "storage_config.aws", "ruler.storage.s3")
_OF_CHART = "loki.storage.s3.http_config.ca_file"
_MOUNTED = "logstack mounts the Secret itself"
_MOUNTS, _VOLUMES = "extraVolumeMounts", "extraVolumes"


def authority(reading: Reading, config: LokiConfig) -> None:
    """Write `caSecret`, if the file of the client is a key of one Secret."""
    where = path_of(_OF_CHART)
    files = {where: at(reading.values, where)} if reading.has(where) else {}
    for section in _SECTIONS:
        if setting := config.settings.get(path_of(f"{section}.http_config.ca_file")):
            files[setting.path] = setting.value
    found = {_certificate(reading, str(file)) for file in files.values()}
    certificate = found.pop() if len(found) == 1 else None
    if not certificate:
        return
    reading.write("objectStore.caSecret", certificate.secret)
    if certificate.key != CA_KEY:
        reading.write("objectStore.caKey", certificate.key)
    for path in files:
        reading.understood(path, "objectStore.caSecret", _MOUNTED)


def former_authority(reading: Reading, config: LokiConfig, files: Iterable[str]) -> CaCertificate | None:
    """Return the certificate of the former store, whose client has its file at one of some paths."""
    setting = next((config.settings[path_of(each)] for each in files if path_of(each) in config.settings), None)
    certificate = _certificate(reading, str(setting.value)) if setting else None
    if setting and certificate:
        reading.understood(setting.path, "formerObjectStore.store.caSecret", _MOUNTED)
    return certificate


def mounts(reading: Reading) -> None:
    """Report the volumes of the certificates that the stack file names."""
    named = {reading.key_value(f"{key}.caSecret") for key in ("objectStore", "formerObjectStore.store")}
    secrets = {str(secret) for secret in named if secret}
    for group in _groups(reading) if secrets else ():
        _mounted(reading, group, secrets)


def _certificate(reading: Reading, file: str) -> CaCertificate | None:
    """Return the Secret and its key behind a file of Loki's pods."""
    folder, _, name = file.rpartition("/")
    for group in _groups(reading):
        for mount in _entries(reading, (group, _MOUNTS)):
            if str(mount.get("mountPath")).rstrip("/") in (folder, file):
                for volume in _entries(reading, (group, _VOLUMES)):
                    secret = at(volume, ("secret", "secretName"))
                    if volume.get("name") == mount.get("name") and isinstance(secret, str):
                        return CaCertificate(secret, _key(volume, str(mount.get("subPath") or name)))
    return None


def _key(volume: Mapping[str, object], file: str) -> str:
    """Return the key of the Secret that is a file of its volume."""
    items = at(volume, ("secret", "items"))
    named = [at(item, ("key",)) for item in items if at(item, ("path",)) == file] if isinstance(items, list) else []
    return str(named[0]) if named else file


def _mounted(reading: Reading, group: str, secrets: Container[str]) -> None:
    """Report a group's volumes of the Secrets; the stack passes others on."""
    volumes = [
        each.get("name")
        for each in _entries(reading, (group, _VOLUMES))
        if at(each, ("secret", "secretName")) in secrets
    ]
    for key in (_VOLUMES, _MOUNTS) if volumes else ():
        others = [each for each in _entries(reading, (group, key)) if each.get("name") not in volumes]
        if all(each.get("name") == "overrides" for each in others) or pass_value(reading, (group, key), others):
            reading.understood((group, key), "objectStore.caSecret", _MOUNTED)


def _groups(reading: Reading) -> Iterator[str]:
    """Yield the groups of values with volumes of Loki's pods."""
    yield from ("global", "defaults", *(role.row.chart_key for role in roles_of(reading)))


def _entries(reading: Reading, path: Path) -> list[Mapping[str, object]]:
    listed = at(reading.values, path)
    return [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
