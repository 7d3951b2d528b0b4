"""The source of Loki's access key. The key itself is never read, written or printed."""

import re
from collections.abc import Iterator, Mapping

from logstack.adopt.mode import roles_of
from logstack.adopt.passing import pass_value
from logstack.adopt.paths import Path, at, path_of
from logstack.adopt.reading import Reading
from logstack.manifests.manifest import rolled_by_credentials
from logstack.settings.load.source import SECRETS
from logstack.settings.load.stack_file import PROJECT
from logstack.settings.model.object_store import STATIC_CREDENTIALS_SECRET, CredentialsKeys
from logstack.settings.model.roles import Role

_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_FROM_ENVIRONMENT = re.compile(r"\$\{?(\w+)\}?")
COMMANDS = " and ".join(f"pulumi config set --secret {PROJECT}:{secret}" for secret in SECRETS)


def keys(reading: Reading, paths: list[Path]) -> None:
    """Report access keys in the values, and variables that the values take them from."""
    for path in paths:
        value = at(reading.values, path)
        if isinstance(value, str) and (match := _FROM_ENVIRONMENT.fullmatch(value)):
            if match[1] in _VARIABLES:
                reading.understood(path, text=f"logstack's Loki reads {match[1]} from its environment too")
            else:
                text = f"Loki reads {' and '.join(_VARIABLES)} from its environment: rename {match[1]}"
                reading.translated(path, text, decide=True)
        else:
            text = (
                f"a secret: not copied. Run {COMMANDS}, or name a Secret as credentialsSecret. Create a new key, "
                "because this one was in a file"
            )
            reading.translated(path, text, key="objectStore.credentialsSecret")


def secret(reading: Reading, *, has_key: bool) -> None:
    """Take over the Secret of Loki's environment, if the store has an access key; pass other variables on."""
    _pass_others(reading)
    names_by_path = dict.fromkeys(name for path in environment_paths(reading) for name in _names(reading, path))
    names = [name for name in names_by_path if name]
    if has_key and len(names) == 1:
        (name,) = names
        if name != STATIC_CREDENTIALS_SECRET or not _is_ours(reading):
            reading.write("objectStore.credentialsSecret", name)
        keys_of_secret = _keys_of_secret(reading)
        if not keys_of_secret.are_variables:
            reading.write("objectStore.credentialsKeys", keys_of_secret.model_dump(by_alias=True))
        for path in list(environment_paths(reading)):
            needs = f"the Secret must have {keys_of_secret.access_key_id} and {keys_of_secret.secret_access_key}"
            if _config_maps(reading, path):
                text = f"{needs}; the values of the ConfigMap next to it are dropped"
                reading.translated(path, text, key="objectStore.credentialsSecret", decide=True)
            if path[-1] == "extraEnv":  # which has other variables beside the store's
                pass_value(reading, path, at(reading.values, path))
            reading.understood(path, "objectStore.credentialsSecret", needs)
    for path in list(environment_paths(reading)):
        text = (
            "logstack adds no environment variables to Loki's pods: configure their purpose in another way"
            if not has_key or not names
            else f"there are {len(names)} Secrets: write the one with {' and '.join(_VARIABLES)} as credentialsSecret"
        )
        reading.not_taken(path, text, decide=True)


def _pass_others(reading: Reading) -> None:
    """Pass lists of variables on that name no Secret and no ConfigMap of the store."""
    for path in list(environment_paths(reading)):
        if not any(_names(reading, path)) and not _config_maps(reading, path):
            pass_value(reading, path, at(reading.values, path))


def are_of(reading: Reading, claim: str) -> bool:
    """Return whether the pods' environment comes only from a bucket claim's Secret and ConfigMap."""
    _pass_others(reading)
    paths = list(environment_paths(reading))
    names = [set(_names(reading, path)) == set(_config_maps(reading, path)) == {claim} for path in paths]
    return bool(names) and all(names)


def are_in(reading: Reading, path: Path) -> bool:
    """Return whether a list of variables has the store's access key by name."""
    return any(at(entry, ("name",)) in _VARIABLES for entry in _listed(reading, path))


def understood(reading: Reading, text: str) -> None:
    """Report the pods' environment as the one that the stack sets."""
    for path in list(environment_paths(reading)):
        reading.understood(path, "objectStore", text)


def _is_ours(reading: Reading) -> bool:
    """Return whether a stack created the Secret: its pods restart when the key changes."""
    annotations = at(reading.values, path_of("loki.podAnnotations"))
    return isinstance(annotations, Mapping) and rolled_by_credentials().keys() <= annotations.keys()


def expansion(reading: Reading) -> None:
    """Report the flag that makes Loki expand variables, which logstack's configuration does not use."""
    for group in ("global", "defaults", *(role.row.chart_key for role in Role)):
        flags = at(reading.values, (group, "extraArgs"))
        if isinstance(flags, list) and flags and all("config.expand-env" in str(flag) for flag in flags):
            reading.translated(
                (group, "extraArgs"), "logstack's configuration has no variables: Loki reads keys only from AWS_*"
            )


def environment_paths(reading: Reading) -> Iterator[Path]:
    """Yield the paths of environment variables that no entry covers yet."""
    chart_keys = [role.row.chart_key for role in roles_of(reading)]
    for group in ("global", "defaults", *chart_keys):
        for key in ("extraEnvFrom", "extraEnv"):
            if reading.open.get((group, key)):
                yield group, key


def _keys_of_secret(reading: Reading) -> CredentialsKeys:
    """Return the keys of the Secret that the store's variables are from, by their names where the values name none."""
    entries = [entry for path in environment_paths(reading) for entry in _listed(reading, path)]
    named = {at(entry, ("name",)): at(entry, path_of("valueFrom.secretKeyRef.key")) for entry in entries}
    access_key_id, secret_access_key = (str(named.get(name) or name) for name in _VARIABLES)
    return CredentialsKeys(access_key_id=access_key_id, secret_access_key=secret_access_key)


def _listed(reading: Reading, path: Path) -> list[object]:
    entries = at(reading.values, path)
    return entries if isinstance(entries, list) else []


def _config_maps(reading: Reading, path: Path) -> list[str]:
    """Return the ConfigMaps that one list of variables names."""
    names = [at(entry, path_of("configMapRef.name")) for entry in _listed(reading, path)]
    return [str(name) for name in names if name]


def _names(reading: Reading, path: Path) -> Iterator[str]:
    """Yield the Secrets that one list of variables names for the store's variables."""
    for entry in _listed(reading, path):
        name = at(entry, path_of("secretRef.name")) or (
            at(entry, path_of("valueFrom.secretKeyRef.name")) if at(entry, ("name",)) in _VARIABLES else None
        )
        if isinstance(name, str):
            yield name
