"""Where the object store's access key comes from; the settings never hold the key itself."""

from collections.abc import Iterator
from typing import Literal, assert_never

from logstack.settings.load.source import SECRETS, Source
from logstack.settings.load.stack_file import PROJECT
from logstack.settings.model.object_store import ExternalSecret
from logstack.settings.problems import Problem, Rule
from logstack.settings.tree import Settings

Credentials = Literal["secret", "external-secret", "claim", "config", "config-missing", "none"]

MISSING = Rule("missing-credentials", "no Loki pod could read or write the object store")
HALF = Rule("half-credentials", "no Loki pod could read or write the object store")


def credentials(settings: Settings, source: Source) -> Credentials:
    """Return where the access key comes from.

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
        case "identity" | "none":
            return "none"
        case never:
            assert_never(never)


def complete(source: Source) -> Iterator[Problem]:
    """Check that both halves of the access key are set, or neither."""
    for missing in set(SECRETS) - source.secrets if source.secrets else ():
        yield HALF.problem(missing, f"{missing} is missing; the other half of the access key is set", _command(missing))


def present(settings: Settings, source: Source) -> Iterator[Problem]:
    """Check that a store that has nothing but an access key has one."""
    if credentials(settings, source) == "config-missing" and not settings.object_store.takes_identity:
        what = "the object store needs an access key: neither credentialsSecret nor the Pulumi config has one"
        fix = "\n".join([*map(_command, SECRETS), "or name an existing Secret: credentialsSecret: loki-s3"])
        yield MISSING.problem("objectStore", what, fix)


def _command(key: str) -> str:
    return f"pulumi config set --secret {PROJECT}:{key}"
