"""What BASE and HEAD name: a git revision, or a folder as it is now."""

import re
from dataclasses import dataclass
from pathlib import Path

from logstack.render.revisions import commit_of, tree_of, unknown

_SHORT = 9


@dataclass(frozen=True)
class Side:
    """One side of a diff."""

    said: str
    """What the user wrote."""
    folder: Path | None = None
    """A folder as it is now."""
    commit: str = ""
    tree: str | None = None
    """The project's tree at the commit; None where it was not there yet."""

    @property
    def name(self) -> str:
        """What it is called in the output."""
        return f"{self.said} ({self.commit[:_SHORT]})" if self.commit and self.commit != self.said else self.said


def side(said: str, directory: Path) -> Side:
    """A revision of the directory's repository, or a folder; raises NotFoundError.

    Where a name is both, it is the revision, unless it is written as a path: `./name`.
    """
    is_path = re.match(r"^[./~]", said) or "\\" in said
    commit = None if is_path else commit_of(said, directory)
    if commit:
        return Side(said, commit=commit, tree=tree_of(commit, directory))
    folder = directory if said == "." else Path(said).expanduser()
    if folder.is_dir():
        return Side(said, folder=folder)
    raise unknown(said, directory)
