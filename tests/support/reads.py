"""Settings that note which of their keys are read."""

from functools import cache
from typing import Any

from pydantic import BaseModel

from logstack.settings.model.stack_file import StackKeys
from logstack.settings.tree import Settings

NOTED: set[str] = set()
"""The path of each key that was read of noting settings; clear it before use."""
# Groups whose keys are noted one by one; all other groups, and lists, are noted as a whole.
_GROUPS = {
    name
    for name, field in StackKeys.model_fields.items()
    if name == "object_store" or (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel))
}


class _NotingSettings(Settings):
    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name in _GROUPS:
            if name == "object_store":
                NOTED.add("object_store.kind")  # by its class
            kind: type[BaseModel] = type(value)
            return _noting_group(kind, name).model_construct(_fields_set=value.model_fields_set, **dict(value))
        if name in StackKeys.model_fields:
            NOTED.add(name)
        return value


@cache
def _noting_group(kind: type[BaseModel], group: str) -> type[BaseModel]:
    class Noting(kind):  # type: ignore[valid-type,misc]
        def __getattribute__(self, name: str) -> Any:
            if name in kind.model_fields:
                NOTED.add(f"{group}.{name}")
            elif name in ("model_dump", "__iter__"):
                NOTED.add(group)
            return super().__getattribute__(name)

    return Noting


def noting(settings: Settings) -> Settings:
    """Return the same settings, which note the keys that are read."""
    return _NotingSettings.model_validate(settings.stated)
