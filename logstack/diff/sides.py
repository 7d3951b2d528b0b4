"""The sides BASE and HEAD: each a git revision, or a folder in its current state."""

import re
from dataclasses import dataclass
from pathlib import Path

from logstack.render.revisions import commit_of, tree_of, unknown

_SHORT = 9


@dataclass(frozen=True)
class Side:
    """One side of a diff."""

    argument: str
    """As on the command line."""
    folder: Path | None = None
    """A folder in its current state; None for a revision."""
    commit: str = ""
    tree: str | None = None
    """The project's tree at the commit; None if the commit has none."""

    @property
    def name(self) -> str:
        """Return the name for the output: the argument, and the commit if it is another text."""
        is_named = self.commit and self.commit != self.argument
        return f"{self.argument} ({self.commit[:_SHORT]})" if is_named else self.argument


def side(argument: str, directory: Path) -> Side:
    """Resolve a revision of the directory's repository, or a folder; raises NotFoundError.

    A name that is both is the revision, unless it is a path such as `./name`.
    """
    is_path = re.match(r"^[./~]", argument) or "\\" in argument
    commit = None if is_path else commit_of(argument, directory)
    if commit:
        return Side(argument, commit=commit, tree=tree_of(commit, directory))
    folder = directory if argument == "." else Path(argument).expanduser()
    if folder.is_dir():
        return Side(argument, folder=folder)
    raise unknown(argument, directory)
