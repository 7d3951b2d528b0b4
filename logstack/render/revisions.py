"""Git revisions, read without changing the repository."""

import io
import subprocess
import tarfile
from pathlib import Path

from logstack.settings.problems import listed, nearest

_SHOWN = 8


class NotFoundError(Exception):
    """There is no revision of that name; the message suggests others."""


def git(directory: Path, *arguments: str) -> str | None:
    """Return git's output; None if git fails or is not installed."""
    try:
        run = subprocess.run(
            ["git", "-C", str(directory), *arguments], capture_output=True, text=True, encoding="utf-8", check=False
        )
    except FileNotFoundError:
        return None
    return None if run.returncode else run.stdout


def _line(directory: Path, *arguments: str) -> str | None:
    output = git(directory, *arguments)
    return None if output is None else output.strip()


def commit_of(revision: str, directory: Path) -> str | None:
    """Return the commit of a revision in the directory's repository; None if there is no such revision."""
    return _line(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")


def tree_of(commit: str, directory: Path) -> str | None:
    """Return the directory's own tree at a commit; None if the commit does not have the directory."""
    prefix = _line(directory, "rev-parse", "--show-prefix")
    return _line(directory, "rev-parse", "--verify", "--quiet", f"{commit}:{prefix or ''}")


def extract(tree: str, directory: Path, folder: Path) -> None:
    """Write a tree's files into a folder; raises subprocess.CalledProcessError."""
    top = _line(directory, "rev-parse", "--show-toplevel") or str(directory)
    run = subprocess.run(["git", "-C", top, "archive", "--format=tar", tree], capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(run.stdout)) as archive:
        archive.extractall(folder, filter="data")


def unknown(revision: str, directory: Path) -> NotFoundError:
    """Return the error for an unknown revision, with the likeliest names."""
    inside = _line(directory, "rev-parse", "--is-inside-work-tree")
    if inside is None:
        why = f"{directory} is in no git repository, or git is not installed"
        return NotFoundError(
            f'"{revision}" is not a folder, and {why}: name two folders, or run the command in a clone'
        )
    if _line(directory, "rev-parse", "--is-shallow-repository") == "true":
        hint = "this clone is shallow and may lack it: git fetch --unshallow, or fetch-depth: 0 in CI"
        return NotFoundError(f'"{revision}" is neither a folder nor a git revision here; {hint}')
    names = (git(directory, "for-each-ref", "--format=%(refname:short)") or "").splitlines()
    similar = nearest(revision, [*names, "HEAD"])
    hint = (
        f"did you mean {similar}?" if similar else f"branches and tags here: {listed(names[:_SHOWN], 'and') or 'none'}"
    )
    return NotFoundError(f'"{revision}" is neither a folder nor a git revision; {hint}')
