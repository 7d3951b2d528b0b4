"""A stack without any problem, and variants of it, for the tests of settings."""

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from textwrap import dedent

from logstack.settings.load.loader import Stack, settings_from
from logstack.settings.load.source import Source
from logstack.settings.load.stack_file import Value, parsed, plain
from logstack.settings.problems import StackProblems

TODAY = date(2026, 6, 1)
NOWHERE = Path("a directory that does not exist")


def store(**changes: str | bool) -> str:
    """Return the object store of the faultless stack in YAML, with some keys replaced."""
    keys = {"kind": "s3-compatible", "endpoint": "http://10.0.0.1:9000", "bucket": "loki-test"}
    return f"objectStore: {json.dumps(keys | {'credentialsSecret': 'loki-s3'} | changes)}"


# Three replicas in a mode that Loki 4 keeps: no check has a warning.
FAULTLESS = f"""\
cluster: {{name: test, context: test, apiServer: https://10.0.0.2:6443}}
deploymentMode: monolithic
replicas: {{monolithic: 3}}
{store()}
"""


def keys(text: str) -> dict[str, Value]:
    """Parse YAML text as the loader does."""
    mapping = plain(_parsed(dedent(text)))
    assert isinstance(mapping, Mapping)
    return dict(mapping)


# The same few texts stand in hundreds of tests; `plain` makes new mappings and lists of the tree each time.
_parsed = cache(parsed)


def stack(changes: str = "", secrets: frozenset[str] = frozenset()) -> Stack:
    """Load the faultless stack with some keys replaced."""
    return settings_from(
        Source(keys(FAULTLESS) | (keys(changes) if changes else {}), secrets), "test", NOWHERE, today=TODAY
    )


def messages_for(changes: str, secrets: frozenset[str] = frozenset()) -> str:
    """Return all errors and warnings of the faultless stack with some keys replaced, as text."""
    try:
        problems = stack(changes, secrets).problems
    except StackProblems as error:
        problems = error.problems
    return "\n".join(map(str, problems))
