"""Stacks for the tests: one without any problem, and others that differ from it."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from textwrap import dedent

from logstack.settings.load.loader import Stack, settings_from
from logstack.settings.load.source import Source
from logstack.settings.load.stack_file import Value, parsed, plain
from logstack.settings.problems import StackProblems

TODAY = date(2026, 6, 1)
NOWHERE = Path("a directory that does not exist")


def store(**changes: str | bool) -> str:
    """An object store in YAML, the faultless one with some of its keys replaced."""
    keys = {"kind": "s3-compatible", "endpoint": "http://10.0.0.1:9000", "bucket": "loki-test"}
    return f"objectStore: {json.dumps(keys | {'credentialsSecret': 'loki-s3'} | changes)}"


# Three replicas of everything in one mode that has a future: nothing to warn of.
FAULTLESS = f"""\
cluster: {{name: test, context: test, apiServer: https://10.0.0.2:6443}}
deploymentMode: monolithic
replicas: {{monolithic: 3}}
{store()}
"""


def keys(text: str) -> dict[str, Value]:
    """YAML text as the loader sees it."""
    mapping = plain(parsed(dedent(text)))
    assert isinstance(mapping, Mapping)
    return dict(mapping)


def stack(changes: str = "", secrets: frozenset[str] = frozenset()) -> Stack:
    """The faultless stack with some of its keys replaced."""
    return settings_from(
        Source(keys(FAULTLESS) | (keys(changes) if changes else {}), secrets), "test", NOWHERE, today=TODAY
    )


def messages_for(changes: str, secrets: frozenset[str] = frozenset()) -> str:
    """What a person is told about the faultless stack with some of its keys replaced, warnings as well as errors."""
    try:
        problems = stack(changes, secrets).problems
    except StackProblems as error:
        problems = error.problems
    return "\n".join(map(str, problems))
