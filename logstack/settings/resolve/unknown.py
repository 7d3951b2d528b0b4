"""The keys that are unknown because a part of the stack file is not readable."""

from collections.abc import Iterable

from logstack.settings.model.stack_file import StackFile
from logstack.settings.resolve.derivation import derivations


def unknown_keys(stated: StackFile, misread: Iterable[str]) -> frozenset[str]:
    """Return the keys that could not be read, and all that rules derive from them."""
    unknown = frozenset(misread)
    for each in derivations(stated):  # each rule comes after those whose keys it reads
        if not each.is_stated and have_common_keys(each.reads, unknown):
            unknown |= {each.key}
    return unknown


def have_common_keys(first_keys: Iterable[str], second_keys: Iterable[str]) -> bool:
    """Tell whether a key is among both, or a group on one side and a key in it on the other."""
    first_side, other_side = [f"{key}." for key in first_keys], [f"{key}." for key in second_keys]
    return any(first.startswith(second) or second.startswith(first) for first in first_side for second in other_side)
