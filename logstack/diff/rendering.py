"""Rendering of each side by its own code: a pull request may change the builders and no stack file.

A revision's code runs in a process of its own, from a temporary folder, with this interpreter and without this
process' environment, so it cannot read its secrets. Where a revision has no renderer, or it cannot run here,
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
# Seconds. A rendering takes one; a process that needs this long hangs.
_TIMEOUT = 120


@dataclass(frozen=True)
class RenderedSide:
    """A side's stacks."""

    side: Side
    stacks: Mapping[str, Outcome]
    note: str = ""
    """Why today's code rendered them instead of their own; empty otherwise."""


def rendered_side(side: Side, names: frozenset[str], directory: Path) -> RenderedSide:
    """Render the side's stacks, or only `names` if any. Raises subprocess.CalledProcessError if git fails."""
    with _folder(side, directory) as folder:
        selected = [name for name in stacks(folder) if not names or name in names]
        packages = [name for name in _PACKAGES if (folder / name / "__init__.py").is_file()]
        if not packages or folder.resolve() == Path(__file__).resolve().parents[2]:
            return RenderedSide(side, rendered(selected, folder))
        renderers = [name for name in packages if (folder / name / "render" / "__init__.py").is_file()]
        if not renderers:
            return RenderedSide(side, rendered(selected, folder), _note(side, "has no `logstack render`"))
        try:
            return RenderedSide(side, _by_own_code(renderers[0], selected, folder))
        except UnreadableError as error:
            return RenderedSide(side, rendered(selected, folder), _note(side, f"could not render: {error}"))


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
    return (
        f"The code of {side.name} {why}. Today's code rendered its stack files, so the diff omits changes of the code."
    )


def _by_own_code(package: str, names: list[str], folder: Path) -> dict[str, Outcome]:
    """Raises UnreadableError with the last line of the process' standard error."""
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
        raise UnreadableError(f"it ran for more than {_TIMEOUT} s") from None
    try:
        return read(run.stdout)
    except UnreadableError as error:
        errors = run.stderr.strip().splitlines()
        raise UnreadableError(errors[-1] if errors else str(error)) from None
