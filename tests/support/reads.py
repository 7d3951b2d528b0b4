"""Which keys of settings somebody reads: settings that note it."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from logstack.settings.model.stack_file import StackKeys
from logstack.settings.model.tree import Settings

_GROUPS = {
    name
    for name, field in StackKeys.model_fields.items()
    if name == "object_store" or (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel))
}


def noting(settings: Settings) -> tuple[Settings, set[str]]:
    """The same settings, and the set into which they put the path of each key that is read from now on."""
    noted: set[str] = set()
    values = dict(settings)

    def group(name: str) -> BaseModel:
        value: BaseModel = values[name]
        inner = set(type(value).model_fields)
        if name == "object_store":
            noted.add("object_store.kind")  # by its class

        def note(attribute: str) -> None:
            if attribute in inner:
                noted.add(f"{name}.{attribute}")
            elif attribute in ("model_dump", "__iter__"):
                noted.add(name)

        return _subclass(type(value), note).model_construct(_fields_set=value.model_fields_set, **dict(value))

    groups: dict[str, BaseModel] = {}

    def of_settings(attribute: str) -> Any:
        if attribute in _GROUPS:
            if attribute not in groups:
                groups[attribute] = group(attribute)
            if attribute == "object_store":
                noted.add("object_store.kind")
            return groups[attribute]
        if attribute in values:
            noted.add(attribute)
        return None

    class Noting(Settings):
        def __getattribute__(self, attribute: str) -> Any:
            return of_settings(attribute) or super().__getattribute__(attribute)

    recorded = Noting.model_validate(settings.stated)
    noted.clear()
    return recorded, noted


def _subclass(kind: type[BaseModel], note: Callable[[str], None]) -> type[BaseModel]:
    class Noting(kind):  # type: ignore[valid-type,misc]
        def __getattribute__(self, attribute: str) -> Any:
            note(attribute)
            return super().__getattribute__(attribute)

    return Noting
