"""The plan and the comparison as JSON: keys as in a stack file, durations in seconds, sizes in bytes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import Field, fields, is_dataclass
from datetime import timedelta
from typing import Any

from pydantic.alias_generators import to_camel

JSON_KEY = "json key"
"""Metadata of a dataclass field: its key, where that is not the field's name in camel case."""


def json_text(document: object) -> str:
    """Return a dataclass, or a mapping of them, as a JSON document."""
    return json.dumps(_plain(document), indent=2, ensure_ascii=False) + "\n"


def _plain(value: object) -> object:
    if is_dataclass(value):
        return dict(_entry(field, getattr(value, field.name)) for field in fields(value))
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


def _entry(field: Field[Any], value: object) -> tuple[str, object]:
    key = str(field.metadata.get(JSON_KEY, to_camel(field.name)))
    if isinstance(value, timedelta):
        return f"{key}Seconds", value.total_seconds()
    return key, _plain(value)
