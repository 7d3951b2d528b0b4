"""Where the object store's access key comes from. The key itself is never a part of the settings."""

from collections.abc import Iterator
from typing import Literal, assert_never

from logstack.settings.load.source import SECRETS, Source
from logstack.settings.load.stack_file import PROJECT
from logstack.settings.model.object_store import ExternalSecret
from logstack.settings.model.tree import Settings
from logstack.settings.problems import Problem, Rule

Credentials = Literal["secret", "external-secret", "claim", "config", "config-missing", "none"]

MISSING = Rule("missing-credentials", "no pod of Loki could read or write the store")
HALF = Rule("half-credentials", "half of an access key is none: no pod of Loki could read or write the store")


def credentials(settings: Settings, source: Source) -> Credentials:
    """Where the key comes from.

    An existing `secret`, an `external-secret`, a bucket's `claim`, the Pulumi `config`, the config that has no key yet,
    or `none` where no key is needed.
    """
    match settings.object_store.access_key.made_by:
        case ExternalSecret():
            return "external-secret"
        case "secret" | "claim" as existing:
            return existing
        case "config":
            return "config" if source.secrets else "config-missing"
        case "role" | "none":
            return "none"
        case never:
            assert_never(never)


def complete(source: Source) -> Iterator[Problem]:
    """Both halves of the key are there, or neither."""
    for missing in set(SECRETS) - source.secrets if source.secrets else ():
        yield HALF.problem(missing, f"{missing} is missing, the other half of the key is there", _command(missing))


def present(settings: Settings, source: Source) -> Iterator[Problem]:
    """A store that needs a key has one."""
    if credentials(settings, source) == "config-missing":
        what = "the store needs an access key, and neither credentialsSecret nor the Pulumi config has one"
        fix = "\n".join([*map(_command, SECRETS), "or name a Secret that exists: credentialsSecret"])
        yield MISSING.problem("objectStore", what, fix)


def _command(key: str) -> str:
    return f"pulumi config set --secret {PROJECT}:{key}"
