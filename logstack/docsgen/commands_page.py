"""The generated part of docs/reference/commands.md: every command of `logstack`, from the command line itself."""

from collections.abc import Iterator, Mapping

from typer.core import TyperArgument, TyperCommand, TyperGroup
from typer.main import get_command

from logstack.cli import app
from logstack.docsgen.splice import table

_EVERYWHERE = ("--directory", "--help")


def inserts() -> Mapping[str, str]:
    """Return the table of commands."""
    commands = _commands(get_command(app), "logstack")
    return {"commands": table(("command", "what it does", "options"), (_row(*each) for each in commands))}


def _row(name: str, command: TyperCommand) -> tuple[str, str, str]:
    arguments = [str(each.name).upper() for each in command.params if isinstance(each, TyperArgument)]
    options = [option for each in command.params for option in each.opts if option.startswith("--")]
    listed = ", ".join(f"`{option}`" for option in options if option not in _EVERYWHERE)
    return f"`{' '.join([name, *arguments])}`", _summary(command), listed


def _commands(command: object, name: str) -> Iterator[tuple[str, TyperCommand]]:
    """Yield each command without subcommands, by its full name."""
    if isinstance(command, TyperGroup):
        for inner in command.commands.values():
            yield from _commands(inner, f"{name} {inner.name}")
    elif isinstance(command, TyperCommand):
        yield name, command


def _summary(command: TyperCommand) -> str:
    return " ".join((command.help or "").split("\n\n", maxsplit=1)[0].split())
