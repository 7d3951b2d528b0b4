"""Convert values to and from the form that Pulumi's engine and providers exchange."""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

# Pulumi's marks of secret and of unknown values (sdk/go/common/resource/sig and plugin/rpc).
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def read(struct: Struct) -> dict[str, Any]:
    """Return a message's values; whole numbers, which it has as floats, become integers."""
    return {key: _each(value, _whole) for key, value in MessageToDict(struct).items()}


def write(values: Mapping[str, Any]) -> Struct:
    """Return values as a message."""
    struct = Struct()
    struct.update(dict(values))
    return struct


def reveal(value: Any) -> Any:
    """Return a value with its secrets in clear text."""
    return reveal(value["value"]) if _is_secret(value) else _each(value, reveal)


def has_unknown(value: Any) -> bool:
    """Return whether a value, or an item in it, is unknown."""
    if isinstance(value, Mapping):
        return any(map(has_unknown, value.values()))
    return any(map(has_unknown, value)) if isinstance(value, list) else value == UNKNOWN


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
