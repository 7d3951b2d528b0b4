"""Settings that are written in Python, checked as those of a stack file are."""

from pathlib import Path

import pulumi

from logstack.settings.load.loader import problems_stop_the_program, settings_from
from logstack.settings.load.source import Source
from logstack.settings.model.tree import Settings


def checked(settings: Settings) -> Settings:
    """The settings, when no check between them finds an error.

    Errors end the program, all at once and before anything is registered; warnings are logged. Problems name the keys
    as a stack file spells them: `replicationFactor` is `replication_factor` here.
    """
    said = Source(settings.model_dump(by_alias=True, exclude_unset=True))
    with problems_stop_the_program():
        stack = settings_from(said, pulumi.get_stack(), Path())
    for problem in stack.problems:
        pulumi.log.warn(str(problem))
    return stack.settings
