"""The plan and the comparison as JSON: keys as in a stack file, durations in seconds, sizes in bytes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import timedelta

from pydantic.alias_generators import to_camel


def json_text(document: object) -> str:
    """A dataclass, or a mapping of them, as a JSON document."""
    return json.dumps(_plain(document), indent=2, ensure_ascii=False) + "\n"


def _plain(value: object) -> object:
    if is_dataclass(value):
        return dict(_entry(field.name, getattr(value, field.name)) for field in fields(value))
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


def _entry(name: str, value: object) -> tuple[str, object]:
    if isinstance(value, timedelta):
        return f"{to_camel(name)}Seconds", value.total_seconds()
    return to_camel(name), _plain(value)
