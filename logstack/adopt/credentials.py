"""Where Loki's access key comes from. A key itself is never looked at, written or printed."""

import re
from collections.abc import Iterator, Mapping

from logstack.adopt.mode import roles_of
from logstack.adopt.paths import Path, at, path_of
from logstack.adopt.reading import Reading
from logstack.manifests.manifest import rolled_by_credentials
from logstack.settings.load.source import SECRETS
from logstack.settings.load.stack_file import PROJECT
from logstack.settings.model.object_store import STATIC_CREDENTIALS_SECRET
from logstack.settings.model.roles import Role

_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_FROM_ENVIRONMENT = re.compile(r"\$\{?(\w+)\}?")
COMMANDS = " and ".join(f"pulumi config set --secret {PROJECT}:{secret}" for secret in SECRETS)


def keys(reading: Reading, paths: list[Path]) -> None:
    """Keys that stand in the values, or the variables that they are taken from."""
    for path in paths:
        value = at(reading.values, path)
        if isinstance(value, str) and (match := _FROM_ENVIRONMENT.fullmatch(value)):
            if match[1] in _VARIABLES:
                reading.understood(path, text=f"Loki takes {match[1]} from its environment, here as well")
            else:
                text = f"Loki takes {' and '.join(_VARIABLES)} from its environment: {match[1]} has to be called so"
                reading.translated(path, text, decide=True)
        else:
            text = f"a secret: not copied; {COMMANDS}, or a Secret: credentialsSecret. It has been seen: make a new key"
            reading.translated(path, text, key="objectStore.credentialsSecret")


def secret(reading: Reading, *, wanted: bool) -> None:
    """The Secret that Loki's pods have their environment from."""
    found = dict.fromkeys(name for path in _places(reading) for name in _names(reading, path))
    names = [name for name in found if name]
    if wanted and len(names) == 1:
        (name,) = names
        if name != STATIC_CREDENTIALS_SECRET or not _is_ours(reading):
            reading.write("objectStore.credentialsSecret", name)
        for path in list(_places(reading)):
            needs = f"the Secret has to have {' and '.join(_VARIABLES)}"
            if _config_maps(reading, path):
                told = f"{needs}; what the ConfigMap beside it says is not there"
                reading.translated(path, told, key="objectStore.credentialsSecret", decide=True)
            reading.understood(path, "objectStore.credentialsSecret", needs)
    for path in list(_places(reading)):
        text = (
            "Loki's pods have no environment of their own here: what they took from it has to be said otherwise"
            if not wanted or not names
            else f"{len(names)} Secrets are named: write the one with {' and '.join(_VARIABLES)} as credentialsSecret"
        )
        reading.not_taken(path, text, decide=True)


def are_of(reading: Reading, claim: str) -> bool:
    """Whether all that pods have in their environment is a bucket claim's: its Secret and its ConfigMap."""
    places = list(_places(reading))
    names = [set(_names(reading, path)) == set(_config_maps(reading, path)) == {claim} for path in places]
    return bool(names) and all(names)


def understood(reading: Reading, text: str) -> None:
    """The environment is what the stack gives the pods."""
    for path in list(_places(reading)):
        reading.understood(path, "objectStore", text)


def _is_ours(reading: Reading) -> bool:
    """Whether the Secret was made by a stack, whose pods roll with its key."""
    annotations = at(reading.values, path_of("loki.podAnnotations"))
    return isinstance(annotations, Mapping) and rolled_by_credentials().keys() <= annotations.keys()


def expansion(reading: Reading) -> None:
    """The flag by which Loki fills variables into its configuration; there are none in logstack's."""
    for group in ("global", "defaults", *(role.row.chart_key for role in Role)):
        flags = at(reading.values, (group, "extraArgs"))
        if isinstance(flags, list) and flags and all("config.expand-env" in str(flag) for flag in flags):
            reading.translated(
                (group, "extraArgs"), "logstack's configuration has no variables: keys are in AWS_* alone"
            )


def _places(reading: Reading) -> Iterator[Path]:
    """Where pods are given an environment that nobody has spoken of."""
    parts = [role.row.chart_key for role in roles_of(reading)]
    for group in ("global", "defaults", *parts):
        for key in ("extraEnvFrom", "extraEnv"):
            if reading.open.get((group, key)):
                yield group, key


def _config_maps(reading: Reading, path: Path) -> list[str]:
    """The ConfigMaps that one list of variables names."""
    entries = at(reading.values, path)
    names = [at(entry, path_of("configMapRef.name")) for entry in (entries if isinstance(entries, list) else [])]
    return [str(name) for name in names if name]


def _names(reading: Reading, path: Path) -> Iterator[str]:
    """The Secrets that one list of variables names; variables of other names are none of the store's."""
    entries = at(reading.values, path)
    for entry in entries if isinstance(entries, list) else []:
        name = at(entry, path_of("secretRef.name")) or (
            at(entry, path_of("valueFrom.secretKeyRef.name")) if at(entry, ("name",)) in _VARIABLES else None
        )
        if isinstance(name, str):
            yield name
