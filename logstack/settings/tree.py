"""The settings of a stack: the keys that its file states, and the values that logstack derives from them."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import (
    BaseModel,
    ModelWrapValidatorHandler,
    PrivateAttr,
    SerializationInfo,
    ValidationInfo,
    model_serializer,
    model_validator,
)

from logstack.settings.model.stack_file import StackFile, StackKeys
from logstack.settings.resolve.derivation import resolve
from logstack.settings.resolve.provenance import Origin, provenance


class Settings(StackKeys):
    """The settings of a stack; each key that the stack file does not state has a derived or default value.

    A dump has only the stated keys, so that it makes the same settings again, with the same provenance.
    """

    _stated: StackFile = PrivateAttr()

    @model_validator(mode="wrap")
    @classmethod
    def _resolve(cls, stated: object, make: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        """Make settings of a stack file, or of its keys; a group of other settings contributes only its stated keys."""
        if isinstance(stated, Settings):
            return make(stated)
        keys = _stated_keys(stated) if isinstance(stated, Mapping) else stated
        file = StackFile.model_validate(keys, context=info.context)
        settings = make({cls.model_fields[name].alias: value for name, value in resolve(file)})
        settings._stated = file  # noqa: SLF001 - of its own class
        return settings

    @classmethod
    def of(cls, file: StackFile) -> "Settings":
        """Return the settings of a stack file; its values are not validated again."""
        settings = cls.model_construct(**dict(resolve(file)))
        settings._stated = file  # noqa: SLF001 - of its own class
        return settings

    @model_serializer(mode="plain")
    def _dump(self, info: SerializationInfo) -> dict[str, Any]:
        include: Any = info.include  # its type is wider here than what a dump takes
        exclude: Any = info.exclude
        return self._stated.model_dump(
            mode=info.mode, by_alias=info.by_alias, include=include, exclude=exclude, exclude_unset=True
        )

    @property
    def stated(self) -> StackFile:
        """Return the stack file with its stated keys."""
        return self._stated

    @property
    def provenance(self) -> Mapping[str, Origin]:
        """Return the origin of each key's value, by the key's path, such as `replicas.query_frontend`."""
        return provenance(self._stated)

    @property
    def complete(self) -> StackFile:
        """Return a stack file that states every key, so that nothing remains to derive."""
        return StackFile.model_construct(**dict(self))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return the settings of the same stack file, or of one that states other values at its top."""
        if not update:
            return super().model_copy(deep=deep)
        return self.model_validate({**self._stated.model_dump(exclude_unset=True), **update})


def _stated_keys(keys: Mapping[str, object]) -> dict[str, object]:
    return {
        key: value.model_dump(exclude_unset=True) if isinstance(value, BaseModel) else value
        for key, value in keys.items()
    }
