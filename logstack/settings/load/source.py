"""A stack's keys before they are typed: from its file or from the engine of a running program, in one form.

The engine hands over every value as text, groups and lists as JSON. A value from a file is put into the same form: at
the top it is text, inside a group it keeps its type.
"""

import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import cast

from logstack.settings.checks.acknowledgements import ENVIRONMENT_NOT_READ
from logstack.settings.load.stack_file import PROJECT, Value, YamlFile, default_config
from logstack.settings.problems import Problem, Rule, listed, nearest

SECRETS = ("accessKeyId", "secretAccessKey")

EMPTY_VALUE = Rule("empty-value", "Pulumi reads it as empty text, not as the default")
OTHER_PROJECT = Rule("other-project", "nothing would read the key: it belongs to another project")
KEY_TWICE = Rule("key-twice", "Pulumi takes one of the two, not always the same one")
SECRET_IN_CLEAR = Rule("secret-in-clear", "everybody who reads the repository or Pulumi's state can read it")
UNEXPECTED_SECRET = Rule(
    "unexpected-secret", "the plan and the tests cannot read it, so nothing could be proven before the deployment"
)


@dataclass(frozen=True)
class Source:
    """The keys of a stack, before they are typed."""

    raw: dict[str, Value] = field(default_factory=dict)
    """Its keys without `logstack:`; a value is text, a group or a list."""
    secrets: frozenset[str] = frozenset()
    """Which of the secrets are set; their values are never read."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with the keys themselves."""


def from_file(file: YamlFile) -> Source:
    """Return the keys of a stack file, with the project's defaults."""
    secure = {key for key, value in file.config.items() if _holds_secret(value)}
    config = {key: _as_text(value) for key, value in file.config.items()}
    source = _source(config, secure, default_config(file.path.parent))
    return replace(source, problems=(*source.problems, *_not_read(file)))


def _not_read(file: YamlFile) -> Iterator[Problem]:
    if file.environments:
        what = f"Pulumi ESC gives values to this stack: {listed(file.environments, 'and')}"
        fix = f"write logstack's keys into {file.path.name}"
        yield replace(ENVIRONMENT_NOT_READ.problem("", what, fix), path="environment")


def from_engine(config: Mapping[str, str], secure: Set[str]) -> Source:
    """Return the keys that the engine hands to a running program; it has added the project's defaults itself."""
    return _source({key: _from_json(text) for key, text in config.items()}, secure, {})


def _source(config: Mapping[str, Value], secure: Set[str], defaults: Mapping[str, Value]) -> Source:
    raw = {key: _as_text(value) for key, value in defaults.items()}
    secrets: set[str] = set()
    problems: list[Problem] = []
    keys_read: set[str] = set()
    for full_key, value in config.items():
        namespace, _, key = full_key.rpartition(":")
        if namespace not in ("", PROJECT):
            if nearest(namespace, [PROJECT], cutoff=0.85):
                problem = OTHER_PROJECT.problem(key, f'unknown project "{namespace}"', f"did you mean {PROJECT}:{key}?")
                problems.append(replace(problem, path=full_key))
        elif key in keys_read:
            what = f'duplicate key: "{key}" and "{PROJECT}:{key}"'
            problems.append(KEY_TWICE.problem(key, what, f"remove {key}"))
        elif key in SECRETS:
            secrets.add(key)
            if full_key not in secure:
                problems.append(SECRET_IN_CLEAR.problem(key, f"{key} is in clear text", how_to_encrypt(key)))
        elif full_key in secure:
            fix = f"write it in clear text: only {PROJECT}:{SECRETS[0]} and {PROJECT}:{SECRETS[1]} are secrets"
            problems.append(UNEXPECTED_SECRET.problem(key, f"{key} is encrypted, or a part of it is", fix))
        elif value == "":
            problems.append(EMPTY_VALUE.problem(key, f"{key} has no value", "add a value, or remove the line"))
        else:
            raw[key] = value
        if namespace in ("", PROJECT):
            keys_read.add(key)
    return Source(raw, frozenset(secrets), tuple(problems))


def how_to_encrypt(key: str) -> str:
    """Return how to replace a secret that is in clear text."""
    return f"replace the exposed access key, then encrypt the new one:\npulumi config set --secret {PROJECT}:{key}"


def _holds_secret(value: Value) -> bool:
    """Whether the engine takes the value, or a part of it, for an encrypted one."""
    if isinstance(value, Mapping):
        return list(value) == ["secure"] or any(map(_holds_secret, value.values()))
    return isinstance(value, list) and any(map(_holds_secret, value))


def _as_text(value: Value) -> Value:
    if isinstance(value, Mapping | list | str):
        return value
    return "" if value is None else json.dumps(value)


def _from_json(text: str) -> Value:
    """A group or a list as itself; any other text stays text."""
    try:
        return cast("Value", json.loads(text)) if text[:1] in ("{", "[") else text
    except ValueError:
        return text
