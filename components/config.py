"""The running stack's settings from Pulumi's engine, and how problems end a Pulumi program."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pulumi

from logstack.preflight.masked_words import refuse_masked_words
from logstack.settings.load.loader import settings_from
from logstack.settings.load.source import SECRETS, Source, from_engine
from logstack.settings.load.stack_file import PROJECT, read_yaml, stack_path
from logstack.settings.problems import Problem, StackProblems
from logstack.settings.tree import Settings


class StackRefused(pulumi.RunError):
    """A stack has problems; Pulumi shows the text of this error without a traceback."""

    def __init__(self, refused: StackProblems) -> None:
        """Keep the problems, errors first."""
        super().__init__(str(refused))
        self.problems: Sequence[Problem] = refused.problems


def load_settings(directory: Path = Path()) -> Settings:
    """The settings of the running Pulumi program, whose stack files are in the directory.

    Errors end the program, all at once and before anything is registered; warnings are logged.
    """
    config = pulumi.runtime.get_config_env() | pulumi.runtime.config.CONFIG.get()
    secure = {key for key in config if pulumi.runtime.is_config_secret(key)}
    secure |= set(pulumi.runtime.get_config_secret_keys_env())
    name = pulumi.get_stack()
    with problems_stop_the_program():
        path = stack_path(name, directory)
        file = read_yaml(path) if path.is_file() else None
        stack = settings_from(from_engine(config, secure), name, directory, file=file, key_needed=True)
        keys = {key: config[f"{PROJECT}:{key}"] for key in SECRETS if f"{PROJECT}:{key}" in config}
        refuse_masked_words(keys, stack.settings, [name, *config.keys()])
    show_warnings(stack.problems)
    return stack.settings


def show_warnings(problems: Iterable[Problem]) -> None:
    """Show each warning as a message of its own."""
    for problem in problems:
        pulumi.log.warn(problem.text())


def checked(settings: Settings) -> Settings:
    """Check settings that a program makes in Python, and return them.

    Errors end the program, all at once and before anything is registered; warnings are logged. Problems name the keys
    as a stack file spells them: `replicationFactor` is `replication_factor` here.
    """
    source = Source(settings.model_dump(by_alias=True))
    with problems_stop_the_program():
        stack = settings_from(source, pulumi.get_stack(), Path())
    for problem in stack.problems:
        pulumi.log.warn(str(problem))
    return stack.settings


@contextmanager
def problems_stop_the_program() -> Iterator[None]:
    """End a Pulumi program with only the text of the problems; any other exception would show a traceback."""
    try:
        yield
    except StackProblems as problems:
        raise StackRefused(problems) from None
