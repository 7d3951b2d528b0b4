"""Values as Pulumi's engine and providers send them to each other."""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

# Pulumi's marks (sdk/go/common/resource/sig and plugin/rpc): a value that is secret, one that is not known yet.
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def read(struct: Struct) -> dict[str, Any]:
    """A message's values; whole numbers, which travel as floats, are integers again."""
    return {key: _each(value, _whole) for key, value in MessageToDict(struct).items()}


def written(values: Mapping[str, Any]) -> Struct:
    """Values as a message."""
    struct = Struct()
    struct.update(dict(values))
    return struct


def revealed(value: Any) -> Any:
    """The value with what is secret in clear."""
    return revealed(value["value"]) if _is_secret(value) else _each(value, revealed)


def hidden(value: Any) -> dict[str, Any]:
    """The value as a secret."""
    return {_SIGNATURE: _SECRET, "value": value}


def unknown(value: Any) -> bool:
    """Whether a part of the value is not known yet."""
    if isinstance(value, Mapping):
        return any(map(unknown, value.values()))
    return any(map(unknown, value)) if isinstance(value, list) else value == UNKNOWN


def _is_secret(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get(_SIGNATURE) == _SECRET


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return _each(value, _whole)


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, Mapping):
        return {key: change(item) for key, item in value.items()}
    return [change(item) for item in value] if isinstance(value, list) else value
