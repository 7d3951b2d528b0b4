"""The source of Loki's access key. The key itself is never read, written or printed."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from logstack.adopt.documents import Release
from logstack.adopt.mode import roles_of
from logstack.adopt.passing import pass_value
from logstack.adopt.paths import Path, at, path_of
from logstack.adopt.reading import Entry, Reading, Verdict
from logstack.manifests.manifest import rolled_by_credentials
from logstack.settings.load.source import SECRETS
from logstack.settings.load.stack_file import PROJECT
from logstack.settings.model.object_store import STATIC_CREDENTIALS_SECRET, CredentialsKeys
from logstack.settings.model.roles import Role


class Variables(NamedTuple):
    """The variables of the pods' environment that have the access key."""

    key_id: str
    secret: str


_HALVES = {"accesskeyid": "access_key_id", "secretaccesskey": "secret_access_key"}
LOKI_VARIABLES = Variables("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_FROM_ENVIRONMENT = re.compile(r"\$\{?(\w+)\}?")
COMMANDS = " and ".join(f"pulumi config set --secret {PROJECT}:{secret}" for secret in SECRETS)


def variable(value: object) -> str | None:
    """Return the variable that Loki fills a value from."""
    match = _FROM_ENVIRONMENT.fullmatch(value) if isinstance(value, str) else None
    return match[1] if match else None


def keys(reading: Reading, paths: list[Path], variables: Variables = LOKI_VARIABLES) -> None:
    """Report access keys in the values, and variables that the values take them from.

    A variable is understood if the Secret of the stack file has the key.
    """
    has_secret = reading.key_value("objectStore.credentialsSecret") is not None
    for path in paths:
        if name := variable(at(reading.values, path)):
            if name in LOKI_VARIABLES:
                reading.understood(path, text=f"logstack's Loki reads {name} from its environment too")
            elif name in variables and has_secret:
                reading.understood(path, text=f"pods read {name} from its Secret: objectStore.credentialsKeys")
            else:
                text = f"Loki reads {' and '.join(LOKI_VARIABLES)} from its environment: rename {name}"
                reading.translated(path, text, decide=True)
        else:
            text = (
                f"a secret: not copied. Run {COMMANDS}, or name a Secret as credentialsSecret. Create a new key, "
                "because this one was in a file"
            )
            reading.translated(path, text, key="objectStore.credentialsSecret")


class KeySecret(NamedTuple):
    """A Secret whose values Flux copies into Loki's configuration as the store's access key."""

    path: str
    name: str
    keys: CredentialsKeys


def secret_of_flux(release: Release) -> KeySecret | None:
    """Return the Secret with both halves of the store's access key and nothing else, or None."""
    for unread in release.unread:
        halves = {_HALVES.get(path[-1].lower().replace("_", "")): key for path, key in unread.sets.items()}
        if unread.kind == "Secret" and halves.keys() == set(_HALVES.values()):
            return KeySecret(unread.path, unread.name, CredentialsKeys.model_validate(halves, by_name=True))
    return None


def take_from_flux(reading: Reading, key_secret: KeySecret) -> None:
    """Let Loki's pods read the Secret that Flux copies into Loki's configuration: it is no longer unread."""
    reading.write("objectStore.credentialsSecret", key_secret.name)
    if not key_secret.keys.are_variables:
        reading.write("objectStore.credentialsKeys", key_secret.keys.model_dump(by_alias=True))
    text = f"Loki's pods read the Secret {key_secret.name} themselves: the key is no longer in the release's values"
    entry = Entry(key_secret.path, Verdict.TRANSLATED, text, key="objectStore.credentialsSecret")
    reading.entries = [each for each in reading.entries if each.path != key_secret.path] + [entry]


def secret(reading: Reading, *, has_key: bool, variables: Variables = LOKI_VARIABLES) -> None:
    """Take over the Secret of Loki's environment, if the store has an access key; pass other variables on."""
    _pass_others(reading, variables)
    names_by_path = dict.fromkeys(
        name for path in environment_paths(reading) for name in _names(reading, path, variables)
    )
    names = [name for name in names_by_path if name]
    if has_key and len(names) == 1:
        (name,) = names
        if name != STATIC_CREDENTIALS_SECRET or not _is_ours(reading):
            reading.write("objectStore.credentialsSecret", name)
        keys_of_secret = _keys_of_secret(reading, variables)
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
            else f"there are {len(names)} Secrets: write the one with {' and '.join(variables)} as credentialsSecret"
        )
        reading.not_taken(path, text, decide=True)


def has_secret(reading: Reading, variables: Variables) -> bool:
    """Return whether the pods' environment has Secrets that may have the store's access key."""
    return any(name for path in environment_paths(reading) for name in _names(reading, path, variables))


def _pass_others(reading: Reading, variables: Variables = LOKI_VARIABLES) -> None:
    """Pass lists of variables on that name no Secret and no ConfigMap of the store."""
    for path in list(environment_paths(reading)):
        if not any(_names(reading, path, variables)) and not _config_maps(reading, path):
            pass_value(reading, path, at(reading.values, path))


def are_of(reading: Reading, claim: str) -> bool:
    """Return whether the pods' environment comes only from a bucket claim's Secret and ConfigMap."""
    _pass_others(reading)
    paths = list(environment_paths(reading))
    names = [
        set(_names(reading, path, LOKI_VARIABLES)) == set(_config_maps(reading, path)) == {claim} for path in paths
    ]
    return bool(names) and all(names)


def are_in(reading: Reading, path: Path) -> bool:
    """Return whether a list of variables has the store's access key by name."""
    return any(at(entry, ("name",)) in LOKI_VARIABLES for entry in _listed(reading, path))


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


def _keys_of_secret(reading: Reading, variables: Variables) -> CredentialsKeys:
    """Return the keys of the Secret that the store's variables are from, by their names where the values name none."""
    entries = [entry for path in environment_paths(reading) for entry in _listed(reading, path)]
    named = {at(entry, ("name",)): at(entry, path_of("valueFrom.secretKeyRef.key")) for entry in entries}
    access_key_id, secret_access_key = (str(named.get(name) or name) for name in variables)
    return CredentialsKeys(access_key_id=access_key_id, secret_access_key=secret_access_key)


def _listed(reading: Reading, path: Path) -> list[object]:
    entries = at(reading.values, path)
    return entries if isinstance(entries, list) else []


def _config_maps(reading: Reading, path: Path) -> list[str]:
    """Return the ConfigMaps that one list of variables names."""
    names = [at(entry, path_of("configMapRef.name")) for entry in _listed(reading, path)]
    return [str(name) for name in names if name]


def _names(reading: Reading, path: Path, variables: Variables) -> Iterator[str]:
    """Yield the Secrets that one list of variables names for the store's variables."""
    for entry in _listed(reading, path):
        name = at(entry, path_of("secretRef.name")) or (
            at(entry, path_of("valueFrom.secretKeyRef.name")) if at(entry, ("name",)) in variables else None
        )
        if isinstance(name, str):
            yield name
