"""The generated part of docs/reference/commands.md: every command of `logstack`, from the command line itself."""

from collections.abc import Iterator
from pathlib import Path

from typer.core import TyperArgument, TyperCommand, TyperGroup
from typer.main import get_command

from logstack.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"
_EVERYWHERE = ("--directory", "--help")


def generated(text: str) -> str:
    """Return the page with its table written anew."""
    before, rest = text.split("<!-- commands -->")
    _, after = rest.split("<!-- /commands -->")
    return before + "\n".join(["<!-- commands -->", "", *_table(), "", "<!-- /commands -->"]) + after


def _table() -> Iterator[str]:
    yield from ("| command | what it does | options |", "|---|---|---|")
    for name, command in _commands(get_command(app), "logstack"):
        arguments = [str(each.name).upper() for each in command.params if isinstance(each, TyperArgument)]
        options = [option for each in command.params for option in each.opts if option.startswith("--")]
        listed = ", ".join(f"`{option}`" for option in options if option not in _EVERYWHERE)
        yield f"| `{' '.join([name, *arguments])}` | {_summary(command)} | {listed} |"


def _commands(command: object, name: str) -> Iterator[tuple[str, TyperCommand]]:
    """Yield each command without subcommands, by its full name."""
    if isinstance(command, TyperGroup):
        for inner in command.commands.values():
            yield from _commands(inner, f"{name} {inner.name}")
    elif isinstance(command, TyperCommand):
        yield name, command


def _summary(command: TyperCommand) -> str:
    return " ".join((command.help or "").split("\n\n", maxsplit=1)[0].split())
