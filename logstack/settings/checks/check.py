"""A check, and the keys that it reads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, ParamSpec

from logstack.settings.problems import Problem

P = ParamSpec("P")


@dataclass(frozen=True)
class Check(Generic[P]):
    """A function that finds problems in whole settings."""

    reads: tuple[str, ...]
    """The paths of fields that it reads: where one of them is unknown, the check has nothing to go by."""
    find: Callable[P, Iterator[Problem]]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Iterator[Problem]:
        """Find the problems."""
        return self.find(*args, **kwargs)


def reads(*keys: str) -> Callable[[Callable[P, Iterator[Problem]]], Check[P]]:
    """Declare which keys a check reads, such as `cluster.context` or, for all of a group, `collector`."""

    def declare(find: Callable[P, Iterator[Problem]]) -> Check[P]:
        return Check(keys, find)

    return declare
