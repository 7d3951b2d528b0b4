"""Each side rendered by its own code: a pull request may change the builders and no stack file.

A revision's code runs in a process of its own, from a temporary folder, with this interpreter and without this
process' environment, so no secret of it is within its reach. Where a revision has no renderer, or it cannot run here,
today's code reads the revision's stack files.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from logstack.diff.sides import Side
from logstack.diff.snapshot import Outcome, rendered
from logstack.diff.snapshot_json import UnreadableError, read
from logstack.render.revisions import extract
from logstack.settings.load.loader import stacks

_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
# The package of the command, in this version and before it moved into `logstack`; revisions have one or the other.
_PACKAGES = ("logstack", "ops")
# A rendering takes a second; what takes this long does not end.
_TIMEOUT = 120


@dataclass(frozen=True)
class RenderedSide:
    """A side's stacks."""

    side: Side
    stacks: Mapping[str, Outcome]
    note: str = ""
    """Why today's code rendered them, where that is not their own."""


def rendered_side(side: Side, wanted: frozenset[str], directory: Path) -> RenderedSide:
    """The side's stacks, those that are wanted if any are named. Raises subprocess.CalledProcessError if git fails."""
    with _folder(side, directory) as folder:
        names = [name for name in stacks(folder) if not wanted or name in wanted]
        packages = [name for name in _PACKAGES if (folder / name / "__init__.py").is_file()]
        if not packages or folder.resolve() == Path(__file__).resolve().parents[2]:
            return RenderedSide(side, rendered(names, folder))
        renderers = [name for name in packages if (folder / name / "render" / "__init__.py").is_file()]
        if not renderers:
            return RenderedSide(side, rendered(names, folder), _note(side, "has no `logstack render`"))
        try:
            return RenderedSide(side, _by_own_code(renderers[0], names, folder))
        except UnreadableError as error:
            return RenderedSide(side, rendered(names, folder), _note(side, f"could not render: {error}"))


@contextmanager
def _folder(side: Side, directory: Path) -> Iterator[Path]:
    if side.folder:
        yield side.folder
        return
    with tempfile.TemporaryDirectory(prefix="logstack-") as folder:
        if side.tree:
            extract(side.tree, directory, Path(folder))
        yield Path(folder)


def _note(side: Side, why: str) -> str:
    return f"The code of {side.name} {why}; today's code has read its stack files, so changes of the code do not show."


def _by_own_code(package: str, names: list[str], folder: Path) -> dict[str, Outcome]:
    """Raises UnreadableError, with the last line that the code wrote."""
    if not names:
        return {}
    environment = {key: os.environ[key] for key in _ENVIRONMENT if key in os.environ}
    environment |= {"PYTHONPATH": str(folder.resolve()), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", package, "render", *names, "--json", "--directory", "."]
    try:
        run = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UnreadableError(f"it took more than {_TIMEOUT} s") from None
    try:
        return read(run.stdout)
    except UnreadableError as error:
        said = run.stderr.strip().splitlines()
        raise UnreadableError(said[-1] if said else str(error)) from None
