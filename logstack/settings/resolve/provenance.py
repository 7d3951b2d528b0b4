"""Where the value of each key comes from: the stack file, a rule of the sizing table, or the key's default."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from logstack.settings.model.stack_file import StackFile
from logstack.settings.resolve.derivation import Derivation, derivations


@dataclass(frozen=True)
class Origin:
    """The origin of one key's value."""

    source: Literal["stated", "derived", "default"]
    derivation: Derivation | None = None
    """The rule's value, which applies if the stack file does not state the key; None without a rule."""


def provenance(stated: StackFile) -> Mapping[str, Origin]:
    """Return the origin of every key, by its path; keys in lists count as one with their list."""
    origins = {key: Origin("stated" if is_stated else "default") for key, is_stated in _keys(stated)}
    rules = {each.key: Origin("stated" if each.is_stated else "derived", each) for each in derivations(stated)}
    return rules | {key: origin for key, origin in origins.items() if key not in rules}


def _keys(group: BaseModel, above: str = "") -> Iterator[tuple[str, bool]]:
    for name, value in group:
        yield f"{above}{name}", name in group.model_fields_set
        if isinstance(value, BaseModel):
            yield from _keys(value, f"{above}{name}.")
