"""Refuses secrets that are words of Pulumi's own output: it prints `[secret]` instead of every text that equals one."""

from collections.abc import Iterator, Mapping, Sequence

from logstack.manifests.deployment import deployment
from logstack.manifests.loki.chart import RELEASE
from logstack.settings.load.stack_file import PROJECT
from logstack.settings.problems import Rule, StackProblems
from logstack.settings.tree import Settings

# Shorter texts are in too many names. Pulumi masks from three characters on (its logging.NewFilter).
SHORTEST = 8

MASKED = Rule(
    "secret-is-a-word",
    "Pulumi replaces the text by [secret] wherever it prints it, in problems and in commands to paste as well",
)


def refuse_masked_words(secrets: Mapping[str, str], settings: Settings, words: Sequence[str]) -> None:
    """Raise StackProblems for secrets that are short, or a part of a name that Pulumi prints.

    `secrets` are the Pulumi config's, by their keys; `words` are further texts of the program: its stack, its keys.
    """
    names = [*words, PROJECT, *_declared(settings), *_texts(settings.model_dump(mode="json", by_alias=True))]
    problems = []
    for key, secret in secrets.items():
        if len(secret) < SHORTEST:
            what = f"{key} has fewer than {SHORTEST} characters"
        elif any(secret in name for name in names):
            what = f"{key} is a part of a name of this stack"
        else:
            continue
        problems.append(MASKED.problem(key, what, _way_out(key, settings)))
    if problems:
        raise StackProblems(problems)


def _way_out(key: str, settings: Settings) -> str:
    if settings.object_store.server_volume is not None:  # the stack's own server takes any key
        return (
            f'set another one; any text will do:\npulumi config set --secret {PROJECT}:{key} "$(openssl rand -hex 20)"'
        )
    return (
        "make a longer key in the store, or keep this one in a Secret of the cluster, which Pulumi never reads:\n"
        "logstack:objectStore: {..., credentialsSecret: loki-s3}"
    )


def _declared(settings: Settings) -> Iterator[str]:
    yield from (role.workload(RELEASE) for role in settings.roles)  # the chart makes these
    for component in deployment(settings):
        yield from (component.type, component.name)
        for manifest in component.manifests:
            yield from (manifest.type, manifest.name, *_texts(manifest.inputs))


def _texts(value: object) -> Iterator[str]:
    """Yield every key and every text of a document."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value
